// Has QEMU repair an image that nobody uses and whose last writer died, as it does itself when it opens one to write.
import type { FileSystem } from '../base/fileSystem.js';
import { Failure } from '../domain/failure.js';
import { fileFailure } from './fileFailure.js';
import { ImageCommand } from './imageCommands.js';
import { boundedBytes } from './imageBytes.js';
import { JudgedChain } from './judgedChain.js';
import { readQcow2Header } from './qcow2Header.js';
import type { ImageHost } from './qemuImg.js';

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
