// Two states of a VM held against each other: what differs in words, and their hardware as a diff. Changes nothing.
import { t } from '@vscode/l10n';
import { argumentsOf } from './commandArguments.js';
import { CommandError } from '../prompts/commandError.js';
import type { CommandRun, CommandTable } from './commandServices.js';
import { pick, pickSnapshot } from '../prompts/pickTarget.js';
import { targetSnapshots, targetSnapshot } from './targets.js';
import { readStateComparison } from '../../engine/comparedStates.js';
import { readSystemComparison, type ComparedMember, type ComparedSystem } from '../../systems/comparedSystem.js';
import { displayLine } from '../../domain/plainText.js';
import { findPointByTitle, type SystemPoint } from '../../domain/system.js';
import { pointTitle } from '../../text/systemPointText.js';
import { isForSystem, reachMembers, targetPoint, targetSystem } from './systemTargets.js';
import { requireSnapshotByName } from '../../engine/findTargets.js';
import { sortSnapshots } from '../../domain/snapshotTree.js';
import { sameVm } from '../../domain/vm.js';
import type { HardwareDifference } from '../../domain/hardware.js';
import type { DiskDistance } from '../../domain/layerDistance.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { VmView } from '../../live/views.js';
import {
  type Comparison,
  comparisonPage,
  comparisonSummary,
  systemComparisonPage,
  systemComparisonTitle,
} from '../../text/comparisonText.js';
import { notify } from '../prompts/notify.js';
import { showFailure } from './runCommand.js';

export const compareCommands = {
  'virtRewind.compareSnapshots': compareSnapshots,
  'virtRewind.compareWithPresent': compareWithPresent,
  'virtRewind.showXmlDifference': showXmlDifference,
} satisfies CommandTable;

/** What differs between two snapshots of a VM, or two restore points of a system; the older one stands on the left. */
async function compareSnapshots(run: CommandRun): Promise<ComparisonResult | SystemComparisonResult> {
  if (isForSystem(run)) {
    return comparePoints(run, 'another');
  }
  const [first, second, ...more] = await targetSnapshots(run);
  const { view, snapshot } = first;
  if (second !== undefined && (more.length > 0 || !sameVm(view.ref, second.view.ref))) {
    throw new CommandError('invalid', t('Select two snapshots of the same VM to compare them.'));
  }
  const { other: given } = argumentsOf(run.call);
  const tree = await run.engine.readTree(view.ref);
  const other =
    second?.snapshot ??
    (given === undefined
      ? await pickSnapshot(
          view,
          { snapshots: tree.snapshots.filter(({ name }) => name !== snapshot.name) },
          t('Select a snapshot to compare with {0}', snapshot.title),
        )
      : await requireSnapshotByName(run.engine, view, given));
  const byAge = sortSnapshots(tree, 'time').map(({ name }) => name);
  const older = byAge.indexOf(snapshot.name) <= byAge.indexOf(other.name);
  return older ? compareStates(run, view, snapshot, other) : compareStates(run, view, other, snapshot);
}

/** What differs between a snapshot of a VM, or a restore point of a system, and the present state. */
async function compareWithPresent(run: CommandRun): Promise<ComparisonResult | SystemComparisonResult> {
  if (isForSystem(run)) {
    return comparePoints(run, 'present');
  }
  const { view, snapshot } = await targetSnapshot(run);
  return compareStates(run, view, snapshot, undefined);
}

/** What a caller with an argument object gets. */
export interface ComparisonResult {
  readonly hardware: readonly HardwareDifference[];
  readonly disks: readonly DiskDistance[] | undefined;
}

/** @param to the present where it is undefined */
async function compareStates(
  run: CommandRun,
  { ref, vm }: VmView,
  from: Snapshot,
  to: Snapshot | undefined,
): Promise<ComparisonResult> {
  const { left, right, differences, distances } = await readStateComparison(run.engine, ref, from, to, run.log);
  const comparison: Comparison = {
    vm: vm.name,
    from: from.title,
    to: to?.title ?? t('Current state'),
    differences,
    distances,
  };
  const title = t('{0}: {1} ↔ {2} (hardware, without automatic changes)', vm.name, comparison.from, comparison.to);
  const openXml = (): Promise<void> =>
    run.documents.openComparison(
      ref,
      { snapshot: from.name, hardware: left },
      { ...(to !== undefined && { snapshot: to.name }), hardware: right },
      title,
    );
  const page = t('{0}: {1} and {2}', vm.name, comparison.from, comparison.to);
  await run.reports.open(page, comparisonPage(comparison), { openXml });
  offerXml(run, comparison, openXml);
  return { hardware: comparison.differences, disks: comparison.distances };
}

export interface SystemComparisonResult {
  readonly members: readonly ComparedMember[];
}

async function comparePoints(run: CommandRun, what: 'another' | 'present'): Promise<SystemComparisonResult> {
  const stored = await targetSystem(run);
  const first = await targetPoint(run, stored);
  const second = what === 'present' ? undefined : await otherPoint(run, stored.points, first);
  await reachMembers(run, stored);
  const compared = await readSystemComparison(run.engine, stored, first, second, run.log);
  await run.reports.open(systemComparisonTitle(compared), systemComparisonPage(compared), {
    openXml: () => openXmlOfMember(run, compared),
  });
  return { members: compared.members };
}

/** The other row that is selected, the one of that title, or the one picked, newest first. */
async function otherPoint(run: CommandRun, points: readonly SystemPoint[], first: SystemPoint): Promise<SystemPoint> {
  const others = points.filter(({ id }) => id !== first.id);
  const selected = run.call.kind === 'rows' ? run.call.rows.flatMap((row) => (row.kind === 'point' ? [row] : [])) : [];
  if (selected.length > 2 || new Set(selected.map(({ system }) => system)).size > 1) {
    throw new CommandError('invalid', t('Select two restore points of the same system to compare them.'));
  }
  const { other } = argumentsOf(run.call);
  const wanted = selected[1]?.point ?? other;
  const found =
    wanted === undefined ? undefined : (others.find(({ id }) => id === wanted) ?? findPointByTitle(others, wanted));
  if (found !== undefined) {
    return found;
  }
  if (wanted !== undefined || others.length === 0) {
    throw new CommandError('notFound', t('There is no other restore point to compare with.'));
  }
  return pick(
    others.toReversed().map((point) => ({ label: pointTitle(point), value: point })),
    t('Select a restore point to compare with {0}', pointTitle(first)),
  );
}

/** Of the comparison in front: its button stays as long as its page does. */
async function showXmlDifference(run: CommandRun): Promise<void> {
  const open = run.reports.openXml;
  if (open === undefined) {
    throw new CommandError('notFound', t('No comparison is open.'));
  }
  await open();
}

/** Of the one VM that was compared, or the one picked; read anew, for a system may have many VMs. */
async function openXmlOfMember(run: CommandRun, { from, to, members }: ComparedSystem): Promise<void> {
  const compared = members.filter((member) => member.kind === 'compared');
  const [first, ...others] = compared;
  if (first === undefined) {
    throw new CommandError('notFound', t('The VMs could not be compared.'));
  }
  const member =
    others.length === 0
      ? first
      : await pick(
          compared.map((one) => ({ label: displayLine(one.name), value: one })),
          t('Select a VM'),
        );
  const { ref, name, snapshots } = member;
  const [left, right] = await Promise.all([
    run.engine.readHardware(ref, snapshots.from),
    run.engine.readHardware(ref, snapshots.to),
  ]);
  await run.documents.openComparison(
    ref,
    { snapshot: snapshots.from, hardware: left },
    { ...(snapshots.to !== undefined && { snapshot: snapshots.to }), hardware: right },
    t(
      '{0}: {1} ↔ {2} (hardware, without automatic changes)',
      name,
      pointTitle(from),
      to === undefined ? t('Current state') : pointTitle(to),
    ),
  );
}

/** The page is already there: whoever wants every line of it asks for it, and nobody has to wait. */
function offerXml(run: CommandRun, comparison: Comparison, open: () => Promise<void>): void {
  const button = t('Show XML Difference');
  void notify('info', comparisonSummary(comparison), button)
    .then((pressed) => (pressed === button ? open() : undefined))
    .then(undefined, (reason: unknown) => showFailure(run.log, 'virtRewind.compareSnapshots', reason));
}
