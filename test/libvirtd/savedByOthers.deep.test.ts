// The health checks while another client saves a VM, and after a daemon has died in that: both are to be caught in the middle,
// which takes some tries.
import assert from 'node:assert/strict';
import { qemuProcesses } from './faults/faultKinds.js';
import { type HealthRig, startHealthRig } from './healthRig.js';
import type { LiveRig } from './inventoryRig.js';

describe('health checks of a VM that another client saves', function () {
  this.timeout(300_000);
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
    const isPaused = async (): Promise<boolean> => (await guest.state()) === 'paused';
    /** Resolves when it stands still for it, or when it is done. */
    const begin = async (name: string): Promise<{ readonly saving: ReturnType<typeof r.daemon.virsh> }> => {
      const saving = r.daemon.virsh(['snapshot-create-as', 'saved', name]);
      const ended = saving.then(() => true);
      while (!(await Promise.race([ended, isPaused()]))) {
        // It begins.
      }
      return { saving };
    };

    // Until QEMU has been stopped in the middle.
    for (let isCaught = false; !isCaught;) {
      const { saving } = await begin('a');
      process.kill(qemu!, 'SIGSTOP');
      try {
        if (await isPaused()) {
          // An examination waits for the disks' jobs, and gives up.
          const found = await h.found('saved');
          const { power } = r.vm('saved')!.vm;
          const repair = { kind: 'resumeAfterSave' } as const;
          const { kind } = await r.inventory.plan({ kind: 'repair', vm: await r.ref('saved'), repair });
          // QEMU may have been done, and libvirt not have read that yet: one that stands still now did all the time.
          isCaught = await isPaused();
          if (isCaught) {
            assert.deepEqual([found, power, kind], [[], 'paused', 'refusal']);
          }
        }
      } finally {
        process.kill(qemu!, 'SIGCONT');
      }
      await saving;
      await r.virsh('snapshot-delete', 'saved', 'a');
    }
    assert.equal(await guest.state(), 'running');
    assert.deepEqual(await h.found('saved', { examine: true }), []);

    // As a daemon leaves it that dies in the middle; a moment after its restart it may give up a guest that does not answer.
    let found: readonly string[] = [];
    for (let count = 0; found.length === 0; count++) {
      if ((await guest.state()) === 'shut off') {
        await guest.start();
        assert.equal((await guest.run('sh', ['-c', fill])).code, 0);
      }
      const { saving } = await begin(`b${count}`);
      await r.daemon.killDaemon();
      await saving;
      await r.daemon.startDaemon();
      await r.inventory.connect(r.uri);
      while (found.length === 0 && (await isPaused())) {
        // QEMU itself may be writing still.
        found = await h.found('saved');
      }
    }
    assert.deepEqual(found, ['standsStill']);
    await r.virsh('destroy', 'saved');
  });
});
