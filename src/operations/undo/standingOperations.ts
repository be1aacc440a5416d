// Which operations of the log stand: those that nobody has undone. What undoes an undo makes the first one stand again.
import { type LoggedOperation, sparedSnapshot } from '../../domain/loggedOperation.js';

/** In the order of the log. */
export function standingOperations(log: readonly LoggedOperation[]): readonly LoggedOperation[] {
  const fallen = new Set<string>();
  // What undoes comes after what it undoes, so that the last ones stand for certain.
  for (const { id, undoes } of log.toReversed()) {
    if (undoes !== undefined && !fallen.has(id)) {
      fallen.add(undoes);
    }
  }
  return log.filter(({ id }) => !fallen.has(id));
}

/** `undo`: it undoes something, so that undoing it is doing that again. */
export function sortOf(entry: LoggedOperation, log: readonly LoggedOperation[]): 'operation' | 'undo' {
  let sort: 'operation' | 'undo' = 'operation';
  for (let one = entry.undoes; one !== undefined; one = log.find(({ id }) => id === one)?.undoes) {
    sort = sort === 'operation' ? 'undo' : 'operation';
  }
  return sort;
}

/** The operation that an undo, or what does it again, is about in the end. */
export function rootOf(entry: LoggedOperation, log: readonly LoggedOperation[]): string {
  let root = entry;
  while (root.undoes !== undefined) {
    const { undoes } = root;
    const before = log.find(({ id }) => id === undoes);
    if (before === undefined) {
      return undoes;
    }
    root = before;
  }
  return root.id;
}

/**
 * Those after it that still count: not undone, and not the redo of a later undo, as the two cancel out. The redo of
 * this one itself counts: that is what a person undoes.
 */
export function effectiveAfter(entry: LoggedOperation, log: readonly LoggedOperation[]): readonly LoggedOperation[] {
  const at = log.findIndex(({ id }) => id === entry.id);
  const later = new Map(log.slice(at + 1).map((one) => [one.id, one]));
  const root = rootOf(entry, log);
  const counts = (one: LoggedOperation): boolean => {
    const undone = later.get(one.undoes ?? '');
    return undone === undefined || rootOf(one, log) === root || !counts(undone);
  };
  return standingOperations(log).filter((one) => later.has(one.id) && counts(one));
}

/** What undid this one, and stands; or the one itself, where it is such. */
export function undoingOf(entry: LoggedOperation, log: readonly LoggedOperation[]): LoggedOperation | undefined {
  const standing = standingOperations(log);
  return standing.find(
    (one) => sortOf(one, log) === 'undo' && (one.id === entry.id || rootOf(one, log) === rootOf(entry, log)),
  );
}

/**
 * The newest that stands and can be meant. Nobody means starting and stopping, what was done unasked, or a clone: that
 * is a VM of its own, discarded there, and this one is as it was.
 */
export function lastOf(sort: 'operation' | 'undo', log: readonly LoggedOperation[]): LoggedOperation | undefined {
  return standingOperations(log).findLast((one) => isDeliberate(one) && sortOf(one, log) === sort);
}

/**
 * What leads back to before an operation, the newest first: for each operation that stood then and does not now, or the
 * other way round, the last one of those that did and undid it.
 */
export function backTo(entry: LoggedOperation, log: readonly LoggedOperation[]): readonly LoggedOperation[] {
  const earlier = log.slice(
    0,
    log.findIndex(({ id }) => id === entry.id),
  );
  const stoodThen = new Set(
    standingOperations(earlier)
      .filter((one) => sortOf(one, earlier) === 'operation')
      .map((one) => rootOf(one, earlier)),
  );
  const other = topsOf(log).filter(
    (one) => stoodThen.has(rootOf(one, log)) !== (sortOf(one, log) === 'operation') && isDeliberate(one),
  );
  return other.sort((a, b) => log.indexOf(b) - log.indexOf(a));
}

/** Keeps one entry for each operation: its last undo or redo, or itself. This one can be undone. */
function topsOf(log: readonly LoggedOperation[]): readonly LoggedOperation[] {
  const tops = new Map(standingOperations(log).map((one) => [rootOf(one, log), one]));
  return log.filter((one) => tops.get(rootOf(one, log)) === one);
}

/**
 * The snapshots that the next undos, and redos, of reverts go back to: so many of each. What a later revert stands in
 * the way of is done again by nobody.
 */
export function neededByUndo(log: readonly LoggedOperation[], most: number): ReadonlySet<string> {
  const isRevert = ({ request }: LoggedOperation): boolean => request.kind === 'revert';
  const reverts = topsOf(log).filter((one) => isDeliberate(one) && isRevert(one));
  const undos = reverts.filter((one) => sortOf(one, log) === 'operation');
  const redos = reverts.filter(
    (one) =>
      sortOf(one, log) === 'undo' &&
      effectiveAfter(one, log).every((later) => !isRevert(later) || sortOf(later, log) === 'undo'),
  );
  return new Set(
    [...undos.slice(-most), ...redos.slice(-most)].flatMap((one) => one.checkpoint ?? sparedSnapshot(one) ?? []),
  );
}

function isDeliberate({ request, unasked }: LoggedOperation): boolean {
  return request.kind !== 'power' && request.kind !== 'clone' && unasked !== true;
}
