// What was copied out of the lesson's VM: files of its guest, and the VM as a whole. Reads small regular files alone.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { undefinedIfAbsent } from '../base/errno.js';
import type { LessonFacts } from './lessonFacts.js';
import { exportFolder } from './levelCommands.js';

/** As `virt-rewind export` writes it, as the last of its files. */
const manifestName = 'virt-rewind-backup.json';
const manifestShape = v.pipe(v.string(), v.parseJson(), v.object({ snapshots: v.array(v.unknown()) }));
const mostExports = 20;
const mostBytes = 1024 * 1024;

/**
 * @param folder of the VM
 * @param names of the files that are asked for
 */
export async function readCopies(
  folder: string,
  names: readonly string[],
): Promise<Required<Pick<LessonFacts, 'copied' | 'exported'>>> {
  const copied: Record<string, string> = {};
  for (const name of names) {
    const text = await readSmall(join(folder, name));
    if (text !== undefined) {
      copied[name] = text;
    }
  }
  const exports = (await undefinedIfAbsent(readdir(join(folder, exportFolder)))) ?? [];
  const counts = exports.slice(0, mostExports).map(async (name) => {
    const text = await readSmall(join(folder, exportFolder, name, manifestName));
    const read = v.safeParse(manifestShape, text);
    return read.success ? read.output.snapshots.length : 0;
  });
  return { copied, exported: Math.max(0, ...(await Promise.all(counts))) };
}

async function readSmall(path: string): Promise<string | undefined> {
  const facts = await undefinedIfAbsent(stat(path));
  return facts?.isFile() === true && facts.size <= mostBytes ? undefinedIfAbsent(readFile(path, 'utf8')) : undefined;
}
