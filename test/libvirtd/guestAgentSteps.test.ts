// What is asked of a real guest agent: whether it answers, whether it holds the disks still, what time it is. And what a
// quiesced snapshot leaves behind that fails.
import assert from 'node:assert/strict';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import type { Hypervisor } from '../../src/hypervisor/hypervisor.js';
import { Failure } from '../../src/model/failure.js';
import {
  defineDeafGuest,
  failure,
  type Guest,
  type HypervisorRig,
  startHypervisorRig,
  Subject,
} from './hypervisorRig.js';

describe('the guest agent', function () {
  this.timeout(120_000);
  let rig: HypervisorRig;
  let hypervisor: Hypervisor;
  let guest: Guest;
  let subject: Subject;
  const probe = async (): Promise<string> => hypervisor.probeAgent(await subject.read());

  const now = async (): Promise<number> => Number((await guest.run('date', ['+%s'])).stdout);

  before(async () => {
    rig = await startHypervisorRig();
    hypervisor = await rig.open();
    guest = await defineTestGuest(rig.daemon, { name: 'frosty' });
    subject = await Subject.named(hypervisor, 'frosty');
  });
  after(() => rig.stop());

  it('is silent while the VM is off, booting, paused or has none', async () => {
    assert.equal(await probe(), 'silent');
    await subject.power('start');
    assert.equal(await probe(), 'silent');
    await guest.waitForAgent();
    await subject.power('pause');
    assert.equal(await probe(), 'silent');
    await subject.power('resume');
    const deaf = await Subject.named(hypervisor, await defineDeafGuest(rig.daemon, 'deaf'));
    await deaf.power('start');
    assert.equal(await hypervisor.probeAgent(await deaf.read()), 'silent');
    await deaf.power('forceOff');
  });

  it('answers, freezes, is thawed, and thawed again', async () => {
    assert.equal(await probe(), 'answers');
    await rig.virsh('domfsfreeze', 'frosty');
    assert.equal(await probe(), 'frozen');
    await subject.run({ do: 'thawGuest' });
    assert.equal(await probe(), 'answers');
    await subject.run({ do: 'thawGuest' });
    assert.equal(await probe(), 'answers');
  });

  it('is silent when its program hangs, and nobody else waits for it', async () => {
    // Not waited for: whoever asks gets no answer while it hangs.
    const script = 'p=$(pidof qemu-ga); kill -STOP $p; sleep 6; kill -CONT $p';
    const start = { execute: 'guest-exec', arguments: { path: '/bin/sh', arg: ['-c', script] } };
    await rig.virsh('qemu-agent-command', 'frosty', JSON.stringify(start));
    while ((await probe()) !== 'silent') {
      // It hangs as soon as its child has come so far.
    }
    assert.equal((await subject.read()).power, 'running');
    await guest.waitForAgent();
    assert.equal(await probe(), 'answers');
  });

  it('thaws what a quiesced snapshot that failed left frozen, and the failure says so', async () => {
    await rig.virsh('domfsfreeze', 'frosty');
    const disks = [{ target: 'vda', file: `${rig.daemon.dir}/frosty-0.q` }];
    const error = await subject.create('q', { kind: 'disk', style: 'external', quiesce: true, disks }).then(
      () => assert.fail('it was taken'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof Failure, String(error));
    assert.deepEqual([error.kind, error.details.thawed, error.details.left], ['failed', true, undefined]);
    assert.equal(await probe(), 'answers');
    assert.equal(await hypervisor.countSnapshots(subject.uuid), 0);
    await subject.create('q', { kind: 'disk', style: 'external', quiesce: true, disks });
    assert.equal(await probe(), 'answers');
  });

  it("sets the guest's clock after RAM of another time came back", async () => {
    await guest.run('sh', ['-c', 'ln -sf /bin/busybox /sbin/hwclock']);
    await guest.run('date', ['-s', '@1000000000']);
    assert.ok((await now()) < 1_000_000_100);
    await subject.run({ do: 'setGuestClock' });
    assert.ok(Math.abs((await now()) - Date.now() / 1_000) < 60, String(await now()));
  });

  it('sets it also when libvirt does not know yet that somebody answers', async () => {
    await guest.run('date', ['-s', '@1000000000']);
    const disks = [{ target: 'vda', file: `${rig.daemon.dir}/frosty-0.ram` }];
    const file = `${rig.daemon.dir}/frosty.mem`;
    await subject.create('ram', { style: 'external', disks, memoryFile: file });
    for (let count = 0; count < 3; count++) {
      await subject.power('forceOff');
      await subject.run({ do: 'restoreMemory', snapshot: 'ram', file, disks, to: 'running' });
      await subject.run({ do: 'setGuestClock' });
      assert.ok(Math.abs((await now()) - Date.now() / 1_000) < 60, String(await now()));
    }
  });

  it('leaves the operation good when the clock cannot be set', async () => {
    await guest.run('rm', ['/sbin/hwclock']);
    await subject.run({ do: 'setGuestClock' });
    await subject.power('forceOff');
    await subject.run({ do: 'setGuestClock' });
    await assert.rejects(subject.run({ do: 'thawGuest' }), failure('failed'));
  });
});
