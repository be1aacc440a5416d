// That somebody else is at a VM: another process, or what was begun on several VMs of which it is one. Refuses to wait
// for them.
import { Failure } from '../../domain/failure.js';
import { type Refusal, refuse } from '../../domain/refusal.js';
import type { JournalEntry, UnreadableEntry } from '../../journal/entry.js';
import type { Lease } from './leases.js';
import type { Persistence } from '../../journal/persistence.js';

type Holder = Pick<JournalEntry, 'connection' | 'request' | 'writer'> & { readonly vm: { readonly name: string } };

/** @returns what a person is told who has to wait for another editor, or for this one over another connection */
export function busyFailure({ connection, vm, request, writer }: Holder): Failure {
  const editor = writer.editor === undefined ? {} : { editor: writer.editor };
  return new Failure('busy', { vm: vm.name, connection, request, ...editor, doing: 'wait for another editor' });
}

/**
 * Rejects with `busy` while somebody else does something to several VMs of which this is one; refused where that broke
 * off.
 */
export async function groupRefusal(
  { request, group }: Lease,
  { groups }: Pick<Persistence, 'groups'>,
): Promise<Refusal | undefined> {
  for (const { id, members, system, writer } of (await groups.readInterrupted()).entries) {
    const member = members.find(({ uuid }) => uuid === request.vm.uuid);
    if (member === undefined || id === group?.id) {
      continue;
    }
    const open = await groups.lock(id);
    if (open === 'busy') {
      throw busyFailure({ connection: request.vm.connection, vm: member, request, writer });
    }
    if (open !== 'gone') {
      await open.leave();
      return refuse('systemInterrupted', { vm: member.name, system: system.name }).refusal;
    }
  }
  return undefined;
}

/** Why nothing is begun on a VM, or on any where none is given: nobody knows whether what was begun has ended. */
export async function unreadableRefusals(
  { journal, groups }: Pick<Persistence, 'journal' | 'groups'>,
  uuid?: string,
): Promise<readonly Refusal[]> {
  const [{ unreadable }, ofSystems] = await Promise.all([journal.readInterrupted(), groups.readInterrupted()]);
  return [
    ...unreadable
      .filter(({ vm }) => vm === undefined || uuid === undefined || vm.uuid === uuid)
      .map(({ path, why, vm }) =>
        vm === undefined
          ? unknownVm(path)
          : refuse('entryUnreadable', { vm: vm.name ?? vm.uuid, file: path, why }).refusal,
      ),
    ...ofSystems.unreadable.map(unknownVm),
  ];
}

function unknownVm(file: string): Refusal {
  return refuse('entryOfUnknownVm', { file }).refusal;
}

/** For the log: not even its VM need be known. */
export function unreadableLine({ path, why, detail }: UnreadableEntry): string {
  return `an operation that was interrupted cannot be read: ${path}: ${why}: ${detail}`;
}
