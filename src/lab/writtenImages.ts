// Whether the image of a lab is a disk that a VM writes to, by whatever path that names it.
import { isActive, snapshotableDisks } from '../domain/vm.js';
import type { Session } from '../session/session.js';
import { labFailure } from './labFailure.js';
import { realOf } from './labFiles.js';

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
  for (const { vm } of views.filter((view) => isBelow || isActive(view.vm.power))) {
    for (const { source } of snapshotableDisks(vm)) {
      const real = source === undefined ? undefined : await realOf(source);
      const file = real === undefined ? undefined : images.get(real);
      if (file !== undefined) {
        throw labFailure('written', { file, vm: vm.name });
      }
    }
  }
}
