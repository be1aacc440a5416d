// Merges the layers of an image that nobody uses into one below, with qemu-img. Knows no VM: who stands on what, and
// which files go afterwards, is seen to by whoever calls.
import { Failure } from '../domain/failure.js';
import type { ImageCommit } from '../domain/hostFiles.js';
import { fileFailure } from './fileFailure.js';
import { ImageCommand } from './imageCommands.js';
import { JudgedChain } from './judgedChain.js';
import type { ImageHost } from './qemuImg.js';

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
