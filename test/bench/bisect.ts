// Sixty-four restore points, whose check looks at the disk of a clone for a while from outside: how many looks it
// takes, and two clones at once against one after another.
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { Bisects } from '../../src/bisect/bisects.js';
import { lineOf } from '../../src/bisect/bisectLine.js';
import { silentLog } from '../silentLog.js';
import { onPrivateDaemon, remark, report, sideBySide } from './measure.js';
import { openInventory } from './ownInventory.js';

const points = 64;
const rounds = 3;
/** As a guest takes to start and to be asked. */
const checkSeconds = 2;

void onPrivateDaemon(async (daemon) => {
  const folder = join(daemon.dir, 'bisect');
  mkdirSync(folder);
  const disk = join(folder, 'line.qcow2');
  await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', disk, '1M']);
  await defineDiskVm(daemon, 'line', [{ file: disk, format: 'qcow2' }]);
  let top = disk;
  for (let at = 0; at < points; at += 1) {
    if (at === 41) {
      await runOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 7 0 512', top]);
    }
    await virshOk(daemon.virsh, 'snapshot-create-as', 'line', `s${at}`, '--disk-only');
    top = join(folder, `line.s${at}`);
  }
  const engine = await openInventory(daemon);
  const [view] = engine.findVms('line');
  const { ref, vm } = view!;
  const tree = await engine.readTree(ref);
  const script = `sleep ${checkSeconds}; qemu-io -U -r -f qcow2 -c 'read -P 7 0 512' "$VIRT_REWIND_DISK" | grep -q 'Pattern verification failed'`;
  let looks = 0;
  const find = (jobs: number) => async (): Promise<void> => {
    const folderOfRun = join(daemon.dir, `state-${randomUUID()}`);
    const bisects = new Bisects({ engine, folder: folderOfRun, log: silentLog, environment: daemon.env });
    const open = await bisects.begin({
      vm: ref,
      vmName: vm.name,
      startedAt: Date.now(),
      ...lineOf(vm.name, tree, { skip: [] }),
      check: { kind: 'host', program: 'sh', args: ['-c', script] },
      network: 'unplugged',
      start: 'off',
      tries: 1,
      jobs,
      checkMs: 60_000,
      startMs: 0,
      probes: [],
    });
    let asked = 0;
    const { oldestBad } = await open.run(
      { onNews: ({ kind }) => (asked += kind === 'trying' ? 1 : 0) },
      new AbortController().signal,
    );
    await open.release();
    if (oldestBad !== 41) {
      throw new Error(`It found ${oldestBad}`);
    }
    looks = jobs === 1 ? asked : looks;
  };
  const times = await sideBySide(rounds, { alone: find(1), two: find(2) });
  report({
    name: 'bisect of 64 restore points',
    ours: looks,
    baseline: 7,
    unit: 'probes',
    goal: 1,
    against: 'the limit',
  });
  report({
    name: 'bisect, two at once',
    ours: times.two,
    baseline: times.alone,
    unit: 'ms',
    goal: 0.65,
    against: 'one after another',
  });
  remark(`Bisect: the check itself takes ${checkSeconds} s, as a guest that starts; ${rounds} rounds each.`);
  engine.dispose();
});
