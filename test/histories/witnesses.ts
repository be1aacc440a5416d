// What other tools left in and upon a VM's images, each with the content that it must keep. Knows no libvirt.
import { blockDifferences, type Content } from '../oracle/blocks.js';
import { type Image, readImage } from '../oracle/images.js';
import type { Label } from './action.js';

export interface Witness {
  readonly what: 'tag' | 'clone' | 'plugged disk';
  /** The VM of ours that it is a disk of. */
  readonly child?: Label;
  readonly image: Image;
  /** The guest's number of the disk, which is part of its blocks. */
  readonly disk: number;
  readonly content: Content;
  /** In bytes, where it is not that of the image that it was made in. */
  readonly size?: number;
}

export class Witnesses {
  #all: readonly Witness[] = [];

  get hasClones(): boolean {
    return this.#all.some(({ what }) => what === 'clone');
  }

  add(witness: Witness): void {
    this.#all = [...this.#all, witness];
  }

  /** Its files, of which nobody expects anything any more. */
  remove(child: Label): readonly string[] {
    const [gone, left] = [true, false].map((own) => this.#all.filter((one) => (one.child === child) === own));
    this.#all = left!;
    return gone!.map(({ image }) => image.file);
  }

  /** As sentences. */
  async differences(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const { what, image, disk, content, size } of this.#all) {
      const named = `the ${what} in ${image.file}`;
      try {
        const bytes = await readImage(image);
        const [first] = blockDifferences(disk, bytes, content);
        found.push(...(first === undefined ? [] : [`${named}: ${first}`]));
        if (size !== undefined && bytes.length !== size) {
          found.push(`${named} must have ${String(size)} bytes, and has ${String(bytes.length)}`);
        }
      } catch (error) {
        found.push(`${named} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return found;
  }
}
