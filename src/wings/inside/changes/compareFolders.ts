// What differs between two folders of a guest's file system, and in all that is below them.
import { mapLimited } from '../../../base/mapLimited.js';
import { pauseIfLong } from '../bytes/pause.js';
import { FileSystemError, type FolderEntry, type GuestFileSystem, type NodeFacts } from '../read/guestFileSystem.js';
import { isSameContent } from './sameContent.js';
import type { Ranges } from './ranges.js';

const changedParts = ['type', 'content', 'link', 'mode', 'owner'] as const;
export type ChangedPart = (typeof changedParts)[number];

export interface FileChange {
  /** From where the comparison began, without a slash before it; empty: that itself. */
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** The parts of a `changed` entry: at least one. */
  readonly parts: readonly ChangedPart[];
  readonly before?: NodeFacts;
  readonly after?: NodeFacts;
}

export interface FolderChanges {
  /** Sorted by path. */
  readonly changes: readonly FileChange[];
  /** More than are listed. */
  readonly leftOut: number;
  /** Paths of what could not be read, as far as they are few. */
  readonly unreadable: readonly string[];
}

export interface Comparison {
  readonly before: GuestFileSystem;
  readonly after: GuestFileSystem;
  /** Where the bytes of the file system may differ; undefined: anywhere. */
  readonly changed: Ranges | undefined;
  /** Whether a node of that number is the same in both, without a look at what is below it. */
  readonly isUntouched: (node: number) => boolean;
  /** At most as many are listed. */
  readonly most: number;
  readonly signal: AbortSignal;
}

interface FolderPair {
  readonly path: string;
  readonly before?: number;
  readonly after?: number;
}

const foldersAtOnce = 16;
/** A walk ends there: no guest has as many. */
const mostNames = 20_000_000;
const mostUnreadable = 100;

/** Rejects with `FileSystemError` `tooLarge` where there is no end of names. */
export async function compareFolders(
  comparison: Comparison,
  nodes: Pick<FolderPair, 'before' | 'after'>,
): Promise<FolderChanges> {
  const walk = new Walk(comparison);
  await walk.run(nodes);
  const changes = walk.changes.sort((one, other) => (one.path < other.path ? -1 : one.path > other.path ? 1 : 0));
  return { changes, leftOut: walk.leftOut, unreadable: walk.unreadable };
}

class Walk {
  readonly changes: FileChange[] = [];
  readonly unreadable: string[] = [];
  leftOut = 0;
  #names = 0;
  /** A damaged file system has folders inside of themselves. */
  readonly #seen = new Set<string>();
  #next: FolderPair[] = [];

  constructor(private readonly all: Comparison) {}

  async run({ before, after }: Pick<FolderPair, 'before' | 'after'>): Promise<void> {
    const [older, newer] = [before, after].map((node) => (node === undefined ? undefined : { name: '', node }));
    await this.#compare('', older, newer);
    while (this.#next.length > 0) {
      const now = this.#next;
      this.#next = [];
      await mapLimited(now, foldersAtOnce, (pair) => this.#orUnreadable(pair.path, () => this.#compareNames(pair)));
    }
  }

  #enter(pair: FolderPair): void {
    const key = `${pair.before ?? ''}:${pair.after ?? ''}`;
    if (!this.#seen.has(key)) {
      this.#seen.add(key);
      this.#next.push(pair);
    }
  }

  async #compareNames({ path, before, after }: FolderPair): Promise<void> {
    const { all } = this;
    all.signal.throwIfAborted();
    const newer = after === undefined ? [] : await all.after.list(after);
    const isSame = before !== undefined && before === after && all.isUntouched(before);
    this.#names += newer.length;
    if (this.#names > mostNames) {
      throw new FileSystemError('tooLarge', path);
    }
    if (isSame) {
      for (const entry of newer) {
        await this.#compare(pathOf(path, entry), entry, entry);
        await pauseIfLong();
      }
      return;
    }
    const older = before === undefined ? [] : await all.before.list(before);
    const olderByName = new Map(older.map((entry) => [entry.name, entry]));
    for (const entry of newer) {
      await this.#compare(pathOf(path, entry), olderByName.get(entry.name), entry);
      olderByName.delete(entry.name);
      await pauseIfLong();
    }
    for (const entry of olderByName.values()) {
      await this.#compare(pathOf(path, entry), entry, undefined);
    }
  }

  async #compare(path: string, older: FolderEntry | undefined, newer: FolderEntry | undefined): Promise<void> {
    const { all } = this;
    const isSame = older !== undefined && older.node === newer?.node && all.isUntouched(older.node);
    if (isSame && older.kind !== undefined) {
      if (older.kind === 'folder') {
        this.#enter({ path, before: older.node, after: older.node });
      }
      return;
    }
    await this.#orUnreadable(path, async () => {
      const before = older && (await all.before.facts(older.node));
      const after = newer && (await all.after.facts(newer.node));
      if (!isSame) {
        const parts =
          before === undefined || after === undefined || older === undefined || newer === undefined
            ? []
            : await this.#partsBetween(older.node, before, newer.node, after);
        const change = older === undefined ? 'added' : newer === undefined ? 'removed' : 'changed';
        if (change !== 'changed' || parts.length > 0) {
          this.#add({ path, change, parts, ...(before && { before }), ...(after && { after }) });
        }
      }
      const [from, to] = [
        before?.kind === 'folder' ? older?.node : undefined,
        after?.kind === 'folder' ? newer?.node : undefined,
      ];
      if (from !== undefined || to !== undefined) {
        this.#enter({ path, ...(from !== undefined && { before: from }), ...(to !== undefined && { after: to }) });
      }
    });
  }

  async #partsBetween(
    older: number,
    before: NodeFacts,
    newer: number,
    after: NodeFacts,
  ): Promise<readonly ChangedPart[]> {
    if (before.kind !== after.kind || ((before.mode ?? 0) ^ (after.mode ?? 0)) >>> 12 !== 0) {
      return ['type'];
    }
    const { all } = this;
    const differs: Readonly<Record<ChangedPart, boolean>> = {
      type: false,
      content:
        before.kind === 'file' &&
        (before.bytes !== after.bytes ||
          !(await isSameContent(
            { system: all.before, node: older },
            { system: all.after, node: newer },
            before.bytes,
            all.changed,
            all.signal,
          ))),
      link: before.kind === 'link' && (await all.before.readLink(older)) !== (await all.after.readLink(newer)),
      mode: before.mode !== after.mode,
      owner: before.uid !== after.uid || before.gid !== after.gid,
    };
    return changedParts.filter((part) => differs[part]);
  }

  #add(change: FileChange): void {
    if (this.changes.length < this.all.most) {
      this.changes.push(change);
    } else {
      this.leftOut += 1;
    }
  }

  async #orUnreadable(path: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof FileSystemError) || error.fault === 'tooLarge') {
        throw error;
      }
      if (this.unreadable.length < mostUnreadable) {
        this.unreadable.push(path);
      }
    }
  }
}

function pathOf(folder: string, { name }: FolderEntry): string {
  return folder === '' ? name : `${folder}/${name}`;
}
