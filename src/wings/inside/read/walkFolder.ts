// All that is below a folder of a guest's file system, each folder once.
import { DiskError } from '../bytes/disk.js';
import { pauseIfLong } from '../bytes/pause.js';
import { FileSystemError, type FolderEntry, type GuestFileSystem, type NodeKind } from './guestFileSystem.js';

export interface WalkedEntry extends FolderEntry {
  readonly kind: NodeKind;
  /** From the folder where the walk began, without a slash before it. */
  readonly path: string;
}

/** A path below the folder that could not be read. */
export interface UnreadEntry {
  readonly path: string;
  readonly why: FileSystemError | DiskError;
}

/**
 * A folder comes before what is in it; links are not followed. A folder that a damaged file system has inside of itself
 * is told, and not entered again. With `unread`, what cannot be read below the folder is told there, and the rest is
 * walked; without, the walk ends with the first of it.
 */
export async function walkFolder(
  system: GuestFileSystem,
  folder: number,
  signal: AbortSignal,
  visit: (entry: WalkedEntry) => void | Promise<void>,
  unread?: (one: UnreadEntry) => void,
): Promise<void> {
  const orUnread = async <T>(path: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (why) {
      if (unread === undefined || path === '' || !(why instanceof FileSystemError || why instanceof DiskError)) {
        throw why;
      }
      unread({ path, why });
      return undefined;
    }
  };
  const seen = new Set([folder]);
  const open: { readonly node: number; readonly path: string }[] = [{ node: folder, path: '' }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    signal.throwIfAborted();
    const { node, path } = next;
    for (const entry of (await orUnread(path, () => system.list(node))) ?? []) {
      const own = path === '' ? entry.name : `${path}/${entry.name}`;
      const kind = await orUnread(own, async () => {
        const found = entry.kind ?? (await system.facts(entry.node)).kind;
        await visit({ ...entry, kind: found, path: own });
        return found;
      });
      await pauseIfLong();
      if (kind === 'folder' && !seen.has(entry.node)) {
        seen.add(entry.node);
        open.push({ node: entry.node, path: own });
      }
    }
  }
}
