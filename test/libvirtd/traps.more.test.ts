// Traps of libvirt that need another client or another VM, on real guests: what is refused beforehand and changes
// nothing, what libvirt makes of it without us, and what leads out of it where it has happened already.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { blockDifferences } from '../oracle/blocks.js';
import { readImage } from '../oracle/images.js';
import type { Model } from '../oracle/model.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { GuestVm } from './guestVm.js';

describe('traps of libvirt', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  describe('a linked clone that is off', () => {
    let vm: GuestVm;
    let clone: readonly { readonly file: string; readonly format: string }[];
    let cloned: Model;

    /** The clone's overlays stand on the files that `bottom` froze. */
    before(async () => {
      vm = await GuestVm.define(r, 'cloned');
      await vm.power('start');
      await vm.grow('bottom');
      cloned = vm.model.reverted('bottom', 'off');
      await vm.grow('top');
      clone = await Promise.all(
        vm.vm.guest.disks.map(async ({ target, file, format }) => {
          const overlay = join(r.daemon.dir, `clone-${target}.qcow2`);
          await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', format, '-b', file, overlay]);
          return { file: overlay, format: 'qcow2' };
        }),
      );
      const disks = clone
        .map(
          ({ file }, at) =>
            `<disk type="file" device="disk"><driver name="qemu" type="qcow2"/><source file="${file}"/>` +
            `<target dev="vd${String.fromCharCode(97 + at)}" bus="virtio"/></disk>`,
        )
        .join('');
      const xml =
        '<domain type="qemu"><name>clone</name><memory unit="MiB">4</memory><os><type arch="x86_64" machine="pc">hvm' +
        `</type></os><devices>${disks}</devices></domain>`;
      await withXmlFile(xml, (file) => virshOk(r.daemon.virsh, 'define', file));
    });

    const cloneDiffers = async (): Promise<readonly string[]> => {
      const found = await Promise.all(
        clone.map(async (image, disk) => blockDifferences(disk, await readImage(image), cloned.disks[disk]!)),
      );
      return found.flat();
    };

    it('keeps the file that it is built on', async () => {
      assert.deepEqual(await cloneDiffers(), []);
      await vm.isRefused({ kind: 'delete', snapshot: 'bottom', scope: 'one' }, 'usedByOtherVm');
      await vm.isRefused({ kind: 'delete', snapshot: 'bottom', scope: 'withDescendants' }, 'usedByOtherVm');
      await vm.isWhole();
      assert.deepEqual(await cloneDiffers(), []);
    });

    it('is spoilt by libvirt itself, which looks at no other VM', async () => {
      await r.virsh('snapshot-delete', 'cloned', 'bottom');
      assert.notDeepEqual(await cloneDiffers(), []);
    });
  });

  describe('a merge by hand', () => {
    let vm: GuestVm;

    /** The overlay above `middle` is merged into the one above `bottom`: what `middle` froze is no more. */
    before(async () => {
      vm = await GuestVm.define(r, 'merged');
      await vm.power('start');
      await vm.grow('bottom', 'middle', 'top');
      for (const { target, file } of vm.vm.guest.disks) {
        const layer = (name: string): string => file.replace(/\.[^.]*$/u, `.${name}.qcow2`);
        await r.virsh('blockcommit', 'merged', target, '--base', layer('bottom'), '--top', layer('middle'), '--wait');
      }
    });
    const others = new Set(['bottom', 'top']);

    it('is recognised: what it spoilt is neither reverted to nor deleted by libvirt', async () => {
      for (const after of ['off', 'running'] as const) {
        await vm.isRefused({ kind: 'revert', snapshot: 'middle', after }, 'mergedByHand');
      }
      await vm.isRefused({ kind: 'delete', snapshot: 'middle', scope: 'one' }, 'notInChain');
      await vm.isWhole(others);
    });

    it('is found, and the snapshot that is none any more is forgotten; all others stay', async () => {
      const found = (await vm.diagnoses()).map(({ problem }) => problem);
      assert.ok(
        found.some((finding) => finding.kind === 'staleMetadata' && finding.snapshot === 'middle'),
        JSON.stringify(found),
      );
      await vm.repair('staleMetadata');
      vm.model = vm.model.deleted('middle', 'one');
      await vm.isWhole();
    });

    it('leaves what can be reverted to', async () => {
      await vm.run({ kind: 'revert', snapshot: 'top', after: 'off', checkpointFirst: false });
      vm.model = vm.model.reverted('top', 'off');
      await vm.isWhole();
      await vm.run({ kind: 'revert', snapshot: 'bottom', after: 'off', checkpointFirst: false });
      await vm.holdsAll(vm.model.reverted('bottom', 'off'));
    });
  });

  describe('a VM that was undefined while it ran', () => {
    let vm: GuestVm;

    before(async () => {
      vm = await GuestVm.define(r, 'undefined');
      await vm.power('start');
      await vm.grow('one', 'two');
      await r.virsh('undefine', 'undefined', '--snapshots-metadata');
    });

    it('is found, and kept: it and its snapshots stay when it stops', async () => {
      await r.engine.refresh({ vm: vm.ref });
      assert.deepEqual(
        (await vm.diagnoses()).map(({ problem }) => problem),
        [{ kind: 'vanishes', snapshots: 2 }],
      );
      await vm.repair('vanishes');
      assert.deepEqual(await vm.diagnoses(), []);
      await vm.isWhole();
      await vm.power('forceOff');
      await vm.isWhole();
      await r.daemon.killDaemon();
      await r.daemon.startDaemon();
      await vm.isWhole();
    });
  });

  describe('the current external snapshot', () => {
    it('keeps what libvirt knows of a revert to it when it is renamed', async () => {
      await r.engine.connect(r.uri);
      const vm = await GuestVm.define(r, 'named');
      const native = r.hypervisor().capabilities.externalRevert;
      await vm.power('start');
      await vm.grow('base', 'child');
      await vm.run({ kind: 'revert', snapshot: 'base', after: 'running', checkpointFirst: false });
      const revertDisks = async (): Promise<string | undefined> =>
        /<revertDisks>[^]*<\/revertDisks>/u.exec(await r.virsh('snapshot-dumpxml', 'named', 'base'))?.[0];
      const before = await revertDisks();
      assert.equal(before !== undefined, native);
      const decision = await r.engine.plan({ kind: 'rename', vm: vm.ref, snapshot: 'base', title: 'Other' });
      assert.ok(decision.kind === 'plan');
      assert.deepEqual(
        decision.warnings.map((warning) => (warning.kind === 'titleOnly' ? warning.why : warning.kind)),
        native ? ['current'] : [],
      );
      await vm.run({ kind: 'rename', snapshot: 'base', title: 'Other' });
      const seen = await vm.vm.see();
      const renamed = seen.snapshots.find(({ title }) => title === 'Other');
      assert.equal(renamed?.name, native ? 'base' : 'Other');
      if (native) {
        assert.equal(seen.current, 'base');
        assert.equal(await revertDisks(), before);
      }
      // What is built on the overlay that libvirt would remove, had it lost its note, is still there.
      await vm.run({ kind: 'revert', snapshot: renamed.name, after: 'off', checkpointFirst: false });
      await vm.run({ kind: 'revert', snapshot: 'child', after: 'off', checkpointFirst: false });
      await vm.holdsAll(vm.model.reverted('child', 'off').renamed('base', 'Other', renamed.name));
    });
  });
});
