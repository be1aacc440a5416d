// What a test wrote into the disks of a VM, cluster by cluster and layer by layer, and the cells that a picture of it
// must show for that. Reads nothing.
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import type { PictureBlocks } from '../../src/ui/picture/messages.js';
import { shownCells } from './shownCells.js';

const kibibyte = 1024;
/** The title of the layer that takes the writes. */
export const present = 'Current layer';

export type What = 'D' | 'Z' | 'C';

/** What a test wrote into a disk, cluster by cluster, layer by layer: all that a picture is compared with. */
export class Written {
  readonly #clusters: number;
  readonly #layers = new Map<string, string[]>();

  constructor(clusters: number) {
    this.#clusters = clusters;
  }

  /** Into the layer that takes the writes. */
  add(from: number, count: number, what: What = 'D'): void {
    this.#layers.set(present, this.#of(present).fill(what, from, from + count));
  }

  /** What was written so far is a layer of this title. */
  freeze(title: string): void {
    this.#layers.set(title, this.#of(present));
    this.leave();
  }

  /** A layer has in it what is in another, newer one too, which is gone. */
  merge(title: string, into: string): void {
    const below = this.#of(into);
    this.#layers.set(
      into,
      this.#of(title).map((what, at) => (what === '.' ? (below[at] ?? what) : what)),
    );
    this.#layers.delete(title);
  }

  /** A layer is called otherwise. */
  rename(title: string, to: string): void {
    this.#layers.set(to, this.#of(title));
    this.#layers.delete(title);
  }

  /** What was written since the last layer is gone. */
  leave(): void {
    this.#layers.delete(present);
  }

  /**
   * @param layers all rows, from the top of the figure
   * @param path those that the VM reads, the base first
   */
  expected(layers: readonly string[], path: readonly string[] = layers) {
    const reads = Array.from({ length: this.#clusters }, (_, at) => {
      const newest = path.findLast((layer) => this.#of(layer)[at] !== '.');
      return newest === undefined ? -1 : layers.indexOf(newest);
    });
    const letters = reads.map((row) => (row < 0 ? '.' : String.fromCharCode(65 + row))).join('');
    return {
      layers: layers.map((layer, row) => {
        const told = this.#of(layer)
          .map((what, at) => (reads[at] === row ? what : what.toLowerCase()))
          .join('');
        return { title: `${String.fromCharCode(65 + row)}  ${layer}`, told, painted: told.replace(/c/giu, asData) };
      }),
      reads: letters,
      readsTold: letters,
    };
  }

  #of(layer: string): string[] {
    return [...(this.#layers.get(layer) ?? Array.from({ length: this.#clusters }, () => '.'))];
  }
}

const asData = (letter: string): string => (letter === 'c' ? 'd' : 'D');

/** Clusters from one on, how many, and what. */
export type Write = readonly [from: number, count: number, what?: What];

/**
 * Writes whole clusters into images of a folder, and keeps that. QEMU compresses one at a time, where there is none
 * yet.
 */
export function writerInto(folder: string, written: Written, clusterKib = 64) {
  return async (image: string, ...writes: readonly Write[]): Promise<void> => {
    const commands = writes.flatMap(([from, count, what = 'D'], index) => {
      const range = `${from * clusterKib}k ${count * clusterKib}k`;
      written.add(from, count, what);
      return ['-c', what === 'Z' ? `write -z ${range}` : `write ${what === 'C' ? '-c ' : ''}-P ${index + 1} ${range}`];
    });
    await runOk('qemu-io', ['-f', image.endsWith('.raw') ? 'raw' : 'qcow2', ...commands, join(folder, image)]);
  };
}

/** With a cell for each cluster that a test wrote. */
export function seen(blocks: PictureBlocks, cellKib = 64): ReturnType<Written['expected']> {
  const pixels = (10 * blocks.clusterBytes) / (cellKib * kibibyte);
  const { layers, reads, readsTold } = shownCells(blocks, { pixels });
  return {
    layers: layers.map(({ head, told, painted }) => ({ title: head.split(' | ')[0] ?? '', told, painted })),
    reads,
    readsTold,
  };
}
