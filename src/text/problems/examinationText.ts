// What the doctor says of a VM.
import { t } from '@vscode/l10n';
import type { VmView } from '../../live/views.js';
import {
  type Ability,
  type Diagnosis,
  type Examination,
  type PlannedRepair,
  plannedRepairs,
  repairName,
} from '../../diagnosis/examination.js';
import type { Problem } from '../../diagnosis/problem.js';
import { type RamMethod, displayedStopMs } from '../../domain/estimates.js';
import { severityOf } from '../../diagnosis/problemTable.js';
import { severityWord } from './healthText.js';
import { problemRemedies, refusalRemedies } from './problemRemedies.js';
import { problemText, repairText } from './problemText.js';
import { estimateText } from '../relativeAge.js';
import { refusalText } from '../refusals/refusalText.js';
import { type ReportPart, remediesPart, reportMarkdown } from './report.js';
import { isIn, repairBy } from '../ways.js';

/** For a terminal. */
export function examinationText(examination: Examination, view: VmView, now: number): string {
  return reportMarkdown(examinationParts(examination, view, now));
}

/** The same for a program. @param now milliseconds since 1970 */
export function problemInfos(diagnoses: readonly Diagnosis[], view: VmView, now: number) {
  return diagnoses.map((diagnosis) => ({
    ...problemInfo(diagnosis.problem, view, now),
    repairs: plannedRepairs(diagnosis).map(({ repair, decision }) => ({
      repair: repairName(repair),
      what: repairText(repair, view),
      ...(decision.kind === 'refusal' && {
        reason: decision.refusal.reason,
        message: refusalText(decision.refusal).reason,
      }),
    })),
  }));
}

export function problemInfo(problem: Problem, view: Pick<VmView, 'vm' | 'tree'>, now: number) {
  return { kind: problem.kind, severity: severityOf(problem), ...problemText(problem, view, now) };
}

/** @param level of the heading: 1 for the report on one VM, 2 where it is one of several */
export function examinationParts(
  examination: Examination,
  view: VmView,
  now: number,
  level: 1 | 2 = 1,
): readonly ReportPart[] {
  const { abilities, diagnoses } = examination;
  const wrong = diagnoses.filter(({ problem }) => severityOf(problem) !== 'note');
  const notes = diagnoses.filter(({ problem }) => severityOf(problem) === 'note');
  const section = (text: string, parts: readonly ReportPart[]): readonly ReportPart[] =>
    parts.length === 0 ? [] : [{ kind: 'heading', level: level === 1 ? 2 : 3, text }, ...parts];
  const tell = (diagnosis: Diagnosis): readonly ReportPart[] =>
    diagnosisParts(diagnosis, view, now, level === 1 ? 3 : 4);
  return [
    { kind: 'heading', level, text: view.vm.name },
    { kind: 'text', text: summary(wrong.length, abilities) },
    ...section(t('Problems'), wrong.flatMap(tell)),
    ...section(t('Notes'), notes.flatMap(tell)),
    ...section(t('What Works Here'), [abilityTable(abilities, view), ...abilityRemedies(abilities, view)]),
  ];
}

function summary(count: number, abilities: readonly Ability[]): string {
  const creating = abilities.filter(({ kind }) => kind.startsWith('create'));
  switch (count) {
    case 0:
      return creating.length > 0 && creating.every(({ can }) => can === 'no')
        ? t('No problems found, but no snapshot can be created now. “{0}” says why.', t('What Works Here'))
        : t('No problems found.');
    case 1:
      return t('1 problem found.');
    default:
      return t('{0} problems found.', count);
  }
}

/** The severity is a word, never a colour or a picture alone. */
function diagnosisParts(diagnosis: Diagnosis, view: VmView, now: number, level: 3 | 4): readonly ReportPart[] {
  const { problem } = diagnosis;
  const { what, means, todo } = problemText(problem, view, now);
  const repairs = plannedRepairs(diagnosis);
  const canRepair = repairs.some(({ decision }) => decision.kind === 'plan');
  const refusals = repairs.flatMap(({ decision }) => (decision.kind === 'plan' ? [] : [decision.refusal]));
  return [
    { kind: 'heading', level, text: `${severityWord(severityOf(problem))}: ${what}` },
    { kind: 'text', text: `${means} ${todo}` },
    ...repairs.map((repair) => repairLine(repair, view)),
    ...remediesPart(what, view, [
      ...problemRemedies(problem, view, canRepair, 'doctor'),
      ...(canRepair ? [] : refusalRemedies(refusals, view)),
    ]),
  ];
}

function repairLine({ repair, decision }: PlannedRepair, view: VmView): ReportPart {
  const does = repairText(repair, view);
  if (decision.kind === 'plan') {
    const how = isIn('editor') ? [] : [repairBy(repairName(repair), view.vm.name)];
    return { kind: 'text', lead: t('Can be repaired here'), text: [does, ...how].join(' ') };
  }
  const { reason, nextStep } = refusalText(decision.refusal, view.vm.name);
  return { kind: 'text', lead: t('Cannot be repaired now'), text: [does, reason, nextStep].join(' ').trim() };
}

/** Once below the table: many rows have the same. */
function abilityRemedies(abilities: readonly Ability[], view: VmView): readonly ReportPart[] {
  const refusals = abilities.flatMap(({ can, why }) => (can === 'no' && why !== undefined ? [why] : []));
  return remediesPart(view.vm.name, view, refusalRemedies(refusals, view));
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
  return { kind: 'table', rows: [[t('Item'), t('Works'), t('Details')], ...rows] };
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
