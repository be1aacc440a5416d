// Removes what a lab made, and nothing else: its restore points, its VMs with their folders, its system. At any point it can be begun
// again: what is gone already is as good as removed.
import { t } from '@vscode/l10n';
import { Failure } from '../domain/failure.js';
import { displayLine } from '../domain/plainText.js';
import { refuse } from '../domain/refusal.js';
import type { StoredSystem } from '../domain/system.js';
import type { LabRecord, OpenLab } from '../journal/labStore.js';
import { isCloneOfLab, removeLabClone } from './labClones.js';
import { snapshotOf } from '../systems/standing.js';
import type { Making } from './makeLab.js';

/**
 * An interrupted operation on its system that is left to a person is forgotten where all its VMs go.
 * @throws Failure `refused`, before anything is removed, where one of them stays
 */
export async function removeLab(open: OpenLab, making: Making): Promise<void> {
  const { record } = open;
  const { session, signal, onStep } = making;
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
  await open.put({ phase: 'removing' });
  const left = stored === undefined ? undefined : await systems.find(stored.system.id);
  if (left !== undefined) {
    await deletePoints(left, record, making);
  }
  for (const vm of record.vms) {
    const { connection, uuid, name, folder, parts } = vm;
    if (parts !== undefined) {
      if (signal.aborted) {
        throw new Failure('cancelled', { byUs: true });
      }
      onStep(t('removing the VM {0}', displayLine(name)));
      await (isCloneOfLab(vm)
        ? removeLabClone(session, vm)
        : session.inventory.labVms.remove({ connection, uuid, name, folder }));
    }
  }
  if (stored !== undefined) {
    await systems.forget(stored);
  }
  await open.forget();
}

/** Of the VMs that stay, the snapshots of the file's restore points: of those that go, all goes with them. */
async function deletePoints(
  { points }: StoredSystem,
  { vms, points: own }: LabRecord,
  { session, onStep }: Making,
): Promise<void> {
  const staying = vms.filter(({ parts }) => parts === undefined);
  const ofLab = points.filter(({ id, auto }) => auto === undefined && own?.includes(id) !== false);
  for (const point of staying.length === 0 ? [] : ofLab) {
    onStep(t('deleting the restore point “{0}”', displayLine(point.title)));
    for (const { connection, uuid, name } of staying) {
      const ref = { connection, uuid };
      await session.inventory.connect(connection);
      await session.inventory.refresh({ vm: ref }).catch(() => undefined);
      const view = session.inventory.findVm(ref);
      const snapshot = view?.tree && snapshotOf(view.tree, { ...ref, name }, point, points);
      if (view !== undefined && snapshot !== undefined) {
        const request = { kind: 'delete', vm: ref, snapshot: snapshot.name, scope: 'one' } as const;
        await session.run(await session.plan(view, request));
      }
    }
  }
}
