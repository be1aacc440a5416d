// Who else uses a VM's files where libvirt does not see it: another name of a file, another connection, a medium. What
// is refused beforehand, on real guests, and that the other one reads what it read.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { link, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { trashFolder } from '../../src/domain/hostFiles.js';
import { whileHeld } from '../heldImage.js';
import { blockDifferences } from '../oracle/blocks.js';
import { readImage } from '../oracle/images.js';
import { CloneBeside, defineWith, diskElement } from './cloneBeside.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { GuestVm } from './guestVm.js';

describe('who else uses the files of a VM', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  /** Off, with a snapshot whose delete merges into the files that it was defined with. */
  const grown = async (name: string): Promise<{ readonly vm: GuestVm; readonly bottom: GuestVm['model'] }> => {
    const vm = await GuestVm.define(r, name);
    await vm.power('start');
    await vm.grow('bottom');
    const bottom = vm.model.reverted('bottom', 'off');
    await vm.grow('top');
    return { vm, bottom };
  };
  const refusesAll = async (vm: GuestVm): Promise<void> => {
    await vm.isRefused({ kind: 'delete', snapshot: 'bottom', scope: 'one' }, 'usedByOtherVm');
    await vm.isRefused({ kind: 'delete', snapshot: 'bottom', scope: 'withDescendants' }, 'usedByOtherVm');
    await vm.isRefused({ kind: 'prune', snapshots: ['bottom', 'top'] }, 'usedByOtherVm');
  };

  it('a linked clone that names its base from a folder behind a link', async () => {
    const { vm, bottom } = await grown('linked');
    const name = (file: string): string => file.slice(file.lastIndexOf('/') + 1);
    await mkdir(join(r.daemon.dir, 'deep/er'), { recursive: true });
    await symlink('deep/er', join(r.daemon.dir, 'lnk'));
    const clone = await CloneBeside.of(vm, {
      daemon: r.daemon,
      name: 'behind-link',
      model: bottom,
      overlay: (target, file) => ({
        file: join(r.daemon.dir, 'lnk', `clone-${target}`),
        names: `../../${name(file)}`,
      }),
    });
    await clone.isWhole();
    await refusesAll(vm);
    await vm.isWhole();
    await clone.isWhole();
    await clone.undefine();
  });

  it('a linked clone on another connection, which is opened to ask', async () => {
    const { vm, bottom } = await grown('across');
    const other = await startPrivateDaemon();
    try {
      const clone = await CloneBeside.of(vm, {
        daemon: other,
        name: 'elsewhere',
        model: bottom,
        overlay: (target) => ({ file: join(other.dir, `clone-${target}`) }),
      });
      r.engine.setConnections([r.uri, other.uri]);
      await refusesAll(vm);
      await vm.isWhole();
      await clone.isWhole();
      await clone.undefine();
    } finally {
      r.engine.setConnections([r.uri]);
      await other.stop();
    }
  });

  it('a revert leaves the overlay on which another connection has a clone', async () => {
    const { vm } = await grown('left');
    const other = await startPrivateDaemon();
    try {
      const present = vm.model;
      await vm.power('forceOff');
      const xml = await r.virsh('domblklist', 'left');
      const file = /vda\s+(\S+)/u.exec(xml)?.[1] ?? '';
      const overlay = join(other.dir, 'clone-vda');
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', file, overlay]);
      await defineWith(other, 'on-overlay', [diskElement(overlay, 0)]);
      r.engine.setConnections([r.uri, other.uri]);
      await vm.run({ kind: 'revert', snapshot: 'bottom', after: 'off', checkpointFirst: false });
      vm.model = vm.model.reverted('bottom', 'off');
      await vm.holdsAll();
      const seen = await readImage({ file: overlay, format: 'qcow2' });
      assert.deepEqual(blockDifferences(0, seen, present.disks[0]!), []);
    } finally {
      r.engine.setConnections([r.uri]);
      await other.stop();
    }
  });

  it('a connection that cannot be asked is named', async () => {
    const { vm } = await grown('asked');
    const silent = `qemu+unix:///session?socket=${join(r.daemon.dir, 'nobody')}`;
    const far = `qemu+tcp://elsewhere.invalid/system`;
    r.engine.setConnections([r.uri, silent, far]);
    try {
      const decision = await r.engine.plan({ kind: 'delete', vm: vm.ref, snapshot: 'top', scope: 'one' });
      assert.ok(decision.kind === 'plan', JSON.stringify(decision));
      assert.deepEqual(
        decision.warnings.filter(({ kind: about }) => about === 'unaskedConnections'),
        [{ kind: 'unaskedConnections', connections: [silent] }],
      );
    } finally {
      r.engine.setConnections([r.uri]);
    }
  });

  it('a medium of another VM, under another name of the file', async () => {
    const { vm } = await grown('medium');
    const { file } = vm.vm.guest.disks[0]!;
    const name = join(r.daemon.dir, 'other-name.iso');
    await link(file, name);
    await defineWith(r.daemon, 'reader', [
      `<disk type="file" device="cdrom"><source file="${name}"/><target dev="hdc" bus="ide"/><readonly/></disk>`,
    ]);
    await refusesAll(vm);
    await vm.isWhole();
    await r.virsh('undefine', 'reader');
  });

  it('an image in the same folder that no VM names', async () => {
    const { vm, bottom } = await grown('copied');
    const { file } = vm.vm.guest.disks[0]!;
    const stray = join(r.daemon.dir, 'exported');
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', file, stray]);
    await vm.isRefused({ kind: 'delete', snapshot: 'bottom', scope: 'one' }, 'usedByImage');
    await vm.isRefused({ kind: 'prune', snapshots: ['bottom', 'top'] }, 'usedByImage');
    await vm.isWhole();
    const seen = await readImage({ file: stray, format: 'qcow2' });
    assert.deepEqual(blockDifferences(0, seen, bottom.disks[0]!), []);
    await rm(stray);
    await vm.run({ kind: 'delete', snapshot: 'bottom', scope: 'one' });
    vm.model = vm.model.deleted('bottom', 'one');
    await vm.isWhole();
  });

  it('a path with a tab is none of another file, and nothing is done there', async () => {
    const vm = await GuestVm.define(r, 'tabbed');
    const { file } = vm.vm.guest.disks[0]!;
    const tab = join(r.daemon.dir, 'a\tb.qcow2');
    await rename(file, tab);
    // What XML's readers make of it.
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', tab.replace('\t', ' '), '16M']);
    const xml = await r.virsh('dumpxml', 'tabbed', '--inactive');
    await withXmlFile(xml.replace(file, tab.replace('\t', '&#9;')), (path) => r.virsh('define', path));
    await r.engine.refresh({ vm: vm.ref });
    assert.equal(r.vm('tabbed')?.vm.disks[0]?.source, tab);
    await vm.isRefused({ kind: 'create', title: 'one', snapshotKind: 'offline', style: 'external' }, 'unsafePath');
    await r.virsh('snapshot-create-as', 'tabbed', 'inside');
    await r.engine.refresh({ vm: vm.ref });
    await vm.isRefused({ kind: 'revert', snapshot: 'inside', after: 'off', checkpointFirst: false }, 'unsafePath');
    await vm.isRefused({ kind: 'delete', snapshot: 'inside', scope: 'one' }, 'unsafePath');
  });

  it('a program that reads a file', async () => {
    const { vm } = await grown('served');
    await vm.power('forceOff');
    await vm.run({ kind: 'revert', snapshot: 'bottom', after: 'off', checkpointFirst: false });
    vm.model = vm.model.reverted('bottom', 'off');
    const file = vm.vm.guest.disks[0]!.file.replace(/\.[^.]*$/u, '.bottom.qcow2');
    await whileHeld(file, 'reads', async () => {
      await vm.isRefused({ kind: 'delete', snapshot: 'top', scope: 'one' }, 'heldByProgram');
      await vm.isRefused({ kind: 'prune', snapshots: ['top'] }, 'heldByProgram');
      await vm.holdsAll();
    });
    await vm.run({ kind: 'delete', snapshot: 'top', scope: 'one' });
    vm.model = vm.model.deleted('top', 'one');
    await vm.holdsAll();
  });

  describe('an overlay that nobody needs', () => {
    let vm: GuestVm;
    let orphan: string;
    const orphans = async (): Promise<readonly string[]> =>
      (await vm.diagnoses('all')).flatMap(({ problem }) => (problem.kind === 'orphanFile' ? [problem.file] : []));

    before(async () => {
      ({ vm } = await grown('orphaned'));
      await vm.power('forceOff');
      const { file } = vm.vm.guest.disks[0]!;
      orphan = file.replace(/\.[^.]*$/u, '.leftover');
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', file, orphan]);
      await runOk('qemu-io', ['-c', 'write -P 7 0 64k', orphan]);
      await r.engine.refresh({ vm: vm.ref });
    });

    it('is left where a program has it open', async () => {
      assert.deepEqual(await orphans(), [orphan]);
      await whileHeld(orphan, 'writes', async () => {
        assert.deepEqual(await orphans(), []);
        await vm.isRefused({ kind: 'repair', repair: { kind: 'removeFiles', files: [orphan] } }, 'fileNotOrphan');
      });
    });

    it('is moved into the trash, not removed, and can be had back', async () => {
      const content = await readFile(orphan);
      await vm.run({ kind: 'repair', repair: { kind: 'removeFiles', files: [orphan] } });
      assert.equal(existsSync(orphan), false);
      const trash = join(r.daemon.dir, trashFolder);
      const names = await readdir(trash);
      const note = names.find((name) => name.endsWith('.txt')) ?? '';
      assert.equal((await readFile(join(trash, note), 'utf8')).split('\n')[0], orphan);
      const kept = join(trash, note.replace(/\.txt$/u, ''));
      assert.ok((await readFile(kept)).equals(content));
      await vm.isWhole();
      await rename(kept, orphan);
      assert.deepEqual(await orphans(), [orphan]);
    });
  });
});

/** QEMU's programs lock what they open. */
