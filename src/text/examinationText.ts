// What the doctor says of a VM, as a Markdown document in which nothing from outside is markup. Knows nothing of the
// editor.
import { t } from '@vscode/l10n';
import type { VmView } from '../live/views.js';
import {
  type Ability,
  type Diagnosis,
  type Examination,
  type PlannedRepair,
  plannedRepairs,
} from '../diagnosis/examination.js';
import { type RamMethod, displayedStopMs } from '../domain/estimates.js';
import { displayLine } from '../domain/plainText.js';
import { severityOf } from '../diagnosis/problemTable.js';
import { severityWord } from './healthText.js';
import { markdownText } from './markdown.js';
import { problemText, repairText } from './problemText.js';
import { estimateText } from './relativeAge.js';
import { refusalText } from './refusalText.js';

/** One heading of the first level, one section for what is wrong, one for what works. */
export function examinationText(examination: Examination, view: Pick<VmView, 'vm' | 'tree'>, now: number): string {
  const { abilities, diagnoses } = examination;
  const wrong = diagnoses.filter(({ problem }) => severityOf(problem) !== 'note');
  const notes = diagnoses.filter(({ problem }) => severityOf(problem) === 'note');
  return [
    `# ${line(view.vm.name)}`,
    line(summary(wrong.length)),
    ...section(t('Problems'), wrong, view, now),
    ...section(t('Notes'), notes, view, now),
    `## ${line(t('What Works Here'))}`,
    abilityTable(abilities, view),
  ].join('\n\n');
}

function summary(count: number): string {
  switch (count) {
    case 0:
      return t('No problems found.');
    case 1:
      return t('1 problem found.');
    default:
      return t('{0} problems found.', count);
  }
}

function section(
  heading: string,
  diagnoses: readonly Diagnosis[],
  view: Pick<VmView, 'vm' | 'tree'>,
  now: number,
): readonly string[] {
  return diagnoses.length === 0
    ? []
    : [`## ${line(heading)}`, ...diagnoses.map((diagnosis) => diagnosisText(diagnosis, view, now))];
}

/** The severity is a word, never a colour or a picture alone. */
function diagnosisText(diagnosis: Diagnosis, view: Pick<VmView, 'vm' | 'tree'>, now: number): string {
  const { problem } = diagnosis;
  const { what, means, todo } = problemText(problem, view, now);
  return [
    `### ${line(`${severityWord(severityOf(problem))}: ${what}`)}`,
    `${line(means)} ${line(todo)}`,
    ...plannedRepairs(diagnosis).map((repair) => repairLine(repair, view)),
  ].join('\n\n');
}

function repairLine({ repair, decision }: PlannedRepair, view: Pick<VmView, 'vm' | 'tree'>): string {
  const does = repairText(repair, view);
  if (decision.kind === 'plan') {
    return `**${line(t('Can be repaired here'))}:** ${line(does)}`;
  }
  const { reason, nextStep } = refusalText(decision.refusal);
  return `**${line(t('Cannot be repaired now'))}:** ${[does, reason, nextStep].map(line).join(' ').trim()}`;
}

function abilityTable(abilities: readonly Ability[], view: Pick<VmView, 'vm' | 'tree'>): string {
  const rows = abilities.map(({ kind: what, can, why }) => {
    const still = can === 'no' ? '' : stillText(what, view);
    if (can === 'untried') {
      return [abilityName(what), abilityWord(can), `${still} ${untriedText()}`.trim()];
    }
    const text = why === undefined ? undefined : refusalText(why);
    const reason =
      text === undefined ? '' : can === 'byUs' ? text.reason : [text.reason, text.nextStep].join(' ').trim();
    return [abilityName(what), abilityWord(can), `${still} ${reason}`.trim()];
  });
  return [[t('Item'), t('Works'), t('Details')], ['---', '---', '---'], ...rows]
    .map((cells, at) => `| ${cells.map((cell) => (at === 1 ? cell : line(cell))).join(' | ')} |`)
    .join('\n');
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

/** One line, in which nothing is markup. */
function line(text: string): string {
  return markdownText(displayLine(text, 2_000));
}
