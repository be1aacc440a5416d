// Snapshots with RAM while the guest runs on: QEMU keeps the RAM of the moment at which the disks were switched.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { versionOf } from '../../src/domain/capabilities.js';
import type { Seamless } from '../../src/domain/seamless.js';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { failure, type Guest, type HypervisorRig, startHypervisorRig, Subject } from './hypervisorRig.js';

const targets = ['vda', 'vdb'];

describe('a snapshot for which the guest hardly stands still', function () {
  let rig: HypervisorRig;
  let hypervisor: Hypervisor;
  let guest: Guest;
  let subject: Subject;
  /** Before QEMU 10 it is taken as it would be without. */
  let isPossible: boolean;

  before(async () => {
    rig = await startHypervisorRig();
    hypervisor = await rig.open();
    isPossible = hypervisor.capabilities.hypervisor >= versionOf(10, 0);
    guest = await defineTestGuest(rig.daemon, { name: 'seamless', disks: ['qcow2', 'qcow2'] });
    subject = await Subject.named(hypervisor, 'seamless');
    await guest.start();
  });
  after(() => rig.stop());

  const wish = (name: string, folder = rig.daemon.dir) => ({
    style: 'external' as const,
    snapshotKind: 'memory' as const,
    seamless: true as const,
    disks: targets.map((target) => ({ target, file: join(rig.daemon.dir, `seamless-${target}.${name}`) })),
    memoryFile: join(folder, `seamless.${name}.mem`),
  });
  const standsOn = async (): Promise<readonly string[]> =>
    (await subject.read()).disks.filter(({ device }) => device === 'disk').map(({ source }) => basename(source ?? ''));
  /** QEMU is as it was, and there is no file that nobody knows of. */
  const nothingIsLeft = async (...names: readonly string[]): Promise<void> => {
    const files = await readdir(rig.daemon.dir);
    assert.deepEqual(
      files.filter((file) => file.endsWith('.part') || names.some((name) => file.includes(`.${name}`))),
      [],
    );
    if (isPossible) {
      const ask = async (execute: string): Promise<unknown> =>
        (
          JSON.parse(await rig.virsh('qemu-monitor-command', 'seamless', JSON.stringify({ execute }))) as {
            readonly return: unknown;
          }
        ).return;
      const all = (await ask('query-migrate-capabilities')) as readonly { capability: string; state: boolean }[];
      assert.equal(all.find(({ capability }) => capability === 'background-snapshot')?.state, false);
      // libvirt has some of its own there.
      assert.ok(!JSON.stringify(await ask('query-fdsets')).includes('virt-rewind'));
      const closing = JSON.stringify({ execute: 'closefd', arguments: { fdname: 'virt-rewind' } });
      assert.match(await rig.virsh('qemu-monitor-command', 'seamless', closing), /GenericError/u, 'it has none');
    }
  };

  it('is an ordinary one, and brings RAM and disks of one moment back', async () => {
    await guest.setCounters(41);
    const fractions: number[] = [];
    const { guestPausedMs } = await subject.create('first', wish('first'), {
      onProgress: ({ fraction }) => fraction !== undefined && fractions.push(fraction),
    });
    const snapshot = await subject.snapshot('first');
    assert.deepEqual([snapshot.kind, snapshot.style, snapshot.state], ['memory', 'external', 'running']);
    assert.ok(guestPausedMs !== undefined && guestPausedMs > 0);
    assert.equal((await subject.read()).power, 'running');
    assert.deepEqual(await standsOn(), ['seamless-vda.first', 'seamless-vdb.first']);
    await nothingIsLeft();
    await guest.setCounters(77);
    if (hypervisor.capabilities.externalRevert) {
      await subject.revert('first');
      const { memory, disk } = await guest.counters();
      assert.deepEqual([memory, disk], [41, 41]);
    }
  });

  it('stands below the current one, and is the current one', async () => {
    await subject.create('second', wish('second'));
    assert.equal((await subject.snapshot('second')).parent, 'first');
    assert.equal((await rig.virsh('snapshot-current', '--name', 'seamless')).trim(), 'second');
  });

  /**
   * Nothing else happens meanwhile, as on a host that is busy. False where there is no stream: the guest wrote before
   * its RAM was kept, and what is told of is that the disks are merged back before it is tried once more.
   */
  const isWritten = (): boolean => {
    const args = ['qemu-monitor-command', 'seamless', JSON.stringify({ execute: 'query-migrate' })];
    const said = () =>
      execFileSync('virsh', ['-q', '-c', rig.daemon.uri, ...args], { encoding: 'utf8', env: rig.daemon.env });
    for (;;) {
      const { status } = (JSON.parse(said()) as { readonly return: { readonly status?: string } }).return;
      if (status === undefined || ['completed', 'cancelled', 'failed', 'none'].includes(status)) {
        return status === 'completed';
      }
    }
  };

  for (const [when, mayCancel] of [
    ['', () => true],
    [' when its RAM is all written, which nobody has seen yet', isWritten],
  ] as const) {
    it(`goes back to where it was when it is cancelled${when}, with what the guest has written since`, async () => {
      if (!isPossible) {
        // An ordinary one may be over before it hears of it.
        return;
      }
      const before = await standsOn();
      const cancel = new AbortController();
      const taken = subject.create('cancelled', wish('cancelled'), {
        signal: cancel.signal,
        onProgress: () => {
          if (!cancel.signal.aborted && mayCancel()) {
            cancel.abort();
          }
        },
      });
      await assert.rejects(taken, failure('cancelled'));
      await guest.setCounters(55);
      assert.deepEqual(await standsOn(), before);
      assert.equal((await subject.read()).power, 'running');
      await assert.rejects(subject.snapshot('cancelled'));
      await nothingIsLeft('cancelled');
    });
  }

  it('goes back to where it was when the RAM finds no room', async () => {
    if (!isPossible) {
      // The daemon has mounts of its own: only what this program writes meets the full one.
      return;
    }
    const before = await standsOn();
    const small = join(rig.daemon.dir, 'small');
    await mkdir(small);
    await runOk('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'small', small]);
    try {
      await assert.rejects(subject.create('full', wish('full', small)), failure('failed'));
      assert.deepEqual(await readdir(small), []);
    } finally {
      await runOk('umount', [small]);
    }
    await guest.setCounters(66);
    assert.deepEqual(await standsOn(), before);
    await nothingIsLeft('full');
  });

  const capability = (name: string, state: boolean): Promise<string> => {
    const command = { execute: 'migrate-set-capabilities', arguments: { capabilities: [{ capability: name, state }] } };
    return rig.virsh('qemu-monitor-command', 'seamless', JSON.stringify(command));
  };
  const probed = async (how: 'look' | 'try', of = subject): Promise<Seamless> =>
    hypervisor.probeSeamless(await of.read(), how);
  const why = (seamless: Seamless): string => (seamless.kind === 'no' ? seamless.why : seamless.kind);

  it('can be had where QEMU says so, and is not asked of a VM that nobody has asked before', async () => {
    const other = await defineTestGuest(rig.daemon, { name: 'unasked', disks: ['qcow2'] });
    await other.start();
    const fresh = await Subject.named(hypervisor, 'unasked');
    const tainted = (): Promise<string> => rig.virsh('dominfo', 'unasked');
    assert.equal(why(await probed('look', fresh)), isPossible ? 'untried' : 'tooOld');
    assert.ok(!(await tainted()).includes('custom-monitor') && !(await tainted()).includes('custom monitor'));
    assert.equal(why(await probed('try', fresh)), isPossible ? 'yes' : 'tooOld');
    assert.equal(why(await probed('look', fresh)), isPossible ? 'yes' : 'tooOld');
    await fresh.power('pause');
    assert.equal(why(await probed('try', fresh)), isPossible ? 'busy' : 'tooOld');
    await fresh.power('forceOff');
    if (isPossible) {
      await capability('dirty-bitmaps', true);
      assert.equal(why(await probed('try')), 'refused');
      await capability('dirty-bitmaps', false);
    }
  });

  it('leaves no guard on that somebody has forgotten, so that a managed save holds the RAM of its disks', async () => {
    await capability('background-snapshot', true);
    assert.equal(await hypervisor.readStream(await subject.read()), 'left');
    assert.deepEqual(await hypervisor.dropLeftGuards(new Set([subject.uuid])), []);
    assert.equal(await hypervisor.readStream(await subject.read()), 'left');
    assert.deepEqual(await hypervisor.dropLeftGuards(new Set()), ['seamless']);
    assert.equal(await hypervisor.readStream(await subject.read()), 'none');
    await guest.setCounters(77);
    await rig.virsh('managedsave', 'seamless');
    await rig.virsh('start', 'seamless');
    const { memory, disk } = await guest.counters();
    assert.deepEqual([memory, disk], [77, 77]);
  });

  it('is brought to rest by hand where somebody died in the middle of it', async () => {
    if (!isPossible) {
      return;
    }
    await capability('background-snapshot', true);
    await subject.run({ kind: 'endStream' });
    await nothingIsLeft();
    await subject.run({ kind: 'endStream' });
    await nothingIsLeft();
  });

  it('is taken live where QEMU cannot guard its RAM, and is said to be', async () => {
    // QEMU has no way to do both.
    await capability('dirty-bitmaps', true);
    try {
      const { notSeamless, seamless } = await subject.create('plain', wish('plain'));
      assert.ok(notSeamless !== undefined && seamless === undefined, 'nobody would know why it stood still for longer');
    } finally {
      await capability('dirty-bitmaps', false);
    }
    assert.equal((await subject.snapshot('plain')).kind, 'memory');
    await nothingIsLeft();
  });
});
