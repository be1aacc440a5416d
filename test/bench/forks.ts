// Eight forks of a guest that runs, made at once and all answering, against eight cold boots of the same guest; and
// what a fork takes on the disk when it begins.
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { waitForAgent } from '../../scripts/guest/inGuest.mjs';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import type { VmRef } from '../../src/domain/vm.js';
import { throwAway } from '../../src/engine/clones.js';
import { type Forks, forkVm } from '../../src/engine/forks.js';
import type { Engine } from '../../src/engine/engine.js';
import { type Daemon, median, onPrivateDaemon, remark, report, timed } from './measure.js';
import { openInventory } from './ownInventory.js';

const rounds = 3;
const count = 8;
const memoryMiB = 256;
/** What a fork may take of the disk before it has written anything. */
const mostMegabytes = 5;
const megabyte = 1_000_000;

void onPrivateDaemon(async (daemon) => {
  const folder = join(daemon.dir, 'vms');
  await mkdir(folder);
  const web = await defineTestGuest(daemon, { name: 'web', memoryMiB, folder });
  const cold = Array.from({ length: count }, (_, at) => `cold-${at}`);
  for (const name of cold) {
    await defineTestGuest(daemon, { name, memoryMiB, folder });
  }
  await web.start();
  const engine = await openInventory(daemon);
  const { ref } = engine.findVms('web')[0]!;
  const took = { boots: [] as number[], forks: [] as number[], moment: [] as number[] };
  // The first of both warms up, and does not count.
  for (let round = 0; round <= rounds; round += 1) {
    const boots = await timed(() => boot(daemon, cold));
    await Promise.all(cold.map((name) => virshOk(daemon.virsh, 'destroy', name)));
    let made: Forks | undefined;
    let begun = 0;
    const began = performance.now();
    const forks = await timed(async () => {
      // As all shells ask for it.
      made = await forkVm(engine, ref, {
        count,
        seamless: true,
        onMade: (number) => (begun = number === 0 ? performance.now() : begun),
      });
      for (const child of made.children) {
        await waitForAgent(daemon.virsh, engine.findVm(child)!.vm.name);
      }
    });
    await release(engine, ref, made!);
    if (round > 0) {
      took.boots.push(boots);
      took.forks.push(forks);
      took.moment.push(begun - began);
    }
  }
  report({
    name: `${count} forks of a guest of ${memoryMiB} MiB, all answering`,
    ours: median(took.forks),
    baseline: median(took.boots),
    unit: 'ms',
    goal: 0.3,
    against: `${count} cold boots`,
  });
  remark(
    `Forks: the moment that they begin with took ${Math.round(median(took.moment))} ms of it; the boots began all at once, ` +
      `with no VM to be made; ${rounds} rounds each.`,
  );
  report({
    name: 'space of a fork at birth',
    ours: (await spaceAtBirth(folder, engine, ref)) / megabyte,
    baseline: mostMegabytes,
    unit: 'MB',
    goal: 1,
    against: 'the limit',
  });
  engine.dispose();
});

/** All begin at once, and are waited for one by one: to ask all of them all the time would take what they boot with. */
async function boot({ virsh }: Daemon, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => virshOk(virsh, 'start', name)));
  for (const name of names) {
    await waitForAgent(virsh, name);
  }
}

/** What there is more in the folder of the disks, for each of them; the moment that they begin with is there before. */
async function spaceAtBirth(folder: string, engine: Engine, vm: VmRef): Promise<number> {
  const { snapshot, children: first } = await forkVm(engine, vm, { seamless: true });
  const before = await allocated(folder);
  const { children } = await forkVm(engine, vm, { count, snapshot });
  const bytes = ((await allocated(folder)) - before) / count;
  await release(engine, vm, { snapshot, children: [...first, ...children] });
  if (bytes <= 0) {
    throw new Error(`${count} forks took ${bytes} bytes each`);
  }
  return bytes;
}

async function allocated(folder: string): Promise<number> {
  const sizes = await Promise.all(
    (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).blocks * 512),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function release(engine: Engine, vm: VmRef, { snapshot, children }: Forks): Promise<void> {
  for (const child of children) {
    await throwAway(engine, child);
  }
  await engine.runOperation({ kind: 'delete', vm, snapshot, scope: 'one' });
}
