// Removes what a lab made, and nothing else: its restore points, its VMs with their folders, its system. At any point it can be begun
// again: what is gone already is as good as removed.
import { t } from '@vscode/l10n';
import { Failure } from '../domain/failure.js';
import { displayLine } from '../domain/plainText.js';
import type { OpenLab } from '../journal/labStore.js';
import { isCloneOfLab, removeLabClone } from './labClones.js';
import type { Making } from './makeLab.js';

export async function removeLab(open: OpenLab, { session, signal, onStep }: Making): Promise<void> {
  const { record } = open;
  await open.put({ phase: 'removing' });
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
    await systems.recover(stored.system, 'asked');
  }
  const staying = record.vms.filter(({ parts }) => parts === undefined);
  const points = (stored === undefined ? undefined : await systems.find(stored.system.id))?.points ?? [];
  if (stored !== undefined && staying.length > 0) {
    for (const point of points.filter(({ auto }) => auto === undefined)) {
      onStep(t('deleting the restore point “{0}”', displayLine(point.title)));
      // Of those that go, all goes with them.
      const members = point.members.filter(({ uuid }) => staying.some((vm) => vm.uuid === uuid));
      for (const { connection, uuid, snapshot } of members) {
        await deleteSnapshot({ session, connection, uuid, snapshot });
      }
    }
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

async function deleteSnapshot({
  session,
  connection,
  uuid,
  snapshot,
}: Pick<Making, 'session'> & {
  readonly connection: string;
  readonly uuid: string;
  readonly snapshot: string;
}): Promise<void> {
  await session.inventory.connect(connection);
  await session.inventory.refresh({ vm: { connection, uuid } }).catch(() => undefined);
  const view = session.inventory.findVm({ connection, uuid });
  if (view?.tree?.snapshots.some(({ name }) => name === snapshot) === true) {
    const plan = await session.plan(view, { kind: 'delete', vm: view.ref, snapshot, scope: 'one' });
    await session.run(plan);
  }
}
