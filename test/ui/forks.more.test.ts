// Four forks of a demo VM that runs, made in a real VS Code: they stand under it, go on from one moment, and go again.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { makeDemoVms, removeDemoVms } from '../../scripts/guest/demoVms.mjs';
import { counters, waitForAgent } from '../../scripts/guest/inGuest.mjs';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

const vm = 'rewind-overlays';
const forks = ['try', 'try-fork', 'try-fork-2', 'try-fork-3'];

describe('forks of a VM that runs', () => {
  const daemon = testDaemon();
  const { virsh } = daemon;
  const stage = stepsOnStage(async (ends) => {
    const folder = join(daemon.dir, 'forks');
    ends.push(() => removeDemoVms({ virsh, folder }));
    await makeDemoVms({ virsh, folder });
    return openStage('keyboard');
  });
  const picture = (name: string) => stage().workbench.picture(`forks-${name}`);

  it('are asked for: how many, how they are called, on which network, and whether they stay', async () => {
    await stage().hands.showView('Virt Rewind', 'VMs');
    await counters(virsh, vm, 5_000);
    await stage().hands.menu(vm, 'Clones and Forks', 'Fork…');
    await stage().hands.type(`Fork ${vm}`, '4');
    await picture('asks');
    await stage().hands.enter();
    await stage().hands.type(`Name of the Fork of ${vm}`, 'try');
    await stage().hands.enter();
    await stage().hands.pick('No Network');
    await stage().hands.pick('Keep');
  });

  it('stand under it, each running, with the RAM that it has', async () => {
    const { workbench } = stage();
    const levels = async (): Promise<Map<string, number>> =>
      new Map((await workbench.rows()).map(({ label, level }) => [label.split(',')[0] ?? '', level]));
    for (const fork of forks) {
      await workbench.row(new RegExp(`^${fork}, RAM \\d+ MB, running`, 'u')).waitFor();
    }
    // While it is forked, its row tells of that instead of its snapshots.
    await workbench.row(new RegExp(`^${vm}, \\d+ snapshots`, 'u')).waitFor();
    const found = await levels();
    assert.deepEqual(
      forks.map((fork) => (found.get(fork) ?? 0) - (found.get(vm) ?? 0)),
      forks.map(() => 1),
    );
    await picture('tree');
  });

  it('have gone on from one moment, each by itself, and the VM does not notice', async () => {
    const booted = (await counters(virsh, vm)).boot;
    for (const [at, fork] of forks.entries()) {
      await waitForAgent(virsh, fork);
      const { boot, memory } = await counters(virsh, fork);
      assert.equal(boot, booted, 'it went on, and did not boot');
      assert.ok(memory >= 5_000 && memory < 10_000, String(memory));
      await counters(virsh, fork, 100_000 * (at + 1));
    }
    assert.ok((await counters(virsh, vm)).memory < 10_000);
    for (const [at, fork] of forks.entries()) {
      const { memory } = await counters(virsh, fork);
      assert.ok(memory >= 100_000 * (at + 1) && memory < 100_000 * (at + 2), String(memory));
    }
  });

  it('go with their files, one by one', async () => {
    const { hands, workbench } = stage();
    for (const fork of forks) {
      await hands.menu(new RegExp(`^${fork}, `, 'u'), 'Clones and Forks', 'Delete Clone');
      await workbench.dialog.waitFor();
      await workbench.page.keyboard.press('Enter');
      await workbench.row(new RegExp(`^${fork}, `, 'u')).waitFor({ state: 'detached' });
    }
    await picture('gone');
    const { stdout } = await virsh(['list', '--all', '--name']);
    assert.ok(!stdout.split('\n').some((name) => forks.includes(name)), stdout);
  });
});
