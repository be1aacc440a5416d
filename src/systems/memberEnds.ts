// What becomes of a member: what a restore point keeps of it, how its part ended, and whether anybody knows. Pure.
import { Failure } from '../domain/failure.js';
import type { MemberOutcome, PointMember, SystemMember } from '../domain/system.js';
import { vmKey } from '../live/views.js';
import type { GroupMember } from '../journal/groupJournal.js';
import type { ObservedMember } from './standing.js';
import type { Log } from '../base/log.js';
import { asFailure } from '../domain/asFailure.js';
import type { LoggedOperation } from '../domain/loggedOperation.js';
import type { EnginePort } from '../engine/enginePort.js';
import { UndoLook } from '../engine/undoLook.js';

/** @throws Failure `notFound` where the snapshot is not there */
export function pointMember(
  member: GroupMember,
  snapshot: string,
  views: ReadonlyMap<string, Pick<ObservedMember, 'tree'>>,
): PointMember {
  const { connection, uuid, name, state } = member;
  const found = views.get(vmKey(member))?.tree.snapshots.find((one) => one.name === snapshot);
  if (found === undefined) {
    throw new Failure('notFound', { vm: name, snapshot, connection });
  }
  return { connection, uuid, name, snapshot, createdAt: found.createdAt, kind: found.kind, state };
}

export function outcomeOf(
  { connection, uuid, name }: GroupMember,
  outcome: MemberOutcome['outcome'],
  failures: ReadonlyMap<string, Failure> = new Map(),
): MemberOutcome {
  const failure = failures.get(vmKey({ connection, uuid }));
  return { connection, uuid, name, outcome, ...(failure !== undefined && { failure }) };
}

/** Its own part is neither done nor undone, as far as anybody knows. */
export function isHalfWay({ kind, details: { recovered } }: Failure): boolean {
  return kind === 'lost' || recovered === 'explained' || recovered === 'failed' || recovered === 'partly';
}

/**
 * What the log of a member's operations says of what is undone with the others. A system goes on where it cannot be
 * read.
 */
export async function idInLog(
  { engine, log }: { readonly engine: EnginePort; readonly log: Log },
  { connection, uuid, name }: SystemMember,
  find: (look: UndoLook) => LoggedOperation | undefined,
): Promise<string | undefined> {
  try {
    return find(await UndoLook.at(engine, { connection, uuid }))?.id;
  } catch (error) {
    log.warn(`the log of ${name} will not say what this undoes: ${asFailure(error).line}`);
    return undefined;
  }
}
