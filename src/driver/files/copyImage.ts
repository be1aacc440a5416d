// Copies what an image shows, with all that it rests on, into a new one that rests on nothing.
import { posix } from 'node:path';
import type { FileStats, HeldFile } from '../../base/fileSystem.js';
import { Failure, type FailureDetails } from '../../domain/failure.js';
import type { ImageCopy, OnMade } from '../../domain/hostFiles.js';
import { fileFailure } from '../../qemu/fileFailure.js';
import { type InnerSnapshot, readImage, readTag } from '../../qemu/localImage.js';
import type { ImageHost } from '../../qemu/qemuImg.js';
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
    const convert = (source: readonly string[]): Promise<void> =>
      qemuImg.watch(['convert', '-p', '-O', 'qcow2', ...source, made], details, signal, onFraction);
    if (tag === undefined) {
      await convert(['-f', fromFormat, '--', from]);
      return like;
    }
    const inside = await readTag(from, tag, files);
    if (inside === undefined) {
      throw new Failure('notFound', { ...details, path: from, snapshot: tag });
    }
    const { virtualBytes, diskBytes = virtualBytes } = inside;
    await (diskBytes === virtualBytes
      ? convert(['-f', fromFormat, '-l', `snapshot.name=${tag}`, '--', from])
      : asItWas(from, inside, host, details, (source) => convert(['--image-opts', source])));
    const copied = await readImage(made, host, 'qcow2', 'head');
    if (copied === 'unknown' || copied.virtualBytes !== diskBytes) {
      throw new Failure('failed', { ...details, libvirtMessage: `the copy is not as large as ${tag} was` });
    }
    return like;
  };
  await placeNew(details, file, 'keep', files, fill, onMade);
}

/**
 * qemu-img converts a snapshot inside of an image as large as that image is now. Only gone back to it has its own size
 * again: that is done above the image, in an overlay on its file, which takes what changes of its tables and is thrown
 * away.
 */
async function asItWas(
  from: string,
  { id, backing }: InnerSnapshot,
  { files, qemuImg }: ImageHost,
  details: FailureDetails,
  read: (source: string) => Promise<void>,
): Promise<void> {
  const folder = await files.temporaryFolder();
  try {
    const above = posix.join(folder, 'above');
    await qemuImg.run(['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', from, '--', above], details);
    // A relative name would count from the overlay. Where no format is recorded, others than raw were refused.
    const { file: below, format = 'raw' } = backing ?? {};
    const source = [
      'driver=qcow2,file.driver=qcow2',
      atFile('file', above),
      ...(below === undefined ? [] : [`backing.driver=${format}`, atFile('backing', below)]),
    ].join(',');
    await qemuImg.run(['snapshot', '-q', '-a', id, '--image-opts', source], details);
    await read(source);
  } finally {
    await files.removeTree(folder);
  }
}

function atFile(node: string, path: string): string {
  return `${node}.file.filename=${path.replaceAll(',', ',,')}`;
}
