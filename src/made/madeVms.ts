// VMs that we made, by their record: what was done with one since, who else rests on its files, and how it goes.
import { t } from '@vscode/l10n';
import type { VmAsMade, UseOfVm } from '../domain/clone.js';
import { Failure } from '../domain/failure.js';
import { displayLine } from '../domain/plainText.js';
import { refuse } from '../domain/refusal.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { VmRef } from '../domain/vm.js';
import type { RemovalTurn } from '../engine/enginePort.js';
import type { LabRecord, OpenLab, RecordedVm } from '../journal/labStore.js';
import type { VmView } from '../live/views.js';
import type { Session } from '../session/session.js';
import { type RemoveContext, requireOn } from './makeContext.js';

/**
 * What was done with the VMs that go with the record, by VM: only the others may go where nobody was asked.
 * @param how see `VmAsMade`
 */
export async function usesOf(
  vms: LabRecord['vms'],
  { engine }: Session,
  how: Pick<VmAsMade, 'started'> & { readonly isOwn?: (vm: VmRef, snapshot: Snapshot) => boolean } = {},
): Promise<ReadonlyMap<RecordedVm, readonly UseOfVm[]>> {
  const { started, isOwn } = how;
  const used = new Map<RecordedVm, readonly UseOfVm[]>();
  for (const vm of vms.filter(({ parts }) => parts !== undefined)) {
    const { connection, uuid, name, definition, made = [] } = vm;
    await engine.connect(connection);
    const uses = await engine.usesSinceMade(
      { connection, uuid },
      {
        name,
        files: made.map(({ path }) => path),
        ...(definition !== undefined && { definition }),
        ...(started !== undefined && { started }),
        ...(isOwn !== undefined && { isOwn: (snapshot) => isOwn({ connection, uuid }, snapshot) }),
      },
    );
    if (uses.length > 0) {
      used.set(vm, uses);
    }
  }
  return used;
}

/** @throws Failure `refused` where a cluster keeps one, or somebody rests on what goes: `EnginePort.filesInUse` */
export async function requireAlone({ vms }: LabRecord, { engine }: Session): Promise<void> {
  const going = vms.filter(({ parts }) => parts !== undefined);
  const uuids = going.map(({ uuid }) => uuid);
  for (const { connection, uuid, name } of going) {
    await engine.connect(connection);
    // Also of one that is not here: it may run on another computer of the cluster, on the same files.
    const keeper = await engine.keeperOf({ connection, uuid });
    const { refusal } =
      keeper === 'unknown'
        ? refuse('clusterKeepsOn', { vm: name, resource: '', message: 'crm_mon' })
        : typeof keeper === 'object'
          ? refuse('keptByCluster', { vm: name, resource: keeper.resource, action: 'remove' })
          : { refusal: undefined };
    if (refusal !== undefined) {
      throw new Failure('refused', { vm: name, connection, refusal });
    }
  }
  for (const vm of going.filter(({ folder }) => folder !== '')) {
    const { connection, name } = vm;
    await engine.connect(connection);
    const files = (await engine.labVms.filesOf(vm, vm.made)).map(({ path }) => path);
    // A clone among them is the first to go.
    const [refusal] = (await engine.filesInUse(connection, files, [vm.uuid, ...uuids])).values();
    if (refusal !== undefined) {
      throw new Failure('refused', { vm: name, connection, refusal });
    }
  }
}

/** What a lab removes beside VMs that have a folder. */
interface RemovedBeside {
  /** To which something is done. */
  readonly held: readonly VmRef[];
  readonly first: (turn: RemovalTurn) => Promise<void>;
  /** A VM without a folder; what it leaves. */
  readonly removeOther: (vm: RecordedVm, turn: RemovalTurn) => Promise<readonly string[]>;
}

/**
 * The VMs of the record with their files. Where nothing was removed, nothing is to be removed later. At any point it
 * can be begun again: what is gone already is as good as removed.
 *
 * @param how `unused`: nobody was asked, so each must be off, without a snapshot
 * @throws Failure `refused`, `busy`, before anything is removed
 */
export async function removeMade(
  open: OpenLab,
  { session, signal, onStep, onNote }: RemoveContext,
  how: 'asked' | 'unused',
  beside?: RemovedBeside,
): Promise<void> {
  const { phase, vms } = open.record;
  const going = vms.filter(({ parts }) => parts !== undefined);
  await session.engine.labVms.whileHeld(beside?.held ?? going, async (turn) => {
    const withdraw = (): Promise<void> => open.put({ phase });
    await open.put({ phase: 'removing' });
    await turn.requireAlone(withdraw);
    if (signal.aborted) {
      await withdraw();
      throw new Failure('cancelled', { byUs: true });
    }
    await beside?.first(turn);
    // What has no folder rests on others.
    for (const vm of going.toSorted((one, other) => Number(one.folder !== '') - Number(other.folder !== ''))) {
      requireOn(signal);
      onStep(t('deleting the VM {0}', displayLine(vm.name)));
      const left =
        beside !== undefined && vm.folder === ''
          ? await beside.removeOther(vm, turn)
          : await removeVm(vm, open, { session, turn }, how);
      for (const path of left) {
        onNote?.(t('{0} is not deleted: it contains files that this lab did not create.', displayLine(path)));
      }
    }
  });
}

/**
 * What goes is written down first: when the VM is gone, nothing else tells what its snapshots had put beside its disks.
 */
async function removeVm(
  vm: RecordedVm,
  open: OpenLab,
  { session, turn }: { readonly session: Session; readonly turn: RemovalTurn },
  how: 'asked' | 'unused',
): Promise<readonly string[]> {
  const { connection, uuid, name, folder } = vm;
  const made = await session.engine.labVms.filesOf(vm, vm.made);
  await open.put({ vms: open.record.vms.map((one) => (one.uuid === uuid ? { ...one, made } : one)) });
  const own = { connection, uuid, name, folder };
  return turn.remove(own, made, how === 'unused' ? how : undefined);
}

/** With its snapshots; undefined where it is gone. */
export async function viewNow({ engine }: Session, { connection, uuid }: VmRef): Promise<VmView | undefined> {
  const ref = { connection, uuid };
  await engine.connect(connection);
  await engine.refresh({ vm: ref }).catch((error: unknown) => {
    if (!(error instanceof Failure) || error.kind !== 'notFound') {
      throw error;
    }
  });
  return engine.findVm(ref);
}
