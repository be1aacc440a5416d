// What of the tree is about systems of VMs: read when one is opened, and drawn again when it reads differently. Makes
// no row.
import type { KnownSystems } from '../../systems/knownSystems.js';
import type { Node, SystemNode } from './nodes.js';
import { readMembers } from './vmsOf.js';
import type { RowsInTreeOptions } from './vmsInTree.js';

/** The systems of VMs that are shown above the connections. */
export type ShownSystems = Pick<KnownSystems, 'all' | 'onDidChange' | 'watch'>;

export class SystemsInTree {
  readonly #options: RowsInTreeOptions;

  constructor(options: RowsInTreeOptions) {
    this.#options = options;
  }

  /** What reads differently since it was drawn. */
  drawChanged(): void {
    const changed = this.noteDrawn();
    if (changed === 'all') {
      this.#options.draw(undefined);
    } else {
      changed.forEach((node) => this.#options.draw(node));
    }
  }

  /** All of it is drawn just now. */
  noteDrawn(): readonly Node[] | 'all' {
    const { content, reading } = this.#options;
    return content.systems.changedSince(content.arrangement.filter, reading());
  }

  /** As for a VM that is opened: what comes of it is drawn then, anyway. */
  async read({ system }: SystemNode): Promise<void> {
    const { engine, content, log } = this.#options;
    await readMembers(engine, content.systems.membersOf(system), log);
    this.noteDrawn();
  }
}
