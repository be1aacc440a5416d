// Several plans → the words of their one confirmation: each is named, and what is lost is told in total.
import { t } from '@vscode/l10n';
import { vmKey } from '../../live/views.js';
import type { Loss, Warning } from '../../domain/consequences.js';
import { displayLine } from '../../domain/plainText.js';
import { listNames } from '../listNames.js';
import { freedText } from '../operations/freedText.js';
import { titleIn, titleOf } from '../operations/operationProgress.js';
import { type PlannedTarget, lossText } from './lossText.js';
import { finalText, isFinal } from './planText.js';
import { warningText } from './warningText.js';
import { operationWords } from '../operations/operationText.js';

/** More lines of one sort than this are put together. */
const mostLines = 12;
/** More than a person reads. */
const mostWarnings = 60;
/** More names than this in one line are counted. */
const mostNames = 30;
/** A name that is one of many. */
const longestName = 60;

/** Lines of plain text. @param table what each plan does, in the words of a caller that knows more */
export function plansText(planned: readonly PlannedTarget[], table: readonly string[] = nameLines(planned)): string {
  const losses = lossLines(planned);
  const warnings = warningLines(planned);
  const final = planned.some(({ plan }) => isFinal(plan.request)) ? [finalText()] : [];
  return [
    ...table,
    ...(losses.length === 0 ? [] : ['', t('Permanently lost:'), ...losses.map((line) => `• ${line}`)]),
    ...(losses.length > 0 ? final : final.flatMap((line) => ['', line])),
    ...(warnings.length === 0 ? [] : ['', ...warnings]),
  ].join('\n');
}

/**
 * | requests | VMs  | told                                         |
 * |----------|------|----------------------------------------------|
 * | few      | few  | a line for each request                      |
 * | many     | few  | a line for each VM, with its snapshots        |
 * | many     | many | one line with the names of the VMs            |
 */
function nameLines(planned: readonly PlannedTarget[]): readonly string[] {
  if (planned.length <= mostLines) {
    return planned.map(nameLine);
  }
  const byVm = groupByVm(planned);
  if (byVm.length > mostLines || byVm.length === planned.length) {
    const names = byVm.map(([{ target }]) => target.vm.name);
    return [
      byVm.length === planned.length
        ? t('{0} VMs: {1}', byVm.length, listMany(names))
        : t('{0} snapshots of {1} VMs: {2}', planned.length, byVm.length, listMany(names)),
    ];
  }
  return byVm.map((ofVm) => {
    const titles = ofVm.map(({ plan, target }) => titleIn(target, plan.request));
    if (titles.length === 1) {
      return nameLine(ofVm[0]);
    }
    return t('{0}, {1} snapshots: {2}', name(ofVm[0].target.vm.name), titles.length, listMany(titles));
  });
}

function nameLine({ plan, target }: PlannedTarget): string {
  const words = operationWords(plan.request, name(titleIn(target, plan.request)));
  return `${name(target.vm.name)}: ${words}`;
}

type OfVm = readonly [PlannedTarget, ...PlannedTarget[]];

function groupByVm(planned: readonly PlannedTarget[]): readonly OfVm[] {
  const groups = new Map<string, OfVm>();
  for (const one of planned) {
    const key = vmKey(one.target.ref);
    const group = groups.get(key);
    groups.set(key, group === undefined ? [one] : [...group, one]);
  }
  return [...groups.values()];
}

function lossLines(planned: readonly PlannedTarget[]): readonly string[] {
  const kinds = Object.keys(lossLinesOf) as readonly Loss['kind'][];
  return kinds.flatMap((kind) => {
    const losers = planned.filter(({ plan }) => plan.losses.some((loss) => loss.kind === kind));
    return losers.length === 0 ? [] : lossLinesOf[kind](losers);
  });
}

/** In the order in which they are told. Is given those that lose it. */
type LossLines = (losers: readonly PlannedTarget[]) => readonly string[];

const lossLinesOf: Readonly<Record<Loss['kind'], LossLines>> = {
  ram: lineOf(
    () => t('its RAM: the programs that are running in it'),
    (count) => t('the RAM of {0} VMs: the programs that are running in them', count),
  ),
  unsavedWork: lineOf(
    () => t('data that its programs have not written to disk yet'),
    (count) => t('data that programs in {0} VMs have not written to disk yet', count),
  ),
  diskChanges: lineOf(
    () => t('data written to its disks since then'),
    (count) => t('data written to the disks of {0} VMs since then', count),
  ),
  managedSave: lineOf(
    () => t('its saved state: the programs that would continue at the next start'),
    (count) => t('the saved state of {0} VMs: the programs that would continue at the next start', count),
  ),
  tpm: eachOf('tpm'),
  files: (losers) => {
    const files = losers.flatMap(({ plan }) =>
      plan.losses.flatMap((loss) => (loss.kind === 'files' ? loss.files : [])),
    );
    return [
      files.length === 1 ? t('1 file: {0}', listMany(files)) : t('{0} files: {1}', files.length, listMany(files)),
    ];
  },
  unusedOverlays: eachOf('unusedOverlays'),
  configuration: (losers) => {
    const isPower = losers.every(({ plan }) => plan.request.kind === 'power');
    return lineOf(
      () =>
        isPower
          ? t('its configuration: the VM is transient and no longer exists when it is off')
          : t('configuration changes since then'),
      (count) =>
        isPower
          ? t('the configuration of {0} transient VMs, which no longer exist when they are off', count)
          : t('configuration changes of {0} VMs since then', count),
    )(losers);
  },
  restorePoints: (losers) => {
    const points = groupByVm(losers).flatMap(lostPoints);
    return [
      points.length === 1
        ? t('the way back to: {0}', listMany(points))
        : t('the way back to {0} snapshots: {1}', points.length, listMany(points)),
    ];
  },
};

/** Writes a line for one VM by its name, for several by their number. */
function lineOf(one: () => string, several: (count: number) => string): LossLines {
  return (losers) => {
    const [first, ...others] = groupByVm(losers);
    return first === undefined
      ? []
      : [others.length === 0 ? t('{0}: {1}', name(first[0].target.vm.name), one()) : several(others.length + 1)];
  };
}

/** A line for each VM, as alone. */
function eachOf(kind: Loss['kind']): LossLines {
  return (losers) =>
    losers.flatMap(({ plan, target }) =>
      plan.losses
        .filter((loss) => loss.kind === kind)
        .map((loss) => t('{0}: {1}', name(target.vm.name), lossText(loss, plan, target, Date.now()))),
    );
}

/** Titles; each snapshot once, for a delete with descendants may name one that another names too. */
function lostPoints(ofVm: OfVm): readonly string[] {
  const names = ofVm.flatMap(({ plan }) =>
    plan.losses.flatMap((loss) => (loss.kind === 'restorePoints' ? loss.names : [])),
  );
  return [...new Set(names)].map((one) => titleOf(ofVm[0].target, one));
}

/**
 * Each text once, with the VMs that it is about unless it is about all; merges and files that are left are counted when
 * there are several.
 */
function warningLines(planned: readonly PlannedTarget[]): readonly string[] {
  const all = planned.flatMap(({ plan, target }) => plan.warnings.map((warning) => ({ warning, plan, target })));
  const count = (about: Warning['kind']): number => all.filter(({ warning }) => warning.kind === about).length;
  const [merges, files] = [count('merges'), count('leavesFile')];
  const of = new Map<string, Set<string>>();
  for (const { warning, plan, target } of all) {
    const { kind } = warning;
    if (kind !== 'frees' && !(kind === 'merges' && merges > 1) && !(kind === 'leavesFile' && files > 1)) {
      const text = warningText(warning, plan, target);
      of.set(text, (of.get(text) ?? new Set()).add(target.vm.name));
    }
  }
  const vms = groupByVm(planned).length;
  const lines = [...of].map(([text, names]) =>
    names.size === vms || [...names].some((one) => text.includes(name(one)))
      ? text
      : t('{0}: {1}', listMany([...names]), text),
  );
  return [
    ...lines,
    ...(merges > 1 ? [t('Data written after {0} of them is merged down. None of it is lost.', merges)] : []),
    ...(files > 1 ? [t('Not deleted by libvirt: {0}.', t('{0} files', files))] : []),
    ...freedText(planned),
  ].slice(0, mostWarnings);
}

function listMany(names: readonly string[]): string {
  return listNames(names, mostNames, longestName);
}

function name(text: string): string {
  return displayLine(text, longestName);
}
