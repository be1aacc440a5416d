// Five VMs as one: how long they stand still for a restore point with RAM, how long all take to be back, and how far
// apart their moments are; beside the slowest of them alone, and the same five one after another by virsh. What is now
// is kept first by each.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { versionOf } from '../../src/domain/capabilities.js';
import type { VmRef } from '../../src/domain/vm.js';
import type { StoredSystem } from '../../src/domain/system.js';
import { openSystems } from '../libvirtd/systemRig.js';
import { median, onPrivateDaemon, remark, report, timed } from './measure.js';

const names = ['one', 'two', 'three', 'four', 'five'];
const memoryMiB = 128;
const rounds = 3;
const seamlessRounds = 5;
const seamlessGoalMs = 100;
const spreadGoalMs = 30;

void onPrivateDaemon(async (daemon) => {
  const folder = join(daemon.dir, 'journal');
  await mkdir(folder, { recursive: true });
  for (const name of names) {
    // One boots at a time: without KVM five at once take longer.
    await (await defineTestGuest(daemon, { name, memoryMiB, tick: 1 })).start();
  }
  const virsh = (...args: readonly string[]): Promise<string> => virshOk(daemon.virsh, ...args);
  const clear = async (): Promise<void> => {
    for (const name of names) {
      for (const snapshot of (await virsh('snapshot-list', name, '--name')).split('\n').filter(Boolean)) {
        await virsh('snapshot-delete', name, snapshot);
      }
    }
  };
  const here = await openSystems(daemon.uri, folder, daemon.env);
  const { engine, systems } = here;
  const views = names.map((name) => engine.findVms(name)[0]!);
  await systems.make('five', views);
  const five = async (): Promise<StoredSystem> => (await systems.find('five'))!;

  const together = async (title: string): Promise<{ paused: number; spread: number; reverted: number }> => {
    const { point, pausedMs } = await systems.run(await systems.planCheckpoint(await five(), { title }));
    if (point?.spreadMs === undefined || pausedMs === undefined) {
      throw new Error('no stop of the guests was seen');
    }
    const plan = await systems.planRevert(await five(), point);
    const { durationMs, members } = await systems.run(plan);
    if (members.some(({ outcome }) => outcome !== 'done')) {
      throw new Error('not all are back');
    }
    await clear();
    for (const left of (await five()).points) {
      await systems.run(await systems.planDelete(await five(), left));
    }
    return { paused: pausedMs, spread: point.spreadMs, reverted: durationMs };
  };
  const alone = async (vm: VmRef): Promise<{ paused: number; reverted: number }> => {
    const made = await engine.runOperation({ kind: 'create', vm, snapshotKind: 'memory', title: 'alone' });
    if (made.guestPausedMs === undefined) {
      throw new Error('no stop of the guest was seen');
    }
    const back = await engine.runOperation({
      ...{ kind: 'revert', vm, snapshot: made.snapshot!, after: 'asSnapshot', checkpointFirst: true },
    } as const);
    return { paused: made.guestPausedMs, reverted: back.durationMs };
  };
  const byVirsh = async (): Promise<number> => {
    for (const name of names) {
      await virsh('snapshot-create-as', name, 'virsh');
    }
    const took = await timed(async () => {
      for (const name of names) {
        await virsh('snapshot-create-as', name, 'before');
        await virsh('snapshot-revert', name, 'virsh');
      }
    });
    await clear();
    return took;
  };

  const none: number[] = [];
  const took = {
    paused: [...none],
    spread: [...none],
    reverted: [...none],
    alonePaused: [...none],
    aloneReverted: [...none],
    virsh: [...none],
  };
  for (let round = 0; round <= rounds; round++) {
    const ours = await together(`round ${round}`);
    const singles = [];
    for (const { ref } of views) {
      singles.push(await alone(ref));
    }
    await clear();
    const virshMs = await byVirsh();
    // The first one warms up.
    if (round > 0) {
      took.paused.push(ours.paused);
      took.spread.push(ours.spread);
      took.reverted.push(ours.reverted);
      took.alonePaused.push(Math.max(...singles.map(({ paused }) => paused)));
      took.aloneReverted.push(Math.max(...singles.map(({ reverted }) => reverted)));
      took.virsh.push(virshMs);
    }
  }
  /** How long they stand still seamlessly, at most, and each alone. */
  const seamlessly = async (title: string): Promise<{ paused: number; alone: number }> => {
    const wish = { title, style: 'external', seamless: true } as const;
    const { point, pausedMs } = await systems.run(await systems.planCheckpoint(await five(), wish));
    await systems.run(await systems.planDelete(await five(), point!));
    let longest = 0;
    for (const { ref: vm } of views) {
      const asked = { kind: 'create', vm, snapshotKind: 'memory', ...wish } as const;
      const { guestPausedMs = 0, snapshot = '' } = await engine.runOperation(asked);
      await engine.runOperation({ kind: 'delete', vm, snapshot, scope: 'one' });
      longest = Math.max(longest, guestPausedMs);
    }
    return { paused: pausedMs ?? Number.NaN, alone: longest };
  };
  const { capabilities } = engine.connections[0]!;
  const seamless = [];
  if (capabilities!.hypervisor >= versionOf(10, 0) && capabilities!.externalRevert) {
    for (let round = 0; round <= seamlessRounds; round++) {
      seamless.push(await seamlessly(`seamless ${round}`));
    }
  }
  here.dispose();
  const name = `system of ${names.length} VMs`;
  const slowest = 'the slowest of them alone';
  report({
    name: `${name} checkpointed with RAM: how long guests stand still`,
    ours: median(took.paused),
    baseline: median(took.alonePaused),
    unit: 'ms',
    goal: 1.2,
    against: slowest,
  });
  const reverted = { name: `${name} reverted, all running again`, ours: median(took.reverted), unit: 'ms' };
  report({ ...reverted, baseline: median(took.aloneReverted), goal: 2.5, against: slowest });
  report({ ...reverted, baseline: median(took.virsh), goal: 0.7, against: 'one after another by virsh' });
  report({
    name: `${name}: spread of the moments`,
    ours: median(took.spread),
    baseline: spreadGoalMs,
    unit: 'ms',
    goal: 1,
    against: 'what it may be',
  });
  if (seamless.length > 1) {
    const counted = seamless.slice(1);
    const row = {
      name: `${name} checkpointed seamlessly: how long guests stand still`,
      ours: median(counted.map(({ paused }) => paused)),
      unit: 'ms',
    };
    report({ ...row, baseline: seamlessGoalMs, goal: 1, against: 'what it may be' });
    report({ ...row, baseline: median(counted.map(({ alone: one }) => one)), goal: 1.2, against: slowest });
  } else {
    remark('A seamless one needs QEMU 10.');
  }
  remark(`The VMs of the system have ${memoryMiB} MiB each; what is now is kept first by every revert.`);
});
