// What a delete is said to free, and what it is said to have freed, against the blocks that its files take on the disk.
import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import type { OperationRequest } from '../../src/domain/operation.js';
import type { VmRef } from '../../src/domain/vm.js';
import { defineDiskVm } from './diskVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

/** The block of most file systems: what is said may be wrong by one for each file and table. */
const blockBytes = 4096;

describe('what a delete frees', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
  });
  after(() => r.stop());

  /** Each holds some clusters that the next ones have written over, and some that they have not. */
  async function vmWith(name: string, count: number, ...options: readonly string[]): Promise<VmRef> {
    const image = join(r.daemon.dir, `${name}.qcow2`);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', image, '64M']);
    await defineDiskVm(r, name, [{ file: image, format: 'qcow2' }]);
    let top = image;
    for (let at = 0; at < count; at++) {
      const writes = [`write -P ${at + 1} 0 256k`, `write -P ${at + 1} ${at + 1}M 300k`];
      await runOk('qemu-io', [...writes.flatMap((one) => ['-c', one]), top]);
      await r.virsh('snapshot-create-as', name, `s${at}`, ...options);
      top = options.length === 0 ? image : join(r.daemon.dir, `${name}.s${at}`);
    }
    await runOk('qemu-io', ['-c', 'write -P 99 0 256k', top]);
    const ref = await r.ref(name);
    await r.engine.refresh({ vm: ref });
    await r.engine.readLayers(ref);
    return ref;
  }

  async function taken(name: string): Promise<number> {
    const files = (await readdir(r.daemon.dir)).filter((file) => file.startsWith(`${name}.`));
    const all = await Promise.all(files.map((file) => stat(join(r.daemon.dir, file))));
    return all.reduce((sum, { blocks }) => sum + blocks * 512, 0);
  }

  async function run(name: string, request: OperationRequest) {
    const plan = await r.engine.plan(request);
    const told = plan.kind === 'plan' ? plan.warnings.find(({ kind }) => kind === 'frees') : undefined;
    assert.ok(told?.kind === 'frees', 'nothing is said of what comes back');
    const before = await taken(name);
    const { freedBytes } = await r.engine.runOperation(request);
    const freed = before - (await taken(name));
    return { told, freed, freedBytes };
  }

  for (const [style, ...options] of [['inside'], ['outside', '--disk-only']] as const) {
    it(`one, some and all of those ${style} of the image`, async () => {
      const name = `freed-${style}`;
      const vm = await vmWith(name, 7, ...options);
      const one = await run(name, { kind: 'delete', vm, snapshot: 's1', scope: 'one' });
      assert.ok(
        Math.abs(one.told.bytes - one.freed) <= 2 * blockBytes,
        `${one.told.bytes} were told, ${one.freed} freed`,
      );
      assert.equal(one.told.how, 'exact');
      await r.engine.readLayers(vm);
      const some = await run(name, { kind: 'prune', vm, snapshots: ['s2', 's3', 's4'] });
      // A table that grows takes a block that no table of a layer tells of.
      assert.ok(some.told.bytes <= some.freed + blockBytes, `${some.told.bytes} were told, ${some.freed} freed`);
      assert.equal(some.told.how, 'atLeast');
      assert.deepEqual([one.freedBytes, some.freedBytes], [one.freed, some.freed]);
    });
  }

  it('is not more than comes back where a layer has zeros and the base is compressed', async () => {
    const base = join(r.daemon.dir, 'packed.qcow2');
    const plain = join(r.daemon.dir, 'plain.raw');
    await runOk('qemu-img', ['create', '-q', '-f', 'raw', plain, '64M']);
    await runOk('qemu-io', ['-f', 'raw', '-c', 'write -P 7 0 16M', plain]);
    await runOk('qemu-img', ['convert', '-q', '-c', '-f', 'raw', '-O', 'qcow2', plain, base]);
    await defineDiskVm(r, 'packed', [{ file: base, format: 'qcow2' }]);
    let top = base;
    for (const [at, write] of ['-P 1 0 4M', '-z 20M 8M', '-P 2 4M 4M'].entries()) {
      await runOk('qemu-io', ['-c', `write ${write}`, top]);
      await r.virsh('snapshot-create-as', 'packed', `s${at}`, '--disk-only');
      top = join(r.daemon.dir, `packed.s${at}`);
    }
    await r.virsh('start', 'packed');
    const vm = await r.ref('packed');
    await r.engine.refresh({ vm });
    await r.engine.readLayers(vm);
    const { told, freed } = await run('packed', { kind: 'prune', vm, snapshots: ['s0', 's1'] });
    assert.ok(told.bytes <= freed + 2 * blockBytes, `${told.bytes} were told, ${freed} freed`);
    await r.virsh('destroy', 'packed');
  });
});
