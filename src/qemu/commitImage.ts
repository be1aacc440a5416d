// Merges the layers of an image that nobody uses into one below, with qemu-img. Knows no VM: who stands on what, and
// which files go afterwards, is seen to by whoever calls.
import { Failure } from '../domain/failure.js';
import type { ImageCommit } from '../domain/hostFiles.js';
import { fileFailure } from './fileFailure.js';
import type { ImageHost, QemuImg } from './qemuImg.js';

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
  const speed = bytesPerSecond === undefined ? [] : ['-r', String(Math.ceil(bytesPerSecond))];
  try {
    // Names that hold a colon are paths all the same where they begin with a slash.
    await qemuImg.watch(
      ['commit', '-p', '-f', 'qcow2', '-d', ...speed, '-b', base, '--', top],
      details,
      signal,
      onFraction,
    );
  } catch (error) {
    await giveBackLeaks(base, qemuImg);
    throw error;
  }
}

/** Only a qcow2 has any; what goes wrong here takes space and harms nobody. */
async function giveBackLeaks(base: string, program: QemuImg): Promise<void> {
  const details = { doing: 'giving back unused clusters', path: base };
  await program.run(['check', '-q', '-f', 'qcow2', '-r', 'leaks', '--', base], details).catch(() => undefined);
}
