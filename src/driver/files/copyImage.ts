// Copies what an image shows, with all that it rests on, into a new one that rests on nothing.
import type { FileStats, HeldFile } from '../../base/fileSystem.js';
import { Failure } from '../../domain/failure.js';
import type { ImageCopy, OnMade } from '../../domain/hostFiles.js';
import { fileFailure } from '../../qemu/fileFailure.js';
import { ImageCommand } from '../../qemu/imageCommands.js';
import { JudgedChain } from '../../qemu/judgedChain.js';
import { readImage, readTag } from '../../qemu/localImage.js';
import type { ImageHost } from '../../qemu/qemuImg.js';
import { withTagAsPresent } from '../../qemu/tagAsPresent.js';
import { placeNew } from './placeFile.js';

/** Nothing below is changed; qemu-img refuses where somebody writes to it. */
export async function copyImage(
  copy: ImageCopy,
  host: ImageHost,
  signal: AbortSignal,
  onFraction: (fraction: number) => void,
  onMade?: OnMade,
): Promise<void> {
  const { file, from, fromFormat, tag } = copy;
  const { files, qemuImg } = host;
  const details = { doing: 'copying an image', path: file };
  const unfit = [file, from].find((path) => !path.startsWith('/') || path.includes('\0'));
  if (unfit !== undefined || !/^[\w-]{1,32}$/u.test(fromFormat) || (tag ?? '').includes(',')) {
    throw new Failure('invalid', { ...details, path: unfit ?? from });
  }
  const fill = async (part: HeldFile): Promise<FileStats> => {
    const like = await files.stat(from).catch((error: unknown) => {
      throw fileFailure(error, { ...details, path: from });
    });
    const made = part.path;
    const convert = (command: ImageCommand): Promise<void> => qemuImg.watch(command, details, signal, onFraction);
    await JudgedChain.within({ file: from, format: fromFormat }, files, async (chain) => {
      if (tag === undefined) {
        await convert(ImageCommand.convert(chain, made));
        return;
      }
      const inside = await readTag(chain.layers[0].name, tag, files);
      if (inside === undefined) {
        throw new Failure('notFound', { ...details, path: from, snapshot: tag });
      }
      const { virtualBytes, diskBytes = virtualBytes } = inside;
      await (diskBytes === virtualBytes
        ? convert(ImageCommand.convert(chain, made, { tag }))
        : withTagAsPresent(chain, inside, host, details, (over) =>
            convert(ImageCommand.convert(chain, made, { over })),
          ));
      const copied = await readImage(made, host, 'qcow2', 'head');
      if (copied === 'unknown' || copied.virtualBytes !== diskBytes) {
        throw new Failure('failed', { ...details, libvirtMessage: `the copy is not as large as ${tag} was` });
      }
    });
    return like;
  };
  await placeNew(details, file, 'keep', files, fill, onMade);
}
