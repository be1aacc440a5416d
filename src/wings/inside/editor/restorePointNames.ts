// What the restore points of a VM are called as folders.
import { t } from '@vscode/l10n';
import type { Snapshot, SnapshotTree } from '../../../domain/snapshot.js';
import { displayLine } from '../../../domain/plainText.js';

export interface NamedPoint {
  readonly folder: string;
  /** Absent: the current state. */
  readonly snapshot?: Snapshot;
}

/** Leaves room for a name behind it. */
const mostOfTitle = 100;

/** The newest first, no two alike. Two of one title are told apart by their names. */
export function namedPoints({ snapshots }: SnapshotTree, current: 'readable' | 'changes'): readonly NamedPoint[] {
  const titles = snapshots.map(({ title }) => folderName(title));
  const isAlone = (own: string): boolean => own !== '' && titles.filter((title) => title === own).length === 1;
  const taken = new Set(titles.filter(isAlone));
  const points = snapshots.map((snapshot, index): NamedPoint => {
    const own = titles[index] ?? '';
    if (isAlone(own)) {
      return { folder: own, snapshot };
    }
    const named = folderName(`${displayLine(own, mostOfTitle)} (${snapshot.name})`);
    let folder = named;
    for (let number = 2; taken.has(folder); number += 1) {
      folder = `${named} ${number}`;
    }
    taken.add(folder);
    return { folder, snapshot };
  });
  // Two of one second are in the order of the tree, the other way round.
  const byAge = points
    .toReversed()
    .toSorted((one, other) => (other.snapshot?.createdAt ?? 0) - (one.snapshot?.createdAt ?? 0));
  const present = folderName(t('Current state'));
  return current === 'readable' && !byAge.some(({ folder }) => folder === present)
    ? [{ folder: present }, ...byAge]
    : byAge;
}

/** A slash would be two folders; a step is none. */
export function folderName(text: string): string {
  const name = displayLine(text).replaceAll('/', '∕').trim();
  return name === '.' || name === '..' ? `${name} ` : name;
}
