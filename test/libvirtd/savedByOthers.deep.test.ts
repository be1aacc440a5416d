// The health checks while another client saves a VM, and after a daemon has died in that: both with QEMU stopped in the
// middle of what it writes.
import assert from 'node:assert/strict';
import { runOk } from '../../scripts/rig/run.mjs';
import { qemuProcesses } from '../qemuProcesses.js';
import { type HealthRig, startHealthRig } from './healthRig.js';
import type { LiveRig } from './engineRig.js';
import { stopWhileWriting } from './stoppedQemu.js';

describe('health checks of a VM that another client saves', () => {
  let h: HealthRig;
  let r: LiveRig;

  before(async () => {
    h = await startHealthRig();
    r = h.live;
  });

  after(() => r.stop());

  it('find nothing wrong, and do where it died in that', async () => {
    const guest = await r.guest({ name: 'saved', memoryMiB: 320 });
    await guest.start();
    // Not zeros, which QEMU does not write: long enough for QEMU to be stopped in the middle.
    const fill =
      'mkdir /full && mount -t tmpfs -o size=200m none /full && yes full | dd of=/full/all bs=1M count=150 iflag=fullblock';
    assert.equal((await guest.run('sh', ['-c', fill])).code, 0);
    const [qemu] = await qemuProcesses(r.daemon, 'saved');
    const disk = guest.disks[0]!;
    /** QEMU names it in the file when all of it is there. */
    const isWhole = async (name: string): Promise<boolean> =>
      (await runOk('qemu-img', ['snapshot', '-l', '-U', disk])).includes(` ${name} `);
    /**
     * Resolves with what is done while QEMU stands in the middle of writing what another client saves; undefined: it
     * was done.
     */
    const inMiddle = async <T>(name: string, act: () => Promise<T>): Promise<T | undefined> => {
      const { saving } = await stopWhileWriting(qemu!, () => ({
        saving: r.daemon.virsh(['snapshot-create-as', 'saved', name]),
      }));
      try {
        return (await isWhole(name)) ? undefined : await act();
      } finally {
        process.kill(qemu!, 'SIGCONT');
        await saving;
      }
    };

    let during: readonly unknown[] | undefined;
    for (let count = 0; during === undefined; count++) {
      during = await inMiddle(`a${count}`, async () => {
        // An examination waits for the disks' jobs, and gives up.
        const found = await h.found('saved');
        const { power } = r.vm('saved')!.vm;
        const repair = { kind: 'resumeAfterSave' } as const;
        const { kind } = await r.engine.plan({ kind: 'repair', vm: await r.ref('saved'), repair });
        return [found, power, kind];
      });
    }
    assert.deepEqual(during, [[], 'paused', 'refusal']);
    assert.equal(await guest.state(), 'running');
    assert.deepEqual(await h.found('saved', { examine: true }), []);

    // As a daemon leaves it that dies in the middle. One that had not noted yet why the VM stands still lets it run
    // when it is back.
    for (let count = 0; (await guest.state()) === 'running'; count++) {
      const name = `b${count}`;
      const isKilled = (await inMiddle(name, () => r.daemon.killDaemon().then(() => true))) ?? false;
      if (isKilled) {
        while (!(await isWhole(name))) {
          // A daemon that comes back while QEMU does not answer gives the VM up.
        }
        await r.daemon.startDaemon();
      }
    }
    await r.engine.connect(r.uri);
    assert.deepEqual(await h.found('saved'), ['standsStill']);
    await r.virsh('destroy', 'saved');
  });
});
