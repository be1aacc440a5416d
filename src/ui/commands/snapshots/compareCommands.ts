// Two states of a VM held against each other: what differs in words, and their hardware as a diff. Changes nothing.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { argumentsOf } from '../commandArguments.js';
import { CommandError } from '../../prompts/commandError.js';
import type { BesideComparison, CommandRun, CommandTable } from '../commandServices.js';
import { pick, snapshotChoices } from '../../prompts/pickTarget.js';
import { targetSnapshots } from '../targets.js';
import { readStateComparison } from '../../../engine/comparedStates.js';
import { readSystemComparison, type ComparedMember, type ComparedSystem } from '../../../systems/comparedSystem.js';
import { displayLine } from '../../../domain/plainText.js';
import { findPointByTitle, type SystemPoint } from '../../../domain/system.js';
import { pointTitle } from '../../../text/systems/systemPointText.js';
import { isForSystem, reachMembers, targetPoint, targetSystem } from '../systems/systemTargets.js';
import { requireSnapshotByName } from '../../../engine/findTargets.js';
import { sortSnapshots } from '../../../domain/snapshotTree.js';
import { isActive, sameVm } from '../../../domain/vm.js';
import type { HardwareDifference } from '../../../domain/hardware.js';
import type { DiskDistance } from '../../../domain/layerDistance.js';
import type { Snapshot, SnapshotTree } from '../../../domain/snapshot.js';
import type { VmView } from '../../../live/views.js';
import {
  type Comparison,
  comparisonPage,
  comparisonSummary,
  systemComparisonPage,
  systemComparisonTitle,
} from '../../../text/operations/comparisonText.js';
import { notify } from '../../prompts/notify.js';
import { showFailure } from '../runCommand.js';

export const compareCommands = {
  'virtRewind.compareSnapshots': compareSnapshots,
  'virtRewind.showXmlDifference': showXmlDifference,
} satisfies CommandTable;

/**
 * What differs between two snapshots of a VM, or one and its current state, or two restore points of a system; the
 * older one stands on the left.
 */
async function compareSnapshots(run: CommandRun): Promise<ComparisonResult | SystemComparisonResult> {
  if (isForSystem(run)) {
    return comparePoints(run);
  }
  const [first, second, ...more] = await targetSnapshots(run);
  const { view, snapshot } = first;
  if (second !== undefined && (more.length > 0 || !sameVm(view.ref, second.view.ref))) {
    throw new CommandError('invalid', t('Select two snapshots of the same VM to compare them.'));
  }
  const tree = await run.engine.readTree(view.ref);
  const other = second?.snapshot ?? (await otherSnapshot(run, view, tree, snapshot));
  if (other === present) {
    return compareStates(run, view, snapshot, undefined);
  }
  const byAge = sortSnapshots(tree, 'time').map(({ name }) => name);
  const older = byAge.indexOf(snapshot.name) <= byAge.indexOf(other.name);
  return older ? compareStates(run, view, snapshot, other) : compareStates(run, view, other, snapshot);
}

/** As the argument `other` has it. */
const present = '';

/** The one given, or the one picked, before which the current state stands. */
async function otherSnapshot(
  run: CommandRun,
  view: VmView,
  tree: SnapshotTree,
  { name, title }: Snapshot,
): Promise<Snapshot | typeof present> {
  const { other } = argumentsOf(run.call);
  if (other !== undefined) {
    return other === present ? present : requireSnapshotByName(run.engine, view, other);
  }
  const others = tree.snapshots.filter((one) => one.name !== name);
  return pick<Snapshot | typeof present>(
    [{ label: t('Current state'), value: present }, ...snapshotChoices({ ...tree, snapshots: others })],
    t('Select what to compare with {0}', title),
  );
}

/** What a caller with an argument object gets. */
export interface ComparisonResult {
  readonly hardware: readonly HardwareDifference[];
  readonly disks: readonly DiskDistance[] | undefined;
}

/** @param to the current state where it is undefined */
async function compareStates(
  run: CommandRun,
  { ref, vm }: VmView,
  from: Snapshot,
  to: Snapshot | undefined,
): Promise<ComparisonResult> {
  const { left, right, differences, distances, states } = await readStateComparison(run.engine, ref, from, to, run.log);
  const comparison: Comparison = {
    vm: vm.name,
    from: from.title,
    to: to?.title ?? t('Current state'),
    differences,
    distances,
    states,
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
  await run.reports.open(page, comparisonPage(comparison), openXml);
  const mayReadFiles = to !== undefined || !isActive(vm.power);
  const { uuid, connection } = ref;
  const pair = { vm: uuid, connection, snapshot: from.name, other: to?.name ?? present };
  offerMore(run, comparison, openXml, mayReadFiles ? { ...(await run.wings()).besideComparison, pair } : undefined);
  return { hardware: comparison.differences, disks: comparison.distances };
}

export interface SystemComparisonResult {
  readonly members: readonly ComparedMember[];
}

async function comparePoints(run: CommandRun): Promise<SystemComparisonResult> {
  const stored = await targetSystem(run);
  const first = await targetPoint(run, stored);
  const second = await otherPoint(run, stored.points, first);
  await reachMembers(run, stored);
  const compared = await readSystemComparison(run.engine, stored, first, second, run.log);
  await run.reports.open(systemComparisonTitle(compared), systemComparisonPage(compared), () =>
    openXmlOfMember(run, compared),
  );
  return { members: compared.members };
}

/**
 * The other row that is selected, the one of that title, or the one picked, newest first; undefined: the current state.
 */
async function otherPoint(
  run: CommandRun,
  points: readonly SystemPoint[],
  first: SystemPoint,
): Promise<SystemPoint | undefined> {
  const others = points.filter(({ id }) => id !== first.id);
  const selected = run.call.kind === 'rows' ? run.call.rows.flatMap((row) => (row.kind === 'point' ? [row] : [])) : [];
  if (selected.length > 2 || new Set(selected.map(({ system }) => system)).size > 1) {
    throw new CommandError('invalid', t('Select two restore points of the same system to compare them.'));
  }
  const wanted = selected[1]?.point ?? argumentsOf(run.call).other;
  if (wanted === undefined) {
    return pick<SystemPoint | undefined>(
      [
        { label: t('Current state'), value: undefined },
        ...others.toReversed().map((point) => ({ label: pointTitle(point), value: point })),
      ],
      t('Select what to compare with {0}', pointTitle(first)),
    );
  }
  const found = others.find(({ id }) => id === wanted) ?? findPointByTitle(others, wanted);
  if (found === undefined && wanted !== present) {
    throw new CommandError('notFound', t('There is no other restore point to compare with.'));
  }
  return found;
}

/** Shows the XML of the comparison in front: its button stays as long as its page does. */
async function showXmlDifference(run: CommandRun): Promise<void> {
  const open = run.reports.openXml;
  if (open === undefined) {
    throw new CommandError('notFound', t('No comparison is open.'));
  }
  await open();
}

/** Shows the XML of the one VM that was compared, or the one picked; reads it again, for a system may have many VMs. */
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

/** The page is already there: the button of what somebody wants beside it leads there, and nobody has to wait. */
function offerMore(
  run: CommandRun,
  comparison: Comparison,
  openXml: () => Promise<void>,
  beside: (BesideComparison & { readonly pair: object }) | undefined,
): void {
  const xml = t('Show XML Difference');
  const more = beside?.title();
  void notify('info', comparisonSummary(comparison), xml, ...(more === undefined ? [] : [more]))
    .then(async (pressed) => {
      if (pressed === xml) {
        await openXml();
      } else if (beside !== undefined && pressed === more) {
        await vscode.commands.executeCommand(beside.command, beside.pair);
      }
    })
    .then(undefined, (reason: unknown) => showFailure(run.log, 'virtRewind.compareSnapshots', reason));
}
