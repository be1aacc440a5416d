// The overlays of a snapshot of a VM that is off, made before libvirt is told to use them: up to 11.9 it has them made
// by qemu-img, readable by every user of the host (CVE-2025-13193). Ours have the owner and the mode of what they stand
// on.
import { readableOverlays } from '../../domain/knownVersions.js';
import { isDevicePath } from '../../domain/devicePath.js';
import type { MadeFile, NewOverlay } from '../../domain/hostFiles.js';
import type { CreateStep } from '../../steps/step.js';
import { createOverlay, removeMade } from './madeFiles.js';
import type { StepContext } from './stepContext.js';

type Context = Pick<StepContext, 'capabilities' | 'files' | 'log' | 'vm'>;

/**
 * All or none.
 *
 * | snapshot                                    | libvirt      | → made by |
 * |---------------------------------------------|--------------|-----------|
 * | external, VM off, all overlays are files on files | up to 11.9 | us, or libvirt where we cannot |
 * | any other                                   | any          | libvirt   |
 */
export async function makeOwnOverlays(
  { capabilities, files, log, vm }: Context,
  step: CreateStep,
): Promise<readonly MadeFile[]> {
  const overlays = step.disks.flatMap(({ target, file }) =>
    overlayOf(
      vm.disks.find((one) => one.target === target),
      file,
    ),
  );
  if (
    !readableOverlays(capabilities.libvirt, { style: step.style, kind: step.snapshotKind }) ||
    overlays.length < step.disks.length
  ) {
    return [];
  }
  const made: MadeFile[] = [];
  try {
    for (const overlay of overlays) {
      await createOverlay(files, overlay, made);
    }
    return made;
  } catch (error) {
    log.warn(`libvirt makes the overlays of ${step.name}, for we cannot: ${String(error)}`);
    await removeMade({ files, log }, made);
    return [];
  }
}

function overlayOf(
  disk: StepContext['vm']['disks'][number] | undefined,
  file: string | undefined,
): readonly NewOverlay[] {
  const backing = disk?.source;
  return disk === undefined || backing?.startsWith('/') !== true || file?.startsWith('/') !== true || isDevicePath(file)
    ? []
    : [{ file, backing, backingFormat: disk.format }];
}
