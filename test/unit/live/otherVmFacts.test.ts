import assert from 'node:assert/strict';
import { OtherVmFacts } from '../../../src/live/otherVmFacts.js';
import { silentLog } from '../../silentLog.js';
import type { OtherVm } from '../../../src/domain/facts.js';
import { FakeClock, settled } from '../engine/fakeClock.js';
import { FakeHypervisor, fakeVm, uuidOf } from '../engine/fakeHypervisor.js';
import { fakeImage } from '../engine/fakeHostFiles.js';
import { Failure } from '../../../src/domain/failure.js';

interface World {
  readonly hypervisor: FakeHypervisor;
  readonly clock: FakeClock;
  readonly held: Set<string>;
  read(): Promise<readonly OtherVm[]>;
  calls(): readonly string[];
}

function world(...names: readonly string[]): World {
  const hypervisor = new FakeHypervisor(
    'qemu:///system',
    new Map(names.map((name) => [uuidOf(name), fakeVm(name, ['s'])])),
  );
  hypervisor.files.otherwise = 'missing';
  const clock = new FakeClock();
  const held = new Set<string>();
  const facts = new OtherVmFacts({ clock, log: silentLog, isHeld: (uuid) => held.has(uuid) });
  let seen = 0;
  return {
    hypervisor,
    clock,
    held,
    read: () => facts.read(hypervisor, uuidOf('web')),
    calls: () => {
      const calls = hypervisor.calls.slice(seen);
      seen = hypervisor.calls.length;
      return calls;
    },
  };
}

describe('the files of other VMs', () => {
  it('are those that each names and all below them, of every VM but the one', async () => {
    const w = world('web', 'clone');
    w.hypervisor.files.chain('/images/web.qcow2', '/images/clone.qcow2');
    const others = await w.read();
    assert.deepEqual(
      others.map(({ name }) => name),
      ['clone'],
    );
    assert.deepEqual([...others[0]!.files].sort(), ['/images/clone.qcow2', '/images/web.qcow2']);
    assert.deepEqual(others[0]!.unread, []);
    assert.deepEqual(others[0]!.writes, ['/images/clone.qcow2']);
    assert.deepEqual(others[0]!.below, [{ disk: '/images/clone.qcow2', file: '/images/web.qcow2' }]);
  });

  it('are all seen where chains of several VMs meet some layers above the base', async () => {
    const w = world('web', 'one', 'two', 'three');
    const shared = ['/images/base', '/images/l1', '/images/l2', '/images/l3'];
    w.hypervisor.files.chain(...shared);
    for (const name of ['one', 'two', 'three']) {
      w.hypervisor.files.images.set(`/images/${name}.qcow2`, fakeImage('/images/l3'));
    }
    const slow = w.hypervisor.files.image.bind(w.hypervisor.files);
    w.hypervisor.files.image = async (path) => {
      await settled();
      return slow(path);
    };
    for (const { name, files, unread } of await w.read()) {
      assert.deepEqual(unread, [], name);
      assert.ok(
        shared.every((path) => files.includes(path)),
        name,
      );
    }
  });

  it('are unread where a chain cannot be followed, and not where a running VM tells its whole chain', async () => {
    const w = world('web', 'clone');
    w.hypervisor.files.otherwise = 'unknown';
    const file = '/images/clone.qcow2';
    assert.deepEqual((await w.read())[0]!.unread, [file]);
    const clone = w.hypervisor.vms.get(uuidOf('clone'))!;
    clone.vm = { ...clone.vm, disks: clone.vm.disks.map((disk) => ({ ...disk, backing: ['/images/web.qcow2'] })) };
    const [told] = await w.read();
    assert.deepEqual(told!.unread, []);
    assert.ok(told!.files.includes('/images/web.qcow2'));
  });

  it('are not read from the XML again while disks, number and current snapshot are the same', async () => {
    const w = world('web', 'clone');
    await w.read();
    assert.ok(w.calls().includes('readTree clone'));
    await w.read();
    assert.ok(!w.calls().includes('readTree clone'));
    w.hypervisor.vms.get(uuidOf('clone'))!.snapshots.push(fakeVm('x', ['t']).snapshots[0]!);
    await w.read();
    assert.ok(w.calls().includes('readTree clone'));
  });

  it('are looked at again each time: nothing tells when another program changed them', async () => {
    const w = world('web', 'clone');
    w.hypervisor.files.chain('/images/clone.qcow2');
    assert.ok(!(await w.read())[0]!.files.includes('/images/web.qcow2'));
    w.hypervisor.files.chain('/images/web.qcow2', '/images/clone.qcow2');
    assert.ok((await w.read())[0]!.files.includes('/images/web.qcow2'));
  });

  it('are each looked at once in a look, and no further than at their heads', async () => {
    const w = world('web', 'clone');
    w.hypervisor.files.chain('/images/base', '/images/clone.qcow2');
    const looked: unknown[] = [];
    const image = w.hypervisor.files.image.bind(w.hypervisor.files);
    w.hypervisor.files.image = (path: string, _?: string, depth?: string) => {
      looked.push(`${path} ${String(depth)}`);
      return image(path);
    };
    for (let look = 0; look < 2; look++) {
      await w.read();
      assert.deepEqual(looked.splice(0), ['/images/clone.qcow2 head', '/images/base head']);
    }
  });

  it('are looked at as what they are named now, and not where nobody names them any more', async () => {
    const w = world('web', 'clone', 'other');
    const formats = new Map<string, string | undefined>();
    const image = w.hypervisor.files.image.bind(w.hypervisor.files);
    w.hypervisor.files.image = (path: string, format?: string) => {
      formats.set(path, format);
      return image(path);
    };
    w.hypervisor.files.chain('/images/web.qcow2', '/images/clone.qcow2');
    assert.ok((await w.read()).some(({ files }) => files.includes('/images/web.qcow2')));
    assert.equal(formats.get('/images/clone.qcow2'), 'qcow2');
    // A raw disk rests on nothing, whatever its guest wrote into its first bytes.
    const clone = w.hypervisor.vms.get(uuidOf('clone'))!;
    clone.vm = { ...clone.vm, disks: clone.vm.disks.map((disk) => ({ ...disk, format: 'raw' })) };
    clone.snapshots = [];
    delete clone.current;
    await w.read();
    assert.equal(formats.get('/images/clone.qcow2'), 'raw');
    w.hypervisor.vms.delete(uuidOf('clone'));
    await w.read();
    formats.clear();
    assert.deepEqual(
      (await w.read()).map(({ name }) => name),
      ['other'],
    );
    assert.deepEqual([...formats.keys()], ['/images/other.qcow2']);
  });

  it('are unread of a VM that gives no answer, but for one that an operation of ours holds', async () => {
    const w = world('web', 'clone');
    await w.read();
    w.hypervisor.hang('readNamed clone');
    const late = w.read();
    await settled();
    await w.clock.advance(30_000);
    assert.deepEqual((await late)[0]!.unread, ['/images/clone.qcow2']);
    // It holds nobody up as long again.
    const again = w.read();
    await settled();
    await w.clock.advance(5000);
    assert.deepEqual((await again)[0]!.unread, ['/images/clone.qcow2']);
    w.held.add(uuidOf('clone'));
    const held = w.read();
    await settled();
    await w.clock.advance(5000);
    assert.deepEqual((await held)[0]!.unread, []);
  });

  it('are waited for on a host that is slow to answer', async () => {
    const w = world('web', 'clone');
    const release = w.hypervisor.hang('readNamed clone');
    const reading = w.read();
    await settled();
    await w.clock.advance(20_000);
    release();
    const [seen] = await reading;
    assert.deepEqual(seen!.unread, []);
    assert.ok(seen!.files.includes('/images/clone.qcow2'));
  });

  it('are unread of a VM that gives no answer where it had no image before, and those of its medium stay its own', async () => {
    const w = world('web', 'clone');
    const clone = w.hypervisor.vms.get(uuidOf('clone'))!;
    const [disk] = clone.vm.disks;
    clone.vm = {
      ...clone.vm,
      disks: [
        { ...disk!, device: 'cdrom', source: '/images/medium' },
        { target: 'vdb', device: 'disk', sourceType: 'volume', format: 'raw', readonly: false, shareable: false },
      ],
    };
    clone.snapshots = [];
    await w.read();
    w.hypervisor.break('readNamed clone', new Failure('failed'));
    const [seen] = await w.read();
    assert.deepEqual(seen!.files, ['/images/medium']);
    assert.deepEqual(seen!.unread, ['clone', 'clone: vdb']);
  });

  it('are those that a VM names now, though an operation of ours holds it', async () => {
    const w = world('web', 'clone');
    await w.read();
    const clone = w.hypervisor.vms.get(uuidOf('clone'))!;
    clone.vm = { ...clone.vm, disks: clone.vm.disks.map((disk) => ({ ...disk, source: '/images/added' })) };
    w.held.add(uuidOf('clone'));
    assert.ok((await w.read())[0]!.files.includes('/images/added'));
  });

  it('are none of a VM that vanished meanwhile, and fail with the connection', async () => {
    const w = world('web', 'clone');
    w.hypervisor.break('readNamed clone', new Failure('notFound'));
    assert.deepEqual(await w.read(), []);
    w.hypervisor.break('readNamed clone', new Failure('lost'));
    await assert.rejects(w.read(), (failure: Failure) => failure.kind === 'lost');
  });
});
