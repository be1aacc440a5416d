// All that is below a folder of a guest's file system, each folder once.
import { pauseIfLong } from '../bytes/pause.js';
import type { FolderEntry, GuestFileSystem, NodeKind } from './guestFileSystem.js';

export interface WalkedEntry extends FolderEntry {
  readonly kind: NodeKind;
  /** From the folder where the walk began, without a slash before it. */
  readonly path: string;
}

/**
 * A folder comes before what is in it; links are not followed. A folder that a damaged file system has inside of itself
 * is told, and not entered again.
 */
export async function walkFolder(
  system: GuestFileSystem,
  folder: number,
  signal: AbortSignal,
  visit: (entry: WalkedEntry) => void | Promise<void>,
): Promise<void> {
  const seen = new Set([folder]);
  const open: { readonly node: number; readonly path: string }[] = [{ node: folder, path: '' }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    signal.throwIfAborted();
    const { node, path } = next;
    for (const entry of await system.list(node)) {
      const kind = entry.kind ?? (await system.facts(entry.node)).kind;
      const own = path === '' ? entry.name : `${path}/${entry.name}`;
      await visit({ ...entry, kind, path: own });
      await pauseIfLong();
      if (kind === 'folder' && !seen.has(entry.node)) {
        seen.add(entry.node);
        open.push({ node: entry.node, path: own });
      }
    }
  }
}
