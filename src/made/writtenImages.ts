// Whether the image of a VM that is made is a disk that a VM writes to, by whatever path that names it.
import { stat } from 'node:fs/promises';
import { undefinedIfAbsent } from '../base/errno.js';
import { isActive, snapshotableDisks, type VmRef } from '../domain/vm.js';
import type { Session } from '../session/session.js';
import { factsOf } from '../qemu/fileFacts.js';
import { madeFailure } from './madeFailure.js';

/**
 * Below an overlay nobody may write, and a VM that is off does so at its next start. A copy is torn where a VM writes
 * meanwhile.
 *
 * @param files an image and what it rests on
 * @throws Failure `refused`
 */
export async function requireUnwritten(session: Session, files: readonly string[], isBelow: boolean): Promise<void> {
  if (files.length === 0) {
    return;
  }
  const images = new Map(await Promise.all(files.map(async (file) => [await realOf(file), file] as const)));
  const { views } = await session.reachAll();
  // Of another computer, which may have files in common with this one, and others under the same paths.
  const unlessThere =
    (ref: VmRef) =>
    async (error: unknown): Promise<undefined> => {
      if ((await session.engine.openHost(ref.connection, 'toRead')) === undefined) {
        throw error;
      }
    };
  for (const { vm, ref } of views.filter((view) => isBelow || isActive(view.vm.power))) {
    for (const { source } of snapshotableDisks(vm)) {
      const real = source === undefined ? undefined : await realOf(source).catch(unlessThere(ref));
      const file = real === undefined ? undefined : images.get(real);
      if (file !== undefined) {
        throw madeFailure('written', { file, vm: vm.name });
      }
    }
  }
}

/**
 * Alike for all paths that lead to the same file; undefined where there is none.
 * @throws Failure `refused` where it cannot be seen: it may be any file
 */
export async function realOf(path: string): Promise<string | undefined> {
  if (!path.startsWith('/')) {
    return undefined;
  }
  try {
    const stats = await undefinedIfAbsent(stat(path));
    return stats && (await factsOf(stats))?.real;
  } catch (error) {
    throw madeFailure('unseen', { file: path, code: (error as NodeJS.ErrnoException).code ?? String(error) });
  }
}
