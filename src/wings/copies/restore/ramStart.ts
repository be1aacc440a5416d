// What stands before the RAM of restored snapshots: libvirt reads a VM there, as soon as somebody reverts to one.
import type { FileSystem } from '../../../base/fileSystem.js';
import type { SavedText } from '../../../domain/copiedVm.js';
import { readSavedStart } from '../../../driver/files/ramForFork.js';
import { copiesFailure } from '../copiesFailure.js';

/** Before anything is defined. @throws Failure `brokenBackup`; Failure `unsupported` of a file that holds no RAM */
export async function writeRam(
  places: readonly string[],
  there: FileSystem,
  writeAnew: (text: SavedText) => Promise<SavedText>,
): Promise<void> {
  for (const file of places) {
    const { over, ...text } = await readSavedStart(file, there);
    const written = over(await writeAnew(text));
    if (written === undefined) {
      throw copiesFailure('brokenBackup');
    }
    await there.writeOver(file, written);
  }
}
