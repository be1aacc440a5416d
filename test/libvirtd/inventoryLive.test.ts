// What another client does is seen while somebody looks, and costs nothing while nobody does.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VmRef } from '../../src/domain/vm.js';
import { vmsOnce } from '../../src/live/sameDaemon.js';
import { vmKey } from '../../src/live/views.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('the inventory beside virsh', () => {
  let r: LiveRig;
  let web: VmRef;
  const latencies: string[] = [];

  before(async () => {
    r = await startLiveRig();
    await r.guest({ name: 'web', agent: false });
    await r.engine.connect(r.uri);
    web = await r.ref('web');
    r.show(web);
    await r.until(() => r.vm('web')?.tree !== undefined);
  });

  after(async () => {
    await r.stop();
    process.stdout.write(`      seen after the end of virsh: ${latencies.join(', ')}\n`);
  });

  /** Lets virsh do something, and waits until the inventory announces what came of it. */
  async function seen(what: string, act: () => Promise<unknown>, isTrue: () => boolean): Promise<void> {
    assert.equal(isTrue(), false, 'true before anything was done');
    await act();
    const ms = await r.until(isTrue);
    latencies.push(`${what} ${String(Math.round(ms))} ms`);
  }

  const snapshots = (): readonly string[] =>
    r
      .vm('web')!
      .tree!.snapshots.map(({ name }) => name)
      .toSorted();
  const current = (): string | undefined => r.vm('web')!.tree!.current;

  it('sees snapshots made, changed, edited and deleted, which send no event', async () => {
    await seen(
      'create',
      () => r.virsh('snapshot-create-as', 'web', 'one', '--description', 'first'),
      () => snapshots().join() === 'one',
    );
    await seen(
      'create',
      () => r.virsh('snapshot-create-as', 'web', 'two'),
      () => snapshots().join() === 'one,two' && current() === 'two',
    );
    await seen(
      'set current',
      () => r.virsh('snapshot-current', 'web', 'one'),
      () => current() === 'one',
    );
    const xml = await r.virsh('snapshot-dumpxml', 'web', 'one');
    const file = join(r.daemon.dir, 'one.xml');
    await writeFile(file, xml.replace('first', 'edited'));
    const two = r.vm('web')!.tree!.snapshots.find(({ name }) => name === 'two');
    await seen(
      'edit',
      () => r.virsh('snapshot-create', 'web', file, '--redefine'),
      () => r.vm('web')!.tree!.snapshots.some(({ description }) => description === 'edited'),
    );
    assert.equal(
      r.vm('web')!.tree!.snapshots.find(({ name }) => name === 'two'),
      two,
    );
    await seen(
      'delete',
      () => r.virsh('snapshot-delete', 'web', 'two'),
      () => snapshots().join() === 'one',
    );
  });

  it('sees VMs started, paused, resumed and switched off', async () => {
    const power = (): string => r.vm('web')!.vm.power;
    await seen(
      'start',
      () => r.virsh('start', 'web'),
      () => power() === 'running',
    );
    await seen(
      'suspend',
      () => r.virsh('suspend', 'web'),
      () => power() === 'paused',
    );
    await seen(
      'resume',
      () => r.virsh('resume', 'web'),
      () => power() === 'running',
    );
    await seen(
      'destroy',
      () => r.virsh('destroy', 'web'),
      () => power() === 'off',
    );
  });

  it('sees a disk-only snapshot with the overlay that the VM then writes to', async () => {
    await r.guest({ name: 'delta', agent: false });
    r.show(web, await r.ref('delta'));
    await r.until(() => r.vm('delta')?.tree !== undefined);
    const before = r.vm('delta')!.vm.disks[0]!.source;
    await seen(
      'disk-only create',
      () => r.virsh('snapshot-create-as', 'delta', 'd1', '--disk-only'),
      () => r.vm('delta')!.tree!.snapshots.length === 1,
    );
    await r.until(() => r.vm('delta')!.vm.disks[0]!.source !== before);
  });

  it('sees a VM defined and undefined, and the count of one whose snapshots are not shown', async () => {
    await seen(
      'define',
      () => r.guest({ name: 'app', agent: false }),
      () => r.vm('app') !== undefined,
    );
    await r.until(() => r.vm('app')!.snapshotCount === 0);
    await seen(
      'count',
      () => r.virsh('snapshot-create-as', 'app', 'one'),
      () => r.vm('app')!.snapshotCount === 1,
    );
    assert.equal(r.vm('app')!.tree, undefined);
    await seen(
      'undefine',
      () => r.virsh('undefine', 'app', '--snapshots-metadata'),
      () => r.vm('app') === undefined,
    );
  });

  it('sees what is done over another name of its libvirt, and shows and counts its VMs once', async () => {
    const other = r.uri.replace(/^qemu/u, 'remote');
    r.engine.setConnections([r.uri, other]);
    const away = await r.engine.connect(other);
    const { ref } = away.vms.find(({ vm }) => vm.name === 'web')!;
    const lookInto = (...vms: readonly VmRef[]): void =>
      r.engine.setAttention({ visible: true, connections: new Set([r.uri, other]), vms: new Set(vms.map(vmKey)) });
    const titles = (): readonly string[] => r.engine.findVm(ref)!.tree!.snapshots.map(({ title }) => title);
    const create = (title: string): Promise<unknown> =>
      r.engine.runOperation({ kind: 'create', vm: web, snapshotKind: 'auto', title });
    lookInto(ref);
    await r.until(() => r.engine.findVm(ref)?.tree !== undefined);
    await create('while it is open');
    await r.until(() => titles().includes('while it is open'));
    lookInto();
    await create('while it is closed');
    await r.until(() => titles().includes('while it is closed'));
    assert.deepEqual(vmsOnce(r.engine.connections), r.engine.connections[0]!.vms);
    r.engine.setConnections([r.uri]);
    r.show(web);
  });

  it('calls nothing while nobody looks, whatever virsh does, and tells the truth when somebody does', async () => {
    r.hide();
    // A look under way when the view was hidden still goes to its end: it is over when a refresh calls what the last
    // one called, and nothing besides.
    let before = r.callCount();
    for (let [calls, last] = [-1, -2]; calls !== last;) {
      last = calls;
      await r.engine.refresh({ connection: r.uri });
      // With its files, for which nothing is called.
      await r.engine.refresh({ vm: web });
      calls = r.callCount() - before;
      before += calls;
    }
    const changes: unknown[] = [];
    const listening = r.engine.onDidChange((change) => changes.push(change));
    await r.virsh('snapshot-create-as', 'web', 'unseen');
    // Longer than any pause of the poll.
    for (const began = performance.now(); performance.now() - began < 3000;) {
      await r.virsh('start', 'web');
      await r.virsh('destroy', 'web');
    }
    await r.virsh('snapshot-create-as', 'web', 'unseen-too');
    await r.guest({ name: 'late', agent: false });
    assert.equal(r.callCount() - before, 0);
    assert.deepEqual(changes, []);
    listening.dispose();
    r.show(web);
    const ms = await r.until(() => snapshots().length === 5 && r.vm('late') !== undefined);
    latencies.push(`shown again ${String(Math.round(ms))} ms`);
    assert.equal(r.vm('web')!.vm.power, 'off');
  });
});
