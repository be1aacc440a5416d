// Clones of real guests: what is in them, what they have of their own, what nobody may do to the VM as long as one
// stands on it, and how they go. The content is read by the data oracle.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import type { Step } from '../../src/steps/step.js';
import { cloneRequest, type CloneWish, makeClone, throwAway } from '../../src/engine/clones.js';
import { Failure } from '../../src/domain/failure.js';
import type { VmRef } from '../../src/domain/vm.js';
import { blockDifferences } from '../oracle/blocks.js';
import { readImage } from '../oracle/images.js';
import type { Model } from '../oracle/model.js';
import { GuestVm } from './guestVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('clones', () => {
  let rig: LiveRig;
  let web: GuestVm;
  before(async () => {
    rig = await startLiveRig();
    await rig.engine.connect(rig.uri);
    rig.show();
  });
  after(() => rig.stop());

  const clone = (of: GuestVm, wish: CloneWish): Promise<VmRef> =>
    makeClone(rig.engine, cloneRequest(rig.engine, of.ref, wish));
  const filesOf = (ref: VmRef): readonly string[] => rig.engine.findVm(ref)?.vm.clone?.files ?? [];
  /** Its disks hold what these of the VM held. */
  const holds = async (ref: VmRef, disks: Model['disks']): Promise<void> => {
    const own = rig.engine.findVm(ref)!.vm.disks;
    for (const [index, content] of disks.entries()) {
      const image = await readImage({ file: own[index]!.source!, format: 'qcow2' });
      assert.deepEqual(blockDifferences(index, image, content), []);
    }
  };
  const xmlOf = (name: string): Promise<string> => rig.virsh('dumpxml', name, '--inactive');

  describe('of a VM with external snapshots', () => {
    let model: Model;
    before(async () => {
      web = await GuestVm.define(rig, 'web', { disks: ['qcow2', 'raw'] });
      await web.power('start');
      await web.write();
      await web.create('one', 'memory');
      model = web.model;
      await web.write();
    });

    it('link to a snapshot while the VM runs on, and start', async () => {
      const ref = await clone(web, { snapshot: 'one', name: 'linked' });
      await holds(ref, model.disks);
      const vm = rig.engine.findVm(ref)!.vm;
      assert.equal(vm.power, 'off');
      assert.equal(vm.clone?.of, web.ref.uuid);
      await rig.engine.runOperation({ kind: 'power', vm: ref, action: 'start' });
      assert.equal(rig.engine.findVm(ref)?.vm.power, 'running');
      await rig.engine.runOperation({ kind: 'power', vm: ref, action: 'forceOff' });
      await web.isWhole();
    });

    it('share no address, port or log with the VM', async () => {
      const [own, other] = await Promise.all([xmlOf('web'), xmlOf('linked')]);
      const values = (xml: string): readonly string[] =>
        [...xml.matchAll(/<(?:mac|log|source)[^>]*(?:address|file|path)='([^']*)'/gu)].map(([, value]) => value ?? '');
      assert.deepEqual(
        values(own).filter((value) => values(other).includes(value) && !value.endsWith('.iso')),
        [],
      );
    });

    for (const [what, act] of [
      ['deleted', () => web.isRefused({ kind: 'delete', snapshot: 'one', scope: 'one' }, 'usedByOtherVm')],
      [
        'deleted with what is below',
        () => web.isRefused({ kind: 'delete', snapshot: 'one', scope: 'withDescendants' }, 'usedByOtherVm'),
      ],
      ['merged away', () => web.isRefused({ kind: 'consolidate' }, 'usedByOtherVm')],
    ] as const) {
      it(`keep the snapshot that they stand on from being ${what}`, act);
    }

    it('keep what they hold when the VM goes back to that snapshot', async () => {
      const held = async (): Promise<Buffer> => {
        const [disk] = rig.engine.findVm(await rig.ref('linked'))!.vm.disks;
        return readImage({ file: disk!.source!, format: 'qcow2' });
      };
      const before = await held();
      await web.revert('one', 'running');
      assert.ok(before.equals(await held()));
      await web.isWhole();
    });

    it('copy what an external snapshot holds', async () => {
      const ref = await clone(web, { snapshot: 'one', name: 'copied', way: 'full' });
      await holds(ref, model.disks);
      const [file = ''] = filesOf(ref);
      await throwAway(rig.engine, ref);
      assert.equal(existsSync(file), false);
    });

    it('are not made of the present while it changes', async () => {
      await web.isRefused(cloneRequest(rig.engine, web.ref, { name: 'never' }), 'cloneNeedsOff');
    });

    it('have names of their own', async () => {
      await web.isRefused(cloneRequest(rig.engine, web.ref, { snapshot: 'one', name: 'linked' }), 'vmNameTaken');
      await web.isRefused(cloneRequest(rig.engine, web.ref, { snapshot: 'one', name: 'a/b' }), 'badVmName');
    });

    it('go with their files and their own snapshots, and free the snapshot that they stood on', async () => {
      const ref = await rig.ref('linked');
      await rig.engine.runOperation({
        kind: 'create',
        vm: ref,
        title: 'own',
        snapshotKind: 'offline',
        style: 'external',
      });
      const folder = dirname(filesOf(ref)[0]!);
      const notes = join(rig.daemon.dir, 'journal', 'frozen');
      const noted = (await readdir(notes)).length;
      assert.ok((await readdir(folder)).some((name) => name.startsWith('linked.')));
      await throwAway(rig.engine, ref);
      assert.deepEqual(
        (await readdir(folder)).filter((name) => name.startsWith('linked.')),
        [],
      );
      assert.doesNotMatch(await rig.virsh('list', '--all', '--name'), /^linked$/mu);
      assert.equal((await readdir(notes)).length, noted - 1);
      await web.isWhole();
    });

    it('are all that can be thrown away', async () => {
      await web.isRefused({ kind: 'discard' }, 'notOurClone');
    });
  });

  describe('of a VM that is off', () => {
    let model: Model;
    before(async () => {
      web = await GuestVm.define(rig, 'off', { disks: ['qcow2'] });
      await web.power('start');
      await web.write();
      await web.power('forceOff');
      model = web.model;
    });

    it('stand on a snapshot that is made first, so that the VM does not write under them', async () => {
      const ref = await clone(web, { name: 'beside' });
      web.model = web.model.created({
        name: 'Base-of-beside',
        title: 'Base of beside',
        kind: 'offline',
        style: 'external',
      });
      await web.power('start');
      await web.write();
      await web.isWhole();
      await holds(ref, model.disks);
      await web.power('forceOff');
      await web.isRefused({ kind: 'delete', snapshot: 'Base-of-beside', scope: 'one' }, 'usedByOtherVm');
    });

    it('stand on the snapshot that there is where nothing changed since', async () => {
      await web.create('still');
      const { disks } = web.model;
      const ref = await clone(web, { name: 'again' });
      await holds(ref, disks);
      await web.isWhole();
      await throwAway(rig.engine, ref);
    });
  });

  describe('of a VM with internal snapshots', () => {
    before(async () => {
      web = await GuestVm.define(rig, 'inside', { disks: ['qcow2'] });
      await web.power('start');
      await web.write();
      await web.create('tag', 'memory', 'internal');
      await web.write();
    });

    it('cannot be linked to, and not be copied while it writes', async () => {
      const wish = { snapshot: 'tag', name: 'never' };
      await web.isRefused(cloneRequest(rig.engine, web.ref, wish), 'linkedToTag');
      await web.isRefused(cloneRequest(rig.engine, web.ref, { ...wish, way: 'full' }), 'cloneNeedsOff');
    });

    it('are copied when it is off', async () => {
      const then = web.model.snapshots.get('tag')!.disks;
      await web.power('forceOff');
      const ref = await clone(web, { snapshot: 'tag', name: 'taken', way: 'full' });
      await holds(ref, then);
      await web.isWhole();
      await throwAway(rig.engine, ref);
    });
  });

  // In a block of its own, so that it comes last: its connection makes no more overlays.
  describe('that fail', () => {
    it('leave the snapshot that they were to stand on where they fail, which is told', async () => {
      web = await GuestVm.define(rig, 'fails', { disks: ['qcow2'] });
      rig.wrapNext((hypervisor) => failing(hypervisor, 'createOverlays'));
      rig.engine.setConnections([]);
      rig.engine.setConnections([rig.uri]);
      await rig.engine.connect(rig.uri);
      await assert.rejects(clone(web, { name: 'broken' }), ({ details }: Failure) => {
        assert.deepEqual(
          [details.recovered, details.left],
          ['partly', [{ kind: 'snapshot', snapshot: 'Base-of-broken' }]],
        );
        return true;
      });
      assert.match(await rig.virsh('snapshot-list', 'fails', '--name'), /^Base-of-broken$/mu);
      assert.doesNotMatch(await rig.virsh('list', '--all', '--name'), /^broken$/mu);
    });
  });
});

function failing(hypervisor: Hypervisor, kind: Step['kind']): Hypervisor {
  return new Proxy(hypervisor, {
    get: (target, name) => {
      if (name === 'run') {
        return (...[vm, step, options]: Parameters<Hypervisor['run']>) =>
          step.kind === kind ? Promise.reject(new Failure('failed')) : target.run(vm, step, options);
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as (...all: unknown[]) => unknown).bind(target) : value;
    },
  });
}
