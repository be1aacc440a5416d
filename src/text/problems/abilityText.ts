// What works with VMs here, and why the rest does not.
import { t } from '@vscode/l10n';
import type { Ability } from '../../diagnosis/examination.js';
import { type RamMethod, displayedStopMs } from '../../domain/estimates.js';
import type { VmView } from '../../live/views.js';
import { estimateText } from '../relativeAge.js';
import { refusalText } from '../refusals/refusalText.js';
import { vmCountText } from '../words.js';
import { refusalRemedies } from './problemRemedies.js';
import { foldParts, type ReportPart, remediesPart } from './report.js';

interface VmWithAbilities {
  readonly view: VmView;
  readonly abilities?: readonly Ability[];
}

/** The most names of VMs before a reason. */
const mostNames = 3;

/** False: no kind of snapshot can be created. */
export function canCreate(abilities: readonly Ability[]): boolean {
  const creating = abilities.filter(({ kind }) => kind.startsWith('create'));
  return creating.length === 0 || creating.some(({ can }) => can !== 'no');
}

/** Writes the abilities of one VM, with each remedy once below the table: many rows have the same. */
export function abilityParts(abilities: readonly Ability[], view: VmView): readonly ReportPart[] {
  const refusals = abilities.flatMap(({ can, why }) => (can === 'no' && why !== undefined ? [why] : []));
  const parts = [abilityTable(abilities, view), ...remediesPart(view.vm.name, refusalRemedies(refusals, view))];
  return abilities.length === 0 ? [] : foldParts(t('What Works Here'), [], parts);
}

/** Writes the abilities of several VMs: with how many each works, and each obstacle once. */
export function abilitySummary(checked: readonly VmWithAbilities[]): readonly ReportPart[] {
  const all = checked.flatMap(({ view, abilities = [] }) => abilities.map((ability) => ({ view, ability })));
  const kinds = [...new Set(all.map(({ ability }) => ability.kind))];
  const rows = kinds.map((kind) => {
    const own = all.filter(({ ability }) => ability.kind === kind);
    const can = own.filter(({ ability }) => ability.can !== 'no');
    const reasons = new Map<string, string[]>();
    for (const { view, ability } of own) {
      if (ability.can === 'no' && ability.why !== undefined) {
        const why = refusalText(ability.why).reason;
        reasons.set(why, [...(reasons.get(why) ?? []), view.vm.name]);
      }
    }
    const details = [...reasons].slice(0, mostNames).map(([why, names]) => {
      const more = names.length - mostNames;
      return `${[...names.slice(0, mostNames), ...(more > 0 ? [t('{0} more', more)] : [])].join(', ')}: ${why}`;
    });
    return [abilityName(kind), t('{0} of {1}', can.length, vmCountText(own.length)), details.join(' ')];
  });
  return foldParts(
    t('What Works Here'),
    [],
    kinds.length === 0 ? [] : [{ kind: 'table', rows: [tableHead(), ...rows] }],
  );
}

function tableHead(): readonly string[] {
  return [t('Item'), t('Works'), t('Details')];
}

function abilityTable(abilities: readonly Ability[], view: Pick<VmView, 'vm' | 'tree'>): ReportPart {
  const rows = abilities.map(({ kind: what, can, why }) => {
    const still = can === 'no' ? '' : stillText(what, view);
    if (can === 'untried') {
      return [abilityName(what), abilityWord(can), `${still} ${untriedText()}`.trim()];
    }
    const text = why === undefined ? undefined : refusalText(why, view.vm.name);
    const reason =
      text === undefined ? '' : can === 'byUs' ? text.reason : [text.reason, text.nextStep].join(' ').trim();
    return [abilityName(what), abilityWord(can), `${still} ${reason}`.trim()];
  });
  return { kind: 'table', rows: [tableHead(), ...rows] };
}

/** What a snapshot with RAM is to be paid with, by what this VM has shown before; of all others nothing. */
function stillText(what: Ability['kind'], { vm, tree = { snapshots: [] } }: Pick<VmView, 'vm' | 'tree'>): string {
  const how = waysToKeepRam[what];
  return how === undefined
    ? ''
    : t('Pauses the VM for about {0}.', estimateText(displayedStopMs(vm.memoryBytes, how, tree)));
}

const waysToKeepRam: Readonly<Partial<Record<Ability['kind'], RamMethod>>> = {
  createMemoryInternal: 'internal',
  createMemoryExternal: 'external',
  createMemoryLive: 'live',
  createSeamless: 'seamless',
};

function abilityWord(can: Ability['can']): string {
  switch (can) {
    case 'yes':
      return t('yes');
    case 'byUs':
      return t('yes, without libvirt');
    case 'untried':
      return t('not tried yet');
    case 'no':
      return t('no');
  }
}

function untriedText(): string {
  return t(
    'Nothing visible prevents it. Virt Rewind asks QEMU when it creates the first such snapshot. libvirt then marks the VM as tainted (custom-monitor) until it is off. Nothing else changes.',
  );
}

function abilityName(what: Ability['kind']): string {
  switch (what) {
    case 'createMemoryInternal':
      return t('Create a snapshot with RAM, inside the images');
    case 'createMemoryExternal':
      return t('Create a snapshot with RAM, in separate files');
    case 'createMemoryLive':
      return t('The same while the VM keeps running');
    case 'createSeamless':
      return t('The same with a pause of milliseconds');
    case 'createDisk':
      return t('Create a snapshot of the disks of a running VM');
    case 'createQuiesced':
      return t('The same with the guest’s file systems frozen');
    case 'createOfflineInternal':
      return t('Create a snapshot of a VM that is off, inside the images');
    case 'createOfflineExternal':
      return t('Create a snapshot of a VM that is off, in separate files');
    case 'revertInternal':
      return t('Revert to an internal snapshot');
    case 'revertExternal':
      return t('Revert to an external snapshot');
    case 'deleteInternal':
      return t('Delete an internal snapshot');
    case 'deleteExternal':
      return t('Delete an external snapshot');
    case 'hostFiles':
      return t('Create and delete files beside the disks');
  }
}
