// Finds the VMs and snapshots that a command is meant for: as given, as selected, or as picked from a list.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { VmRef } from '../../domain/vm.js';
import type { EnginePort } from '../../engine/enginePort.js';
import {
  byName,
  requireSnapshotByName,
  requireVmByName as engineNamedVm,
  openConnections,
} from '../../engine/findTargets.js';
import { type ConnectionView, type VmView, vmKey } from '../../live/views.js';
import { type Node, type SnapshotNode, type VmNode, connectionOfNode, vmOfNode } from '../tree/nodes.js';
import { argumentsOf } from './commandArguments.js';
import { CommandError, NothingThere } from '../prompts/commandError.js';
import type { CommandRun } from './commandServices.js';
import { existingVm } from './operate.js';
import { noteInStatusBar } from '../prompts/notify.js';
import type { VmUse } from '../prompts/offeredVms.js';
import { pickConnection, pickSnapshot, pickVm } from '../prompts/pickTarget.js';

export interface SnapshotTarget {
  readonly view: VmView;
  readonly snapshot: Snapshot;
}

/** Which VMs a list offers. */
type VmFilter = (view: VmView) => boolean;

/** Also one whose snapshots nobody has counted yet. */
export const hasSnapshots: VmFilter = ({ snapshotCount }) => snapshotCount !== 0;

/** What a list says of a VM beside its state. */
type VmDescription = (view: VmView) => string | undefined;

/** The VM of the first row, the VM given, or the one picked. */
export async function targetVm(run: CommandRun, fits?: VmFilter, says?: VmDescription): Promise<VmView> {
  const [view] = await targetVms(run, fits, says);
  return view;
}

/**
 * The VM of the first row, or the one given, else the one that somebody works with; picked where there is none that
 * fits.
 */
export async function activeOrPickedVm(run: CommandRun, fits?: VmFilter, says?: VmDescription): Promise<VmView> {
  const { ref } = run.activeVm;
  const isTold = run.call.kind !== 'palette' && argumentsOf(run.call).vm !== undefined;
  const view = ref === undefined || isTold || run.call.kind === 'rows' ? undefined : run.engine.findVm(ref);
  return view !== undefined && fits?.(view) !== false ? view : targetVm(run, fits, says);
}

/** The open connection of the first row, else the only one, or the one picked. @throws NothingThere */
export async function openConnectionFor({ engine, call }: CommandRun, question: string): Promise<ConnectionView> {
  const uri = call.kind === 'rows' ? connectionOfNode(call.rows[0]) : undefined;
  await openConnections(engine, uri);
  const open = engine.connections.filter((one) => one.state === 'connected' && (uri === undefined || one.uri === uri));
  const [first] = open;
  if (first === undefined) {
    throw new NothingThere(t('There is no libvirt connection. Add one first.'));
  }
  return open.length === 1 ? first : pickConnection(open, question);
}

/** The VMs of all rows, or the one given or picked. At least one. */
export async function targetVms(
  run: CommandRun,
  fits?: VmFilter,
  says?: VmDescription,
): Promise<readonly [VmView, ...VmView[]]> {
  const views = await viewsFor(run, fits, says);
  for (const { ref, vm } of views) {
    run.seen.set(ref.uuid, vm.name);
  }
  if (views.length === 1) {
    run.activeVm.take(views[0].ref);
  }
  return views;
}

async function viewsFor(
  run: CommandRun,
  fits: VmFilter | undefined,
  says: VmDescription | undefined,
): Promise<readonly [VmView, ...VmView[]]> {
  if (run.call.kind === 'rows') {
    const [first, ...others] = distinctVms(run.call.rows);
    if (first !== undefined) {
      return [existingVm(run, first), ...others.map((ref) => existingVm(run, ref))];
    }
    const connection = connectionOfNode(run.call.rows[0]);
    await wake(run.engine, connection);
    return [await pickVm(run, { fits, says, connection, use: useOf(run) })];
  }
  const { vm, connection } = argumentsOf(run.call);
  if (vm !== undefined) {
    return [await namedVm(run.engine, vm, connection)];
  }
  await wake(run.engine, connection);
  return [
    await pickVm(run, {
      fits,
      says,
      connection,
      systems: run.offered,
      activeSystem: run.chosen.shown?.known.system.id,
      use: useOf(run),
    }),
  ];
}

/** Before a checkpoint without a question, whose key names no VM or system. */
export function sayTarget({ call }: CommandRun, name: string): void {
  if (call.kind === 'palette') {
    noteInStatusBar(t('Checkpoint of {0}', displayLine(name)));
  }
}

/** What calls a command on the VMs, as the menu of selected rows does. */
export function rowsOf(views: readonly VmView[]): readonly [VmNode, readonly VmNode[]] | readonly [] {
  const rows = views.map(({ ref }): VmNode => ({ kind: 'vm', id: vmKey(ref), ref }));
  const [first] = rows;
  return first === undefined ? [] : [first, rows];
}

/** For the order of a list. */
export function useOf({ activeVm, tree }: CommandRun): VmUse {
  return { active: activeVm.ref && vmKey(activeVm.ref), usedAt: tree.usedAt };
}

/** The row that it was called on; undefined: none. */
export function rowOfCall({ call }: CommandRun): Node | undefined {
  return call.kind === 'rows' ? call.rows[0] : undefined;
}

/** A snapshot's row, or a snapshot given; a VM otherwise. */
export function isCalledOnSnapshot(run: CommandRun): boolean {
  return run.call.kind === 'rows' ? run.call.rows[0].kind === 'snapshot' : argumentsOf(run.call).snapshot !== undefined;
}

export async function targetSnapshot(run: CommandRun): Promise<SnapshotTarget> {
  const [target] = await targetSnapshots(run);
  return target;
}

/** The snapshots of all rows, or the one given or picked. At least one. */
export async function targetSnapshots(run: CommandRun): Promise<readonly [SnapshotTarget, ...SnapshotTarget[]]> {
  if (run.call.kind === 'rows') {
    const [first, ...others] = run.call.rows.filter((row): row is SnapshotNode => row.kind === 'snapshot');
    if (first !== undefined) {
      return [await snapshotOfRow(run, first), ...(await Promise.all(others.map((row) => snapshotOfRow(run, row))))];
    }
  }
  const view = await targetVm(run, hasSnapshots);
  const { snapshot: given } = argumentsOf(run.call);
  const snapshot =
    given === undefined
      ? await pickSnapshot(
          view,
          await run.engine.readTree(view.ref),
          t('Select a snapshot of {0}', displayLine(view.vm.name)),
          run.title,
        )
      : await requireSnapshotByName(run.engine, view, given);
  // Read again, because the view of before the tree was read does not have it.
  return [{ view: existingVm(run, view.ref), snapshot }];
}

async function snapshotOfRow(run: CommandRun, row: SnapshotNode): Promise<SnapshotTarget> {
  const before = existingVm(run, row.ref);
  run.seen.set(row.ref.uuid, before.vm.name);
  run.activeVm.take(row.ref);
  const snapshot = await requireSnapshotByName(run.engine, before, row.snapshot, byName);
  return { view: existingVm(run, row.ref), snapshot };
}

/**
 * @throws Failure `notFound`, `ambiguous`, or that of a connection where the VM may be; CommandError for an unknown
 *   connection
 */
export async function namedVm(engine: EnginePort, nameOrUuid: string, connection?: string): Promise<VmView> {
  requireConnection(engine, connection);
  return engineNamedVm(engine, nameOrUuid, connection);
}

/** @throws Failure when the connection that was named, or every one, cannot be had */
async function wake(engine: EnginePort, connection?: string): Promise<void> {
  requireConnection(engine, connection);
  await openConnections(engine, connection);
}

function requireConnection({ connections }: EnginePort, connection?: string): void {
  if (connection === undefined && connections.length === 0) {
    throw new CommandError('notFound', t('There is no libvirt connection. Add one first.'));
  }
  if (connection !== undefined && !connections.some(({ uri }) => uri === connection)) {
    throw new CommandError('notFound', t('The connection {0} does not exist here. Add it first.', connection), {
      connection,
    });
  }
}

export function distinctVms(rows: readonly Node[]): readonly VmRef[] {
  const refs = new Map<string, VmRef>();
  for (const row of rows) {
    const ref = vmOfNode(row);
    if (ref !== undefined) {
      refs.set(vmKey(ref), ref);
    }
  }
  return [...refs.values()];
}
