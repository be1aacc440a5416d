// Moves of VMs to other hosts that have not ended: what those must know who would do something else with such a VM.
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Log } from '../base/log.js';
import { isLocked } from './diskLock.js';
import { idPattern, namesIn } from './durable.js';
import { count, parseAs } from './json.js';
import { readRecord } from './recordFolder.js';
import { thisWriter } from './writer.js';

export const moveFile = 'move.json';
/** With the documents of a thousand snapshots. */
export const maxMoveBytes = 64 * 1024 * 1024;
const maxMoves = 200;

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(5_000));

/** What a record of any version says. */
export const moveHeadShape = v.object({
  version: count,
  vm: v.object({ uuid: text, name: text }),
  from: text,
  to: text,
});

export interface BegunMove {
  readonly id: string;
  readonly vm: { readonly uuid: string; readonly name: string };
  /** The connections to its own host and to the other one. */
  readonly from: string;
  readonly to: string;
  /** By a process that lives. Else it was interrupted. */
  readonly isHeld: boolean;
}

export interface BegunMoves {
  readonly entries: readonly BegunMove[];
  /** Folders of which not even the VM is known, or that of all. */
  readonly unreadable: readonly string[];
}

export function movesIn(folder: string): string {
  return join(folder, 'moves');
}

export async function moveIds(root: string): Promise<readonly string[]> {
  return (await namesIn(promises, root)).filter((name) => idPattern.test(name)).slice(0, maxMoves);
}

/** @param uuid of a VM; absent: of all */
export async function readBegunMoves(folder: string, log: Log, uuid?: string): Promise<BegunMoves> {
  const root = movesIn(folder);
  const entries: BegunMove[] = [];
  const unreadable: string[] = [];
  let ids: readonly string[] = [];
  try {
    ids = await moveIds(root);
  } catch (error) {
    log.error(`${root} cannot be read: ${String(error)}`);
    unreadable.push(root);
  }
  for (const id of ids) {
    const own = join(root, id);
    // Before the record is read: one that ends meanwhile is gone then, and was not interrupted.
    const isHeld = await isLocked(promises, own, await thisWriter(), moveFile).catch(() => false);
    const read = await readRecord({ fs: promises, log }, join(own, moveFile), {
      maxBytes: maxMoveBytes,
      parse: (value) => parseAs(moveHeadShape, value),
    });
    if (read === 'unreadable') {
      unreadable.push(own);
    } else if (read !== 'gone' && (uuid === undefined || read.vm.uuid === uuid)) {
      const { vm, from, to } = read;
      entries.push({ id, vm, from, to, isHeld });
    }
  }
  return { entries, unreadable };
}
