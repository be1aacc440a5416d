// Removes a VM that was created of a cloud image: with its snapshots and with the files that it got, and nothing else.
import type { Log } from '../../../base/log.js';
import { type LabRecord, LabStore } from '../../../journal/labStore.js';
import { requireAlone } from '../../../lab/labFiles.js';
import type { MakeContext } from '../../../lab/makeContext.js';
import { removeLab } from '../../../lab/removeLab.js';
import type { Session } from '../../../session/session.js';
import { guestFailure } from '../guestFailure.js';

/** Beside the labs, of the same shape: what is begun, held and made there is told alike. */
export function newVmStore(session: Pick<Session, 'folder'>, log: Log, shell: string): LabStore {
  return new LabStore(`${session.folder}/new-vms`, log, shell);
}

/**
 * By the name that it has now. One that somebody undefined is found by the name that it had, after the others.
 * @throws Failure `notOurs`
 */
export async function recordOf(store: LabStore, { engine }: Session, name: string): Promise<LabRecord> {
  const connection = engine.connections[0]?.uri ?? '';
  await engine.connect(connection);
  const own = (await store.list()).filter(({ vms }) => vms.every((vm) => vm.connection === connection));
  const nowCalled = ({ vms }: LabRecord): string | undefined => vms[0] && engine.findVm(vms[0])?.vm.name;
  const found =
    own.find((record) => nowCalled(record) === name) ??
    own.find((record) => nowCalled(record) === undefined && record.name === name);
  if (found === undefined) {
    throw guestFailure('notOurs', { vm: name });
  }
  return found;
}

/** @throws Failure where another VM rests on its files; `fetching` */
export async function removeNewVm(store: LabStore, record: LabRecord, context: MakeContext): Promise<void> {
  for (const { connection } of record.vms) {
    await context.session.engine.connect(connection);
  }
  await requireAlone(record, context.session);
  const open = await store.lock(record.id);
  if (open === 'busy') {
    throw guestFailure('fetching', { name: record.name });
  }
  if (open !== 'gone') {
    try {
      await removeLab(open, context, 'asked');
    } finally {
      await open.leave();
    }
  }
}
