import assert from 'node:assert/strict';
import { vmKey } from '../../../src/live/views.js';
import { Failure } from '../../../src/domain/failure.js';
import { settled } from './fakeClock.js';
import { FakeHypervisor, fakeSnapshot, fakeVm, uuidOf } from './fakeHypervisor.js';
import { type Rig, rig, uri } from './rig.js';

const many = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(2, '0')}`);

const vmNames = (r: Rig): readonly string[] => r.engine.connections[0]!.vms.map(({ vm }) => vm.name);

const isNotFound = (failure: Failure): boolean => failure.kind === 'notFound';

describe('Inventory', () => {
  describe('connects and lists', () => {
    it('does nothing until somebody looks', async () => {
      const r = await rig(fakeVm('web'));
      await r.clock.advance(60_000);
      assert.equal(r.opened.length, 0);
      assert.equal(r.engine.connections[0]!.state, 'idle');
    });

    it('shows the first list as a whole, by name, with counts and without trees', async () => {
      const r = await rig(fakeVm('web-10', ['a', 'b']), fakeVm('web-2', ['a']), fakeVm('db'));
      await r.look();
      const [connection] = r.engine.connections;
      assert.equal(connection!.state, 'connected');
      assert.equal(connection!.loaded, true);
      assert.deepEqual(vmNames(r), ['db', 'web-2', 'web-10']);
      assert.deepEqual(
        connection!.vms.map(({ snapshotCount, tree }) => [snapshotCount, tree]),
        [
          [0, undefined],
          [1, undefined],
          [2, undefined],
        ],
      );
      // connecting, connected, loaded
      assert.deepEqual(r.changes, [{ connection: uri }, { connection: uri }, { connection: uri }]);
    });

    it('shows the list although one VM gives no answer, and that VM when it does', async () => {
      const r = await rig(fakeVm('web', ['a']), fakeVm('stuck', ['a']));
      const hypervisor = new FakeHypervisor(uri, r.vms);
      const release = hypervisor.hang('readVm stuck');
      r.attempts.push(() => Promise.resolve(hypervisor));
      const connected = r.engine.connect(uri);
      await r.clock.advance(2000);
      const view = await connected;
      assert.deepEqual(
        view.vms.map(({ vm }) => [vm.name, vm.power]),
        [
          ['stuck', 'unknown'],
          ['web', 'running'],
        ],
      );
      release();
      await settled();
      assert.equal(r.engine.findVm(r.ref('stuck'))!.vm.power, 'running');
    });

    it('keeps what it knows of connections that stay, and ends the others', async () => {
      const r = await rig(fakeVm('web'));
      await r.look();
      const before = r.engine.connections[0];
      r.changes.length = 0;
      r.engine.setConnections(['test:///default', uri]);
      assert.equal(r.engine.connections[1], before);
      assert.deepEqual(r.changes, [{}]);
      r.engine.setConnections(['test:///default']);
      assert.equal(r.hypervisor().closed, true);
      assert.equal(r.engine.findVm(r.ref('web')), undefined);
      await assert.rejects(r.engine.connect(uri), isNotFound);
    });

    it('finds VMs by name and by UUID, on one connection or all', async () => {
      const r = await rig(fakeVm('web'), fakeVm('db'));
      await r.look();
      assert.equal(r.engine.findVms('web').length, 1);
      assert.equal(r.engine.findVms(uuidOf('db').toUpperCase())[0]!.vm.name, 'db');
      assert.equal(r.engine.findVms('web', 'test:///default').length, 0);
    });
  });

  describe('while nobody looks', () => {
    it('calls nothing, and has no timer that would', async () => {
      const r = await rig(fakeVm('web', ['a']), fakeVm('db', ['a']));
      await r.look('web');
      await r.clock.advance(5000);
      r.hide();
      await settled();
      r.calls();
      r.hypervisor().events.fire({ uuid: uuidOf('web'), name: 'web', kind: 'power' });
      await r.clock.advance(3_600_000);
      assert.deepEqual(r.calls(), []);
      assert.equal(r.clock.pending, 0);
      assert.equal(r.hypervisor().closed, false);
    });

    it('reads what libvirt tells of, and nothing else, for who wants no more', async () => {
      const r = await rig(fakeVm('web', ['a']), fakeVm('db', ['a']));
      r.engine.setAttention({ visible: true, silent: true, connections: new Set([uri]), vms: new Set() });
      await settled();
      r.calls();
      await r.clock.advance(3_600_000);
      assert.deepEqual(r.calls(), []);
      assert.equal(r.clock.pending, 0);
      r.hypervisor().events.fire({ uuid: uuidOf('web'), name: 'web', kind: 'power' });
      await r.clock.advance(1_000);
      assert.deepEqual([...r.calls()].sort(), ['countSnapshots web', 'readVm web']);
    });

    it('remembers what became stale, and reads that when somebody looks again', async () => {
      const r = await rig(fakeVm('web', ['a']), fakeVm('db', ['a']), fakeVm('mail', ['a']));
      await r.look('web');
      r.hide();
      r.hypervisor().events.fire({ uuid: uuidOf('db'), name: 'db', kind: 'power' });
      await settled();
      r.calls();
      await r.look('web');
      assert.deepEqual([...r.calls()].sort(), [
        'countSnapshots db',
        'countSnapshots mail',
        'listVms',
        'readTree web',
        'readVm db',
        'readVm web',
      ]);
    });

    it('still does what it is asked for', async () => {
      const r = await rig(fakeVm('web', ['a']));
      const connection = await r.engine.connect(uri);
      assert.equal(connection.vms[0]!.vm.name, 'web');
      assert.equal((await r.engine.readTree(r.ref('web'))).snapshots.length, 1);
      r.vms.get(uuidOf('web'))!.snapshots.push(fakeSnapshot('b', 'a'));
      await r.engine.refresh({ vm: r.ref('web') });
      assert.equal(r.engine.findVm(r.ref('web'))!.tree!.snapshots.length, 2);
      r.vms.get(uuidOf('web'))!.snapshots.pop();
      assert.equal((await r.engine.readTree(r.ref('web'))).snapshots.length, 1);
      r.vms.set(uuidOf('db'), fakeVm('db'));
      await r.engine.refresh();
      assert.deepEqual(vmNames(r), ['db', 'web']);
      r.engine.setConnections([uri, 'qemu+ssh://far/system']);
      await r.engine.refresh();
      assert.equal(r.opened.length, 1);
      await r.clock.advance(60_000);
      assert.equal(r.clock.pending, 0);
    });
  });

  describe('follows events', () => {
    it('makes few reads of a burst of a hundred', async () => {
      const r = await rig(fakeVm('web', ['a']));
      await r.look();
      r.calls();
      for (let i = 0; i < 100; i += 1) {
        r.hypervisor().events.fire({ uuid: uuidOf('web'), name: 'web', kind: 'power' });
        await r.clock.advance(5);
      }
      await r.clock.advance(300);
      const reads = r.calls().filter((call) => call === 'readVm web').length;
      assert.ok(reads >= 1 && reads <= 3, `${String(reads)} reads`);
    });

    it('shows what they tell: changed, new, renamed and gone', async () => {
      const r = await rig(fakeVm('web'), fakeVm('db'));
      await r.look();
      const fire = async (name: string, what: 'defined' | 'undefined' | 'power'): Promise<void> => {
        r.changes.length = 0;
        r.hypervisor().events.fire({ uuid: uuidOf(name), name, kind: what });
        await r.clock.advance(400);
      };
      const web = r.vms.get(uuidOf('web'))!;
      web.vm = { ...web.vm, power: 'off' };
      await fire('web', 'power');
      assert.equal(r.engine.findVm(r.ref('web'))!.vm.power, 'off');
      assert.deepEqual(r.changes, [{ connection: uri, vm: r.ref('web') }]);

      r.vms.set(uuidOf('app'), fakeVm('app', ['a']));
      await fire('app', 'defined');
      assert.deepEqual(vmNames(r), ['app', 'db', 'web']);
      assert.equal(r.engine.findVm(r.ref('app'))!.snapshotCount, 1);
      assert.deepEqual(r.changes[0], { connection: uri });

      web.vm = { ...web.vm, name: 'aaa' };
      await fire('web', 'defined');
      assert.deepEqual(vmNames(r), ['aaa', 'app', 'db']);
      assert.deepEqual(r.changes, [{ connection: uri }]);

      r.vms.delete(uuidOf('db'));
      await fire('db', 'undefined');
      assert.deepEqual(vmNames(r), ['aaa', 'app']);
      assert.deepEqual(r.changes, [{ connection: uri }]);
    });

    it('reads all snapshots after a revert or a block job where they are shown, and counts them elsewhere', async () => {
      const r = await rig(fakeVm('web', ['a']), fakeVm('db', ['a']));
      await r.look('web');
      for (const what of ['fromSnapshot', 'blockJob'] as const) {
        r.calls();
        r.hypervisor().events.fire({ uuid: uuidOf('web'), name: 'web', kind: what });
        r.hypervisor().events.fire({ uuid: uuidOf('db'), name: 'db', kind: what });
        await r.clock.advance(400);
        const reads = r.calls().filter((call) => !call.startsWith('readDiskStatistics'));
        assert.deepEqual([...reads].sort(), ['countSnapshots db', 'readTree web', 'readVm db', 'readVm web']);
      }
    });

    it('says nothing when nothing is different', async () => {
      const r = await rig(fakeVm('web', ['a']));
      await r.look('web');
      await r.clock.advance(200);
      const before = r.engine.connections;
      r.changes.length = 0;
      r.hypervisor().events.fire({ uuid: uuidOf('web'), name: 'web', kind: 'fromSnapshot' });
      await r.clock.advance(10_000);
      await r.engine.refresh();
      assert.deepEqual(r.changes, []);
      assert.equal(r.engine.connections, before);
    });
  });

  describe('polls what is visible', () => {
    it('sees within two seconds what sends no event', async () => {
      const r = await rig(fakeVm('web', ['a']), fakeVm('db'));
      await r.look('web');
      await r.clock.advance(30_000);
      r.vms.get(uuidOf('web'))!.snapshots.push(fakeSnapshot('b', 'a'));
      r.vms.get(uuidOf('db'))!.snapshots.push(fakeSnapshot('x'));
      r.changes.length = 0;
      await r.clock.advance(2000);
      assert.deepEqual(
        r.engine.findVm(r.ref('web'))!.tree!.snapshots.map(({ name }) => name),
        ['a', 'b'],
      );
      assert.equal(r.engine.findVm(r.ref('db'))!.snapshotCount, 1);
      assert.deepEqual(new Set(r.changes.map(({ vm }) => vm?.uuid)), new Set([uuidOf('web'), uuidOf('db')]));
    });

    for (const hours of [-24 * 365, -1, 1]) {
      it(`sees it as soon, by polls and events, when the clock is set by ${String(hours)} h`, async () => {
        const r = await rig(fakeVm('web', ['a']));
        await r.look('web');
        await r.clock.advance(30_000);
        r.clock.set(r.clock.now() + hours * 3_600_000);
        r.hypervisor().events.fire({ uuid: uuidOf('web'), name: 'web', kind: 'power' });
        r.calls();
        await r.clock.advance(300);
        assert.equal(r.calls().filter((call) => call === 'readVm web').length, 1);
        r.vms.get(uuidOf('web'))!.snapshots.push(fakeSnapshot('b', 'a'));
        await r.clock.advance(2000);
        assert.equal(r.engine.findVm(r.ref('web'))!.tree!.snapshots.length, 2);
      });
    }

    it('has the disks of after a snapshot that was being made when its VM was read without its tree', async () => {
      const r = await rig(fakeVm('web'));
      await r.look();
      const web = r.vms.get(uuidOf('web'))!;
      const file = '/images/web.a';
      const [disk] = web.vm.disks;
      // libvirt counts it from its beginning on, and tells nobody of its end.
      web.snapshots.push({
        ...fakeSnapshot('a'),
        disks: [{ target: disk!.target, location: 'external', file, deleteInProgress: false }],
      });
      await r.clock.advance(30_000);
      web.vm = { ...web.vm, disks: [{ ...disk!, source: file }] };
      web.current = 'a';
      await r.look('web');
      assert.equal(r.engine.findVm(r.ref('web'))!.tree!.current, 'a');
      assert.equal(r.engine.findVm(r.ref('web'))!.vm.disks[0]!.source, file);
    });

    it('has the disks of after a snapshot that came between the reads of the VM and of its tree', async () => {
      const r = await rig(fakeVm('web', ['a']));
      await r.look('web');
      const web = r.vms.get(uuidOf('web'))!;
      const release = r.hypervisor().hang('readTree web');
      const refreshed = r.engine.refresh({ vm: r.ref('web') });
      await r.clock.advance(0);
      const file = '/images/web.b';
      const [disk] = web.vm.disks;
      web.vm = { ...web.vm, disks: [{ ...disk!, source: file }] };
      const overlay = { target: disk!.target, location: 'external', file, deleteInProgress: false } as const;
      web.snapshots.push({ ...fakeSnapshot('b', 'a'), disks: [overlay] });
      web.current = 'b';
      release();
      await refreshed;
      assert.equal(r.engine.findVm(r.ref('web'))!.vm.disks[0]!.source, file);
    });

    it('sees another current snapshot, and an edited description', async () => {
      const r = await rig(fakeVm('web', ['a', 'b']));
      await r.look('web');
      const web = r.vms.get(uuidOf('web'))!;
      web.current = 'a';
      await r.clock.advance(2000);
      assert.equal(r.engine.findVm(r.ref('web'))!.tree!.current, 'a');
      const before = r.engine.findVm(r.ref('web'))!.tree!;
      web.snapshots[1] = { ...web.snapshots[1]!, description: 'edited' };
      await r.clock.advance(2000);
      const after = r.engine.findVm(r.ref('web'))!.tree!;
      assert.equal(after.snapshots[1]!.description, 'edited');
      assert.equal(after.snapshots[0], before.snapshots[0]);
    });

    it('sees that one snapshot was replaced by another, although their number is the same', async () => {
      const r = await rig(fakeVm('web', ['a', 'b', 'c']));
      await r.look('web');
      r.vms.get(uuidOf('web'))!.snapshots[1] = fakeSnapshot('other', 'a');
      await r.clock.advance(2000);
      assert.deepEqual(
        r.engine.findVm(r.ref('web'))!.tree!.snapshots.map(({ name }) => name),
        ['a', 'other', 'c'],
      );
    });

    it('comes round to every snapshot, a few at a time', async () => {
      const r = await rig(fakeVm('web', many('a', 25)), fakeVm('db', many('b', 10)));
      await r.look('web', 'db');
      for (const { snapshots } of r.vms.values()) {
        snapshots.forEach((snapshot, index) => (snapshots[index] = { ...snapshot, description: 'edited' }));
      }
      r.calls();
      await r.clock.advance(1600);
      assert.deepEqual(
        r.calls().filter((call) => call.startsWith('readSnapshots')),
        ['readSnapshots(10) db'],
      );
      await r.clock.advance(4 * 1600);
      for (const { tree } of r.engine.connections[0]!.vms) {
        assert.ok(tree!.snapshots.every(({ description }) => description === 'edited'));
      }
    });

    describe('where few VMs are shown', () => {
      const rolled = (r: Rig): readonly number[] =>
        r.calls().flatMap((call) => {
          const count = /^readSnapshots\((\d+)\)/.exec(call)?.[1];
          return count === undefined ? [] : [Number(count)];
        });

      it('soon sees an edit of any of sixty snapshots within two seconds', async () => {
        const r = await rig(fakeVm('web', many('a', 60)));
        await r.look('web');
        await r.clock.advance(10_000);
        const web = r.vms.get(uuidOf('web'))!;
        web.snapshots = web.snapshots.map((snapshot) => ({ ...snapshot, description: 'edited' }));
        await r.clock.advance(2000);
        const { tree } = r.engine.findVm(r.ref('web'))!;
        assert.ok(tree!.snapshots.every(({ description }) => description === 'edited'));
      });

      it('reads fewer again as soon as the looks take longer', async () => {
        const r = await rig(fakeVm('web', many('a', 60)));
        await r.look('web');
        await r.clock.advance(10_000);
        assert.equal(rolled(r).at(-1), 60);
        const release = r.hypervisor().hang('readSnapshotMark web');
        while (!r.calls().includes('readSnapshotMark web')) {
          await r.clock.advance(50);
        }
        await r.clock.advance(100);
        release();
        await settled();
        rolled(r);
        await r.clock.advance(3000);
        const [next = Number.NaN] = rolled(r);
        assert.ok(next <= 10, String(next));
      });

      it('does not where many are', async () => {
        const names = Array.from({ length: 20 }, (_, index) => `vm${String(index)}`);
        const r = await rig(...names.map((name) => fakeVm(name, many(name, 20))));
        await r.look(...names);
        await r.clock.advance(20_000);
        rolled(r);
        await r.clock.advance(1600);
        assert.equal(
          rolled(r).reduce((sum, count) => sum + count, 0),
          5,
        );
      });
    });

    it('looks at no more than the count of a VM that is closed', async () => {
      const r = await rig(fakeVm('web', ['a']));
      await r.look();
      r.calls();
      await r.clock.advance(1600);
      assert.deepEqual(r.calls(), ['countSnapshots web']);
    });

    it('goes from every second to every 1.6 s when nothing happens, and back when something does', async () => {
      const r = await rig(fakeVm('web'));
      await r.look();
      const looksIn = async (ms: number): Promise<number> => {
        r.calls();
        await r.clock.advance(ms);
        return r.calls().filter((call) => call === 'countSnapshots web').length;
      };
      assert.equal(await looksIn(1000), 1);
      await r.clock.advance(20_000);
      assert.equal(await looksIn(16_000), 10);
      r.vms.get(uuidOf('web'))!.snapshots.push(fakeSnapshot('x'));
      await r.clock.advance(1600);
      assert.equal(await looksIn(1000), 1);
    });

    it('leaves a VM that gives no answer to itself, and still sees the others in time', async () => {
      const r = await rig(fakeVm('web', ['a']), fakeVm('stuck', ['a']));
      await r.look('web', 'stuck');
      const release = r.hypervisor().hang('readSnapshotMark stuck');
      await r.clock.advance(20_000);
      const asked = r.calls().filter((call) => call === 'readSnapshotMark stuck').length;
      assert.equal(asked, 1);
      r.vms.get(uuidOf('web'))!.snapshots.push(fakeSnapshot('b', 'a'));
      r.vms.get(uuidOf('stuck'))!.snapshots.push(fakeSnapshot('b', 'a'));
      await r.clock.advance(2000);
      assert.equal(r.engine.findVm(r.ref('web'))!.tree!.snapshots.length, 2);
      release();
      await settled();
      assert.equal(r.engine.findVm(r.ref('stuck'))!.tree!.snapshots.length, 2);
    });

    it('lets a slow look stretch the pause, and never overlaps', async () => {
      const r = await rig(fakeVm('web', ['a']));
      await r.look('web');
      const release = r.hypervisor().hang('readSnapshotMark web');
      await r.clock.advance(1000 + 200);
      release();
      await settled();
      r.calls();
      // 200 ms are a twentieth of 4 s.
      await r.clock.advance(4000 - 200 - 1);
      assert.deepEqual(r.calls(), []);
      await r.clock.advance(1);
      assert.ok(r.calls().includes('readSnapshotMark web'));
    });

    it('does not look twice as often when it is hidden and shown during a look', async () => {
      const r = await rig(fakeVm('web', ['a']));
      await r.look('web');
      const release = r.hypervisor().hang('readSnapshotMark web');
      await r.clock.advance(1000);
      r.hide();
      await r.look('web');
      release();
      await r.clock.advance(20_000);
      r.calls();
      await r.clock.advance(16_000);
      assert.equal(r.calls().filter((call) => call === 'readSnapshotMark web').length, 10);
    });

    it('reads a tree when its VM comes into attention, and again when it comes back', async () => {
      const r = await rig(fakeVm('web', ['a']), fakeVm('db', ['a']));
      await r.look();
      r.calls();
      await r.look('web');
      assert.deepEqual(r.calls(), ['readVm web', 'readTree web']);
      await r.look('web');
      await r.engine.readTree(r.ref('web'));
      assert.deepEqual(r.calls(), []);
      await r.look();
      const web = r.vms.get(uuidOf('web'))!;
      web.snapshots[0] = { ...web.snapshots[0]!, description: 'edited' };
      await r.look('web', 'db');
      assert.deepEqual([...r.calls()].sort(), ['readTree db', 'readTree web', 'readVm db', 'readVm web']);
      assert.equal(r.engine.findVm(r.ref('web'))!.tree!.snapshots[0]!.description, 'edited');
    });

    it('finds by the list a VM whose event it missed, and one that is gone', async () => {
      const r = await rig(fakeVm('web'));
      await r.look();
      r.vms.set(uuidOf('app'), fakeVm('app'));
      r.vms.delete(uuidOf('web'));
      await r.clock.advance(30_000);
      assert.deepEqual(vmNames(r), ['app']);
    });
  });

  describe('when reading fails', () => {
    it('shows the failure at the VM, leaves it alone for a while, and recovers', async () => {
      const r = await rig(fakeVm('web', ['a']));
      await r.look();
      r.hypervisor().break('countSnapshots web', new Failure('busy'));
      await r.clock.advance(1600);
      assert.equal(r.engine.findVm(r.ref('web'))!.failure!.kind, 'busy');
      r.calls();
      await r.clock.advance(9000);
      assert.deepEqual(r.calls(), []);
      r.hypervisor().repairSteps('countSnapshots web');
      await r.clock.advance(3000);
      assert.equal(r.engine.findVm(r.ref('web'))!.failure, undefined);
    });

    it('does not call a VM well while it still owes what could not be read', async () => {
      const r = await rig(fakeVm('web', ['a']));
      await r.look();
      r.hypervisor().break('readVm web', new Failure('busy'));
      r.hypervisor().events.fire({ uuid: uuidOf('web'), name: 'web', kind: 'agent' });
      await r.clock.advance(400);
      const seen = new Set<string | undefined>();
      r.engine.onDidChange(() => seen.add(r.engine.findVm(r.ref('web'))!.failure?.kind));
      await r.clock.advance(60_000);
      assert.deepEqual([...seen], []);
      assert.equal(r.engine.findVm(r.ref('web'))!.failure!.kind, 'busy');
      r.hypervisor().repairSteps('readVm web');
      await r.clock.advance(12_000);
      assert.deepEqual([...seen], [undefined]);
    });

    it('owes nothing to a VM that went and came again', async () => {
      const web = fakeVm('web', ['a']);
      const r = await rig(web);
      await r.look();
      r.hypervisor().break('readTree web', new Failure('busy'));
      await assert.rejects(r.engine.readTree(r.ref('web')));
      r.vms.delete(uuidOf('web'));
      await r.engine.refresh({ connection: uri });
      r.hypervisor().repairSteps('readTree web');
      r.vms.set(uuidOf('web'), web);
      r.calls();
      await r.engine.refresh({ connection: uri });
      assert.equal(r.engine.findVm(r.ref('web'))?.snapshotCount, 1);
      assert.ok(!r.calls().includes('readTree web'));
    });

    it('asks for the list again when it could not be read', async () => {
      const r = await rig(fakeVm('web'));
      const hypervisor = new FakeHypervisor(uri, r.vms);
      hypervisor.break('listVms', new Failure('busy'));
      r.attempts.push(() => Promise.resolve(hypervisor));
      await r.look();
      assert.equal(r.engine.connections[0]!.loaded, false);
      hypervisor.repairSteps('listVms');
      await r.clock.advance(2000);
      assert.deepEqual(vmNames(r), ['web']);
    });

    it('tells who asked', async () => {
      const r = await rig(fakeVm('web'));
      await r.engine.connect(uri);
      r.hypervisor().break('readTree web', new Failure('busy'));
      await assert.rejects(r.engine.readTree(r.ref('web')), (failure: Failure) => failure.kind === 'busy');
      await assert.rejects(r.engine.readTree(r.ref('none')), isNotFound);
    });
  });

  describe('when the connection is lost', () => {
    it('keeps the VMs, comes back by itself and reads the truth', async () => {
      const r = await rig(fakeVm('web', ['a']), fakeVm('db'), fakeVm('mail'));
      await r.look('web');
      await r.clock.advance(20_000);
      r.hypervisor().die();
      const [lost] = r.engine.connections;
      assert.equal(lost!.state, 'failed');
      assert.equal(lost!.failure!.kind, 'lost');
      assert.equal(lost!.retryAt, r.clock.ticks() + 1000);
      assert.deepEqual(vmNames(r), ['db', 'mail', 'web']);
      // The list of VMs does not tell of it, and no event came.
      const mail = r.vms.get(uuidOf('mail'))!;
      mail.vm = { ...mail.vm, agentConnected: true };
      const web = r.vms.get(uuidOf('web'))!;
      web.vm = { ...web.vm, power: 'off' };
      web.snapshots.push(fakeSnapshot('b', 'a'));
      r.vms.delete(uuidOf('db'));
      await r.clock.advance(1000);
      assert.equal(r.opened.length, 2);
      const [back] = r.engine.connections;
      assert.equal(back!.state, 'connected');
      assert.equal(back!.failure, undefined);
      assert.equal(back!.retryAt, undefined);
      assert.deepEqual(vmNames(r), ['mail', 'web']);
      assert.equal(back!.vms[0]!.vm.agentConnected, true);
      assert.equal(back!.vms[1]!.vm.power, 'off');
      assert.equal(back!.vms[1]!.tree!.snapshots.length, 2);
    });

    it('waits until somebody asks, where a person keeps it so', async () => {
      const r = await rig(fakeVm('web'));
      r.engine.setConnections([{ uri, name: 'build', onDemand: true }]);
      await r.look();
      await r.engine.sweep();
      await r.engine.refresh();
      await r.clock.advance(60_000);
      assert.deepEqual([r.opened.length, r.engine.connections[0]!.state], [0, 'idle']);
      assert.equal((await r.engine.connect('build')).name, 'build');
      r.hypervisor().die();
      await r.clock.advance(10_000);
      assert.equal(r.engine.connections[0]!.state, 'connected', 'it comes back by itself from then on');
    });

    it('is opened anew when it is to be read-only, and knows its VMs still', async () => {
      const r = await rig(fakeVm('web'));
      await r.look();
      const asked: (boolean | undefined)[] = [];
      const first = r.hypervisor();
      r.attempts.push((which, _signal, _onLogin, readOnly) => {
        asked.push(readOnly);
        const again = new FakeHypervisor(which, r.vms);
        r.opened.push(again);
        return Promise.resolve(again);
      });
      r.engine.setConnections([{ uri, name: 'production', readOnly: true }]);
      await settled();
      assert.deepEqual([first.closed, asked, vmNames(r)], [true, [true], ['web']]);
      r.engine.setConnections([uri]);
      await settled();
      assert.deepEqual([r.opened.length, r.engine.connections[0]!.name], [2, 'production']);
    });

    it('says since when nothing is heard, until it is there again', async () => {
      const r = await rig(fakeVm('web'));
      await r.look();
      await r.clock.advance(20_000);
      const lastSeenAt = (): number | undefined => r.engine.connections[0]!.lastSeenAt;
      assert.equal(lastSeenAt(), undefined);
      r.hypervisor().fallSilent(true);
      const silentAt = lastSeenAt()!;
      assert.ok(silentAt < r.clock.now() && silentAt > r.clock.now() - 10_000);
      assert.equal(r.engine.connections[0]!.state, 'connected');
      r.hypervisor().fallSilent(false);
      assert.equal(lastSeenAt(), undefined);
      r.hypervisor().fallSilent(true);
      await r.clock.advance(5_000);
      r.hypervisor().die();
      assert.equal(lastSeenAt(), r.clock.now() - 5_000 - 6_000, 'it is that of the silence');
      await r.clock.advance(1_000);
      assert.equal(r.engine.connections[0]!.state, 'connected');
      assert.equal(lastSeenAt(), undefined);
    });

    it('survives that in the middle of the first list', async () => {
      const r = await rig(fakeVm('web'));
      r.engine.setAttention({ visible: true, connections: new Set([uri]), vms: new Set() });
      await Promise.resolve();
      const first = r.hypervisor();
      first.hang('listVms');
      await settled();
      first.die();
      await settled();
      assert.equal(r.engine.connections[0]!.state, 'failed');
      assert.equal(r.engine.connections[0]!.loaded, false);
      await r.clock.advance(1000);
      assert.deepEqual(vmNames(r), ['web']);
      assert.equal(r.engine.connections[0]!.loaded, true);
    });

    it('tries nothing while nobody looks, and at once when told to', async () => {
      const r = await rig(fakeVm('web'));
      await r.look();
      r.hide();
      r.hypervisor().die();
      await r.clock.advance(600_000);
      assert.equal(r.opened.length, 1);
      const view = await r.engine.connect(uri);
      assert.equal(view.state, 'connected');
      assert.equal(r.opened.length, 2);
    });
  });

  it('ends with everything', async () => {
    const r = await rig(fakeVm('web', ['a']));
    await r.look('web');
    r.engine.dispose();
    r.calls();
    await r.clock.advance(600_000);
    assert.deepEqual(r.calls(), []);
    assert.equal(r.clock.pending, 0);
    assert.equal(r.hypervisor().closed, true);
    await assert.rejects(r.engine.connect(uri));
  });

  it('is not stopped by a reader that fails', async () => {
    const r = await rig(fakeVm('web'));
    r.engine.onDidChange(() => {
      throw new Error('a defect');
    });
    await r.look();
    assert.equal(r.engine.connections[0]!.loaded, true);
    assert.ok(r.log.some((line) => line.includes('a defect')));
  });

  it('takes only the VMs of a connection into its attention', async () => {
    const r = await rig(fakeVm('web', ['a']));
    const elsewhere = vmKey({ connection: `${uri}2`, uuid: uuidOf('web') });
    r.engine.setAttention({ visible: true, connections: new Set(), vms: new Set([elsewhere]) });
    await settled();
    assert.equal(r.opened.length, 0);
    r.engine.setAttention({ visible: true, connections: new Set(), vms: new Set([vmKey(r.ref('web'))]) });
    await settled();
    assert.equal(r.engine.findVm(r.ref('web'))!.tree!.snapshots.length, 1);
  });
});
