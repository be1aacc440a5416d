// Whether the time of a snapshot can be right. It is that of the libvirt host's clock when it was taken, which may have
// been another than it is now, or none at all. Pure.
import type { Snapshot, SnapshotTree } from './snapshot.js';
import { childrenOf } from './snapshotTree.js';

/** libvirt 0.8.0 of April 2010 was the first to take snapshots. */
const firstAt = Date.UTC(2010, 3);
/** Clocks that are kept right differ by less. */
const slackMs = 300_000;

/** Both in milliseconds since 1970. */
export function timeOf(at: number, now: number): 'plausible' | 'beforeLibvirt' | 'future' {
  if (at < firstAt) {
    return 'beforeLibvirt';
  }
  return at > now + slackMs ? 'future' : 'plausible';
}

/**
 * Names of the snapshots that nothing may be concluded of from their times: neither that they are old nor that they are
 * new.
 *
 * | its time                                                          | in doubt |
 * |-------------------------------------------------------------------|----------|
 * | before there were snapshots; none at all                          | yes      |
 * | still to come                                                     | yes      |
 * | before that of an ancestor which is not in doubt: it came after it | yes     |
 * | any other                                                         | no       |
 *
 * @param now milliseconds since 1970
 */
export function doubtfulTimes(tree: SnapshotTree, now: number): ReadonlySet<string> {
  const names = new Set(tree.snapshots.map(({ name }) => name));
  const doubtful = new Set<string>();
  const judge = ({ name, createdAt }: Snapshot, latest: number): number => {
    if (timeOf(createdAt, now) !== 'plausible' || createdAt < latest - slackMs) {
      doubtful.add(name);
      return latest;
    }
    return Math.max(latest, createdAt);
  };
  const seen = new Set<Snapshot>();
  const roots = tree.snapshots.filter(({ parent }) => parent === undefined || !names.has(parent));
  // What is added on the way is gone through as well.
  const waiting = roots.map((snapshot) => ({ snapshot, latest: 0 }));
  for (const { snapshot, latest } of waiting) {
    if (!seen.has(snapshot)) {
      seen.add(snapshot);
      const own = judge(snapshot, latest);
      childrenOf(tree, snapshot.name).forEach((child) => waiting.push({ snapshot: child, latest: own }));
    }
  }
  // Parents in a circle.
  tree.snapshots.filter((snapshot) => !seen.has(snapshot)).forEach((snapshot) => judge(snapshot, 0));
  return doubtful;
}
