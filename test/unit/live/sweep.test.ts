// Sizes and chains of all VMs: how few calls they take, and what a VM that says nothing leaves as it was.
import assert from 'node:assert/strict';
import { Failure } from '../../../src/domain/failure.js';
import type { LayerStatistics } from '../../../src/domain/diskStatistics.js';
import type { VmLayers } from '../../../src/domain/layers.js';
import { fakeSnapshot, type FakeVm, fakeVm, uuidOf } from '../engine/fakeHypervisor.js';
import { type Rig, rig, uri } from '../engine/rig.js';

function layer(file: string, allocatedBytes: LayerStatistics['allocatedBytes'] = 500): LayerStatistics {
  return { target: 'vda', file, allocatedBytes, virtualBytes: 10_000 };
}

function layersOf(r: Rig, name: string): VmLayers | undefined {
  return r.engine.findVm(r.ref(name))?.layers;
}

function externalVm(name: string): FakeVm {
  const vm = fakeVm(name);
  const [disk] = vm.vm.disks;
  vm.vm = { ...vm.vm, disks: [{ ...disk!, source: `/images/${name}.one` }] };
  vm.snapshots = [
    {
      ...fakeSnapshot('one'),
      style: 'external',
      kind: 'disk',
      memory: { location: 'no' },
      disks: [{ target: 'vda', location: 'external', file: `/images/${name}.one`, deleteInProgress: false }],
    },
  ];
  vm.layers = [layer(`/images/${name}.one`, 500), layer(`/images/${name}.qcow2`, 7000)];
  return vm;
}

describe('a sweep', () => {
  it('takes one call for all VMs once they are known, hidden or not', async () => {
    const r = await rig(externalVm('web'), fakeVm('db', ['a']), fakeVm('plain'));
    await r.engine.sweep();
    const first = r.calls();
    assert.deepEqual(first.filter((call) => call.startsWith('readTree')).toSorted(), ['readTree db', 'readTree web']);
    for (let again = 0; again < 3; again++) {
      await r.engine.sweep();
      assert.deepEqual(r.calls(), ['readDiskStatistics(0)']);
    }
    await r.clock.advance(3_600_000);
    assert.deepEqual(r.calls(), []);
    assert.equal(r.opened.length, 1);
  });

  it('tells chains, which snapshot a layer belongs to, and who shares it', async () => {
    const other = fakeVm('other');
    other.layers = [layer('/images/other.qcow2', 1), layer('/images/web.qcow2', 7000)];
    const r = await rig(externalVm('web'), other);
    await r.engine.sweep(uri);
    const { disks, snapshots, from } = layersOf(r, 'web')!;
    assert.equal(from, 'statistics');
    assert.deepEqual(
      disks.map(({ target, whole, layers }) => [
        target,
        whole,
        layers.map((own) => [own.file, own.allocatedBytes, own.snapshots, own.sharedWith, own.since, own.seen]),
      ]),
      [
        [
          'vda',
          true,
          [
            ['/images/web.one', 500, [], [], 1_700_000_000_000, 'there'],
            ['/images/web.qcow2', 7000, ['one'], ['other'], undefined, 'there'],
          ],
        ],
      ],
    );
    assert.deepEqual(snapshots, [{ snapshot: 'one', bytes: 500, how: 'atMost' }]);
    assert.deepEqual(layersOf(r, 'other')!.disks[0]!.layers[1]!.sharedWith, ['web']);
  });

  it('reads the snapshots of a VM again when its chain has become another', async () => {
    const web = externalVm('web');
    const r = await rig(web);
    await r.engine.sweep();
    r.calls();
    web.layers = [layer('/images/web.two'), ...web.layers!];
    await r.engine.sweep();
    assert.deepEqual(r.calls(), ['readDiskStatistics(0)', 'readVm web', 'readTree web']);
    await r.engine.sweep();
    assert.deepEqual(r.calls(), ['readDiskStatistics(0)']);
  });

  it('is not waited for by what an operation of ours has changed, whoever looks', async () => {
    const web = externalVm('web');
    const r = await rig(web, externalVm('db'));
    await r.engine.sweep();
    r.calls();
    await r.engine.runOperation({ kind: 'power', vm: r.ref('db'), action: 'pause' });
    web.layers = [layer('/images/web.qcow2', 7000)];
    await r.engine.runOperation({ kind: 'power', vm: r.ref('web'), action: 'pause' });
    await r.clock.advance(200);
    assert.deepEqual(
      r.calls().filter((call) => call.startsWith('readDiskStatistics')),
      ['readDiskStatistics(2)'],
    );
    assert.equal(layersOf(r, 'web')!.disks[0]!.layers.length, 1);
    await r.clock.advance(3_600_000);
    assert.deepEqual(r.calls(), []);
  });

  it('finds VMs that came and went meanwhile', async () => {
    const r = await rig(fakeVm('web'), fakeVm('db'));
    await r.engine.sweep();
    r.vms.delete(uuidOf('db'));
    r.vms.set(uuidOf('new'), fakeVm('new'));
    await r.engine.sweep();
    assert.equal(layersOf(r, 'new')?.disks[0]?.layers[0]?.allocatedBytes, 1000);
    assert.equal(r.engine.findVm(r.ref('db')), undefined);
  });

  it('reads a VM that went and came again as one that was never read', async () => {
    const web = externalVm('web');
    const r = await rig(web, fakeVm('db'));
    await r.engine.sweep();
    r.vms.delete(uuidOf('web'));
    await r.engine.sweep();
    r.vms.set(uuidOf('web'), web);
    await r.engine.sweep();
    assert.equal(r.engine.findVm(r.ref('web'))?.tree?.snapshots.length, 1);
  });

  it('keeps what was known of a VM that a job keeps busy, and of what lies below one that is off', async () => {
    const web = externalVm('web');
    const r = await rig(web);
    await r.engine.sweep();
    const before = layersOf(r, 'web');
    const running = web.layers!;
    web.layers = running.map(({ file }) => layer(file!, 'unknown'));
    await r.engine.sweep();
    assert.equal(layersOf(r, 'web'), before);

    web.vm = { ...web.vm, power: 'off' };
    web.layers = [layer('/images/web.one', 600)];
    await r.engine.sweep();
    const [disk] = layersOf(r, 'web')!.disks;
    assert.deepEqual(
      [disk!.whole, disk!.layers.map(({ file, allocatedBytes }) => [file, allocatedBytes])],
      [
        true,
        [
          ['/images/web.one', 600],
          ['/images/web.qcow2', 7000],
        ],
      ],
    );
  });

  it('says of a VM that is off what it does not know', async () => {
    const web = externalVm('web');
    web.vm = { ...web.vm, power: 'off' };
    web.layers = [layer('/images/web.one', 'unknown')];
    const r = await rig(web);
    await r.engine.sweep();
    const { disks, snapshots } = layersOf(r, 'web')!;
    assert.deepEqual([disks[0]!.whole, disks[0]!.layers.length, disks[0]!.layers[0]!.seen], [false, 1, 'unknown']);
    assert.equal(snapshots[0]!.bytes, 'unknown');
  });

  it('announces nothing when nothing is different', async () => {
    const r = await rig(externalVm('web'));
    await r.engine.sweep();
    r.changes.length = 0;
    await r.clock.advance(600_000);
    await r.engine.sweep();
    assert.deepEqual(r.changes, []);
  });

  it('and a look at the files wait for no VM that gives no answer', async () => {
    const web = externalVm('web');
    const r = await rig(web, fakeVm('db'));
    await r.engine.sweep();
    r.hypervisor().hang('readVm web');
    const reading = r.engine.readLayers(r.ref('web'));
    await r.clock.advance(60_000);
    assert.equal((await reading).from, 'files');
    web.layers = [layer('/images/web.two'), ...web.layers!];
    const sweeping = r.engine.sweep(uri);
    await r.clock.advance(60_000);
    await sweeping;
    assert.equal(layersOf(r, 'web')!.disks[0]!.layers[0]!.file, '/images/web.two');
  });

  it('leaves a connection alone that refused us, and tells whoever named it', async () => {
    const r = await rig(fakeVm('web'));
    const denied = new Failure('denied', { connection: uri });
    r.attempts.push(() => Promise.reject(denied));
    await r.engine.sweep();
    await r.engine.sweep();
    assert.equal(r.opened.length, 0);
    await assert.rejects(r.engine.sweep(uri), denied);
    assert.equal(r.opened.length, 0);
  });

  it('does not hold a VM on which something of ours runs, and gives up on a daemon that gives no answer', async () => {
    const r = await rig(fakeVm('web'));
    await r.engine.sweep();
    r.hypervisor().hang('readDiskStatistics(0)');
    const sweeping = r.engine.sweep(uri).then(
      () => 'done',
      (error: unknown) => (error instanceof Failure ? error.kind : 'other'),
    );
    await r.clock.advance(60_000);
    assert.equal(await sweeping, 'busy');
  });
});

describe('sizes of a VM that somebody looks at', () => {
  it('are read with its snapshots, and now and then after', async () => {
    const web = externalVm('web');
    const r = await rig(web, fakeVm('db'));
    await r.look('web');
    await r.clock.advance(200);
    assert.equal(layersOf(r, 'web')?.disks[0]?.layers[0]?.allocatedBytes, 500);
    assert.equal(layersOf(r, 'db'), undefined);
    web.layers = [layer('/images/web.one', 900), layer('/images/web.qcow2', 7000)];
    await r.clock.advance(60_000);
    assert.equal(layersOf(r, 'web')?.disks[0]?.layers[0]?.allocatedBytes, 900);
    r.hide();
    r.calls();
    await r.clock.advance(600_000);
    assert.deepEqual(r.calls(), []);
  });
});
