// Copies what an image shows, with all that it rests on, into a new one that rests on nothing.
import type { Stats } from 'node:fs';
import { type FileHandle, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure, type FailureDetails } from '../../domain/failure.js';
import type { ImageCopy, OnMade } from '../../domain/hostFiles.js';
import { fileFailure } from '../../qemu/fileFailure.js';
import { type InnerSnapshot, readImage, readTag } from '../../qemu/localImage.js';
import type { QemuImg } from '../../qemu/qemuImg.js';
import { placeNew } from './placeFile.js';

/** Nothing below is changed; qemu-img refuses where somebody writes to it. */
export async function copyImage(
  copy: ImageCopy,
  program: QemuImg,
  signal: AbortSignal,
  onFraction: (fraction: number) => void,
  onMade?: OnMade,
): Promise<void> {
  const { file, from, fromFormat, tag } = copy;
  const details = { doing: 'copying an image', path: file };
  const unfit = [file, from].find((path) => !path.startsWith('/') || path.includes('\0'));
  if (unfit !== undefined || !/^[\w-]{1,32}$/u.test(fromFormat) || (tag ?? '').includes(',')) {
    throw new Failure('invalid', { ...details, path: unfit ?? from });
  }
  const fill = async (part: FileHandle): Promise<Stats> => {
    const like = await stat(from).catch((error: unknown) => {
      throw fileFailure(error, { ...details, path: from });
    });
    const made = `/proc/${process.pid}/fd/${part.fd}`;
    const convert = (source: readonly string[]): Promise<void> =>
      program.watch(['convert', '-p', '-O', 'qcow2', ...source, made], details, signal, onFraction);
    if (tag === undefined) {
      await convert(['-f', fromFormat, '--', from]);
      return like;
    }
    const inside = await readTag(from, tag);
    if (inside === undefined) {
      throw new Failure('notFound', { ...details, path: from, snapshot: tag });
    }
    const { virtualBytes, diskBytes = virtualBytes } = inside;
    await (diskBytes === virtualBytes
      ? convert(['-f', fromFormat, '-l', `snapshot.name=${tag}`, '--', from])
      : asItWas(from, inside, program, details, (source) => convert(['--image-opts', source])));
    const copied = await readImage(made, program, 'qcow2', 'head');
    if (copied === 'unknown' || copied.virtualBytes !== diskBytes) {
      throw new Failure('failed', { ...details, libvirtMessage: `the copy is not as large as ${tag} was` });
    }
    return like;
  };
  await placeNew(details, file, 'keep', fill, onMade);
}

/**
 * qemu-img converts a snapshot inside of an image as large as that image is now. Only gone back to it has its own size
 * again: that is done above the image, in an overlay on its file, which takes what changes of its tables and is thrown
 * away.
 */
async function asItWas(
  from: string,
  { id, backing }: InnerSnapshot,
  program: QemuImg,
  details: FailureDetails,
  read: (source: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'virt-rewind-'));
  try {
    const above = join(folder, 'above');
    await program.run(['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', from, '--', above], details);
    // A relative name would count from the overlay. Where no format is recorded, others than raw were refused.
    const { file: below, format = 'raw' } = backing ?? {};
    const source = [
      'driver=qcow2,file.driver=qcow2',
      atFile('file', above),
      ...(below === undefined ? [] : [`backing.driver=${format}`, atFile('backing', below)]),
    ].join(',');
    await program.run(['snapshot', '-q', '-a', id, '--image-opts', source], details);
    await read(source);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function atFile(node: string, path: string): string {
  return `${node}.file.filename=${path.replaceAll(',', ',,')}`;
}
