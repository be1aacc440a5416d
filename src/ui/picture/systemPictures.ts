// The tabs with pictures of systems of VMs: one for each.
import type { Disposable } from '../../base/disposable.js';
import type { SystemPicture, SystemPictureOptions } from './systemPicture.js';

export class SystemPictures implements Disposable {
  readonly #options: SystemPictureOptions;
  readonly #panels = new Map<string, SystemPicture>();

  constructor(options: SystemPictureOptions) {
    this.#options = options;
  }

  /** What draws it is loaded for the first one. */
  async show(id: string): Promise<void> {
    const { SystemPicture } = await import('./systemPicture.js');
    const open = this.#panels.get(id);
    if (open === undefined) {
      this.#panels.set(id, new SystemPicture(id, this.#options, () => this.#panels.delete(id)));
    } else {
      open.reveal();
    }
  }

  /** What is shown of a system; undefined where no tab is open. */
  html(id: string): string | undefined {
    return this.#panels.get(id)?.html;
  }

  dispose(): void {
    for (const panel of [...this.#panels.values()]) {
      panel.dispose();
    }
  }
}
