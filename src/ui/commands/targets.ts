// Finds the VMs and snapshots that a command is meant for: as given, as selected, or as picked from a list.
import { t } from '@vscode/l10n';
import { Failure } from '../../domain/failure.js';
import type { Snapshot, SnapshotTree } from '../../domain/snapshot.js';
import type { VmRef } from '../../domain/vm.js';
import { asFailure } from '../../domain/asFailure.js';
import type { InventoryPort } from '../../engine/inventory.js';
import { type VmView, vmKey } from '../../inventory/views.js';
import { type Node, type SnapshotNode, connectionOfNode, vmOfNode } from '../tree/nodes.js';
import { givenTo } from './commandArguments.js';
import { CommandError } from '../prompts/commandError.js';
import type { CommandRun } from './commandServices.js';
import { existingVm } from './operate.js';
import { pickSnapshot, pickVm } from '../prompts/pickTarget.js';

export interface SnapshotTarget {
  readonly view: VmView;
  readonly snapshot: Snapshot;
}

/** Which VMs a list offers; where none fits, all are offered and the plan says why it cannot be done. */
export type Fits = (view: VmView) => boolean;

/** The VM of the first row, the VM given, or the one picked. */
export async function targetVm(run: CommandRun, placeholder: string, fits?: Fits): Promise<VmView> {
  const [view] = await targetVms(run, placeholder, fits);
  return view;
}

/** The VMs of all rows, or the one given or picked. At least one. */
export async function targetVms(
  run: CommandRun,
  placeholder: string,
  fits?: Fits,
): Promise<readonly [VmView, ...VmView[]]> {
  if (run.call.kind === 'rows') {
    const [first, ...others] = distinctVms(run.call.rows);
    if (first !== undefined) {
      return [existingVm(run, first), ...others.map((ref) => existingVm(run, ref))];
    }
    const connection = connectionOfNode(run.call.rows[0]);
    await wake(run.inventory, connection);
    return [await pickVm(run.inventory, placeholder, fits, connection)];
  }
  const { vm, connection } = givenTo(run.call);
  if (vm !== undefined) {
    return [await namedVm(run.inventory, vm, connection)];
  }
  await wake(run.inventory, connection);
  return [await pickVm(run.inventory, placeholder, fits, connection)];
}

/** A snapshot's row, or a snapshot given; a VM otherwise. */
export function meansSnapshot(run: CommandRun): boolean {
  return run.call.kind === 'rows' ? run.call.rows[0].kind === 'snapshot' : givenTo(run.call).snapshot !== undefined;
}

export async function targetSnapshot(run: CommandRun, placeholder: string): Promise<SnapshotTarget> {
  const [target] = await targetSnapshots(run, placeholder);
  return target;
}

/** The snapshots of all rows, or the one given or picked. At least one. */
export async function targetSnapshots(
  run: CommandRun,
  placeholder: string,
): Promise<readonly [SnapshotTarget, ...SnapshotTarget[]]> {
  if (run.call.kind === 'rows') {
    const [first, ...others] = run.call.rows.filter((row): row is SnapshotNode => row.kind === 'snapshot');
    if (first !== undefined) {
      return [await snapshotOfRow(run, first), ...(await Promise.all(others.map((row) => snapshotOfRow(run, row))))];
    }
  }
  const view = await targetVm(run, placeholder);
  const { snapshot: given } = givenTo(run.call);
  const snapshot =
    given === undefined
      ? await pickSnapshot(view, await run.inventory.readTree(view.ref), placeholder)
      : await namedSnapshot(run, view, given);
  // Read again, because the view of before the tree was read does not have it.
  return [{ view: existingVm(run, view.ref), snapshot }];
}

async function snapshotOfRow(run: CommandRun, row: SnapshotNode): Promise<SnapshotTarget> {
  const snapshot = await namedSnapshot(run, existingVm(run, row.ref), row.snapshot, byName);
  return { view: existingVm(run, row.ref), snapshot };
}

/**
 * The picture of a hidden view may be old, so what is not in it is looked for once more.
 * @throws Failure `notFound`, `ambiguous`, or that of a connection where the VM may be
 */
async function namedVm(inventory: InventoryPort, nameOrUuid: string, connection?: string): Promise<VmView> {
  const unreachable = await wake(inventory, connection);
  let found = inventory.findVms(nameOrUuid, connection);
  if (found.length === 0) {
    await inventory.refresh(connection === undefined ? undefined : { connection });
    found = inventory.findVms(nameOrUuid, connection);
  }
  const [view, ...others] = found;
  if (view === undefined) {
    throw unreachable ?? new Failure('notFound', { vm: nameOrUuid, ...(connection !== undefined && { connection }) });
  }
  if (others.length > 0) {
    throw new Failure('ambiguous', {
      vm: nameOrUuid,
      candidates: found.map((one) => `${one.vm.name} (${one.vm.uuid}, ${one.ref.connection})`),
    });
  }
  return view;
}

/** @throws Failure `notFound`, CommandError `ambiguous` */
export async function namedSnapshot(
  run: CommandRun,
  view: VmView,
  name: string,
  match = byNameOrTitle,
): Promise<Snapshot> {
  const known = match(await run.inventory.readTree(view.ref), name);
  if (known.length === 0) {
    await run.inventory.refresh({ vm: view.ref });
  }
  const found = known.length > 0 ? known : match(await run.inventory.readTree(view.ref), name);
  const [snapshot, ...others] = found;
  const details = { vm: view.vm.name, snapshot: name, connection: view.ref.connection };
  if (snapshot === undefined) {
    throw new Failure('notFound', details);
  }
  if (others.length > 0) {
    const candidates = found.map((one) => one.name);
    throw new CommandError(
      'ambiguous',
      t('{0} has several snapshots called {1}; name one: {2}.', view.vm.name, name, candidates.join(', ')),
      { ...details, candidates },
    );
  }
  return snapshot;
}

/** A row that is gone must not become another snapshot that has its name as a title. */
function byName(tree: SnapshotTree, name: string): readonly Snapshot[] {
  return tree.snapshots.filter((snapshot) => snapshot.name === name);
}

/** A name goes before a title, because only names are unique. */
function byNameOrTitle(tree: SnapshotTree, text: string): readonly Snapshot[] {
  const named = byName(tree, text);
  return named.length > 0 ? named : tree.snapshots.filter((snapshot) => snapshot.title === text);
}

/**
 * Connects what is not connected, and lists what nobody looks at: a name may fit a VM that is new. Returns the failure
 * of a connection where one is missing now.
 * @throws Failure when the connection that was named, or every one, cannot be had
 */
async function wake(inventory: InventoryPort, connection?: string): Promise<Failure | undefined> {
  const wanted = inventory.connections.filter(({ uri }) => connection === undefined || uri === connection);
  if (wanted.length === 0) {
    throw connection === undefined
      ? new CommandError('notFound', t('No connection to a libvirt is known here. Add one first.'))
      : new CommandError('notFound', t('The connection {0} is not known here. Add it first.', connection), {
          connection,
        });
  }
  const outcomes = await Promise.allSettled(wanted.map(({ uri }) => inventory.connect(uri)));
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [asFailure(outcome.reason)] : []));
  const [first] = failures;
  if (first !== undefined && failures.length === wanted.length) {
    throw first;
  }
  return first;
}

function distinctVms(rows: readonly Node[]): readonly VmRef[] {
  const refs = new Map<string, VmRef>();
  for (const row of rows) {
    const ref = vmOfNode(row);
    if (ref !== undefined) {
      refs.set(vmKey(ref), ref);
    }
  }
  return [...refs.values()];
}
