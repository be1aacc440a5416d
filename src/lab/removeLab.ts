// Removes what a lab made, and nothing else: its restore points, its VMs with their files, its system. At any point it
// can be begun again: what is gone already is as good as removed.
import { t } from '@vscode/l10n';
import { Failure } from '../domain/failure.js';
import { displayLine } from '../domain/plainText.js';
import { refuse } from '../domain/refusal.js';
import type { Snapshot, SnapshotTree } from '../domain/snapshot.js';
import { isMember, type SystemPoint } from '../domain/system.js';
import type { VmRef } from '../domain/vm.js';
import type { RemovalTurn } from '../engine/enginePort.js';
import type { LabRecord, OpenLab, RecordedVm } from '../journal/labStore.js';
import type { Session } from '../session/session.js';
import { isCloneOfLab, removeLabClone } from './labClones.js';
import { labFailure } from './labFailure.js';
import { removeLabNetwork, requireOwnNetwork } from './labNetwork.js';
import type { MakeContext } from '../made/makeContext.js';
import { removeMade, requireAlone, viewNow } from '../made/madeVms.js';

/**
 * | how         | somebody was asked | the VMs that go                                    |
 * |-------------|--------------------|----------------------------------------------------|
 * | `asked`     | yes                | as they are                                        |
 * | `forNewOne` | about their power  | as they are, unless somebody has a snapshot there  |
 *
 * An interrupted operation on its system that is left to a person is forgotten where all its VMs go. Where nothing was
 * removed, nothing is to be removed later.
 * @throws Failure `refused`, before anything is removed, where one of them stays
 */
export async function removeLab(open: OpenLab, making: MakeContext, how: 'asked' | 'forNewOne'): Promise<void> {
  const { record } = open;
  const { session } = making;
  await requireAlone(record, session);
  await requireOwnNetwork(record, session);
  const systems = await session.systems();
  // One that was made, and not written down before the process died, has VMs of ours.
  const { systems: all } = await systems.list();
  const stored = all.find(
    ({ system }) =>
      system.id === record.system ||
      (system.name === record.name &&
        system.members.length === record.vms.length &&
        system.members.every(({ uuid }) => record.vms.some((vm) => vm.uuid === uuid))),
  );
  if (stored !== undefined) {
    session.reachMembers(stored);
    const { to } = await systems.recover(stored.system, 'asked');
    if (to === 'explain' && record.vms.every(({ parts }) => parts !== undefined)) {
      await systems.dismiss(stored.system);
    } else if (to === 'explain') {
      const { name } = stored.system;
      throw new Failure('refused', { refusal: refuse('systemInterrupted', { vm: name, system: name }).refusal });
    }
  }
  const left = stored === undefined ? undefined : await systems.find(stored.system.id);
  const own = (left?.points ?? []).filter(({ id }) => record.points?.includes(id) === true);
  if (how === 'forNewOne') {
    await requireOwnSnapshots(own, record, session);
  }
  const held = await requireRemovable(record, own, session);
  const stays = record.vms.filter(({ parts }) => parts === undefined);
  await removeMade(open, making, 'asked', {
    held,
    first: (turn) => deletePoints(own, stays, { ...making, turn }),
    removeOther: (vm, turn) => removeLabClone(session, vm, turn),
  });
  await removeLabNetwork(record.network, session);
  if (stored !== undefined) {
    await systems.forget(stored);
  }
  await open.forget();
}

/**
 * Each of its VMs, before anything is removed from the first: a clone can go.
 * @returns those to which something is done
 * @throws Failure `refused`
 */
async function requireRemovable(
  { vms }: LabRecord,
  points: readonly SystemPoint[],
  { engine }: Session,
): Promise<readonly RecordedVm[]> {
  for (const { connection } of vms.filter(({ parts }) => parts !== undefined || points.length > 0)) {
    await engine.connect(connection);
  }
  const isThere = ({ connection, uuid }: RecordedVm): boolean => engine.findVm({ connection, uuid }) !== undefined;
  for (const { connection, uuid, name } of vms.filter(isCloneOfLab)) {
    const vm = { connection, uuid };
    const plan = engine.findVm(vm) && (await engine.plan({ kind: 'discard', vm }));
    if (plan?.kind === 'refusal') {
      throw new Failure('refused', { vm: name, connection, refusal: plan.refusal });
    }
  }
  return vms.filter((vm) => vm.parts !== undefined || (points.length > 0 && isThere(vm)));
}

/** Finds the lab's snapshot of a VM by name and second: one with another name or time is somebody else's. */
function ownSnapshot(tree: SnapshotTree | undefined, ref: VmRef, { members }: SystemPoint): Snapshot | undefined {
  const made = members.find(isMember(ref));
  return tree?.snapshots.find(({ name, createdAt }) => name === made?.snapshot && createdAt === made.createdAt);
}

/**
 * What somebody keeps in a VM that the lab made goes only with a lab that somebody destroys. @throws Failure `refused`
 */
async function requireOwnSnapshots(
  points: readonly SystemPoint[],
  { vms }: LabRecord,
  session: Session,
): Promise<void> {
  for (const { connection, uuid, name, parts } of vms) {
    const ref = { connection, uuid };
    const view = parts === undefined ? undefined : await viewNow(session, ref);
    const own = new Set(points.map((point) => ownSnapshot(view?.tree, ref, point)));
    const foreign = view?.tree?.snapshots.find((one) => !own.has(one) && one.trailers.auto === undefined);
    if (foreign !== undefined) {
      throw labFailure('othersSnapshot', { vm: name, title: foreign.title });
    }
  }
}

interface Turn {
  readonly turn: RemovalTurn;
}

/**
 * Deletes the snapshots of the lab's restore points from the VMs that stay. A VM that is removed takes its own along.
 */
async function deletePoints(
  points: readonly SystemPoint[],
  vms: readonly RecordedVm[],
  { session, onStep, turn }: Turn & MakeContext,
): Promise<void> {
  for (const point of points) {
    onStep(t('deleting the restore point “{0}”', displayLine(point.title)));
    for (const { connection, uuid } of vms) {
      const ref = { connection, uuid };
      const view = await viewNow(session, ref);
      const snapshot = ownSnapshot(view?.tree, ref, point);
      if (view !== undefined && snapshot !== undefined) {
        const request = { kind: 'delete', vm: ref, snapshot: snapshot.name, scope: 'one' } as const;
        await turn.run(request, { confirmed: await session.plan(view, request) });
      }
    }
  }
}
