// The files of VMs, seen and changed through libvirt's storage API and directly: the same cases over both ways.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { composedFiles } from '../../src/driver/files/composedFiles.js';
import { localFiles } from '../../src/driver/files/directFiles.js';
import { openConnection } from '../../src/libvirt/connect.js';
import type { Connection } from '../../src/libvirt/connection.js';
import type { ProcedureName } from '../../src/libvirt/procedures.js';
import { writeFolderPool } from '../../src/driver/xml/storageXml.js';
import { openFiles, storageAccess } from '../../src/driver/files/openFiles.js';
import { storageFiles } from '../../src/driver/files/storageFiles.js';
import { silentLog } from '../silentLog.js';
import { Failure, type FailureKind } from '../../src/domain/failure.js';
import type { HostFiles, ImageFacts } from '../../src/domain/hostFiles.js';
import { defineDeafGuest, type HypervisorRig, startHypervisorRig } from './hypervisorRig.js';
import { element } from '../../src/driver/xml/xmlTree.js';

const root = process.getuid?.() === 0;
const session = !root;
const ways = ['storage', 'local', 'composed'] as const;
type Way = (typeof ways)[number];

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

async function fails(kind: FailureKind, promise: Promise<unknown>): Promise<Failure> {
  let seen: unknown;
  await assert.rejects(promise, (error) => {
    seen = error;
    return true;
  });
  assert.ok(seen instanceof Failure, String(seen));
  assert.equal(seen.kind, kind, seen.message);
  return seen;
}

async function imageOf(files: HostFiles, path: string): Promise<ImageFacts> {
  const seen = await files.image(path);
  assert.ok(typeof seen === 'object', `${path} is not to be seen`);
  return seen;
}

describe("the host's files", () => {
  let rig: HypervisorRig;
  let folder: string;
  let filesOf: Readonly<Record<Way, HostFiles>>;
  const at = (name: string): string => join(folder, name);
  const img = (...args: string[]): Promise<string> => runOk('qemu-img', args);
  const pools = async (): Promise<readonly string[]> =>
    (await rig.virsh('pool-list', '--all', '--name'))
      .split('\n')
      .map((name) => name.trim())
      .filter((name) => name !== '');
  const connect = (uri = rig.daemon.uri): Promise<Connection> =>
    openConnection(uri, { log: silentLog, environment: rig.daemon.env });
  const storageFor = (
    driver: 'qemu' | 'test' = 'qemu',
    { readOnly = false, open }: { readonly readOnly?: boolean; readonly open?: () => Promise<Connection> } = {},
  ): HostFiles => {
    const uri = driver === 'qemu' ? rig.daemon.uri : rig.daemon.testUri;
    const capabilities = { driver, readOnly, hostname: hostname() };
    const close = (connection: Connection): void => connection.close();
    return storageFiles(
      storageAccess({ uri, capabilities, log: silentLog, open: open ?? (() => connect(uri)), close }),
    );
  };
  /** With something else happening before its calls. */
  const changedConnection = async (before: (procedure: ProcedureName) => Promise<void>): Promise<Connection> => {
    const connection = await connect();
    const call = connection.call.bind(connection);
    connection.call = async (procedure, args, options) => {
      await before(procedure);
      return call(procedure, args, options);
    };
    return connection;
  };

  before(async () => {
    rig = await startHypervisorRig();
    const local = localFiles(process.env);
    const storage = storageFor();
    filesOf = { storage, local, composed: composedFiles({ acting: [storage, local], reading: [local, storage] }) };
  });
  after(() => rig.stop());
  beforeEach(async () => {
    folder = await mkdtemp(join(rig.daemon.dir, 'f <&"\'ü-'));
  });
  afterEach(async () => {
    assert.deepEqual(await pools(), [], 'no pool is left behind');
  });

  for (const way of ways) {
    describe(way, () => {
      const files = (): HostFiles => filesOf[way];

      it('sizes of a file, whatever is in it', async () => {
        await writeFile(at('vm.mem'), Buffer.alloc(10_000, 7));
        const { bytes, allocatedBytes } = (await files().file(at('vm.mem'))) as ImageFacts;
        assert.equal(bytes, 10_000);
        assert.equal(allocatedBytes, (await stat(at('vm.mem'))).blocks * 512);
      });

      it('what is not there', async () => {
        // A session's daemon leaves out what it may not read, so that its list proves nothing.
        const missing = way === 'storage' && session ? 'unknown' : 'missing';
        // A folder that this machine does not have may be on a share, or hidden from the editor.
        const further = way === 'local' ? 'unknown' : missing;
        for (const [path, expected] of [
          [at('gone'), missing],
          [at('gone/further'), further],
        ] as const) {
          assert.equal(await files().file(path), expected);
          assert.equal(await files().image(path), expected);
        }
        assert.deepEqual(await files().list(at('gone')), further === 'missing' ? [] : 'unseen');
      });

      it('what is no file, and what is no path', async () => {
        await mkdir(at('folder'));
        await runOk('mkfifo', [at('fifo')]);
        assert.equal(await files().file(at('folder')), 'unknown');
        assert.notEqual(typeof (await files().file(at('fifo'))), 'object');
        for (const name of ['folder', 'fifo']) {
          const image = await files().image(at(name));
          assert.ok(typeof image === 'object' ? image.corrupt : way === 'storage', JSON.stringify(image));
        }
        for (const path of ['', 'relative', 'nbd://host/x', 'json:{}', '/a\0b']) {
          assert.equal(await files().file(path), 'unknown');
          assert.equal(await files().image(path), 'unknown');
          assert.notEqual(await files().canAct(path), 'yes');
          await fails(way === 'storage' ? 'unsupported' : 'invalid', files().remove(path));
        }
      });

      it('raw, qcow2 and what stands on what', async () => {
        await writeFile(at('base.raw'), Buffer.alloc(1_000_001));
        await img('create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', at('base.raw'), at('mid.qcow2'));
        await img('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', 'mid.qcow2', at('top.qcow2'));
        await img('create', '-q', '-f', 'qcow2', '-u', '-F', 'qcow2', '-b', at('lost'), at('orphan'), '1M');
        await img('create', '-q', '-f', 'vmdk', at('disk.vmdk'), '3M');
        await symlink('top.qcow2', at('link'));
        const seen = async (name: string): Promise<readonly unknown[]> => {
          const { format, virtualBytes, backing } = await imageOf(files(), at(name));
          return [format, virtualBytes, backing];
        };
        assert.deepEqual(await seen('base.raw'), ['raw', 1_000_448, undefined]);
        assert.deepEqual(await seen('mid.qcow2'), ['qcow2', 1_000_448, { file: at('base.raw'), format: 'raw' }]);
        const top = ['qcow2', 1_000_448, { file: at('mid.qcow2'), format: 'qcow2' }];
        assert.deepEqual(await seen('top.qcow2'), top);
        assert.deepEqual(await seen('link'), top);
        assert.deepEqual(await seen('orphan'), ['qcow2', mebibyte, { file: at('lost'), format: 'qcow2' }]);
        assert.deepEqual((await seen('disk.vmdk')).slice(0, 2), ['vmdk', 3 * mebibyte]);
      });

      it('snapshots inside, and whether anything changed since', async () => {
        await img('create', '-q', '-f', 'qcow2', at('d.qcow2'), '1M');
        await img('snapshot', '-c', 'a b', at('d.qcow2'));
        await img('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', at('d.qcow2'), at('o.qcow2'));
        const base = await imageOf(files(), at('d.qcow2'));
        const overlay = await imageOf(files(), at('o.qcow2'));
        const unseen = way === 'storage';
        assert.deepEqual(base.tags, unseen ? undefined : ['a b']);
        assert.deepEqual(base.unchangedSince, unseen ? undefined : ['a b']);
        assert.equal(base.empty, undefined);
        assert.equal(overlay.empty, unseen ? undefined : true);
      });

      it('the names in a folder', async () => {
        await writeFile(at('one'), '');
        await writeFile(at('two, three'), '');
        assert.deepEqual([await files().list(folder)].flat().sort(), ['one', 'two, three']);
      });

      it('free space', async () => {
        const free = (await files().space(folder))?.free;
        assert.ok(free !== undefined && free > mebibyte);
        assert.equal(await files().space(at('gone')), undefined);
      });

      it('where something can be done', async () => {
        assert.equal(await files().canAct(folder), 'yes');
        assert.equal(((await files().canAct(at('gone'))) as { why: string }).why, 'folderMissing');
        if (session) {
          await chmod(folder, 0o555);
          assert.equal(((await files().canAct(folder)) as { why: string }).why, 'denied');
        }
      });

      it('an overlay, as large as what it stands on to the byte', async () => {
        // 977.5 KiB, which libvirt would round up.
        await writeFile(at('base, 1.raw'), Buffer.alloc(1_000_960));
        await files().createOverlay({ file: at('new, x=1'), backing: at('base, 1.raw'), backingFormat: 'raw' });
        const made = await imageOf(filesOf.local, at('new, x=1'));
        assert.deepEqual(
          [made.format, made.virtualBytes, made.backing, made.empty, made.tags],
          ['qcow2', 1_000_960, { file: at('base, 1.raw'), format: 'raw' }, true, []],
        );
        assert.match(await img('info', at('new, x=1')), /compat: 1\.1/);
        assert.deepEqual((await readdir(folder)).sort(), ['base, 1.raw', 'new, x=1']);
      });

      it('an overlay belongs to the owner of what it stands on, and can be written', async function () {
        if (!root) {
          this.skip();
        }
        await img('create', '-q', '-f', 'qcow2', at('base'), '1M');
        await chown(at('base'), 64_055, 64_056);
        await chmod(at('base'), 0o440);
        await files().createOverlay({ file: at('over'), backing: at('base'), backingFormat: 'qcow2' });
        const { uid, gid, mode } = await stat(at('over'));
        assert.deepEqual([uid, gid, mode & 0o777], [64_055, 64_056, 0o640]);
      });

      it('no overlay over a file that is there, nor over one that is not', async () => {
        await img('create', '-q', '-f', 'qcow2', at('base'), '1M');
        await writeFile(at('precious'), 'mine');
        await symlink('nowhere', at('dangling'));
        const over = (file: string, backing = 'base'): Promise<void> =>
          files().createOverlay({ file: at(file), backing: at(backing), backingFormat: 'qcow2' });
        await fails('exists', over('precious'));
        await fails('exists', over('base'));
        assert.equal(await readFile(at('precious'), 'utf8'), 'mine');
        if (way === 'local') {
          await fails('exists', over('dangling'));
        }
        await fails('notFound', over('new', 'lost'));
        await assert.rejects(over('new', 'precious'), Failure);
        assert.deepEqual((await readdir(folder)).sort(), ['base', 'dangling', 'precious']);
      });

      it('a raw file is copied to the byte, with its owner', async () => {
        const content = Buffer.from(Array.from({ length: 540_673 }, (_, index) => index % 251));
        await writeFile(at('vars.fd'), content, { mode: 0o640 });
        await mkdir(at('other'));
        for (const target of [at('vars.fd.snap'), at('other/vars.fd')]) {
          await files().copy(at('vars.fd'), target, 'keep');
          assert.deepEqual(await readFile(target), content);
          assert.equal((await stat(target)).mode & 0o777, way === 'local' || root ? 0o640 : 0o600);
          await fails('exists', files().copy(at('vars.fd'), target, 'keep'));
        }
        await fails('notFound', files().copy(at('lost'), at('new'), 'keep'));
        assert.deepEqual((await readdir(folder)).sort(), ['other', 'vars.fd', 'vars.fd.snap']);
      });

      it('a copy takes the place of another file, or the other one stays', async () => {
        await writeFile(at('from'), 'then');
        await writeFile(at('to'), 'now', { mode: 0o600 });
        await symlink('to', at('link'));
        if (way === 'storage') {
          await fails('unsupported', files().copy(at('from'), at('to'), 'replace'));
          assert.equal(await readFile(at('to'), 'utf8'), 'now');
          return;
        }
        await files().copy(at('from'), at('link'), 'replace');
        assert.equal(await readFile(at('to'), 'utf8'), 'then');
        assert.ok((await lstat(at('link'))).isSymbolicLink());
        assert.equal((await stat(at('to'))).mode & 0o777, 0o600);
        assert.deepEqual((await readdir(folder)).sort(), ['from', 'link', 'to']);
      });

      it('an image with snapshots inside is copied whole or not at all', async () => {
        await img('create', '-q', '-f', 'qcow2', at('vars.qcow2'), '1M');
        await img('snapshot', '-c', 'tag', at('vars.qcow2'));
        const copying = files().copy(at('vars.qcow2'), at('copy'), 'keep');
        if (way === 'storage') {
          await fails('unsupported', copying);
          assert.deepEqual(await readdir(folder), ['vars.qcow2']);
        } else {
          await copying;
          assert.deepEqual((await imageOf(filesOf.local, at('copy'))).tags, ['tag']);
        }
      });

      it('removing, once and again', async () => {
        await writeFile(at('old'), 'x');
        await writeFile(at('other'), 'x');
        await files().remove(at('old'));
        if (way !== 'storage' || root) {
          await files().remove(at('old'));
          await files()
            .remove(at('gone/further'))
            .catch((error: unknown) => {
              assert.ok(error instanceof Failure && error.kind === 'notFound', String(error));
            });
        }
        await mkdir(at('folder'));
        await assert.rejects(files().remove(at('folder')), Failure);
        assert.deepEqual((await readdir(folder)).sort(), ['folder', 'other']);
      });

      it('a snapshot inside an image goes, once and again, and no other with it', async () => {
        await img('create', '-q', '-f', 'qcow2', at('d.qcow2'), '1M');
        for (const tag of ['2', '1', '-x', 'a,b']) {
          await img('snapshot', '-c', tag, at('d.qcow2'));
        }
        if (way === 'storage') {
          await fails('unsupported', files().removeTag(at('d.qcow2'), '1'));
          return;
        }
        await files().removeTag(at('d.qcow2'), '1');
        await files().removeTag(at('d.qcow2'), '1');
        assert.deepEqual((await imageOf(files(), at('d.qcow2'))).tags, ['2', '-x', 'a,b']);
        await files().removeTag(at('d.qcow2'), '-x');
        await files().removeTag(at('d.qcow2'), 'a,b');
        assert.deepEqual((await imageOf(files(), at('d.qcow2'))).tags, ['2']);
        await writeFile(at('raw'), Buffer.alloc(512));
        await fails('unsupported', files().removeTag(at('raw'), 'x'));
        await fails('notFound', files().removeTag(at('lost'), 'x'));
      });

      it('many at once, in one folder and in two', async () => {
        await img('create', '-q', '-f', 'qcow2', at('base'), '1M');
        await mkdir(at('other'));
        await writeFile(at('a'), 'a');
        await writeFile(at('other/b'), 'b');
        const names = Array.from({ length: 8 }, (_, index) => `new${index}`);
        await Promise.all([
          ...names.map(async (name) => {
            await files().createOverlay({ file: at(name), backing: at('base'), backingFormat: 'qcow2' });
            await imageOf(files(), at(name));
          }),
          files().copy(at('a'), at('other/a'), 'keep'),
          files().copy(at('other/b'), at('b'), 'keep'),
          ...names.map(() => imageOf(files(), at('base'))),
        ]);
        assert.deepEqual((await readdir(folder)).sort(), ['a', 'b', 'base', ...names, 'other']);
        assert.deepEqual((await readdir(at('other'))).sort(), ['a', 'b']);
      });

      it('of two who want the same name, one gets it', async () => {
        await img('create', '-q', '-f', 'qcow2', at('base'), '1M');
        const make = (): Promise<void> =>
          files().createOverlay({ file: at('same'), backing: at('base'), backingFormat: 'qcow2' });
        const outcomes = await Promise.allSettled([make(), make(), make()]);
        assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') {
            assert.ok(outcome.reason instanceof Failure && outcome.reason.kind === 'exists', String(outcome.reason));
          }
        }
        assert.deepEqual((await readdir(folder)).sort(), ['base', 'same']);
      });
    });
  }

  it('an image that a VM writes to can be looked at, and is not given away', async () => {
    await img('create', '-q', '-f', 'qcow2', at('live.qcow2'), '8M');
    await img('snapshot', '-c', 'tag', at('live.qcow2'));
    const disk = element('disk', { type: 'file' }, [
      element('driver', { name: 'qemu', type: 'qcow2' }),
      element('source', { file: at('live.qcow2') }),
      element('target', { dev: 'vda', bus: 'virtio' }),
    ]);
    await defineDeafGuest(rig.daemon, 'live', [disk]);
    await rig.virsh('start', 'live');
    for (const way of ways) {
      const { format, virtualBytes } = await imageOf(filesOf[way], at('live.qcow2'));
      assert.deepEqual([format, virtualBytes], ['qcow2', 8 * mebibyte]);
    }
    await fails('busy', filesOf.local.removeTag(at('live.qcow2'), 'tag'));
    await rig.virsh('snapshot-create-as', 'live', 'memory');
    assert.deepEqual((await imageOf(filesOf.local, at('live.qcow2'))).tags, ['tag', 'memory']);
    await rig.virsh('destroy', 'live');
    assert.deepEqual((await imageOf(filesOf.local, at('live.qcow2'))).unchangedSince, ['tag', 'memory']);
    await runOk('qemu-io', ['-c', 'write -P 1 0 512', at('live.qcow2')]);
    assert.deepEqual((await imageOf(filesOf.local, at('live.qcow2'))).unchangedSince, []);
    await rig.virsh('snapshot-revert', 'live', 'memory', '--paused');
    await rig.virsh('destroy', 'live');
    assert.deepEqual((await imageOf(filesOf.local, at('live.qcow2'))).unchangedSince, ['tag', 'memory']);
    await rig.virsh('undefine', 'live', '--snapshots-metadata');
  });

  describe('pools', () => {
    // virsh itself would put the folder into its XML as it is.
    const poolFromXml = async (command: string, name: string): Promise<void> => {
      await withXmlFile(writeFolderPool(name, folder), (file) => rig.virsh(command, file));
    };

    it('of a user are used as they are, and stay', async () => {
      await writeFile(at('one'), '1');
      await poolFromXml('pool-create', 'theirs');
      await writeFile(at('two'), '2');
      assert.deepEqual([await filesOf.storage.list(folder)].flat().sort(), ['one', 'two']);
      await filesOf.storage.remove(at('one'));
      assert.deepEqual(await pools(), ['theirs']);
      await rig.virsh('pool-destroy', 'theirs');
    });

    it('of a user that are not active are so for a moment', async () => {
      await writeFile(at('one'), '1');
      await poolFromXml('pool-define', 'asleep');
      assert.deepEqual(await filesOf.storage.list(folder), ['one']);
      assert.match(await rig.virsh('pool-info', 'asleep'), /State:\s+inactive/);
      await rig.virsh('pool-undefine', 'asleep');
    });

    it('left over by an editor that died are used and ended', async () => {
      await writeFile(at('one'), '1');
      const dying = storageFor('qemu', {
        open: () =>
          changedConnection((procedure) => {
            assert.notEqual(procedure, 'storagePoolDestroy', 'as if it had died right before');
            return Promise.resolve();
          }),
      });
      assert.deepEqual(await dying.list(folder), ['one']);
      const [name = ''] = await pools();
      assert.match(name, /^virt-rewind-[\da-f]{12}$/);
      assert.match(await rig.virsh('pool-info', name), /Persistent:\s+no[^]*Autostart:\s+no/);
      await rig.daemon.killDaemon();
      await rig.daemon.startDaemon();
      assert.deepEqual(await pools(), [name]);
      assert.deepEqual(await filesOf.storage.list(folder), ['one']);
    });

    it('ended by another editor in between are made again', async () => {
      await writeFile(at('one'), '1');
      let ended = false;
      const files = storageFor('qemu', {
        open: () =>
          changedConnection(async (procedure) => {
            if (procedure === 'storagePoolRefresh' && !ended) {
              ended = true;
              const [name = ''] = await pools();
              await rig.virsh('pool-destroy', name);
            }
          }),
      });
      assert.deepEqual(await files.list(folder), ['one']);
      assert.ok(ended);
    });

    it('neither build nor format, nor touch what is in the folder', async () => {
      await chmod(folder, 0o711);
      await writeFile(at('odd'), 'x', { mode: 0o444 });
      const before = await Promise.all([folder, at('odd')].map((path) => stat(path)));
      await filesOf.storage.canAct(folder);
      const after = await Promise.all([folder, at('odd')].map((path) => stat(path)));
      const told = (stats: typeof before): unknown =>
        stats.map(({ mode, uid, gid, mtimeMs, ctimeMs }) => [mode, uid, gid, mtimeMs, ctimeMs]);
      assert.deepEqual(told(after), told(before));
    });

    it('whose volumes are no files are left alone', async () => {
      assert.equal(await filesOf.storage.file('/dev/null'), 'unknown');
      assert.notEqual(await filesOf.storage.canAct('/dev'), 'yes');
      await fails('unsupported', filesOf.storage.remove('/proc/1/mem'));
    });
  });

  it('what a spoilt image claims is not believed', async () => {
    const header = Buffer.alloc(512, 0xff);
    header.writeUInt32BE(0x514649fb, 0);
    header.writeUInt32BE(3, 4);
    await writeFile(at('spoilt'), header);
    assert.equal((await imageOf(filesOf.local, at('spoilt'))).corrupt, true);
    assert.equal(await filesOf.storage.image(at('spoilt')), 'unknown');
  });

  it('where libvirt cannot or may not, it says so and nothing is done', async () => {
    await writeFile(at('one'), '1');
    for (const [files, why, kind] of [
      [storageFor('test'), 'noStorageDriver', 'unsupported'],
      [storageFor('qemu', { readOnly: true }), 'denied', 'denied'],
    ] as const) {
      assert.equal(await files.file(at('one')), 'unknown');
      assert.equal(await files.list(folder), 'unseen');
      assert.deepEqual(await files.canAct(folder), { why });
      await fails(kind, files.remove(at('one')));
    }
    assert.deepEqual(await readdir(folder), ['one']);
  });

  it('on another host only libvirt reaches them', async () => {
    await writeFile(at('one'), '1');
    const files = openFiles({
      uri: rig.daemon.uri,
      capabilities: { driver: 'qemu', readOnly: true, hostname: 'elsewhere.example' },
      environment: process.env,
      log: silentLog,
      open: connect,
      close: (connection) => connection.close(),
    });
    assert.equal(await files.file(at('one')), 'unknown');
    assert.deepEqual(await files.canAct(folder), { why: 'otherHost' });
    await fails('unsupported', files.remove(at('one')));
    await rm(at('one'));
  });

  it('the hypervisor sees them, and counts the calls', async () => {
    await img('create', '-q', '-f', 'qcow2', at('d.qcow2'), '1M');
    await img('snapshot', '-c', 'tag', at('d.qcow2'));
    const hypervisor = await rig.open();
    assert.deepEqual((await imageOf(hypervisor.files, at('d.qcow2'))).tags, ['tag']);
    const before = hypervisor.callCount;
    await hypervisor.files.remove(at('d.qcow2'));
    assert.ok(hypervisor.callCount > before);
    assert.deepEqual(await readdir(folder), []);
  });

  it('a connection that ends in between is told as lost', async () => {
    const files = storageFor('qemu', {
      open: async () => {
        const connection = await connect();
        connection.close();
        return connection;
      },
    });
    await fails('lost', files.file(at('one')));
    await fails('lost', files.remove(at('one')));
    await fails('lost', files.canAct(folder));
  });
});

describe('a full disk', () => {
  let dir: string;
  let full: string;
  let rig: HypervisorRig | undefined;

  before(async function () {
    if (!root) {
      this.skip();
    }
    dir = await mkdtemp('/tmp/vr-');
    full = join(dir, 'full');
    await mkdir(full);
    await runOk('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'full', full]);
    rig = await startHypervisorRig({ dir });
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', join(full, 'base'), '1M']);
    await writeFile(join(full, 'vars'), Buffer.alloc(400_000, 1));
  });
  after(async () => {
    if (rig !== undefined) {
      await rig.stop();
      await runOk('umount', [full]);
      await rm(dir, { recursive: true, force: true });
    }
  });

  for (const way of ['storage', 'local'] as const) {
    it(`is told of as such, and nothing half made is left: ${way}`, async () => {
      const { uri, env } = rig!.daemon;
      const files =
        way === 'local'
          ? localFiles(process.env)
          : storageFiles(
              storageAccess({
                uri,
                capabilities: { driver: 'qemu', readOnly: false, hostname: hostname() },
                log: silentLog,
                open: () => openConnection(uri, { log: silentLog, environment: env }),
                close: (connection) => connection.close(),
              }),
            );
      const present = (await readdir(full)).sort();
      const leave = async (bytes: number): Promise<void> => {
        const free = (await files.space(full))?.free;
        await writeFile(join(full, `ballast${bytes}`), Buffer.alloc(free! - bytes, 1));
      };
      await leave(200_000);
      await fails('noSpace', files.copy(join(full, 'vars'), join(full, 'copy'), 'keep'));
      await leave(0);
      assert.equal((await files.space(full))?.free, 0);
      const over = { file: join(full, 'over'), backing: join(full, 'base'), backingFormat: 'qcow2' };
      await fails('noSpace', files.createOverlay(over));
      await files.remove(join(full, 'ballast0'));
      await files.remove(join(full, 'ballast200000'));
      assert.deepEqual((await readdir(full)).sort(), present);
    });
  }
});

describe('a libvirt without its storage driver', () => {
  let dir: string;
  let rig: HypervisorRig | undefined;

  before(async function () {
    const places = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib'];
    const drivers = places.map((place) => `${place}/libvirt/connection-driver`).find((place) => existsSync(place));
    if (drivers === undefined) {
      this.skip();
    }
    dir = await mkdtemp('/tmp/vr-');
    await symlink(join(drivers, 'libvirt_driver_qemu.so'), join(dir, 'libvirt_driver_qemu.so'));
    process.env['LIBVIRT_DRIVER_DIR'] = dir;
    try {
      rig = await startHypervisorRig({ dir });
    } finally {
      delete process.env['LIBVIRT_DRIVER_DIR'];
    }
  });
  after(async () => {
    if (rig !== undefined) {
      await rig.stop();
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('is told of, and the files are reached directly', async () => {
    const { uri, env } = rig!.daemon;
    const of = {
      uri,
      capabilities: { driver: 'qemu', readOnly: false, hostname: hostname() },
      environment: process.env,
      log: silentLog,
      open: () => openConnection(uri, { log: silentLog, environment: env }),
      close: (connection: Connection) => connection.close(),
    } as const;
    const storage = storageFiles(storageAccess(of));
    await writeFile(join(dir, 'one'), '1');
    assert.equal(await storage.file(join(dir, 'one')), 'unknown');
    assert.equal(await storage.image(join(dir, 'gone')), 'unknown');
    assert.equal(await storage.list(dir), 'unseen');
    const answer = await storage.canAct(dir);
    assert.ok(
      answer !== 'yes' && answer.why === 'noStorageDriver' && answer.said !== undefined,
      JSON.stringify(answer),
    );
    await fails('unsupported', storage.remove(join(dir, 'one')));
    const files = openFiles(of);
    assert.equal(await files.canAct(dir), 'yes');
    await files.remove(join(dir, 'one'));
    assert.equal(existsSync(join(dir, 'one')), false);
  });
});
