// What is said before the machine ID and the SSH host keys of a guest are made anew, and afterwards.
import { t } from '@vscode/l10n';
import { type IdentityPart, type Renewal, renewalMs } from '../../domain/guestIdentity.js';
import { displayLine } from '../../domain/plainText.js';
import { lateProgramText } from './waitText.js';

/** A guest's own line, at most. */
const longestWhy = 200;

export function identityQuestion(names: readonly string[]): string {
  const [only = ''] = names;
  return names.length === 1
    ? t('Create a new machine ID and new SSH host keys for {0}?', displayLine(only))
    : t('Create a new machine ID and new SSH host keys for each of {0} VMs?', names.length);
}

export function identityWarning(): string {
  return t('The old ones are lost, and SSH warns at the next login. Earlier snapshots still contain them.');
}

export function renewedText(name: string, renewal: Renewal): string {
  const vm = displayLine(name);
  if (renewal.kind === 'late') {
    return lateProgramText(name, renewalMs, renewal.pid);
  }
  const done = renewal.parts.map(partText).join(', ');
  if (renewal.kind === 'stopped') {
    const why = displayLine(renewal.why, longestWhy) || t('the guest reports no reason');
    return done === ''
      ? t('Nothing in {0} was renewed: {1}', vm, why)
      : t('Renewed in {0}: {1}. The next step failed: {2}', vm, done, why);
  }
  if (done === '') {
    return t('{0} has no machine ID and no SSH host keys, so nothing was changed.', vm);
  }
  const more = renewal.parts.includes('machineId')
    ? t('Programs running in it keep the old machine ID until they restart.')
    : '';
  return `${t('Renewed in {0}: {1}.', vm, done)} ${more}`.trim();
}

function partText(part: IdentityPart): string {
  switch (part) {
    case 'seed':
      return t('random numbers');
    case 'machineId':
      return t('machine ID');
    case 'hostKeys':
      return t('SSH host keys');
  }
}
