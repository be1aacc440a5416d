// Twenty linked clones, all running and answering, against twenty full copies of the same VM: what each takes on the
// disk.
import { stat } from 'node:fs/promises';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { waitForAgent } from '../../scripts/guest/inGuest.mjs';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import type { VmRef } from '../../src/domain/vm.js';
import { cloneRequest, makeClone, throwAway } from '../../src/engine/clones.js';
import { onPrivateDaemon, remark, report, timed } from './measure.js';
import { openInventory } from './ownInventory.js';

const count = 20;
/** What the VM holds beside its empty file system; a real one holds a hundred times that. */
const filledMiB = 40;
const megabyte = 1_000_000;

void onPrivateDaemon(async (daemon) => {
  const web = await defineTestGuest(daemon, { name: 'web' });
  await web.start();
  // Nothing that could be left out as zeros.
  const filled = await web.run('sh', [
    '-c',
    `dd if=/dev/urandom of=/data/filled bs=1M count=${filledMiB} iflag=fullblock && sync`,
  ]);
  if (filled.code !== 0) {
    throw new Error(filled.stderr);
  }
  await virshOk(daemon.virsh, 'destroy', 'web');
  const engine = await openInventory(daemon);
  const { ref } = engine.findVms('web')[0]!;
  const { snapshot = '' } = await engine.runOperation({
    kind: 'create',
    vm: ref,
    title: 'clean',
    snapshotKind: 'offline',
    style: 'external',
  });
  const make = async (way: 'linked' | 'full'): Promise<readonly VmRef[]> => {
    const clones: VmRef[] = [];
    for (let at = 0; at < count; at += 1) {
      clones.push(await makeClone(engine, cloneRequest(engine, ref, { snapshot, way, name: `${way}-${at}` })));
    }
    return clones;
  };
  const bytesOf = async (clones: readonly VmRef[]): Promise<number> => {
    const files = clones.flatMap((clone) => engine.findVm(clone)!.vm.clone!.files);
    const sizes = await Promise.all(files.map(async (file) => (await stat(file)).blocks * 512));
    return sizes.reduce((sum, size) => sum + size, 0);
  };
  const release = async (clones: readonly VmRef[]): Promise<void> => {
    for (const clone of clones) {
      await throwAway(engine, clone);
    }
  };

  let copies: readonly VmRef[] = [];
  const copyMs = await timed(async () => (copies = await make('full')));
  const copied = await bytesOf(copies);
  await release(copies);
  let linked: readonly VmRef[] = [];
  const linkMs = await timed(async () => (linked = await make('linked')));
  for (const vm of linked) {
    await engine.runOperation({ kind: 'power', vm, action: 'start' });
  }
  for (const vm of linked) {
    await waitForAgent(daemon.virsh, engine.findVm(vm)!.vm.name);
  }
  const own = await bytesOf(linked);
  await release(linked);
  report({
    name: `space of ${count} linked clones that run`,
    ours: own / megabyte,
    baseline: copied / megabyte,
    unit: 'MB',
    goal: 0.1,
    against: `${count} full copies`,
  });
  remark(
    `Clones: ${count} linked ones were made in ${Math.round(linkMs)} ms, ${count} full copies in ${Math.round(copyMs)} ms; ` +
      `the VM holds ${filledMiB} MiB.`,
  );
  engine.dispose();
});
