// What undoes an operation of the log, or why nothing does. The answer is a request like any other, which is planned,
// guarded and journaled as such: the log says what to ask for, never that it is safe.
import {
  type LoggedOperation,
  longestLoggedText,
  type MarkRequest,
  isSameText,
  type LoggedSnapshot,
  sparedSnapshot,
} from '../../domain/loggedOperation.js';
import type { AfterRevert, OperationRequest } from '../../domain/operation.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import type { Snapshot, SnapshotTree } from '../../domain/snapshot.js';
import { childrenOf } from '../../domain/snapshotTree.js';
import { effectiveAfter, standingOperations } from './standingOperations.js';

export type UndoWay =
  | { readonly kind: 'operation'; readonly request: OperationRequest }
  | { readonly kind: 'mark'; readonly request: MarkRequest };

type KeepRequest = Extract<MarkRequest, { kind: 'keep' }>;

/** Why an operation cannot be undone: words of `notUndoable`. */
type NotUndoable =
  | 'power'
  | 'merged'
  | 'repaired'
  | 'cloned'
  | 'discarded'
  | 'grown'
  | 'deleted'
  | 'undone'
  | 'restsOn'
  | 'gone'
  | 'changed'
  | 'noCheckpoint'
  | 'ofSystem'
  | 'tooLong';

interface UndoFacts {
  /** The log of this VM, oldest first. */
  readonly log: readonly LoggedOperation[];
  /** As it is now. */
  readonly tree: SnapshotTree;
  /** Later operations that are undone before it. */
  readonly without?: ReadonlySet<string>;
  /** The caller undoes it with the other VMs of its system. */
  readonly forSystem?: true;
}

/**
 * | operation          | undone by                                  | refused                                          |
 * |--------------------|--------------------------------------------|--------------------------------------------------|
 * | create             | a delete of the snapshot                   | it is gone; others than checkpoints were made on it |
 * | describe, rename   | its old text, its old name                 | it is gone; somebody has changed it since        |
 * | revert             | a revert to the checkpoint that it took, or where nothing had changed, to what was current | it took none, or that is gone; another revert came after it |
 * | keep, favourite    | the mark as it was                         | the snapshot is gone, or another one has its name |
 * | trash              | taking it out, or putting it back          | the snapshot is gone, or another one has its name |
 * | speed              | the limits as they were                    | –                                                |
 * | delete             | –                                          | what it held is gone: merged, or out of the image |
 * | prune, consolidate | –                                          | layers were merged                               |
 * | clone              | –                                          | it is a VM of its own, which is discarded there  |
 * | discard            | –                                          | its files are gone                               |
 * | disk: add, remove  | taking it out, bringing it back            | another revert came after it                     |
 * | disk: grow         | –                                          | what the guest wrote may be in what it grew by   |
 * | power, repair      | –                                          | always                                           |
 *
 * An operation that has been undone is undone no second time: what undid it can be. What was done with other VMs at one
 * moment is undone with them.
 */
export function undoOf(entry: LoggedOperation, facts: UndoFacts): UndoWay | RefusedDecision {
  const way = undoAlone(entry, facts);
  const { system } = entry;
  return way.kind === 'refusal' || system === undefined || facts.forSystem === true
    ? way
    : notUndoableRefusal('ofSystem', { system: system.name });
}

function undoAlone(entry: LoggedOperation, facts: UndoFacts): UndoWay | RefusedDecision {
  const { log, without } = facts;
  const undoneBy = standingOperations(log).find(({ undoes }) => undoes === entry.id);
  if (undoneBy !== undefined && without?.has(undoneBy.id) !== true) {
    return notUndoableRefusal('undone', { entries: undoneBy.id });
  }
  const { request } = entry;
  switch (request.kind) {
    case 'create':
      return undoCreate(entry, facts);
    case 'describe':
    case 'rename':
      return undoEdit(entry, facts);
    case 'revert':
      return undoRevert(entry, facts);
    case 'keep': {
      const snapshots = remainingSnapshots(entry, request.snapshots, facts.tree);
      return snapshots.length === 0
        ? notUndoableRefusal('gone', { snapshot: request.snapshots.join(', ') })
        : { kind: 'mark', request: { ...otherKeep(request), snapshots } };
    }
    case 'trash': {
      const snapshots = remainingSnapshots(entry, request.snapshots, facts.tree);
      const put = request.put === 'in' ? 'out' : 'in';
      return snapshots.length === 0
        ? notUndoableRefusal('gone', { snapshot: request.snapshots.join(', ') })
        : { kind: 'mark', request: { ...request, snapshots, put } };
    }
    case 'favourite': {
      const { vm, snapshot, instead } = request;
      return instead !== undefined && remainingSnapshots(entry, [instead], facts.tree).length === 0
        ? notUndoableRefusal('gone', { snapshot: instead })
        : {
            kind: 'mark',
            request: {
              kind: 'favourite',
              vm,
              ...(instead === undefined ? {} : { snapshot: instead }),
              ...(snapshot === undefined ? {} : { instead: snapshot }),
            },
          };
    }
    case 'speed':
      return request.instead === undefined
        ? notUndoableRefusal('gone')
        : { kind: 'operation', request: { kind: 'speed', vm: request.vm, to: request.instead } };
    case 'delete':
      return notUndoableRefusal('deleted');
    case 'prune':
    case 'consolidate':
      return notUndoableRefusal('merged');
    case 'clone':
      return notUndoableRefusal('cloned');
    case 'discard':
      return notUndoableRefusal('discarded');
    case 'disk':
      return undoDisk(entry, request, facts);
    case 'debug':
    case 'power':
      return notUndoableRefusal('power');
    case 'repair':
      return notUndoableRefusal('repaired');
  }
}

/** What puts back how they were kept before. */
function otherKeep({ until, instead, ...request }: KeepRequest): KeepRequest {
  return instead === undefined
    ? { ...request, kept: request.kept === 'kept' ? 'free' : 'kept', ...(until !== undefined && { until }) }
    : { ...request, ...(instead !== 0 && { until: instead }), instead: until ?? 0 };
}

function undoCreate(
  { vm, changes, snapshot: name }: LoggedOperation,
  { log, tree, without }: UndoFacts,
): UndoWay | RefusedDecision {
  const made = changes.flatMap(({ before, after }) => (before === undefined && after?.name === name ? [after] : []))[0];
  const snapshot = made && nowIn(tree, made);
  if (snapshot === undefined) {
    return goneOrRenamedRefusal(made, name ?? '', log);
  }
  // Checkpoints of reverts stay when those are undone; they keep their data when what they stand on goes.
  const above = childrenOf(tree, snapshot.name).filter(({ trailers }) => trailers.auto === undefined);
  const makers = above.map((child) => makerOf(child, log)).filter((maker) => !without?.has(maker?.id ?? ''));
  return makers.length > 0
    ? restsOnRefusal(
        makers.flatMap((maker) => maker ?? []),
        above,
      )
    : { kind: 'operation', request: { kind: 'delete', vm, snapshot: snapshot.name, scope: 'one' } };
}

function undoEdit(entry: LoggedOperation, { log, tree, without }: UndoFacts): UndoWay | RefusedDecision {
  const { vm, request } = entry;
  const { before, after } = editIn(entry);
  const wanted = 'snapshot' in request ? (request.snapshot ?? '') : '';
  if (before === undefined || after === undefined) {
    // It changed nothing, or nobody saw what.
    return notUndoableRefusal('gone', { snapshot: wanted });
  }
  const later = editsOf(after, effectiveAfter(entry, log));
  const left = later.filter(({ id }) => without?.has(id) !== true);
  if (left.length > 0) {
    return restsOnRefusal(left, []);
  }
  const { name: last } = later.map((one) => editIn(one).after).at(-1) ?? after;
  const snapshot = nowIn(tree, after) ?? nowIn(tree, { ...after, name: last });
  if (snapshot === undefined) {
    return goneOrRenamedRefusal(after, wanted, log);
  }
  if (later.length === 0 && !isSameText(after, snapshot)) {
    return notUndoableRefusal('changed', { snapshot: snapshot.title });
  }
  if (before.description.length >= longestLoggedText) {
    return notUndoableRefusal('tooLong', { snapshot: snapshot.title });
  }
  const { name, title, description } = before;
  return name === after.name
    ? { kind: 'operation', request: { kind: 'describe', vm, snapshot: snapshot.name, title, description } }
    : { kind: 'operation', request: { kind: 'rename', vm, snapshot: snapshot.name, title, name } };
}

/** Returns the edits of one snapshot, oldest first, under each of its names: another may be of the same second. */
function editsOf({ name, createdAt }: LoggedSnapshot, entries: readonly LoggedOperation[]): readonly LoggedOperation[] {
  let called = name;
  return entries.filter((one) => {
    const { before, after } = editIn(one);
    const isIts = before?.name === called && before.createdAt === createdAt;
    called = isIts ? (after?.name ?? called) : called;
    return isIts;
  });
}

/** What it was and what it became: of another name it is another snapshot of the same second. */
function editIn({ request, changes }: LoggedOperation): {
  readonly before?: LoggedSnapshot;
  readonly after?: LoggedSnapshot;
} {
  if (request.kind !== 'describe' && request.kind !== 'rename') {
    return {};
  }
  const before = changes.find((one) => one.before?.name === request.snapshot)?.before;
  const after = changes.find((one) => one.after?.name === request.snapshot)?.after;
  const renamed = changes.find((one) => one.before === undefined && one.after?.createdAt === before?.createdAt)?.after;
  const found = after ?? renamed;
  return { ...(before && { before }), ...(found && { after: found }) };
}

function undoRevert(entry: LoggedOperation, { log, tree, without }: UndoFacts): UndoWay | RefusedDecision {
  const { vm, request, checkpoint, before } = entry;
  const later = effectiveAfter(entry, log).filter(
    (one) => one.request.kind === 'revert' && without?.has(one.id) !== true,
  );
  if (later.length > 0) {
    return restsOnRefusal(later, []);
  }
  const name = checkpoint ?? sparedSnapshot(entry);
  if (name === undefined) {
    return notUndoableRefusal('noCheckpoint');
  }
  const made = loggedSnapshotIn(entry, name);
  const snapshot = tree.snapshots.find((one) => isOf(one, name, made));
  if (snapshot === undefined) {
    return goneOrRenamedRefusal(made, name, log);
  }
  return {
    kind: 'operation',
    request: {
      kind: 'revert',
      vm,
      snapshot: snapshot.name,
      // A VM that was off with RAM in a checkpoint had it in a managed save: to end off would throw that away.
      after:
        before.power === 'off' && checkpoint !== undefined && snapshot.kind === 'memory'
          ? 'asSnapshot'
          : afterOf(before.power),
      checkpointFirst: request.kind === 'revert' && request.checkpointFirst === true,
    },
  };
}

function undoDisk(
  entry: LoggedOperation,
  { kind, vm, change }: Extract<OperationRequest, { kind: 'disk' }>,
  { log, without }: UndoFacts,
): UndoWay | RefusedDecision {
  const { target } = change;
  if (change.do === 'grow') {
    return notUndoableRefusal('grown');
  }
  const later = effectiveAfter(entry, log).filter(
    (one) => one.request.kind === 'revert' && without?.has(one.id) !== true,
  );
  if (later.length > 0) {
    return restsOnRefusal(later, []);
  }
  if (target === undefined) {
    return notUndoableRefusal('gone');
  }
  if (change.do === 'add') {
    const { file } = change;
    return {
      kind: 'operation',
      request: { kind, vm, change: { do: 'remove', target, ...(file !== undefined && { file }) } },
    };
  }
  const { was } = change;
  return was === undefined
    ? notUndoableRefusal('gone')
    : { kind: 'operation', request: { kind, vm, change: { do: 'add', bytes: was.bytes, target, was } } };
}

/** As the VM was before. */
function afterOf(power: string): AfterRevert {
  return power === 'running' || power === 'paused' || power === 'off' ? power : 'asSnapshot';
}

/** Returns the snapshots that still have a mark, and not a later one with the same name. */
function remainingSnapshots(
  entry: LoggedOperation,
  names: readonly string[],
  { snapshots }: SnapshotTree,
): readonly string[] {
  return names.filter((name) => snapshots.some((one) => isOf(one, name, loggedSnapshotIn(entry, name))));
}

function loggedSnapshotIn({ changes }: LoggedOperation, name: string): LoggedSnapshot | undefined {
  return changes.find(({ after }) => after?.name === name)?.after;
}

/** @param was absent where an earlier version wrote the entry: it told the name alone */
function isOf(one: Snapshot, name: string, was: LoggedSnapshot | undefined): boolean {
  return one.name === name && (was === undefined || one.createdAt === was.createdAt);
}

/** The same one, and not a later one of its name. */
function nowIn(tree: SnapshotTree, { name, createdAt }: LoggedSnapshot): Snapshot | undefined {
  return tree.snapshots.find((one) => one.name === name && one.createdAt === createdAt);
}

/** Which operation of ours made it, by itself or as its checkpoint. */
function makerOf({ name, createdAt }: Snapshot, log: readonly LoggedOperation[]): LoggedOperation | undefined {
  return log.findLast(({ changes }) =>
    changes.some(({ before, after }) => before === undefined && after?.name === name && after.createdAt === createdAt),
  );
}

function goneOrRenamedRefusal(
  was: LoggedSnapshot | undefined,
  name: string,
  log: readonly LoggedOperation[],
): RefusedDecision {
  const renames = log.filter(
    (one) =>
      one.request.kind === 'rename' &&
      editIn(one).before?.name === name &&
      editIn(one).before?.createdAt === was?.createdAt,
  );
  const standing = renames.filter((one) => standingOperations(log).includes(one));
  return standing.length > 0
    ? restsOnRefusal(standing, [])
    : notUndoableRefusal('gone', { snapshot: was?.title ?? name });
}

function restsOnRefusal(entries: readonly LoggedOperation[], snapshots: readonly Snapshot[]): RefusedDecision {
  return notUndoableRefusal('restsOn', {
    ...(entries.length > 0 && { entries: entries.map(({ id }) => id).join(', ') }),
    ...(snapshots.length > 0 && { snapshot: snapshots.map(({ title }) => title).join(', ') }),
  });
}

function notUndoableRefusal(
  why: NotUndoable,
  more: { readonly entries?: string; readonly snapshot?: string; readonly system?: string } = {},
): RefusedDecision {
  return refuse('notUndoable', { why, ...more });
}
