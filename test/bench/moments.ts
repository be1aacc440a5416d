// How long one to ten VMs stand still for a restore point of all of them: with RAM in their images, their disks alone,
// and seamlessly where QEMU can. Told beside the table; docs/scale.md shows it.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { versionOf } from '../../src/domain/capabilities.js';
import { openSystems } from '../libvirtd/systemRig.js';
import { median, onPrivateDaemon, remark } from './measure.js';

const counts = [1, 2, 5, 10];
const memoryMiB = 128;
const rounds = 3;

void onPrivateDaemon(async (daemon) => {
  const folder = join(daemon.dir, 'journal');
  await mkdir(folder, { recursive: true });
  const names = Array.from({ length: Math.max(...counts) }, (_, i) => `member${i}`);
  for (const name of names) {
    await (await defineTestGuest(daemon, { name, memoryMiB, tick: 1 })).start();
  }
  const here = await openSystems(daemon.uri, folder, daemon.env);
  const { engine, systems } = here;
  const { capabilities } = engine.connections[0]!;
  const canSeamless = capabilities!.hypervisor >= versionOf(10, 0) && capabilities!.externalRevert;
  const wishes = [
    ['with RAM in the images', {}],
    ['of the disks alone', { style: 'external', kind: 'disk' }],
    ...(canSeamless ? ([['seamlessly', { style: 'external', seamless: true }]] as const) : []),
  ] as const;
  for (const count of counts) {
    const system = `of ${count}`;
    await systems.make(
      system,
      names.slice(0, count).map((name) => engine.findVms(name)[0]!),
    );
    for (const [how, wish] of wishes) {
      const stops: number[] = [];
      for (let round = 0; round <= rounds; round++) {
        const plan = await systems.planCheckpoint((await systems.find(system))!, { title: `${round}`, ...wish });
        const { point, pausedMs } = await systems.run(plan);
        if (pausedMs === undefined) {
          throw new Error('no stop of the guests was seen');
        }
        // The first one warms up.
        stops.push(...(round > 0 ? [pausedMs] : []));
        await systems.run(await systems.planDelete((await systems.find(system))!, point!));
      }
      remark(`${count} VMs of ${memoryMiB} MiB, ${how}: all stand still for ${median(stops).toFixed(0)} ms.`);
    }
  }
  here.dispose();
});
