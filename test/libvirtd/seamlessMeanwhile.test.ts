// What other clients do to a VM of which a snapshot is taken while its guest runs on, and a disk that is full in the
// middle of it.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, statfs, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { run, runOk } from '../../scripts/rig/run.mjs';
import { versionOf } from '../../src/domain/capabilities.js';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { failure, type Guest, type HypervisorRig, startHypervisorRig, Subject } from './hypervisorRig.js';
import { type Watch, WatchedTaking } from './watchedTake.js';

/** Nobody listens there: QEMU refuses before it looks. */
const migrate = JSON.stringify({ execute: 'migrate', arguments: { uri: 'tcp:127.0.0.1:1' } });

const isRoot = process.getuid?.() === 0;

describe('a snapshot for which the guest hardly stands still, and other clients', () => {
  let dir: string;
  let rig: HypervisorRig;
  let hypervisor: Hypervisor;
  let taking: WatchedTaking | undefined;
  let guest: Guest;
  let subject: Subject;
  /** QEMU before 10 takes none. */
  let isPossible: boolean;

  before(async () => {
    dir = await mkdtemp('/tmp/vs-');
    const small = join(dir, 'small');
    await mkdir(small);
    if (isRoot) {
      // Before the daemon starts: it has mounts of its own.
      await runOk('mount', ['-t', 'tmpfs', '-o', 'size=900m', 'small', small]);
    }
    rig = await startHypervisorRig({ dir });
    hypervisor = await rig.open();
    isPossible = hypervisor.capabilities.hypervisor >= versionOf(10, 0);
    if (isPossible) {
      taking = await WatchedTaking.on(rig.daemon, hypervisor);
      guest = await defineTestGuest(rig.daemon, { name: 'meanwhile', folder: small });
      subject = await Subject.named(hypervisor, 'meanwhile');
      await guest.start();
    }
  });
  after(async () => {
    taking?.stop();
    await rig.stop();
    await run('umount', [join(dir, 'small')]);
    await rm(dir, { recursive: true, force: true });
  });

  const folder = (): string => join(dir, 'small');
  /** Once, at that call; `behind`: at the first one of that name behind another, in the same try. */
  const at = (call: string, act: () => Promise<unknown>, behind?: string): Watch => {
    let [seen, acted] = [false, false];
    return async (now) => {
      if ((behind === undefined || seen) && !acted && now === call) {
        acted = true;
        await act();
      }
      // What is taken once more begins anew.
      seen = now === behind || (seen && now !== 'migrate-set-capabilities');
    };
  };
  const saved = (): string => join(dir, 'saved');
  const bring = async (name: string, value: number): Promise<void> => {
    await guest.setCounters(value + 1);
    await subject.revert(name);
    const { memory, disk } = await guest.counters();
    assert.deepEqual([memory, disk], [value, value]);
  };

  for (const [what, ...command] of [
    ['saves it', 'save', 'meanwhile', '/nowhere/saved'],
    ['saves it for its next start', 'managedsave', 'meanwhile'],
    ['keeps a snapshot inside', 'snapshot-create-as', 'meanwhile', 'inside'],
    ['moves it to another host', 'qemu-monitor-command', 'meanwhile', migrate],
  ] as const) {
    it(`goes on while another client ${what}: QEMU refuses that`, async () => {
      if (!isPossible) {
        return;
      }
      await guest.setCounters(7);
      const words = command.map((word) => (word === '/nowhere/saved' ? saved() : word));
      let said = '';
      const act = async (): Promise<void> => {
        // What QEMU's monitor answers is no error to virsh.
        const { stdout, stderr } = await rig.daemon.virsh(words);
        said = `${stdout}${stderr}`;
      };
      for (;;) {
        await taking!.take(subject, command[0], () => Promise.resolve(), folder(), act);
        if (said !== '') {
          break;
        }
        // All of the RAM was through before QEMU had heard that it is to go slowly.
        await subject.delete(command[0]);
      }
      assert.match(said, /migration process in progress/u);
      await bring(command[0], 7);
    });
  }

  it('stands still after all where its guest writes just before its RAM is kept', async () => {
    if (!isPossible) {
      return;
    }
    await guest.setCounters(20);
    // Else it does so by itself, some seconds later.
    await guest.run('sync');
    const calls: string[] = [];
    let value = 20;
    await taking!.take(
      subject,
      'disturbed',
      async (call) => {
        calls.push(call);
        // One that stands still writes nothing.
        if (call === 'migrate' && !calls.includes('domainSuspend')) {
          value = 21;
          await guest.setCounters(value);
        }
      },
      folder(),
    );
    assert.ok(calls.includes('domainSuspend'));
    assert.equal(calls.includes('domainBlockCommit'), value === 21);
    await bring('disturbed', value);
  });

  for (const [when, before] of [
    ['in the stop', 'migrate-set-capabilities'],
    ['just before it, of a guest that runs', undefined],
  ] as const) {
    it(`is given up when another client saves the VM ${when}; that can be brought back`, async () => {
      if (!isPossible) {
        return;
      }
      await guest.setCounters(8);
      // One that writes is stopped first.
      const write = at(before ?? 'never', () => guest.setCounters(9));
      const save = at('migrate', () => rig.virsh('managedsave', 'meanwhile'));
      const watch: Watch = async (call) => {
        await write(call);
        await save(call);
      };
      await assert.rejects(taking!.take(subject, before === undefined ? 'lost' : 'given-up', watch, folder()));
      assert.equal((await subject.read()).managedSave, true);
      await rig.virsh('start', 'meanwhile');
      if ((await guest.state()) === 'paused') {
        await rig.virsh('resume', 'meanwhile');
      }
      await guest.waitForAgent();
      const { memory, disk } = await guest.counters();
      const value = before === undefined ? 8 : 9;
      assert.deepEqual([memory, disk], [value, value]);
      await assert.rejects(subject.snapshot(before === undefined ? 'lost' : 'given-up'));
      assert.ok((await readdir(folder())).every((file) => !file.includes('.mem.part')));
    });
  }

  it('goes back to where it was when the disk is full in the middle, with what the guest wrote', async () => {
    if (!isPossible || !isRoot) {
      return;
    }
    const ballast = join(folder(), 'ballast');
    const fill = async (): Promise<void> => {
      // All but a little: less than the RAM, and more than what QEMU writes first.
      const { bavail, bsize } = await statfs(folder());
      const bytes = bavail * bsize - 6 * 1024 ** 2;
      await runOk('fallocate', ['-l', String(bytes), ballast]);
    };
    await guest.setCounters(11);
    const { disks } = await subject.read();
    await assert.rejects(taking!.take(subject, 'full', at('migrate', fill), folder()), failure('failed'));
    await truncate(ballast, 0);
    await guest.setCounters(12);
    const now = await subject.read();
    assert.deepEqual(
      [now.power, now.disks.map(({ source }) => source)],
      ['running', disks.map(({ source }) => source)],
    );
    assert.ok((await readdir(folder())).every((file) => !file.includes('.full')));
    assert.equal(await hypervisor.readStream(now), 'none');
  });
});
