// One VM reset from the command line until its guest answers, against virsh snapshot-revert and the same wait. Both
// begin with the start of a process; what ours does more, it does in that time: the guard, the journal, the guest's
// clock.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { waitForAgent } from '../../scripts/guest/inGuest.mjs';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { buildPacked } from '../../scripts/build.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { onPrivateDaemon, remark, report, sideBySide } from './measure.js';

const rounds = 9;
const memoryMiB = 256;

void onPrivateDaemon(async (daemon) => {
  const dist = join(daemon.dir, 'dist');
  await buildPacked(dist);
  const state = join(daemon.dir, 'state');
  await mkdir(state);
  const guest = await defineTestGuest(daemon, { name: 'web', memoryMiB });
  await guest.start();
  await virshOk(daemon.virsh, 'snapshot-create-as', 'web', 'clean');
  const env = { ...daemon.env, VIRT_REWIND_STATE: state, LC_ALL: 'C' };
  const answers = (): Promise<void> => waitForAgent(daemon.virsh, 'web');
  const ours = async (...more: readonly string[]): Promise<void> => {
    const words = ['revert', 'web', 'clean', '--yes', '--connect', daemon.uri, ...more];
    await runOk(process.execPath, [join(dist, 'commandLine.js'), ...words], { env });
    await answers();
  };
  const virsh = async (): Promise<void> => {
    await virshOk(daemon.virsh, 'snapshot-revert', 'web', 'clean');
    await answers();
  };
  const times = await sideBySide(rounds, {
    ours: () => ours('--no-checkpoint'),
    virsh,
    withClock: async () => {
      await virsh();
      await virshOk(daemon.virsh, 'domtime', 'web', '--now');
    },
  });
  const figure = { ours: times.ours, unit: 'ms', goal: 1.1 };
  report({
    ...figure,
    name: `one VM of ${memoryMiB} MiB reset from the command line, guest answers`,
    baseline: times.virsh,
    against: 'virsh snapshot-revert and the same wait',
  });
  report({
    ...figure,
    name: 'the same reset',
    baseline: times.withClock,
    against: 'virsh, which sets the clock too',
  });
  const kept = await sideBySide(3, { ours });
  remark(`The reset that keeps what is now first, as it does unless told otherwise, takes ${kept.ours.toFixed(0)} ms.`);
});
