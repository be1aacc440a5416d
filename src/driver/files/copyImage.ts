// Copies what an image shows, with all that it rests on, into a new one that rests on nothing.
import { stat } from 'node:fs/promises';
import { Failure } from '../../domain/failure.js';
import type { ImageCopy } from '../../domain/hostFiles.js';
import { fileFailure } from '../../qemu/fileFailure.js';
import type { QemuImg } from '../../qemu/qemuImg.js';
import { placeNew } from './placeFile.js';

/** Nothing below is changed; qemu-img refuses where somebody writes to it. */
export async function copyImage(
  { file, from, fromFormat, tag }: ImageCopy,
  program: QemuImg,
  signal: AbortSignal,
  onFraction: (fraction: number) => void,
): Promise<void> {
  const details = { doing: 'copying an image', path: file };
  const unfit = [file, from].find((path) => !path.startsWith('/') || path.includes('\0'));
  if (unfit !== undefined || !/^[\w-]{1,32}$/u.test(fromFormat) || (tag ?? '').includes(',')) {
    throw new Failure('invalid', { ...details, path: unfit ?? from });
  }
  await placeNew(details, file, 'keep', async (part) => {
    const like = await stat(from).catch((error: unknown) => {
      throw fileFailure(error, { ...details, path: from });
    });
    const inside = tag === undefined ? [] : ['-l', `snapshot.name=${tag}`];
    const made = `/proc/${process.pid}/fd/${part.fd}`;
    await program.watch(
      ['convert', '-p', '-O', 'qcow2', '-f', fromFormat, ...inside, '--', from, made],
      details,
      signal,
      onFraction,
    );
    return like;
  });
}
