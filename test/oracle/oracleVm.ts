// The data oracle: a real VM whose guest writes numbered blocks, and a comparison of everything that can be seen of it,
// byte for byte, with what the model says. Imports nothing of the extension: it must be able to find it wrong.
//
//   const vm = await OracleVm.define(daemon, { name: 'o' });
//   let model = Model.fresh(vm.guest.disks.length);
//   …start it by whatever is under test…           model = model.powered('start');
//   await vm.talk((guest) => guest.write(0, [[3, 77]]));  model = model.wrote(0, [[3, 77]]);
//   …a snapshot…                                     model = model.created({ name, title, kind, style });
//   assert.deepEqual((await vm.compare(model, 'everything')).differences, []);
import { stat } from 'node:fs/promises';
import { defineOracleGuest, type OracleGuest } from '../../scripts/guest/oracleGuest.mjs';
import { blockDifferences } from './blocks.js';
import { chainOf, checkImage, type Image, readImage, writeBlocks } from './images.js';
import type { Model, ModelSnapshot, ModelState } from './model.js';
import { seeVm, type SeenSnapshot, type SeenVm, type Virsh } from './seen.js';
import { talkTo, type Talk } from './serialGuest.js';

/**
 * | about | what differs                                                        |
 * |-------|---------------------------------------------------------------------|
 * | state | running, paused, off                                                |
 * | tree  | which snapshots there are, their parents, titles, kinds, the current one |
 * | data  | a block of the current disks or of a snapshot, or a file that is gone |
 * | ram   | what the guest tells of its RAM                                     |
 * | image | what `qemu-img check` finds wrong                                   |
 */
export type About = 'state' | 'tree' | 'data' | 'ram' | 'image';

export interface Difference {
  readonly about: About;
  /** One sentence for the search for the bug. */
  readonly what: string;
}

/** The snapshots whose content is read, beside that of the current state. */
export type Extent = 'present' | 'everything' | ReadonlySet<string>;

export interface Comparison {
  /** In a fixed order; empty when all is as it must be. */
  readonly differences: readonly Difference[];
  /** Clusters that nobody uses, in all images looked at: wasted, not wrong. */
  readonly leaks: number;
  readonly seen: SeenVm;
}

/** At most as many blocks are named for each disk: where one is wrong, often all are. */
const mostNamed = 4;

export class OracleVm {
  constructor(
    readonly virsh: Virsh,
    readonly guest: OracleGuest,
  ) {}

  /** A VM that is off. */
  static async define(
    daemon: Parameters<typeof defineOracleGuest>[0],
    options: Parameters<typeof defineOracleGuest>[1],
  ): Promise<OracleVm> {
    return new OracleVm(daemon.virsh, await defineOracleGuest(daemon, options));
  }

  get name(): string {
    return this.guest.name;
  }

  /** For a VM that runs; waits until the guest has booted. */
  talk<T>(conversation: (guest: Talk) => Promise<T>): Promise<T> {
    return talkTo(this.guest.serial, conversation);
  }

  /** As its guest would, into a disk of a VM that is off. */
  async writeOff(disk: number, blocks: Iterable<readonly [block: number, seed: number]>): Promise<void> {
    const { disks } = await this.see();
    const { file, format } = disks.get(this.guest.disks[disk]!.target)!;
    await writeBlocks({ file, format }, disk, blocks);
  }

  see(): Promise<SeenVm> {
    return seeVm(this.virsh, this.name);
  }

  /**
   * `present`: the tree, the state, the disks as they are now and the RAM of a guest that runs. `everything`: also the
   * disks of every snapshot, read from the frozen files or the tags that its own metadata names; names: of these alone.
   */
  async compare(model: Model, what: Extent): Promise<Comparison> {
    const seen = await this.see();
    const differences: Difference[] = [...stateDifferences(model, seen), ...treeDifferences(model, seen)];
    const looked = new Map<string, Image>();
    differences.push(...(await this.#disks('now', seen.disks, model, looked)));
    if (what !== 'present') {
      for (const snapshot of seen.snapshots) {
        const expected = model.snapshots.get(snapshot.name);
        if (expected !== undefined && (what === 'everything' || what.has(snapshot.name))) {
          differences.push(...(await this.#disks(`in ${snapshot.name}`, snapshot.disks, expected, looked)));
          differences.push(...(await memoryDifferences(snapshot)));
        }
      }
    }
    let leaks = 0;
    for (const health of await Promise.all([...looked.values()].map(checkImage))) {
      leaks += health.leaks;
      differences.push(...health.errors.map((error): Difference => ({ about: 'image', what: error })));
    }
    if (model.power === 'running' && seen.power === 'running') {
      differences.push(...(await this.#ram(model)));
    }
    return { differences, leaks, seen };
  }

  async #disks(
    when: string,
    images: ReadonlyMap<string, Image>,
    expected: Pick<ModelState, 'disks' | 'sizes'>,
    looked: Map<string, Image>,
  ): Promise<readonly Difference[]> {
    const { diskBytes } = this.guest;
    const differences: Difference[] = [];
    for (const [disk, { target }] of this.guest.disks.entries()) {
      const image = images.get(target);
      const say = (what: string): unknown => differences.push({ about: 'data', what: `${target} ${when}: ${what}` });
      if (image === undefined) {
        say('there is no such disk');
        continue;
      }
      try {
        const size = diskBytes + expected.sizes[disk]!;
        const bytes = await readImage(image, size);
        const wrong = blockDifferences(disk, bytes, expected.disks[disk]!);
        if (bytes.length !== size) {
          say(`it must have ${String(size)} bytes, and has ${String(bytes.length)}`);
        }
        wrong.slice(0, mostNamed).forEach(say);
        if (wrong.length > mostNamed) {
          say(`and ${String(wrong.length - mostNamed)} more blocks`);
        }
        for (const link of await chainOf(image)) {
          looked.set(link.file, link);
        }
      } catch (error) {
        say(`${image.file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return differences;
  }

  async #ram({ ram }: Model): Promise<readonly Difference[]> {
    const { counter, filled } = await this.talk((guest) => guest.ram());
    const found = { counter, kib: filled.kib, seed: filled.seed };
    const differences: Difference[] = [];
    if (JSON.stringify(found) !== JSON.stringify(ram)) {
      differences.push({
        about: 'ram',
        what: `RAM must hold ${JSON.stringify(ram)}, and holds ${JSON.stringify(found)}`,
      });
    }
    if (!filled.whole) {
      differences.push({ about: 'ram', what: `the ${String(filled.kib)} KiB that were filled have changed` });
    }
    return differences;
  }
}

function stateDifferences(model: Model, seen: SeenVm): readonly Difference[] {
  return model.power === seen.power
    ? []
    : [{ about: 'state', what: `the VM must be ${model.power}, and is ${seen.power}` }];
}

/** A row for each snapshot that either side has. */
function treeDifferences(model: Model, seen: SeenVm): readonly Difference[] {
  const found = new Map(seen.snapshots.map((snapshot) => [snapshot.name, rowOfSeen(snapshot)]));
  const wanted = new Map([...model.snapshots.values()].map((snapshot) => [snapshot.name, rowOfModel(snapshot)]));
  const differences = [...new Set([...wanted.keys(), ...found.keys()])].flatMap((name): Difference[] => {
    const [must, is] = [wanted.get(name) ?? 'not there', found.get(name) ?? 'not there'];
    return must === is ? [] : [{ about: 'tree', what: `snapshot ${name} must be ${must}, and is ${is}` }];
  });
  if (model.current !== seen.current) {
    const what = `${model.current ?? 'none'} must be current, and ${seen.current ?? 'none'} is`;
    differences.push({ about: 'tree', what });
  }
  return differences;
}

const row = (parent: string | undefined, title: string, kind: string, style: string): string =>
  `"${title}" below ${parent ?? 'nothing'}, ${style}, ${kind}`;

function rowOfSeen({ parent, title, kind, style, state }: SeenSnapshot): string {
  return row(parent, title, kind === 'memory' ? `memory of a VM that was ${state}` : kind, style);
}

function rowOfModel({ parent, title, kind, style, power }: ModelSnapshot): string {
  return row(parent, title, kind === 'memory' ? `memory of a VM that was ${power}` : kind, style);
}

async function memoryDifferences({ name, memoryFile }: SeenSnapshot): Promise<readonly Difference[]> {
  if (memoryFile === undefined) {
    return [];
  }
  const size = await stat(memoryFile).then(
    (file) => file.size,
    () => 0,
  );
  return size > 0 ? [] : [{ about: 'data', what: `the memory file of ${name} is gone: ${memoryFile}` }];
}
