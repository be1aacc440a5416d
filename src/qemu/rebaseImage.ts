// Gives an overlay that nobody uses another name for what it rests on, with qemu-img. Looks at neither of the two.
import { Failure } from '../domain/failure.js';
import type { RebasedOverlay } from '../domain/hostFiles.js';
import { ImageCommand } from './imageCommands.js';
import { JudgedChain } from './judgedChain.js';
import type { ImageHost } from './qemuImg.js';

/** The name is all that changes, and it stands in one place: whatever breaks off leaves the one name or the other. */
export async function rebaseImage(
  { file, backing, backingFormat }: RebasedOverlay,
  { files, qemuImg }: ImageHost,
): Promise<void> {
  const details = { doing: 'naming what an image rests on', path: file };
  const unfit = [file, backing].find((path) => !path.startsWith('/') || path.includes('\0'));
  if (unfit !== undefined) {
    throw new Failure('invalid', { ...details, path: unfit });
  }
  // What it names now is not opened, and may be gone.
  await JudgedChain.within({ file, format: 'qcow2', below: [] }, files, (image) =>
    qemuImg.run(ImageCommand.rebase(image, backing, backingFormat), details),
  );
}
