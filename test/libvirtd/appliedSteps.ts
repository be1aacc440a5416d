// Watches the steps that an inventory carries out: after each, the world that the simulator tells must be the one that
// is read. Knows no operations.
import { wholeChain } from '../../src/domain/chains/backingChain.js';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Facts } from '../../src/domain/facts.js';
import type { SnapshotDisk } from '../../src/domain/snapshot.js';
import { isActive } from '../../src/domain/vm.js';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import type { Step } from '../../src/steps/step.js';
import { apply } from '../../src/steps/steps.js';
import { alike, form } from '../unit/domain/world.js';
import { type LiveRig, withMethod } from './engineRig.js';

export class AppliedSteps {
  /** Kinds of the steps that were compared. */
  readonly kinds: Step['kind'][] = [];
  #differences: string[] = [];

  /** @param rig whose next connection is watched */
  constructor({ wrapNext, daemon }: Pick<LiveRig, 'wrapNext' | 'daemon'>) {
    wrapNext((real) =>
      withMethod(real, 'run', async (vm, step, options) => {
        const before = await readWorld(real, vm.uuid, daemon.dir);
        const outcome = await real.run(vm, step, options);
        this.#compare(step, before, await readWorld(real, vm.uuid, daemon.dir));
        return outcome;
      }),
    );
  }

  /** What differed since the last time that it was asked for. */
  takeDifferences(): string {
    const differences = this.#differences.join('\n');
    this.#differences = [];
    return differences;
  }

  #compare(step: Step, before: Facts, read: Facts): void {
    this.kinds.push(step.kind);
    const [told, there] = [whole(apply(step, before)), whole(read)];
    if (!isDeepStrictEqual(told, there)) {
      this.#differences.push(
        `${JSON.stringify(step)}\n  before ${JSON.stringify(whole(before))}\n  told   ${JSON.stringify(told)}\n  read   ${JSON.stringify(there)}`,
      );
    }
  }
}

/** With what recoveries need not bring back. */
function whole(facts: Facts): unknown {
  const { vm, tree, configured, frozenDisks } = facts;
  const files = (disks: readonly SnapshotDisk[] = []): readonly string[] =>
    disks.flatMap(({ target, file }) => (file === undefined ? [] : `${target} ${alike(file)}`));
  return {
    ...form(facts),
    power: vm.power,
    configured: configured?.map((disk) => wholeChain(disk, facts).map(alike)),
    disksOf: Object.fromEntries(
      tree.snapshots.map((one) => [
        one.name,
        {
          style: one.style,
          made: files(one.disks),
          got: files(one.revertDisks),
          froze: frozenDisks?.get(one.name)?.map(({ target, source = '' }) => `${target} ${alike(source)}`),
        },
      ]),
    ),
  };
}

/** Reads all files of the VM in the daemon's folder, by their names. */
async function readWorld(hypervisor: Hypervisor, uuid: string, folder: string): Promise<Facts> {
  const vm = await hypervisor.readVm(uuid);
  const tree = await hypervisor.readTree(uuid);
  const names = [await hypervisor.files.list(folder)]
    .flat()
    .filter((name) => name.startsWith(vm.name) && !/\.(?:log|sock|pid|xml)$/u.test(name));
  const [images, files] = [
    names.filter((name) => !name.endsWith('.mem')),
    names.filter((name) => name.endsWith('.mem')),
  ];
  const look = async <T>(of: readonly string[], at: (path: string) => Promise<T>): Promise<ReadonlyMap<string, T>> =>
    new Map(await Promise.all(of.map(async (name) => [join(folder, name), await at(join(folder, name))] as const)));
  return {
    vm,
    tree,
    capabilities: hypervisor.capabilities,
    now: Date.now(),
    frozenDisks: new Map(
      await Promise.all(
        tree.snapshots.map(async ({ name }) => [name, (await hypervisor.readFrozen(uuid, name)).disks] as const),
      ),
    ),
    ...(isActive(vm.power) && vm.persistent ? { configured: (await hypervisor.readConfigured(uuid)).disks } : {}),
    files: {
      images: await look(images, (path) => hypervisor.files.image(path, undefined, 'tags')),
      files: await look(files, (path) => hypervisor.files.file(path)),
      freeBytes: new Map(),
      canAct: new Map(),
      lists: new Map(),
    },
  };
}
