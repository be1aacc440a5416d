// Disks that are no plain files, on real guests: each operation is done right, or refused before anything is touched.
import assert from 'node:assert/strict';
import { readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { run, runOk } from '../../scripts/rig/run.mjs';
import type { Plan } from '../../src/operations/plan.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { definePeculiar, disksOf, insideSource, redefine, stateOf, withNvdimm } from './peculiarVm.js';
import type { GuestVm } from './guestVm.js';

describe('a disk that is no plain file', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  const warningsOf = (plan: Plan): readonly string[] => plan.warnings.map(({ kind: about }) => about);

  const planned = async (vm: GuestVm, wish: Parameters<GuestVm['run']>[0]): Promise<Plan> => {
    const decision = await r.engine.plan({ ...wish, vm: vm.ref });
    assert.ok(decision.kind === 'plan', JSON.stringify(decision));
    return decision;
  };

  /** The guest answers, so it has not been stopped. */
  const runs = async (vm: GuestVm): Promise<void> => {
    assert.equal(await stateOf(r, vm.vm.name), 'running');
    assert.equal((await vm.vm.talk((guest) => guest.ram())).filled.whole, true);
  };

  describe('encrypted', () => {
    let vm: GuestVm;
    before(async () => (vm = await definePeculiar(r, { name: 'luks', disks: ['luks'] })));

    it('has no snapshot made of it while it is off', async () => {
      for (const style of ['internal', 'external'] as const) {
        await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'offline', style }, 'encryptedDisk');
      }
    });

    it('has no snapshot made of it while it runs: QEMU lives, and nothing is written in clear', async () => {
      await vm.power('start');
      await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'auto' }, 'encryptedDisk');
      await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'memory', style: 'internal' }, 'encryptedDisk');
      await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'memory', style: 'external' }, 'encryptedDisk');
      await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'disk' }, 'encryptedDisk');
      await runs(vm);
      assert.equal(await r.virsh('snapshot-list', 'luks', '--name'), '');
    });

    it('stays on the snapshot of others that it stands on, and starts again', async () => {
      await r.virsh('snapshot-create-as', 'luks', 'theirs', '--disk-only');
      await r.engine.refresh({ vm: vm.ref });
      await vm.isRefused({ kind: 'revert', snapshot: 'theirs', after: 'off', checkpointFirst: false }, 'encryptedDisk');
      await vm.isRefused({ kind: 'delete', snapshot: 'theirs', scope: 'one' }, 'encryptedDisk');
      await vm.isRefused({ kind: 'consolidate' }, 'encryptedDisk');
      await runs(vm);
      await vm.power('forceOff');
      await vm.isRefused({ kind: 'revert', snapshot: 'theirs', after: 'off', checkpointFirst: false }, 'encryptedDisk');
      await vm.power('start');
      await runs(vm);
    });
  });

  describe('a part of a file', () => {
    let vm: GuestVm;
    let file: string;
    const before8 = async (): Promise<string> => (await readFile(file)).subarray(0, 8 * 1024 ** 2).toString('latin1');
    before(async () => {
      const slice = "<slices><slice type='storage' offset='8388608' size='16777216'/></slices>";
      vm = await definePeculiar(r, { name: 'slice', disks: ['raw'], edit: (xml) => insideSource(xml, slice) });
      file = vm.vm.guest.disks[0]!.file;
      await writeFile(file, Buffer.alloc(32 * 1024 ** 2, 'somebody else’s '));
    });

    it('is not overlaid by us, and what others overlaid is not merged: what stands before it stays', async () => {
      const wholly = await before8();
      await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'offline' }, 'slicedDisk');
      await vm.power('start');
      await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'disk' }, 'slicedDisk');
      await r.virsh('snapshot-create-as', 'slice', 'theirs', '--disk-only');
      await r.engine.refresh({ vm: vm.ref });
      await vm.isRefused({ kind: 'delete', snapshot: 'theirs', scope: 'one' }, 'slicedDisk');
      await vm.isRefused({ kind: 'revert', snapshot: 'theirs', after: 'off', checkpointFirst: false }, 'slicedDisk');
      await runs(vm);
      await vm.power('forceOff');
      await r.virsh('snapshot-delete', 'slice', 'theirs', '--metadata');
      await r.engine.refresh({ vm: vm.ref });
      await vm.isRefused({ kind: 'consolidate' }, 'slicedDisk');
      assert.ok((await before8()) === wholly);
    });

    it('is told from the file by the overlay alone, too', async () => {
      await redefine(r, 'slice', (xml) => xml.replace(/<backingStore[^]*<\/backingStore>/u, ''));
      await r.engine.refresh({ vm: vm.ref });
      assert.equal((await disksOf(r, 'slice'))[0]?.sliced, undefined);
      await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'offline', style: 'external' }, 'slicedDisk');
      await vm.isRefused({ kind: 'consolidate' }, 'slicedDisk');
    });
  });

  it('that is a qcow2 image in a part of a file is not called damaged for what stands before it', async () => {
    const slice = "<slices><slice type='storage' offset='8388608' size='16777216'/></slices>";
    const vm = await definePeculiar(r, { name: 'inside', disks: ['qcow2'], edit: (xml) => insideSource(xml, slice) });
    const { file } = vm.vm.guest.disks[0]!;
    const image = await readFile(file);
    await writeFile(file, Buffer.concat([Buffer.alloc(8 * 1024 ** 2, 'theirs '), image], 24 * 1024 ** 2));
    await r.engine.refresh({ vm: vm.ref });
    const { diagnoses } = await r.engine.examine(vm.ref);
    assert.ok(!diagnoses.some(({ problem }) => problem.kind === 'corruptImage'), JSON.stringify(diagnoses));
    await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'offline' }, 'slicedDisk');
    await vm.power('start');
    await runs(vm);
  });

  describe('that its owner keeps out of snapshots', () => {
    it('is left out, and this is said; RAM is not taken without it', async () => {
      const edit = (xml: string): string =>
        xml.replace(/device='disk'>(?=[^]*?-1\.qcow2)(?![^]*?-0\.qcow2)/u, "device='disk' snapshot='no'>");
      const vm = await definePeculiar(r, { name: 'left', disks: ['qcow2', 'qcow2'], edit });
      const [first, second] = vm.vm.guest.disks;
      assert.deepEqual(
        (await disksOf(r, 'left')).map(({ snapshot }) => snapshot),
        [undefined, 'no'],
      );
      await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'offline', style: 'internal' }, 'ownerChose');
      await vm.power('start');
      await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'memory', style: 'internal' }, 'ownerChose');
      await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'memory', style: 'external' }, 'ownerChose');
      const plan = await planned(vm, { kind: 'create', title: 'one', snapshotKind: 'auto' });
      assert.ok(warningsOf(plan).includes('ownerLeftOut'));
      await vm.run({ kind: 'create', title: 'one', snapshotKind: 'auto' });
      const [vda, vdb] = await disksOf(r, 'left');
      assert.notEqual(vda?.source, first?.file);
      assert.equal(vdb?.source, second?.file);
      await vm.run({ kind: 'revert', snapshot: 'one', after: 'running', checkpointFirst: true });
      assert.equal((await disksOf(r, 'left'))[1]?.source, second?.file);
      await runs(vm);
    });

    it('or takes care of by hand is not touched: the guest goes on', async () => {
      const edit = (xml: string): string => xml.replace("device='disk'>", "device='disk' snapshot='manual'>");
      const vm = await definePeculiar(r, { name: 'manual', edit });
      await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'offline' }, 'ownerChose');
      await vm.power('start');
      await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'auto' }, 'ownerChose');
      await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'disk' }, 'ownerChose');
      await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'memory', style: 'external' }, 'ownerChose');
      await runs(vm);
    });

    it('or wants in one style is taken in that alone', async () => {
      const wishing = (wish: string) => ({
        name: `wants-${wish}`,
        edit: (xml: string) => xml.replace("device='disk'>", `device='disk' snapshot='${wish}'>`),
      });
      const [inside, outside] = [
        await definePeculiar(r, wishing('internal')),
        await definePeculiar(r, wishing('external')),
      ];
      await inside.isRefused({ kind: 'create', title: 'x', snapshotKind: 'offline', style: 'external' }, 'ownerChose');
      await outside.isRefused({ kind: 'create', title: 'x', snapshotKind: 'offline', style: 'internal' }, 'ownerChose');
      await inside.run({ kind: 'create', title: 'in', snapshotKind: 'auto' });
      await outside.run({ kind: 'create', title: 'out', snapshotKind: 'auto' });
      const styles = [inside, outside].map(({ vm }) => r.vm(vm.name)?.tree?.snapshots.map(({ style }) => style));
      assert.deepEqual(styles, [['internal'], ['external']]);
    });
  });

  describe('that is transient', () => {
    it('has no snapshot, for what is written to it goes', async () => {
      const vm = await definePeculiar(r, {
        name: 'passing',
        edit: (xml) => xml.replace('</disk>', '<transient/></disk>'),
      });
      await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'offline', style: 'internal' }, 'transientDisk');
      await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'offline', style: 'external' }, 'transientDisk');
      await vm.power('start');
      for (const kind of ['auto', 'memory', 'disk'] as const) {
        await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: kind }, 'transientDisk');
      }
      await runs(vm);
    });
  });

  describe('whose data stand in a file beside it', () => {
    it('is taken outside by itself, and the snapshot can be reverted to and deleted', async () => {
      const vm = await definePeculiar(r, { name: 'beside' });
      const { file } = vm.vm.guest.disks[0]!;
      await runOk('rm', [file]);
      const data = join(r.daemon.dir, 'beside.data');
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', `data_file=${data}`, file, '16M']);
      await vm.power('start');
      await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'memory', style: 'internal' }, 'dataFileInside');
      await vm.write();
      await vm.run({ kind: 'create', title: 'out', snapshotKind: 'auto' });
      vm.model = vm.model.created({ name: 'out', title: 'out', kind: 'disk', style: 'external' });
      await vm.write();
      await vm.isWhole();
      await vm.run({ kind: 'revert', snapshot: 'out', after: 'running', checkpointFirst: false });
      vm.model = vm.model.reverted('out', 'running');
      await vm.isWhole();
      await vm.run({ kind: 'delete', snapshot: 'out', scope: 'one' });
      vm.model = vm.model.deleted('out', 'one');
      await vm.isWhole();
    });
  });

  describe('that copies on read', () => {
    it('has no RAM taken inside, and none that others took brought back: the guest would hang', async () => {
      const vm = await definePeculiar(r, {
        name: 'copying',
        edit: (xml) => xml.replace("type='qcow2'", "type='qcow2' copy_on_read='on'"),
      });
      await vm.power('start');
      await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'memory', style: 'internal' }, 'copyOnRead');
      await r.virsh('snapshot-create-as', 'copying', 'theirs');
      await r.engine.refresh({ vm: vm.ref });
      await vm.isRefused(
        { kind: 'revert', snapshot: 'theirs', after: 'running', checkpointFirst: false },
        'copyOnRead',
      );
      await runs(vm);
    });
  });

  describe('that a volume names without its format', () => {
    it('is not taken for raw', async () => {
      const vm = await definePeculiar(r, { name: 'volume' });
      await showVolumes(r);
      await redefine(r, 'volume', (xml) =>
        xml
          .replace("<disk type='file'", "<disk type='volume'")
          .replace(/ type='qcow2'/u, '')
          .replace(/<source file='[^']*'\/>/u, "<source pool='volumes' volume='volume-0.qcow2'/>"),
      );
      await r.engine.refresh({ vm: vm.ref });
      await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'offline', style: 'external' }, 'formatUntold');
      await vm.power('start');
      await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'disk' }, 'formatUntold');
      assert.equal(await stateOf(r, 'volume'), 'running');
    });
  });

  describe('that a volume names with its format', () => {
    it('is told before its first external snapshot, which no delete can merge into it', async () => {
      const vm = await definePeculiar(r, { name: 'named' });
      await showVolumes(r);
      await redefine(r, 'named', (xml) =>
        xml
          .replace("<disk type='file'", "<disk type='volume'")
          .replace(/<source file='[^']*'\/>/u, "<source pool='volumes' volume='named-0.qcow2'/>"),
      );
      await r.engine.refresh({ vm: vm.ref });
      const warned = async (title: string): Promise<boolean> => {
        const decision = await r.engine.plan({
          kind: 'create',
          vm: vm.ref,
          title,
          snapshotKind: 'offline',
          style: 'external',
        });
        assert.ok(decision.kind === 'plan', JSON.stringify(decision));
        await vm.create(title, 'offline');
        return decision.warnings.some(({ kind }) => kind === 'cannotBeDeleted');
      };
      assert.equal(await warned('first'), true);
      assert.equal(await warned('second'), false);
      await vm.isRefused({ kind: 'delete', snapshot: 'first', scope: 'one' }, 'volumeTakesNoMerge');
      await vm.run({ kind: 'delete', snapshot: 'second', scope: 'one' });
    });
  });

  describe('over the network', () => {
    it('has no RAM taken inside: it does not fit behind the end', async () => {
      const vm = await definePeculiar(r, { name: 'nbd' });
      const { file } = vm.vm.guest.disks[0]!;
      const socket = join(r.daemon.dir, 'nbd.export');
      const pid = join(r.daemon.dir, 'nbd.pid');
      await runOk('qemu-nbd', [
        '--fork',
        '--persistent',
        '--pid-file',
        pid,
        '-x',
        'n',
        '-f',
        'raw',
        '-k',
        socket,
        file,
      ]);
      try {
        await redefine(r, 'nbd', (xml) =>
          xml
            .replace("<disk type='file'", "<disk type='network'")
            .replace(
              /<source file='[^']*'\/>/u,
              `<source protocol='nbd' name='n'><host transport='unix' socket='${socket}'/></source>`,
            ),
        );
        await vm.power('start');
        for (const style of ['internal', 'external'] as const) {
          await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'memory', style }, 'diskTypeUnsupported');
        }
        await runs(vm);
        await vm.power('forceOff');
      } finally {
        await run('kill', [(await readFile(pid, 'utf8')).trim()]);
      }
    });
  });

  describe('in a drive', () => {
    for (const [style, snapshotKind] of [
      ['internal', 'memory'],
      ['external', 'offline'],
    ] as const) {
      it(`is told where it has other content since: ${style}, ${snapshotKind}`, async () => {
        const iso = join(r.daemon.dir, `${style}.iso`);
        await writeFile(iso, Buffer.alloc(65_536, 1));
        const drive = `<disk type='file' device='cdrom'><source file='${iso}'/><target dev='hdc' bus='ide'/><readonly/></disk>`;
        const edit = (xml: string): string => xml.replace('</devices>', `${drive}</devices>`);
        const vm = await definePeculiar(r, { name: `drive-${style}`, edit });
        await (snapshotKind === 'memory' ? vm.power('start') : undefined);
        await vm.run({ kind: 'create', title: 'one', snapshotKind, style });
        const warnings = async (): Promise<readonly string[]> =>
          warningsOf(
            await planned(vm, { kind: 'revert', snapshot: 'one', after: 'asSnapshot', checkpointFirst: false }),
          );
        assert.ok(!(await warnings()).includes('mediaChanged'));
        const { atime, mtime } = await stat(iso);
        await writeFile(iso, Buffer.alloc(65_536, 2));
        const later = new Date(Date.now() + 60_000);
        await utimes(iso, later, later);
        assert.ok((await warnings()).includes('mediaChanged'));
        await utimes(iso, atime, mtime);
        assert.ok(!(await warnings()).includes('mediaChanged'));
        // Snapshots have their time in seconds.
        await setTimeout(1_000);
        await writeFile(`${iso}.new`, Buffer.alloc(65_536, 3));
        await utimes(`${iso}.new`, atime, mtime);
        await rename(`${iso}.new`, iso);
        assert.ok((await warnings()).includes('mediaChanged'));
      });
    }
  });

  describe('beside RAM that is a file', () => {
    it('is taken without the RAM, and no RAM is brought back over that file', async () => {
      const { vm, file } = await withNvdimm(r, 'lasting');
      await vm.power('start');
      for (const style of ['internal', 'external'] as const) {
        await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'memory', style }, 'ramCannotBeSaved');
      }
      await r.virsh('snapshot-create-as', 'lasting', 'theirs');
      await r.engine.refresh({ vm: vm.ref });
      const content = Buffer.from('written since');
      const handle = await readFile(file);
      content.copy(handle, 4096);
      await writeFile(file, handle, { flag: 'r+' });
      await vm.isRefused(
        { kind: 'revert', snapshot: 'theirs', after: 'running', checkpointFirst: false },
        'nvdimmOverwritten',
      );
      assert.equal((await readFile(file)).subarray(4096, 4096 + content.length).toString(), 'written since');
      assert.equal(await stateOf(r, 'lasting'), 'running');
    });
  });

  describe('that a snapshot with RAM leaves out', () => {
    it('keeps that snapshot from being deleted or reverted to', async () => {
      const vm = await definePeculiar(r, { name: 'ram-only' });
      await vm.power('start');
      const file = join(r.daemon.dir, 'ram-only.ram');
      const spec = ['--memspec', `file=${file},snapshot=external`, '--diskspec', 'vda,snapshot=no'];
      await r.virsh('snapshot-create-as', 'ram-only', 'theirs', ...spec);
      await r.engine.refresh({ vm: vm.ref });
      await vm.isRefused({ kind: 'delete', snapshot: 'theirs', scope: 'one' }, 'ramWithoutDisks');
      await vm.isRefused(
        { kind: 'revert', snapshot: 'theirs', after: 'running', checkpointFirst: false },
        'ramWithoutDisks',
      );
      await runs(vm);
      assert.ok((await readFile(file)).length > 0);
    });
  });
});

/** All files of the daemon's folder as volumes: libvirt allows one pool of a folder. */
async function showVolumes(rig: LiveRig): Promise<void> {
  if ((await rig.daemon.virsh(['pool-info', 'volumes'])).code !== 0) {
    await rig.virsh('pool-create-as', 'volumes', 'dir', '--target', rig.daemon.dir);
  }
  await rig.virsh('pool-refresh', 'volumes');
}
