// What other tools left in and upon a VM's images, each with the content that it must keep. Knows no libvirt.
import { blockDifferences, type Content } from '../oracle/blocks.js';
import { type Image, readImage } from '../oracle/images.js';

export interface Witness {
  readonly what: 'tag' | 'clone';
  readonly image: Image;
  /** The guest's number of the disk, which is part of its blocks. */
  readonly disk: number;
  readonly content: Content;
}

export class Witnesses {
  readonly #all: Witness[] = [];

  get hasClones(): boolean {
    return this.#all.some(({ what }) => what === 'clone');
  }

  add(witness: Witness): void {
    this.#all.push(witness);
  }

  /** As sentences. */
  async differences(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const { what, image, disk, content } of this.#all) {
      const named = `the ${what} in ${image.file}`;
      try {
        const [first] = blockDifferences(disk, await readImage(image), content);
        found.push(...(first === undefined ? [] : [`${named}: ${first}`]));
      } catch (error) {
        found.push(`${named} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return found;
  }
}
