// What layers cost in speed on this computer: the same reads and writes to an image alone and through overlays above
// it, by QEMU's own code and nothing else: no guest, no emulation, no waiting for the disk. Its images are its own and
// gone afterwards. Knows no VM.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, type FailureDetails } from '../domain/failure.js';
import type { LayerCost } from '../domain/layerCost.js';
import { thisComputer } from '../base/fileSystem.js';
import { ImageCommand } from './imageCommands.js';
import { JudgedChain } from './judgedChain.js';
import { qemuImg } from './qemuImg.js';

/** The clusters of 64 KiB that an image of 32 MiB has. One request goes to each: a second one would find it copied. */
const clusters = 512;
const clusterBytes = 64 * 1024;
const requestBytes = 4 * 1024;
/** Reads change nothing: they go round several times, because the program tells no less than a millisecond. */
const reads = 16 * clusters;
/**
 * So many turns of all contestants; the fastest counts, because whatever else the computer does only makes it longer.
 */
const rounds = 7;

/**
 * @param folder to put the images in; nothing of them is left there
 * @param depths how many layers each contestant has
 */
export async function measureLayerCosts(
  folder: string,
  depths: readonly number[],
  environment: NodeJS.ProcessEnv,
): Promise<readonly LayerCost[]> {
  const details = { doing: 'measure what layers cost', path: folder };
  const images = join(folder, 'measured');
  const img = qemuImg(environment);
  const virtualBytes = clusters * clusterBytes;
  const overlay = (file: string, backing: string): Promise<string> =>
    img.run(ImageCommand.createOverlay({ file, backing, backingFormat: 'qcow2', virtualBytes }), details);
  const bench = (file: string, requests: number, content?: number): Promise<number> =>
    JudgedChain.within({ file, format: 'qcow2' }, thisComputer, async (image) => {
      const wish = { requests, bytes: requestBytes, step: clusterBytes, ...(content !== undefined && { content }) };
      return (1e6 * secondsIn(await img.run(ImageCommand.bench(image, wish), details), details)) / requests;
    });
  /** Another content each time, as it would be. */
  const write = (file: string, content: number): Promise<number> => bench(file, clusters, content);

  await mkdir(images, { mode: 0o700 });
  try {
    const contestants = [];
    for (const layers of depths) {
      const base = join(images, `${String(layers)}-0`);
      await img.run(ImageCommand.create(base, virtualBytes), details);
      await write(base, 1);
      let below = base;
      for (let layer = 1; layer < layers; layer++) {
        const next = join(images, `${String(layers)}-${String(layer)}`);
        await overlay(next, below);
        below = next;
      }
      contestants.push({ layers, base, below, found: [] as Omit<LayerCost, 'layers'>[] });
    }
    for (let round = 0; round < rounds; round++) {
      for (const { layers, base, below, found } of contestants) {
        const top = layers === 0 ? base : join(images, `${String(layers)}-top`);
        if (layers > 0) {
          await rm(top, { force: true });
          await overlay(top, below);
        }
        const read = await bench(top, reads);
        found.push({ read, firstWrite: await write(top, 2), nextWrite: await write(top, 3) });
      }
    }
    return contestants.map(({ layers, found }) => ({
      layers,
      read: Math.min(...found.map(({ read }) => read)),
      firstWrite: Math.min(...found.map(({ firstWrite }) => firstWrite)),
      nextWrite: Math.min(...found.map(({ nextWrite }) => nextWrite)),
    }));
  } finally {
    await rm(images, { recursive: true, force: true });
  }
}

function secondsIn(said: string, details: FailureDetails): number {
  const seconds = Number(/completed in (\d+(?:\.\d+)?) seconds/u.exec(said)?.[1]);
  if (!Number.isFinite(seconds)) {
    throw new Failure('failed', { ...details, libvirtMessage: said.slice(0, 200) });
  }
  return seconds;
}
