// Whether the image of a lab is a disk that a VM writes to, by whatever path that names it.
import { t } from '@vscode/l10n';
import { displayLine } from '../domain/plainText.js';
import { isActive, snapshotableDisks } from '../domain/vm.js';
import type { Session } from '../session/session.js';
import { LabError } from './labError.js';
import { realOf } from './labFiles.js';

/**
 * Below an overlay nobody may write, and a VM that is off does so at its next start. A copy is torn where a VM writes
 * meanwhile.
 *
 * @param files an image and what it rests on
 * @throws LabError `refused`
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
        throw new LabError(
          'refused',
          t(
            '{0} is a disk that the VM {1} writes to. Use “clone” for a VM like it, or copy the file while {1} is off.',
            displayLine(file),
            displayLine(vm.name),
          ),
        );
      }
    }
  }
}
