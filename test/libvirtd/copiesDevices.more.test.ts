// Backups of disks that are no plain files: block devices, volumes, encrypted images. Needs loop devices, so root.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import type { ExitName } from '../../src/cli/exitCodes.js';
import { contentFile, type CopiesHost, type ListedBackup, startCopiesHost } from './copiesRig.js';
import { defineDiskVm } from './diskVm.js';
import { runTool } from './insideImages.js';
import { LoopDevices } from './loopDevices.js';

const mebibyte = 1024 ** 2;
const bytes = 8 * mebibyte;

describe('copies of disks that are no plain files', () => {
  let host: CopiesHost;
  let folder: string;
  let repository: string;
  const loops = new LoopDevices();

  before(async () => {
    host = await startCopiesHost();
    folder = host.rig.daemon.dir;
    repository = join(folder, 'repository');
  });
  after(async () => {
    await host.rig.stop();
    await loops.stop();
  });

  /** The result, and what is told beside it. */
  async function told(...words: readonly string[]): Promise<string> {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [host.door, ...words], { env: host.env });
    return `${stdout}${stderr}`;
  }

  /** With random content, that its file tells. */
  async function device(name: string, size = bytes): Promise<{ readonly device: string; readonly file: string }> {
    const file = join(folder, `${name}.of-device`);
    await runTool('sh', '-c', `head -c ${size} /dev/urandom > ${file}`);
    const found = await loops.attach(file);
    if (typeof found !== 'string') {
      process.stdout.write(`      skipped: no loop device can be had here: ${found.why}\n`);
      throw new NoDevice();
    }
    return { device: found, file };
  }

  class NoDevice extends Error {}

  /** Without loop devices there is nothing to test. */
  function onDevices(title: string, work: () => Promise<void>): void {
    it(title, async function () {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof NoDevice)) {
          throw error;
        }
        this.skip();
      }
    });
  }

  async function redefine(vm: string, change: (xml: string) => string): Promise<void> {
    const xml = await host.rig.virsh('dumpxml', vm, '--inactive', '--security-info');
    await withXmlFile(change(xml), (file) => virshOk(host.rig.daemon.virsh, 'define', file));
    await host.rig.engine.refresh({ connection: host.rig.uri });
  }

  const onDevice = (xml: string): string =>
    xml.replace(/<disk type='file'([^]*?)<source file='(\/dev\/[^']+)'/u, "<disk type='block'$1<source dev='$2'");

  async function backUp(vm: string): Promise<ListedBackup> {
    return (await host.json<{ backup: ListedBackup }>('backup', vm, '--to', repository, '--create')).backup;
  }

  async function requireSame(one: string, other: string): Promise<void> {
    await runTool('cmp', '-n', String(bytes), one, other);
  }

  async function sumOf(file: string): Promise<string> {
    // What a device has not written yet is not in its file.
    await runTool('sync', file);
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  }

  function gone(vm: string): Promise<string> {
    return host.rig.virsh('undefine', vm, '--snapshots-metadata');
  }

  onDevices('a raw block device comes back as a file, with all its bytes', async () => {
    const { device: own, file } = await device('raw');
    await defineDiskVm(host.rig, 'raw', [{ file: own, format: 'raw' }]);
    await redefine('raw', onDevice);
    const { id, addedBytes } = await backUp('raw');
    assert.ok(addedBytes > bytes / 2);
    await host.run('done', 'backups', 'check', id, '--from', repository);
    const out = join(folder, 'out');
    await host.run('done', 'export', 'raw', '--to', out);
    for (const [words, as] of [
      [[id, '--from', repository], 'raw-again'],
      [[join(out, 'raw')], 'raw-export'],
    ] as const) {
      await host.run('done', 'restore', ...words, '--folder', join(folder, 'restored'), '--as', as);
      const xml = await host.rig.virsh('dumpxml', as);
      assert.match(xml, /<disk type='file'/u);
      await requireSame(await contentFile(host, as), file);
    }
    // A device tells no time: what was written since is read.
    await runTool('dd', 'if=/dev/urandom', `of=${own}`, 'bs=1M', 'count=1', 'seek=3', 'conv=fsync');
    const again = await backUp('raw');
    assert.ok(again.addedBytes > mebibyte / 2 && again.addedBytes < 4 * mebibyte, String(again.addedBytes));
    await host.run(
      'done',
      'restore',
      again.id,
      '--from',
      repository,
      '--folder',
      join(folder, 'third'),
      '--as',
      'third',
    );
    await requireSame(await contentFile(host, 'third'), own);
    await host.run('done', 'backups', 'prune', id, '--from', repository, '--yes');
    await host.run('done', 'backups', 'check', again.id, '--from', repository);
    await gone('raw');
  });

  onDevices('a device below snapshots comes back with the tree, also of a VM that runs', async () => {
    const { device: base, file } = await device('tree');
    await defineDiskVm(host.rig, 'tree', [{ file: base, format: 'raw' }]);
    await redefine('tree', onDevice);
    const images = join(folder, 'tree-images');
    mkdirSync(images);
    await host.rig.virsh(
      ...(['snapshot-create-as', 'tree', 'first', '--disk-only', '--diskspec'] as const),
      `vda,snapshot=external,file=${images}/first.qcow2`,
    );
    await runTool('qemu-io', '-f', 'qcow2', '-c', 'write -P 7 1M 1M', join(images, 'first.qcow2'));
    await host.rig.engine.refresh({ connection: host.rig.uri });
    await host.run('done', 'start', 'tree');
    await host.run('done', 'checkpoint', 'tree', 'second', '--kind', 'disk', '--style', 'external');
    const { id } = await backUp('tree');
    await host.rig.virsh('destroy', 'tree');
    const kept = join(folder, 'tree.kept');
    copyFileSync(file, kept);
    await host.run(
      'done',
      'restore',
      id,
      '--from',
      repository,
      '--folder',
      join(folder, 'trees'),
      '--as',
      'tree-again',
    );
    const [names, again] = await Promise.all(
      ['tree', 'tree-again'].map((vm) => host.rig.virsh('snapshot-list', vm, '--tree')),
    );
    assert.equal(again, names);
    const top = await contentFile(host, 'tree-again');
    const [raw = ''] = readdirSync(join(folder, 'trees', 'tree-again')).filter((one) => one.startsWith('loop'));
    await requireSame(join(folder, 'trees', 'tree-again', raw), kept);
    await runTool('qemu-img', 'compare', '-f', 'qcow2', '-F', 'qcow2', top, join(images, 'first.qcow2'));
    assert.doesNotMatch(await host.rig.virsh('snapshot-dumpxml', 'tree-again', 'first'), /\/dev\/loop/u);
    await host.run('done', 'start', 'tree-again');
    await host.rig.virsh('destroy', 'tree-again');
    await gone('tree');
  });

  onDevices('a disk goes onto a device that a person names, with the tree above it, and onto no other', async () => {
    const { device: own, file } = await device('onto');
    await defineDiskVm(host.rig, 'onto', [{ file: own, format: 'raw' }]);
    await redefine('onto', onDevice);
    const images = join(folder, 'onto-images');
    mkdirSync(images);
    await host.rig.virsh(
      ...(['snapshot-create-as', 'onto', 'first', '--disk-only', '--diskspec'] as const),
      `vda,snapshot=external,file=${images}/first.qcow2`,
    );
    await runTool('qemu-io', '-f', 'qcow2', '-c', 'write -P 7 1M 1M', join(images, 'first.qcow2'));
    await host.rig.engine.refresh({ connection: host.rig.uri });
    const { id } = await backUp('onto');
    const { device: to, file: under } = await device('target', bytes + mebibyte);
    const before = await sumOf(under);
    const restore = (exit: ExitName, onto: string, ...words: readonly string[]): Promise<string> =>
      host.run(
        exit,
        ...['restore', id, '--from', repository, '--folder', join(folder, 'onto'), '--as', 'onto-again'],
        ...['--onto', `vda=${onto}`, ...words],
      );
    const confirmed = ['--name', `${to} ${bytes + mebibyte}`];

    assert.match(await restore('done', to, '--plan'), new RegExp(`${to}.*All that is on it is lost`, 'u'));
    await restore('unanswered', to);
    await restore('unanswered', to, '--yes');
    await restore('declined', to, '--name', to);
    await restore('usage', '');
    const { device: small } = await device('small', mebibyte);
    const readOnly = await loops.attach(file, '--read-only');
    assert.ok(typeof readOnly === 'string');
    await defineDiskVm(host.rig, 'user', [{ file: to, format: 'raw' }]);
    await restore('refused', to, ...confirmed);
    await gone('user');
    for (const odd of [
      ...[small, readOnly, own, '/dev/null', '/dev/none', '/dev/../dev/loop0', under, `${to}/`, 'loop0'],
      ...['/dev/shm', '/dev/loop-control', '/dev/mapper/../../etc/passwd'],
    ]) {
      await restore('refused', odd, '--name', `${odd} ${bytes}`);
    }
    await host.run('refused', 'restore', id, '--from', repository, '--folder', folder, '--onto', `vdz=${to}`);
    assert.equal(await sumOf(under), before);

    // Another device has its name by now.
    host.wrap('restic', `case "$*" in restore*) losetup -d ${to}; losetup ${to} ${under};; esac`);
    assert.match(await restore('refused', to, ...confirmed), /another device/u);
    host.unwrap('restic');
    assert.equal(await sumOf(under), before);

    // It ends in the middle, by itself and by a kill.
    const half = 'head -c 1048576 /dev/zero';
    host.wrap('restic', `case "$*" in dump*/dev/loop*) ${half}; exit 1;; esac`);
    assert.match(await restore('failed', to, ...confirmed), new RegExp(`${to} was written to`, 'u'));
    assert.notEqual(await sumOf(under), before);
    host.wrap('restic', `case "$*" in dump*/dev/loop*) ${half}; kill -KILL $PPID; exit 1;; esac`);
    await assert.rejects(restore('done', to, ...confirmed));
    host.unwrap('restic');
    const again = [id, '--from', repository, '--folder', join(folder, 'onto'), '--as', 'onto-again'];
    assert.match(await told('restore', ...again), /interrupted while it wrote/u);
    await gone('onto-again');
    rmSync(join(folder, 'onto'), { recursive: true });

    const said = await restore('done', to, ...confirmed);
    assert.doesNotMatch(said, /interrupted/u);
    assert.match(await host.rig.virsh('snapshot-dumpxml', 'onto-again', 'first'), new RegExp(`dev='${to}'`, 'u'));
    await requireSame(to, file);
    const top = await contentFile(host, 'onto-again');
    await runTool('qemu-img', 'compare', '-f', 'qcow2', '-F', 'qcow2', top, join(images, 'first.qcow2'));
    assert.deepEqual(readdirSync(join(folder, 'onto', 'onto-again')), [basename(top)]);
    await host.run('done', 'start', 'onto-again');
    await host.rig.virsh('destroy', 'onto-again');
    await gone('onto-again');
    const out = join(folder, 'out-onto');
    await host.run('done', 'export', 'onto', '--to', out);
    await runTool('dd', 'if=/dev/urandom', `of=${to}`, 'bs=1M', 'count=8', 'conv=fsync');
    await host.run(
      'done',
      ...(['restore', join(out, 'onto'), '--folder', join(folder, 'plain'), '--as', 'plain'] as const),
      ...['--onto', `vda=${to}`, ...confirmed],
    );
    await requireSame(to, file);
    await gone('plain');
    await gone('onto');
  });

  onDevices('no disk goes onto a device that is mounted', async () => {
    const { device: own } = await device('unmounted');
    await defineDiskVm(host.rig, 'unmounted', [{ file: own, format: 'raw' }]);
    await redefine('unmounted', onDevice);
    const { id } = await backUp('unmounted');
    const { device: to } = await device('mounted', 2 * bytes);
    await runTool('mkfs.ext4', '-q', '-L', 'mine', to);
    const point = join(folder, 'point');
    mkdirSync(point);
    const words = [id, '--from', repository, '--folder', folder, '--as', 'over', '--onto', `vda=${to}`];
    assert.match(await host.run('done', 'restore', ...words, '--plan'), /lost: .*ext4/u);
    await runTool('mount', to, point);
    try {
      assert.match(await host.run('refused', 'restore', ...words, '--plan'), /mounted/u);
      await host.run('refused', 'restore', ...words, '--name', `${to} ${2 * bytes}`);
    } finally {
      await runTool('umount', point);
    }
    await gone('unmounted');
  });

  it('an encrypted image comes back as it is, and its secret is named and in no backup', async () => {
    const image = join(folder, 'luks.qcow2');
    const passphrase = 'the passphrase of nobody else';
    const secret = ['--object', `secret,id=s,data=${passphrase}`];
    await runTool(
      ...(['qemu-img', 'create', '-q', '-f', 'qcow2', ...secret] as const),
      ...['-o', 'encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10', image, '8M'],
    );
    const opened = `driver=qcow2,encrypt.key-secret=s,file.filename=${image}`;
    await runTool('qemu-io', ...secret, '--image-opts', '-c', 'write -P 9 0 4M', opened);
    const uuid = '5f0c2b3a-7d1e-4c7b-9b55-2f0c1a4e7d10';
    const own = `<secret ephemeral='no' private='yes'><uuid>${uuid}</uuid><usage type='volume'><volume>${image}</volume></usage></secret>`;
    await withXmlFile(own, (file) => virshOk(host.rig.daemon.virsh, 'secret-define', file));
    await host.rig.virsh('secret-set-value', uuid, Buffer.from(passphrase).toString('base64'));
    await defineDiskVm(host.rig, 'luks', [{ file: image, format: 'qcow2' }]);
    const key = `<encryption format='luks'><secret type='passphrase' uuid='${uuid}'/></encryption>`;
    await redefine('luks', (xml) => xml.replace(/<source file='([^']+)'\/>/u, `<source file='$1'>${key}</source>`));
    await host.run('done', 'start', 'luks');
    assert.match(await host.run('refused', 'backup', 'luks', '--to', repository, '--create'), /--shut-down/u);
    await host.rig.virsh('destroy', 'luks');
    const { id } = await backUp('luks');
    const words = [id, '--from', repository, '--folder', join(folder, 'luks'), '--as', 'luks-again'];
    for (const last of [['--plan'], []]) {
      assert.match(await told('restore', ...words, ...last), new RegExp(uuid, 'u'));
    }
    await runTool('cmp', await contentFile(host, 'luks-again'), image);
    await host.run('done', 'start', 'luks-again');
    await host.rig.virsh('destroy', 'luks-again');
    assert.match(await host.rig.virsh('dumpxml', 'luks-again'), new RegExp(`uuid='${uuid}'`, 'u'));
    const out = join(folder, 'out-luks');
    await host.run('done', 'export', 'luks', '--to', out);
    await assert.rejects(runTool('grep', '-rqF', passphrase, out));
    await host.run('refused', 'files', join(out, 'luks'), 'ls', '/');
    await gone('luks');
  });

  it('a volume of a pool comes back as the file that it was', async () => {
    const pool = join(folder, 'volumes');
    mkdirSync(pool);
    const image = join(pool, 'own.qcow2');
    await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', image, '8M');
    await runTool('qemu-io', '-f', 'qcow2', '-c', 'write -P 5 0 1M', image);
    await host.rig.virsh('pool-create-as', 'volumes', 'dir', '--target', pool);
    await defineDiskVm(host.rig, 'volume', [{ file: image, format: 'qcow2' }]);
    await redefine('volume', (xml) =>
      xml.replace(
        /<disk type='file'([^]*?)<source file='[^']+'/u,
        "<disk type='volume'$1<source pool='volumes' volume='own.qcow2'",
      ),
    );
    const { id } = await backUp('volume');
    await host.run('done', 'restore', id, '--from', repository, '--folder', join(folder, 'restored'), '--as', 'file');
    const restored = await contentFile(host, 'file');
    await runTool('qemu-img', 'compare', '-f', 'qcow2', '-F', 'qcow2', restored, image);
    await gone('volume');
  });
});
