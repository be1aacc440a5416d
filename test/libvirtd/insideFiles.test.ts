// `virt-rewind files` on the restore points of a VM whose disk other programs have filled.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import { faultsOf } from '../answerFaults.js';
import { defineDiskVm } from './diskVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { makeFolder, runTool, writePartitions } from './insideImages.js';

const mb = 1024 * 1024;

describe('the files in a restore point', () => {
  let rig: LiveRig;
  let folder: string;
  let run: (exit: ExitName, ...words: readonly string[]) => Promise<string>;

  before(async () => {
    rig = await startLiveRig();
    folder = join(rig.daemon.dir, 'inside');
    mkdirSync(join(rig.daemon.dir, 'journal'), { recursive: true });
    const program = await buildDoor('commandLine', join(rig.daemon.dir, 'program'));
    const env = {
      ...rig.daemon.env,
      VIRT_REWIND_STATE: join(rig.daemon.dir, 'journal'),
      LIBVIRT_DEFAULT_URI: rig.uri,
      LC_ALL: 'C.UTF-8',
    };
    run = (exit, ...words) =>
      new Promise((resolve, reject) =>
        execFile(process.execPath, [program, 'files', ...words], { env }, (error, stdout, stderr) => {
          const code = error === null ? 0 : error.code;
          if (code === exitCode(exit)) {
            resolve(exit === 'done' || words.includes('--json') ? stdout : stderr);
          } else {
            reject(new Error(`${words.join(' ')} ended with ${String(code)}: ${stdout}${stderr}`));
          }
        }),
      );
    await defineVm();
  });
  after(() => rig.stop());

  /** A FAT and an ext4, with one snapshot inside the image, one below an overlay, and the current state. */
  async function defineVm(): Promise<void> {
    await makeFolder(folder, { links: true });
    const [raw, image] = [join(rig.daemon.dir, 'raw'), join(rig.daemon.dir, 'files.qcow2')];
    const [first = 0, second = 0] = await writePartitions(raw, [16 * mb, 120 * mb]);
    await runTool('mkfs.vfat', '-n', 'BOOT', `--offset=${first / 512}`, raw, String(16 * 1024));
    await runTool('mke2fs', '-q', '-F', '-t', 'ext4', '-d', folder, '-E', `offset=${second}`, raw, '120M');
    const block = Number(await runTool('debugfs', '-R', 'bmap /etc/hosts 0', `${raw}?offset=${second}`));
    const change = async (file: string, text: string): Promise<void> => {
      const bytes = join(rig.daemon.dir, 'bytes');
      await writeFile(bytes, text.padEnd(512, '\0'));
      await runTool('qemu-io', '-f', 'qcow2', '-c', `write -s ${bytes} ${second + block * 1024} 512`, file);
    };
    await runTool('qemu-img', 'convert', '-O', 'qcow2', raw, image);
    const name = await defineDiskVm(rig, 'files', [{ file: image, format: 'qcow2' }]);
    await rig.virsh('snapshot-create-as', name, 'inside');
    await change(image, 'second');
    const overlay = join(rig.daemon.dir, 'overlay.qcow2');
    await runTool('qemu-img', 'create', '-f', 'qcow2', '-b', image, '-F', 'qcow2', overlay);
    await defineDiskVm(rig, 'overlaid', [{ file: overlay, format: 'qcow2' }]);
    await change(overlay, 'third');
    await rig.virsh('snapshot-create-as', 'overlaid', 'outside', '--disk-only');
  }

  it('tells the file systems', async () => {
    const { fileSystems } = JSON.parse(await run('done', 'files@inside', '--json')) as {
      fileSystems: readonly { name: string; type: string; label: string }[];
    };
    assert.deepEqual(
      fileSystems.map(({ name, type, label }) => [name, type, label]),
      [
        ['vda1', 'vfat', 'BOOT'],
        ['vda2', 'ext4', ''],
      ],
    );
  });

  it('reads a file as it was in each restore point, while the VM runs', async () => {
    const first = (text: string): string => text.slice(0, 6);
    assert.equal(first(await run('done', 'files', 'cat', '/etc/hosts')), 'second');
    await rig.virsh('start', 'files');
    assert.equal(first(await run('done', 'files@inside', 'cat', '/link')), '127.0.');
    assert.match(await run('refused', 'files', 'cat', '/etc/hosts'), /files --now/u);
    await rig.virsh('destroy', 'files');
    await rig.virsh('start', 'overlaid');
    assert.equal(first(await run('done', 'overlaid@outside', 'cat', 'vda2:/etc/hosts')), 'third\0');
    await rig.virsh('destroy', 'overlaid');
  });

  it('copies a folder out as it is, and replaces nothing', async () => {
    const to = join(rig.daemon.dir, 'copied');
    await run('done', 'files@inside', 'copy', '/', to);
    await runTool('rmdir', join(to, 'lost+found'));
    await runTool('diff', '-r', '--no-dereference', folder, to);
    assert.match(await run('failed', 'files@inside', 'copy', '/tiny', join(to, 'tiny')), /exists already/u);
    await run('done', 'files@inside', 'copy', '/tiny', rig.daemon.dir);
    assert.equal(await readFile(join(rig.daemon.dir, 'tiny'), 'utf8'), 'tiny');
  });

  it('finds by a part of a name', async () => {
    assert.deepEqual((await run('done', 'files@inside', 'find', 'file-69', '/many')).trim().split('\n').sort(), [
      '/many/file-69',
      ...Array.from({ length: 10 }, (_, at) => `/many/file-69${at}`),
    ]);
  });

  it('that cannot be read are named, and the others of a folder are copied and found', async () => {
    const [raw, image] = [join(rig.daemon.dir, 'damaged-raw'), join(rig.daemon.dir, 'damaged.qcow2')];
    const tree = join(rig.daemon.dir, 'damaged-tree');
    await makeFolder(tree, { links: true });
    // Most of it is hole, more than anybody would wait for.
    await truncate(join(tree, 'sparse'), 8 * 1024 ** 4);
    await runTool('mke2fs', '-q', '-F', '-t', 'ext4', '-b', '4096', '-d', tree, raw, '120M');
    for (const path of ['/many/file-7', '/etc/deep']) {
      // The mark of a table of extents.
      await runTool('debugfs', '-w', '-R', `set_inode_field ${path} block[0] 0xdeadbeef`, raw);
    }
    await runTool('qemu-img', 'convert', '-O', 'qcow2', raw, image);
    await defineDiskVm(rig, 'damaged', [{ file: image, format: 'qcow2' }]);

    const to = join(rig.daemon.dir, 'rest');
    const told = await run('failed', 'damaged', 'copy', '/', to);
    assert.match(told, /could not be read: 2\.\n/u);
    assert.match(told, /^\/many\/file-7: The file system is damaged at inode \d+/mu);
    assert.match(told, /^\/etc\/deep: The file system is damaged/mu);
    assert.ok(!existsSync(join(to, 'many/file-7')));
    assert.equal(await readFile(join(to, 'many/file-8'), 'utf8'), 'file 8\n');
    assert.equal((await stat(join(to, 'sparse'))).size, 8 * 1024 ** 4);
    assert.ok((await stat(join(to, 'sparse'))).blocks < 100);
    assert.match(await run('failed', 'damaged', 'find', 'big'), /^\/etc\/deep: The file system is damaged/mu);
    for (const words of [
      ['copy', '/', `${to}2`],
      ['find', 'big'],
    ]) {
      const answer: unknown = JSON.parse(await run('failed', 'damaged', ...words, '--json'));
      assert.deepEqual(faultsOf(answer), []);
    }
    assert.match(await run('refused', 'damaged', 'cat', '/many/file-7'), /The file system is damaged/u);
  });

  it('answers as its schema says', async () => {
    for (const words of [
      [],
      ['ls', '/etc'],
      ['cat', '/tiny'],
      ['find', 'tiny'],
      ['copy', '/tiny', join(rig.daemon.dir, 'b')],
    ]) {
      const answer: unknown = JSON.parse(await run('done', 'files@inside', ...words, '--json'));
      assert.deepEqual(faultsOf(answer), []);
    }
  });

  it('says what is wrong with a path', async () => {
    for (const [exit, pattern, ...words] of [
      ['notFound', /does not exist/u, 'cat', '/nothing'],
      ['notFound', /There are: vda1, vda2/u, 'ls', 'vdb1:/'],
      ['refused', /is a folder/u, 'cat', '/etc'],
      ['refused', /is not a folder/u, 'ls', '/tiny/more'],
      ['usage', /ACTION is/u, 'print'],
    ] as const) {
      assert.match(await run(exit, 'files@inside', ...words), pattern);
    }
    assert.match(await run('failed', 'files@inside', 'copy', '/tiny', join(folder, 'no/such')), /cannot be written/u);
    assert.ok(!existsSync(join(folder, 'no')));
  });
});
