// Refuses an operation on a VM that is busy elsewhere: in another process, in an operation on its system, or in a move
// to another host. Does not wait for them.
import { Failure } from '../../domain/failure.js';
import type { VmTurn } from '../../domain/operation.js';
import { type Refusal, refuse } from '../../domain/refusal.js';
import type { VmRef } from '../../domain/vm.js';
import type { BegunMove } from '../../journal/begunMoves.js';
import type { JournalEntry, UnreadableEntry } from '../../journal/entry.js';
import type { Persistence } from '../../journal/persistence.js';
import type { Store } from '../../live/store.js';

type Holder = Pick<JournalEntry, 'connection' | 'writer'> & {
  readonly vm: { readonly name: string };
  readonly request: VmTurn;
};
type Elsewhere = Pick<Persistence, 'groups' | 'moves' | 'holderOf'>;
type Names = Pick<Store, 'vm'>;

interface Turn {
  readonly request: VmTurn;
  /** See `GroupHolder`. */
  readonly group?: { readonly id: string } | undefined;
}

/** Other operations go on while it lasts. */
export function isBeside({ request }: Pick<JournalEntry, 'request'>): boolean {
  return request.kind === 'debug';
}

/**
 * Returns what blocks a VM. While somebody holds a debugger, the entries of other debuggers do not count: all use the
 * one server.
 */
export async function inTheWay(
  entries: readonly JournalEntry[],
  uuid: string,
  { journal }: Pick<Persistence, 'journal'>,
): Promise<readonly JournalEntry[]> {
  const own = entries.filter(({ vm }) => vm.uuid === uuid);
  for (const { id } of own.filter(isBeside)) {
    if (await journal.isLocked(id)) {
      return own.filter((entry) => !isBeside(entry));
    }
  }
  return own;
}

/** @returns what a person is told who has to wait for another editor, or for this one over another connection */
export function busyFailure({ connection, vm, request, writer }: Holder): Failure {
  const editor = writer.editor === undefined ? {} : { editor: writer.editor };
  const asked = request.kind === 'wing' ? {} : { request };
  return new Failure('busy', { vm: vm.name, connection, ...asked, ...editor, doing: 'wait for another editor' });
}

/**
 * Rejects with `busy` while another process moves the VM, removes it, or does something to several VMs of which this is
 * one; refused where a move or that broke off.
 */
export async function elsewhereRefusal(
  turn: Turn,
  persistence: Elsewhere,
  store?: Names,
): Promise<Refusal | undefined> {
  const { request, group } = turn;
  const { connection, uuid } = request.vm;
  const held = await persistence.holderOf?.(uuid);
  if (held !== undefined) {
    throw new Failure('busy', { vm: held, connection, doing: 'wait for another process' });
  }
  return (await groupRefusal(turn, persistence)) ?? (await moveRefusal(request.vm, persistence, store, group));
}

async function groupRefusal({ request, group }: Turn, { groups }: Elsewhere): Promise<Refusal | undefined> {
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

/** @throws Failure `busy`, `refused`: a move of it has not ended, so its own host may have forgotten its snapshots */
export async function requireNotMoved(vm: VmRef, persistence: Elsewhere, store: Names): Promise<void> {
  const refusal = await moveRefusal(vm, persistence, store);
  if (refusal !== undefined) {
    throw new Failure('refused', { refusal });
  }
}

/** @param group the process that moves it holds it as a group of one, by the name of the move */
async function moveRefusal(
  ref: VmRef,
  { moves }: Elsewhere,
  store?: Names,
  group?: Turn['group'],
): Promise<Refusal | undefined> {
  const { connection, uuid } = ref;
  const [move] = ((await moves?.(uuid))?.entries ?? []).filter(({ id }) => id !== group?.id);
  if (move?.isHeld === true) {
    throw new Failure('busy', { vm: move.vm.name, connection, doing: 'wait for a move to another host' });
  }
  return move && moveInterrupted(move, store?.vm(ref)?.vm.name);
}

/** @param name that it has now */
export function moveInterrupted({ vm, to }: BegunMove, name = vm.name): Refusal {
  return refuse('moveInterrupted', { vm: name, host: to }).refusal;
}

/** Why nothing is begun on a VM, or on any where none is given: nobody knows whether what was begun has ended. */
export async function unreadableRefusals(
  { journal, groups, moves }: Pick<Persistence, 'journal'> & Elsewhere,
  uuid?: string,
): Promise<readonly Refusal[]> {
  const [{ unreadable }, ofSystems, ofMoves] = await Promise.all([
    journal.readInterrupted(),
    groups.readInterrupted(),
    moves?.(uuid),
  ]);
  return [
    ...unreadable
      .filter(({ vm }) => vm === undefined || uuid === undefined || vm.uuid === uuid)
      .map(({ path, why, vm }) =>
        vm === undefined
          ? unknownVm(path)
          : refuse('entryUnreadable', { vm: vm.name ?? vm.uuid, file: path, why }).refusal,
      ),
    ...[...ofSystems.unreadable, ...(ofMoves?.unreadable ?? [])].map(unknownVm),
  ];
}

function unknownVm(file: string): Refusal {
  return refuse('entryOfUnknownVm', { file }).refusal;
}

/** For the log: not even its VM need be known. */
export function unreadableLine({ path, why, detail }: UnreadableEntry): string {
  return `an operation that was interrupted cannot be read: ${path}: ${why}: ${detail}`;
}
