// How qemu-img changes images that no VM has open: merges one down, names another base, repairs its counts.
import { Failure } from '../domain/failure.js';
import type { ImageCommit, RebasedOverlay } from '../domain/hostFiles.js';
import { fileFailure } from './fileFailure.js';
import { ImageCommand } from './imageCommands.js';
import { JudgedChain } from './judgedChain.js';
import { readImage } from './localImage.js';
import type { ImageHost } from './qemuImg.js';
import type { FileSystem } from '../base/fileSystem.js';
import { boundedBytes } from './imageBytes.js';
import { readQcow2Header } from './qcow2Header.js';

// Merges the layers of an image that nobody uses into one below, with qemu-img. Knows no VM: the caller checks who
// stands on what, and which files are deleted afterwards.

/**
 * `-d`: the image above keeps what it has, so that the disk reads the same through it until somebody lets go of it, and
 * whenever this breaks off. A base that was left half written has clusters that nobody uses: these are given back.
 */
export async function commitImage(
  { top, base, bytesPerSecond }: ImageCommit,
  { files, qemuImg }: ImageHost,
  signal: AbortSignal,
  onFraction: (fraction: number) => void,
): Promise<void> {
  const details = { doing: 'merging images', path: base };
  const unfit = [top, base].find((path) => !path.startsWith('/') || path.includes('\0'));
  if (unfit !== undefined) {
    throw new Failure('invalid', { ...details, path: unfit });
  }
  for (const path of [top, base]) {
    await files.stat(path).catch((error: unknown) => {
      throw fileFailure(error, { ...details, path });
    });
  }
  const { dev, ino } = await files.stat(base);
  await JudgedChain.within({ file: top, format: 'qcow2' }, files, async (chain) => {
    const at = chain.layers.findIndex(({ device, inode }) => device === dev && inode === ino);
    if (at < 1) {
      throw new Failure('failed', { ...details, libvirtMessage: `${top} does not rest on ${base}` });
    }
    try {
      await qemuImg.watch(ImageCommand.commit(chain, at, bytesPerSecond), details, signal, onFraction);
    } catch (error) {
      await giveBackLeaks(base, { files, qemuImg });
      throw error;
    }
  });
}

/** Only a qcow2 has any; what goes wrong here takes space and harms nobody. */
async function giveBackLeaks(base: string, { files, qemuImg }: ImageHost): Promise<void> {
  const details = { doing: 'giving back unused clusters', path: base };
  await JudgedChain.within({ file: base, format: 'qcow2' }, files, (image) =>
    qemuImg.run(ImageCommand.giveBackLeaks(image), details),
  ).catch(() => undefined);
}

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

/** @throws Failure `busy` where somebody has it open; `failed` unless it has that size afterwards */
export async function resizeImage(
  image: { readonly file: string; readonly format: string },
  bytes: number,
  host: ImageHost,
): Promise<void> {
  const { file, format } = image;
  const details = { doing: 'growing an image', path: file };
  if (!file.startsWith('/') || file.includes('\0')) {
    throw new Failure('invalid', details);
  }
  await JudgedChain.within(image, host.files, (chain) => host.qemuImg.run(ImageCommand.resize(chain, bytes), details));
  const seen = await readImage(file, host, format, 'head');
  if (seen === 'unknown' || seen.virtualBytes !== bytes) {
    throw new Failure('failed', { ...details, libvirtMessage: `qemu-img did not resize ${file}` });
  }
}

/** With the name of a backing file. */
const mostHeadBytes = 2 * 1024 * 1024;

/**
 * Idempotent. No byte of the guest changes, so the time of the last write is put back: rules compare the times of an
 * image and of what is built on it.
 */
export async function repairImage(file: string, { files, qemuImg }: ImageHost): Promise<void> {
  const details = { doing: 'repairing an image', path: file };
  if (!file.startsWith('/') || file.includes('\0')) {
    throw new Failure('invalid', details);
  }
  const before = await isUnclosed(file, files).catch((error: unknown) => {
    throw fileFailure(error, details);
  });
  if (before === undefined) {
    return;
  }
  await JudgedChain.within({ file, format: 'qcow2', below: [] }, files, (image) =>
    qemuImg.run(ImageCommand.repair(image), details),
  );
  await files.setModified(file, before.modifiedAt);
  if ((await isUnclosed(file, files)) !== undefined) {
    throw new Failure('failed', { ...details, libvirtMessage: `qemu-img did not repair ${file}` });
  }
}

async function isUnclosed(path: string, files: FileSystem): Promise<{ readonly modifiedAt: number } | undefined> {
  const handle = await files.open(path);
  try {
    const { size, mtimeMs: modifiedAt } = await handle.stat();
    const bytes = boundedBytes(size, mostHeadBytes, (into, at) => handle.read(into, at), handle.readAhead);
    const header = await readQcow2Header(bytes);
    return header !== 'notQcow2' && header.dirty ? { modifiedAt } : undefined;
  } finally {
    await handle.close();
  }
}
