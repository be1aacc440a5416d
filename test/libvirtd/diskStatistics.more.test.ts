// What one call tells of the disks of all VMs: sizes that mean the same for VMs that run and those that are off, and
// no wait for what a VM is doing.
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import type { VmStatistics } from '../../src/domain/diskStatistics.js';
import { type Guest, type HypervisorRig, startHypervisorRig, Subject } from './hypervisorRig.js';

describe('statistics of disks', () => {
  let rig: HypervisorRig;
  let hypervisor: Hypervisor;
  let chained: Guest;
  let plain: Guest;

  before(async () => {
    rig = await startHypervisorRig();
    chained = await defineTestGuest(rig.daemon, { name: 'chained', disks: ['qcow2', 'emptyQcow2'], agent: false });
    plain = await defineTestGuest(rig.daemon, { name: 'plain', agent: false });
    hypervisor = await rig.open();
  });

  after(() => rig.stop());

  const of = async (name: string): Promise<VmStatistics> => {
    const { uuid } = await Subject.named(hypervisor, name);
    const found = (await hypervisor.readDiskStatistics()).get(uuid);
    assert.ok(found);
    return found;
  };
  const taken = async (file: string): Promise<number> => (await stat(file)).blocks * 512;

  it('mean the bytes that a file takes, whether the VM runs or is off', async () => {
    // Preallocated, then holes: its length, its end and what it takes are three different numbers.
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', 'preallocation=falloc', plain.disks[0]!, '64M']);
    await runOk('fallocate', ['--punch-hole', '--offset', '8M', '--length', '40M', plain.disks[0]!]);
    const bytes = await taken(plain.disks[0]!);
    assert.ok(bytes < (await stat(plain.disks[0]!)).size / 2);
    const off = await of('plain');
    assert.deepEqual(
      [off.active, off.layers],
      [false, [{ target: 'vda', file: plain.disks[0], allocatedBytes: bytes, virtualBytes: 64 * 1024 ** 2 }]],
    );
    await rig.virsh('start', 'plain', '--paused');
    const running = await of('plain');
    assert.equal(running.active, true);
    assert.equal(running.layers[0]?.allocatedBytes, await taken(plain.disks[0]!));
    await rig.virsh('destroy', 'plain');
  });

  it('tell every layer of a VM that runs, disk after disk from the top', async () => {
    await rig.virsh('start', 'chained', '--paused');
    for (const name of ['one', 'two']) {
      await rig.virsh('snapshot-create-as', 'chained', name, '--disk-only', '--no-metadata');
    }
    const { layers } = await of('chained');
    const [first, second] = chained.disks.map((file) => file.replace(/\.qcow2$/, ''));
    assert.deepEqual(
      layers.map(({ target, file }) => `${target} ${String(file)}`),
      [first, second].flatMap((stem, disk) =>
        ['two', 'one', 'qcow2'].map((end) => `${['vda', 'vdb'][disk] ?? ''} ${String(stem)}.${end}`),
      ),
    );
    for (const { file, allocatedBytes } of layers) {
      assert.equal(allocatedBytes, await taken(file!), file);
    }
  });

  it('come in one call, of all VMs or of those that are named', async () => {
    const { uuid } = await Subject.named(hypervisor, 'plain');
    const before = hypervisor.callCount;
    assert.equal((await hypervisor.readDiskStatistics()).size, 2);
    assert.deepEqual([...(await hypervisor.readDiskStatistics([uuid])).keys()], [uuid]);
    assert.equal(hypervisor.callCount - before, 2);
  });

  it('of libvirt’s own pretended hypervisor are empty', async () => {
    const pretended = await rig.open(rig.daemon.testUri);
    const all = [...(await pretended.readDiskStatistics()).values()];
    assert.deepEqual(
      all.map(({ layers }) => layers),
      [[]],
    );
  });

  it('do not wait for a job of the VM, and do not taint it', async () => {
    const memory = await defineBusy();
    const messages = await rig.virsh('dominfo', memory);
    const taking = rig.virsh('snapshot-create-as', memory, 'long');
    let asked = 0;
    const over = taking.then(() => 'over' as const);
    while ((await Promise.race([over, of(memory).then(() => 'answered' as const)])) === 'answered') {
      asked += 1;
    }
    assert.ok(asked > 3, `answered ${asked} times while the snapshot was taken`);
    assert.doesNotMatch(await rig.virsh('domstate', memory), /paused/);
    assert.deepEqual(taints(await rig.virsh('dominfo', memory)), taints(messages));
  });

  /** A guest with so much RAM that an internal snapshot of it takes a while. */
  async function defineBusy(): Promise<string> {
    const guest = await defineTestGuest(rig.daemon, { name: 'busy', memoryMiB: 512 });
    await guest.start();
    await guest.run('/bin/sh', ['-c', 'dd if=/dev/urandom of=/dev/shm/fill bs=1M count=200 2>&1 || true']);
    return guest.name;
  }
});

function taints(about: string): readonly string[] {
  return about.match(/tainted: .*/g) ?? [];
}
