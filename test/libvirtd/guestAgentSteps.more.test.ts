// What is asked of a real guest agent: whether it answers, whether it holds the disks still, what time it is. And what
// a quiesced snapshot leaves behind that fails.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { versionOf } from '../../src/domain/capabilities.js';
import { Failure } from '../../src/domain/failure.js';
import type { GuestRun } from '../../src/domain/guestCommand.js';
import { itRarely } from '../allRows.js';
import {
  defineDeafGuest,
  failure,
  type Guest,
  type HypervisorRig,
  startHypervisorRig,
  Subject,
} from './hypervisorRig.js';

describe('the guest agent', function () {
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

  it('comes to a guest of ours whose channel is there only after the driver of it', async () => {
    // On a busy host that is what a boot looks like: the ports are told of by messages that take their time.
    const late = await defineTestGuest(rig.daemon, { name: 'late', agent: false });
    const attach = async (what: string, xml: string): Promise<void> => {
      const file = join(rig.daemon.dir, 'late-device.xml');
      writeFileSync(file, xml);
      await rig.virsh('attach-device', 'late', file, what);
    };
    await attach('--config', "<controller type='virtio-serial'/>");
    await rig.virsh('start', 'late');
    const vm = await Subject.named(hypervisor, 'late');
    while (!readFileSync(late.consoleLog, 'utf8').includes('type: set NUMBER')) await setTimeout(100);
    await attach('--live', "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>");
    await late.waitForAgent();
    assert.equal(await hypervisor.probeAgent(await vm.read()), 'answers');
    await vm.power('forceOff');
  });

  it('answers, freezes, is thawed, and thawed again', async () => {
    assert.equal(await probe(), 'answers');
    await rig.virsh('domfsfreeze', 'frosty');
    assert.equal(await probe(), 'frozen');
    await subject.run({ kind: 'thawGuest' });
    assert.equal(await probe(), 'answers');
    await subject.run({ kind: 'thawGuest' });
    assert.equal(await probe(), 'answers');
  });

  it('is silent when its program hangs, and nobody else waits for it', async () => {
    // Not waited for: a call gets no answer while it hangs.
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

  it('is given up where it never answers a thaw, and the failure says that the guest may be frozen', async () => {
    // One in the place of the guest's own takes part in libvirt's handshake, says that it is frozen, and ends late.
    const port = '/dev/virtio-ports/org.qemu.guest_agent.0';
    const frozen = '{"error": {"class": "GenericError", "desc": "not possible while frozen"}}';
    const half = `echo half an agent >/dev/ttyS0; while read -r line; do case $line in
      *guest-sync*) echo "{\\"return\\": $(echo "$line" | tr -cd 0-9)}";;
      *fsfreeze*) sleep 10; touch /run/thawed; exit;;
      *) echo '${frozen}';;
    esac; done`;
    const script = `sleep 1; kill $(pidof qemu-ga); until [ -e /run/thawed ]; do (${half}) <>${port} >&0; done`;
    await guest.run('sh', ['-c', `(${script}) >/dev/null 2>&1 </dev/null &`]);
    while (!readFileSync(guest.consoleLog, 'utf8').includes('half an agent')) await setTimeout(100);
    // libvirt hears a moment later that somebody is there.
    while ((await probe()) !== 'frozen') await setTimeout(500);
    const hurried = await Subject.named(await rig.open(rig.daemon.uri, 1_000), 'frosty');
    const error: unknown = await hurried.run({ kind: 'thawGuest' }).catch((reason: unknown) => reason);
    assert.ok(error instanceof Failure, String(error));
    const { silentMs, noAgent, left } = error.details;
    assert.deepEqual([error.kind, silentMs, noAgent, left], ['failed', 1_000, true, [{ kind: 'frozen' }]]);
    await guest.waitForAgent();
    assert.equal(await probe(), 'answers');
  });

  it('keeps a program beside a checkpoint, and gives it up when the VM is reverted', async () => {
    const command = { program: 'sh', args: ['-c', 'mkfifo /run/go && read go </run/go; exit 7'], atMostMs: 200_000 };
    const begin = async (): Promise<{ readonly ran: Promise<GuestRun> }> => {
      const ran = hypervisor.guests.runIn(subject.uuid, command, new AbortController().signal);
      ran.catch(() => undefined);
      while ((await guest.run('test', ['-p', '/run/go'])).code !== 0) {
        // The program begins in the guest's own time.
      }
      return { ran };
    };
    await subject.create('before');
    const { ran } = await begin();
    await subject.power('pause');
    await subject.create('meanwhile');
    await subject.power('resume');
    await guest.run('sh', ['-c', 'echo >/run/go']);
    const end = await ran;
    assert.deepEqual([end.kind, end.kind === 'ended' && end.exitCode], ['ended', 7]);
    await guest.run('rm', ['/run/go']);
    const taken = await begin();
    await subject.revert('before');
    await assert.rejects(taken.ran, (reason) => reason instanceof Failure);
    await guest.waitForAgent();
    await subject.delete('meanwhile');
    await subject.delete('before');
  });

  it('tells of a program that it wrote more than libvirt passes on', async () => {
    const command = { program: 'head', args: ['-c', '4194304', '/dev/zero'], atMostMs: 200_000 };
    // 11.3 lets go of the agent over such an answer ("disappeared while executing command"), and the agent tells it
    // once.
    const { libvirt } = hypervisor.capabilities;
    const isLetGo = libvirt >= versionOf(11, 0) && libvirt < versionOf(12, 0);
    await assert.rejects(
      hypervisor.guests.runIn(subject.uuid, command, new AbortController().signal),
      (reason) =>
        reason instanceof Failure &&
        reason.kind === 'failed' &&
        reason.details.outputLost === (isLetGo ? 'unheard' : 'tooLarge'),
    );
  });

  it('thaws what a quiesced snapshot that failed left frozen, and the failure says so', async () => {
    await rig.virsh('domfsfreeze', 'frosty');
    const disks = [{ target: 'vda', file: `${rig.daemon.dir}/frosty-0.q` }];
    const error = await subject.create('q', { snapshotKind: 'disk', style: 'external', quiesce: true, disks }).then(
      () => assert.fail('it was taken'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof Failure, String(error));
    assert.deepEqual([error.kind, error.details.thawed, error.details.left], ['failed', true, undefined]);
    assert.equal(await probe(), 'answers');
    assert.equal(await hypervisor.countSnapshots(subject.uuid), 0);
    await subject.create('q', { snapshotKind: 'disk', style: 'external', quiesce: true, disks });
    assert.equal(await probe(), 'answers');
  });

  /** Nobody waits longer than a second for a slow guest, so it may come a moment later. */
  async function clockIsRight(): Promise<void> {
    while (Math.abs((await now()) - Date.now() / 1_000) >= 60) {
      // The guest's own answer takes a while.
    }
  }

  it("sets the guest's clock after RAM of another time came back", async () => {
    await guest.run('sh', ['-c', 'ln -sf /bin/busybox /sbin/hwclock']);
    await guest.run('date', ['-s', '@1000000000']);
    assert.ok((await now()) < 1_000_000_100);
    await subject.run({ kind: 'setGuestClock' });
    await clockIsRight();
  });

  it('sets it also when libvirt does not know yet that somebody answers', async () => {
    await guest.run('date', ['-s', '@1000000000']);
    const disks = [{ target: 'vda', file: `${rig.daemon.dir}/frosty-0.ram` }];
    const file = `${rig.daemon.dir}/frosty.mem`;
    await subject.create('ram', { style: 'external', disks, memoryFile: file });
    for (let count = 0; count < 3; count++) {
      await subject.power('forceOff');
      await subject.run({ kind: 'restoreMemory', snapshot: 'ram', file, disks, to: 'running' });
      await subject.run({ kind: 'setGuestClock' });
      await clockIsRight();
    }
  });

  /**
   * How far the guest's clock is behind the host's, by the agent's own nanoseconds, as the quickest of some answers has
   * it.
   */
  async function behindMs(name: string): Promise<number> {
    let [behind, quickest] = [Number.NaN, Infinity];
    for (let count = 0; count < 5; count++) {
      const [sentAt, began] = [Date.now(), performance.now()];
      const answer = await rig.virsh('qemu-agent-command', name, JSON.stringify({ execute: 'guest-get-time' }));
      const took = performance.now() - began;
      if (took < quickest) {
        quickest = took;
        behind = sentAt + took / 2 - (JSON.parse(answer) as { return: number }).return / 1_000_000;
      }
    }
    return behind;
  }

  it('sets it closer than a second, for the clock of a battery knows whole ones', async () => {
    await guest.run('date', ['-s', '@1000000000']);
    await subject.run({ kind: 'setGuestClock' });
    await clockIsRight();
    const behind = await behindMs('frosty');
    assert.ok(Math.abs(behind) < 250, String(behind));
  });

  itRarely('catches up with what a snapshot took that stopped the guest', async () => {
    const large = await defineTestGuest(rig.daemon, { name: 'large', memoryMiB: 320 });
    await large.start();
    const fill = 'mkdir /full && mount -t tmpfs -o size=200m none /full && yes full | dd of=/full/all bs=1M count=150';
    assert.equal((await large.run('sh', ['-c', `${fill} iflag=fullblock`])).code, 0);
    const slow = await Subject.named(hypervisor, 'large');
    await slow.run({ kind: 'setGuestClock' });
    const before = await behindMs('large');
    const { guestPausedMs = 0 } = await slow.create('stop');
    assert.ok(guestPausedMs > 200, `it stood still for ${guestPausedMs} ms alone`);
    // Nobody waits for it, so it comes a moment later.
    let behind = await behindMs('large');
    for (let count = 0; count < 20 && Math.abs(behind) > 100; count++) {
      behind = await behindMs('large');
    }
    assert.ok(Math.abs(behind) < 100, `${behind} ms behind after ${guestPausedMs}, ${before} before`);
    await slow.power('forceOff');
  });

  it('leaves the operation good when the clock cannot be set', async () => {
    await guest.run('rm', ['/sbin/hwclock']);
    await subject.run({ kind: 'setGuestClock' });
    await subject.power('forceOff');
    await subject.run({ kind: 'setGuestClock' });
    await assert.rejects(subject.run({ kind: 'thawGuest' }), failure('failed'));
  });
});
