// That somebody else is at a VM: another process, or what was begun on several VMs of which it is one. Refuses to wait for them.
import { Failure } from '../domain/failure.js';
import { type Refusal, refuse } from '../domain/refusal.js';
import type { Store } from '../inventory/store.js';
import type { JournalEntry, UnreadableEntry } from '../journal/entry.js';
import type { Lease } from './leases.js';
import type { Persistence } from './persistence.js';

type Holder = Pick<JournalEntry, 'connection' | 'request' | 'writer'> & { readonly vm: { readonly name: string } };

/** @returns what a person is told who has to wait for another editor, or for this one over another connection */
export function heldBy({ connection, vm, request, writer }: Holder): Failure {
  const editor = writer.editor === undefined ? {} : { editor: writer.editor };
  return new Failure('busy', { vm: vm.name, connection, request, ...editor, doing: 'wait for another editor' });
}

/** Rejects with `busy` while somebody else does something to several VMs of which this is one; refused where that broke off. */
export async function groupRefusal(
  { request, group }: Lease,
  { groups }: Pick<Persistence, 'groups'>,
): Promise<Refusal | undefined> {
  for (const { id, members, system, writer } of (await groups.unfinished()).entries) {
    const member = members.find(({ uuid }) => uuid === request.vm.uuid);
    if (member === undefined || id === group?.id) {
      continue;
    }
    const open = await groups.claim(id);
    if (open === 'busy') {
      throw heldBy({ connection: request.vm.connection, vm: member, request, writer });
    }
    if (open !== 'gone') {
      await open.leave();
      return refuse('systemInterrupted', { vm: member.name, system: system.name }).refusal;
    }
  }
  return undefined;
}

/** Nobody knows whether what it tells of has ended. */
export function unreadableRefusal({ request }: Lease, { path, why }: UnreadableEntry, store: Store): Refusal {
  const vm = store.vm(request.vm)?.vm.name ?? request.vm.uuid;
  return refuse('entryUnreadable', { vm, file: path, why }).refusal;
}

/** For the log: not even its VM need be known. */
export function unreadableLine({ path, why, detail }: UnreadableEntry): string {
  return `an operation that was interrupted cannot be read: ${path}: ${why}: ${detail}`;
}
