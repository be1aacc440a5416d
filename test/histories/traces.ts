// What other clients' acts have done to a VM beside what the model tells: whose content they changed, and what is their
// own.
import { existsSync } from 'node:fs';
import type { Model } from '../oracle/model.js';
import type { OracleVm } from '../oracle/oracleVm.js';
import type { SeenVm } from '../oracle/seen.js';
import type { ClientAction, Label } from './action.js';
import { layersOf, plugContent, plugDisk, plugFile } from './moves.js';
import { cloneFile, foreignName } from './otherClients.js';
import { Witnesses } from './witnesses.js';

/** Around an act: the VM as it was seen before, and all else as it is after it. */
interface Around {
  readonly vm: OracleVm;
  readonly before: SeenVm;
  readonly model: Model;
  readonly names: ReadonlyMap<Label, string>;
  /** Where disks of other VMs stand. */
  readonly folder: string;
}

export class Traces {
  /** Snapshots by libvirt's name, whose data are no longer those that they were taken of. */
  readonly #spoilt = new Set<string>();
  /** Those of them that somebody merged into. */
  readonly #mergedInto = new Set<string>();
  /** Those of these that nothing tells of any more. */
  readonly #untold = new Set<string>();
  readonly #witnesses = new Witnesses();
  #checkpoints = 0;

  get hasClones(): boolean {
    return this.#witnesses.hasClones;
  }

  get hasCheckpoints(): boolean {
    return this.#checkpoints > 0;
  }

  isSpoilt(name: string): boolean {
    return this.#spoilt.has(name);
  }

  /**
   * Somebody merged into what it froze and has made libvirt forget the snapshot that found the VM there: in the first
   * minute no time of a last write tells so (`frozenContent.ts`), and a revert to it brings what it finds.
   */
  isUntold(name: string): boolean {
    return this.#untold.has(name);
  }

  /** A VM of ours was made, with these files as disks. */
  bearChild(
    child: Label,
    files: readonly string[],
    { disks, sizes }: Pick<Model, 'disks' | 'sizes'>,
    diskBytes: number,
  ): void {
    for (const [disk, file] of files.entries()) {
      const made = { what: 'clone', child, image: { file, format: 'qcow2' } } as const;
      const content = disks[disk];
      this.#witnesses.add(
        content === undefined
          ? { ...made, disk: plugDisk, content: plugContent }
          : { ...made, disk, content, size: diskBytes + sizes[disk]! },
      );
    }
  }

  forgetChild(child: Label): readonly string[] {
    return this.#witnesses.remove(child);
  }

  renamed(old: string, now: string): void {
    for (const names of [this.#spoilt, this.#mergedInto, this.#untold]) {
      if (names.delete(old)) {
        names.add(now);
      }
    }
  }

  /** Where what they made is not as they left it, as sentences. */
  differences(): Promise<readonly string[]> {
    return this.#witnesses.differences();
  }

  async bear(action: ClientAction, { vm, before, model, names, folder }: Around): Promise<void> {
    const target = (disk: number): string => vm.guest.disks[disk]!.target;
    switch (action.do) {
      case 'spoil':
        this.#spoilt.add(names.get(action.snapshot)!);
        return;
      case 'virshForget':
        // What libvirt names for those above may be another file now.
        before.snapshots
          .filter(({ parent }) => parent === names.get(action.snapshot))
          .forEach(({ name }) => this.#spoilt.add(name));
        this.#mergedInto.forEach((name) => this.#untold.add(name));
        return;
      case 'virshCommit': {
        const into = (await vm.see()).disks.get(target(action.disk))!.file;
        for (const { name, disks } of before.snapshots) {
          const chain = await layersOf(disks.get(target(action.disk))!);
          if (chain.some(({ file }) => file === into)) {
            this.#spoilt.add(name);
            this.#mergedInto.add(name);
          }
        }
        return;
      }
      case 'replace':
      case 'copyOver':
      case 'commitPast': {
        const frozen = before.snapshots.find(({ name }) => name === names.get(action.snapshot))!;
        const [top, base] = await layersOf(frozen.disks.get(target(action.disk))!);
        for (const { name, disks } of before.snapshots) {
          const files = (await layersOf(disks.get(target(action.disk))!)).map(({ file }) => file);
          const changed = action.do !== 'commitPast' ? top : files.includes(top!.file) ? undefined : base;
          if (changed !== undefined && files.includes(changed.file)) {
            this.#spoilt.add(name);
          }
        }
        return;
      }
      case 'moveAway': {
        const { file } = before.snapshots
          .find(({ name }) => name === names.get(action.snapshot))!
          .disks.get(target(action.disk))!;
        // By now nothing that rests on it can be read.
        for (const { name, disks } of before.snapshots) {
          const image = disks.get(target(action.disk))!;
          if (image.file === file || (await layersOf(image)).length === 0) {
            this.#spoilt.add(name);
          }
        }
        return;
      }
      case 'moveLayer':
        // Its metadata names a file that is elsewhere by now.
        before.snapshots
          .filter(({ disks }) => !existsSync(disks.get(target(action.disk))!.file))
          .forEach(({ name }) => this.#spoilt.add(name));
        return;
      case 'plug': {
        const image = { file: plugFile(folder, action.as), format: 'qcow2' };
        this.#witnesses.add({ what: 'plugged disk', image, disk: plugDisk, content: plugContent });
        return;
      }
      case 'virshCheckpoint':
        this.#checkpoints++;
        return;
      case 'tag': {
        const tagged = { ...before.disks.get(target(action.disk))!, tag: foreignName(action.as) };
        this.#witnesses.add({ what: 'tag', image: tagged, disk: action.disk, content: model.disks[action.disk]! });
        return;
      }
      case 'clone': {
        const { disks } = model.snapshots.get(names.get(action.of)!)!;
        const image = { file: cloneFile(folder, action.as), format: 'qcow2' };
        this.#witnesses.add({ what: 'clone', image, disk: action.disk, content: disks[action.disk]! });
        return;
      }
      case 'virshCreate':
      case 'virshDelete':
      case 'virshForgetCurrent':
      case 'virshPower':
      case 'virshRename':
      case 'virshEdit':
      case 'redefine':
      case 'resize':
      case 'unplug':
        return;
    }
  }
}
