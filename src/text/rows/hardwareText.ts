// What hardware of a VM is called, and what of it changes, in one line.
import { t } from '@vscode/l10n';
import type { HardwareDifference, HardwareFact, HardwarePart } from '../../domain/hardware.js';
import { displayLine } from '../../domain/plainText.js';
import { bytesText } from '../bytesText.js';

/** More than a person reads before they say yes. */
const mostChanges = 12;

/** What a VM gets and loses where it is configured as it was before, or what becomes of it. */
export function changesText(differences: readonly HardwareDifference[]): string {
  const rest = differences.length - mostChanges;
  const shown = differences.slice(0, mostChanges).map((one) => displayLine(changeText(one)));
  return rest > 0 ? t('{0} and {1} more', shown.join('; '), rest) : shown.join('; ');
}

function changeText(difference: HardwareDifference): string {
  const { part, id, how, facts } = difference;
  const what = part === 'disk' || part === 'other' ? id : whatText(difference);
  switch (how) {
    case 'added':
      return t('{0} is added again', what);
    case 'removed': {
      const file = facts.find(({ name }) => name === 'file')?.from;
      return part === 'disk' && file !== undefined
        ? t('{0} is removed, and its file stays: {1}', what, file)
        : t('{0} is removed', what);
    }
    case 'changed':
      return facts.length === 0
        ? `${what}: ${t('other settings, see the XML')}`
        : `${what}: ${factsOfSide(difference, 'from') || '–'} → ${factsOfSide(difference, 'to') || '–'}`;
  }
}

export function whatText({ part, id }: HardwareDifference): string {
  return [partWord(part), idWord(part, id)].filter((word) => word !== '').join(': ');
}

export function factsOfSide({ part, facts }: HardwareDifference, side: 'from' | 'to'): string {
  return facts.flatMap((fact) => (fact[side] === undefined ? [] : [factText(part, fact.name, fact[side])])).join(', ');
}

export function partWord(part: HardwarePart): string {
  switch (part) {
    case 'cpu':
      return t('CPU');
    case 'memory':
      return t('memory');
    case 'disk':
      return t('disks');
    case 'network':
      return t('network');
    case 'firmware':
      return t('firmware and boot');
    case 'other':
      return t('other hardware');
  }
}

/** libvirt's names of the few that everybody has; the others stay as the XML has them. */
function idWord(part: HardwarePart, id: string): string {
  switch (`${part} ${id}`) {
    case 'cpu vcpu':
      return t('number of processors');
    case 'cpu cpu':
      return t('model');
    case 'memory memory':
      return t('size');
    case 'memory currentMemory':
      return t('assigned to the guest');
    case 'firmware os':
      return '';
    default:
      return id;
  }
}

function factText(part: HardwarePart, name: HardwareFact, value: string): string {
  if (name === 'bytes') {
    return bytesText(Number(value));
  }
  if (part === 'cpu' && name === 'count') {
    return value;
  }
  switch (name) {
    case 'count':
      return t('number {0}', value);
    case 'model':
      return t('model {0}', value);
    case 'file':
      return t('file {0}', value);
    case 'format':
      return t('format {0}', value);
    case 'bus':
      return t('bus {0}', value);
    case 'kind':
      return t('type {0}', value);
    case 'source':
      return t('connected to {0}', value);
  }
}
