// XFS, Btrfs and logical volumes in restore points, read by guestfish: each file, byte by byte.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildDoor } from '../../scripts/build.mjs';
import { missingPackages } from '../../scripts/rig/prerequisites.mjs';
import { run as runProgram } from '../../scripts/rig/run.mjs';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import { findProgram } from '../../src/base/findProgram.js';
import { DiskError } from '../../src/wings/inside/bytes/disk.js';
import { findNode, type GuestFileSystem, nameOf } from '../../src/wings/inside/read/guestFileSystem.js';
import { type MoreVolumes, withGuestfish } from '../../src/wings/inside/read/guestfishVolumes.js';
import { openVolumes } from '../../src/wings/inside/read/volumes.js';
import { defineDiskVm } from './diskVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { differencesFrom, makeFolder, openRawDisk, runTool, writePartitions } from './insideImages.js';

const runFile = promisify(execFile);
const mb = 1024 * 1024;

/** What ends a word, a line, a list or a pattern somewhere. */
const oddNames = [
  'a "double" quote',
  "a 'single' quote",
  "'",
  "\\'",
  '\\',
  'ends with \\',
  ' \\ ',
  '\\ \\',
  "' '\\ '",
  ' blanks \t ',
  'two\nlines',
  '*?[a-z]',
  '~root',
  '-dash',
  '|pipe',
  '#comment',
  'win:c:',
  '%s',
  'ä✓',
  'x'.repeat(255),
  '\\'.repeat(255),
];

describe('file systems that guestfish reads', function () {
  let rig: LiveRig;
  let environment: NodeJS.ProcessEnv;
  let folder: string;
  let disks: readonly string[];
  let odd: ReadonlyMap<string, string>;

  before(async function () {
    const missing = await missingPackages('guestfish');
    if (missing.length > 0) {
      process.stdout.write(`      skipped: not installed here: ${missing.join(', ')}\n`);
      return this.skip();
    }
    rig = await startLiveRig();
    const programs = join(rig.daemon.dir, 'programs');
    await mkdir(programs);
    // Tells the process that it is, for the tests that end it.
    const [guestfish] = [await findProgram('guestfish', process.env)];
    await writeFile(join(programs, 'guestfish'), `#!/bin/sh\necho $$ >'${programs}/pid'\nexec ${guestfish} "$@"\n`);
    await chmod(join(programs, 'guestfish'), 0o755);
    environment = {
      ...process.env,
      PATH: `${programs}:${process.env['PATH'] ?? ''}`,
      // As on a computer without KVM.
      LIBGUESTFS_BACKEND_SETTINGS: 'force_tcg',
      TMPDIR: rig.daemon.dir,
    };
    folder = join(rig.daemon.dir, 'inside');
    await makeFolder(folder, { links: true });
    // One answer for each is enough.
    await runTool('find', join(folder, 'many'), '-name', '*[1-9]?', '-delete');
    await mkdir(join(rig.daemon.dir, 'odd/odd'), { recursive: true });
    odd = new Map(oddNames.map((name, index) => [nameOf(Buffer.from(name)), `${index} ${name}`]));
    for (const [index, name] of oddNames.entries()) {
      await writeFile(join(rig.daemon.dir, 'odd/odd', name), `${index} ${name}`);
    }
    disks = await makeDisks();
  });
  after(() => (rig as LiveRig | undefined)?.stop());

  const guestfish = async (script: string): Promise<void> => {
    const file = join(rig.daemon.dir, 'script');
    await writeFile(file, script);
    await runFile('guestfish', ['-f', file], { env: { ...environment, LIBGUESTFS_BACKEND: 'direct' } });
  };

  /** XFS, Btrfs and a part of a group of volumes; the rest of that group. */
  async function makeDisks(): Promise<readonly string[]> {
    const [first, second, xfs] = ['first', 'second', 'xfs'].map((name) => join(rig.daemon.dir, name));
    const starts = await writePartitions(first!, [64 * mb, 128 * mb, 64 * mb]);
    // It makes none of less than 300 MB but for tests.
    const env = { ...process.env, TEST_DIR: '1', TEST_DEV: '1', QA_CHECK_FS: '1' };
    const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
    await runFile('mkfs.xfs', ['-q', '-L', 'xfs', '-d', `file,name=${xfs},size=64m`], { env: { ...env, PATH: path } });
    await runTool('dd', `if=${xfs}`, `of=${first}`, `seek=${starts[0]! / mb}`, 'bs=1M', 'conv=notrunc', 'status=none');
    await runTool('truncate', '-s', '160M', second!);
    for (const name of ['inside', 'odd']) {
      await runTool('tar', '-cf', join(rig.daemon.dir, `${name}.tar`), '-C', join(rig.daemon.dir, name), '.');
    }
    const fill = (device: string): string =>
      `mount ${device} /\ntar-in ${folder}.tar /\ntar-in ${rig.daemon.dir}/odd.tar /\numount /\n`;
    await guestfish(`
      add ${first} format:raw
      add ${second} format:raw
      run
      mkfs btrfs /dev/sda2
      pvcreate /dev/sda3
      pvcreate /dev/sdb
      vgcreate the-group "/dev/sda3 /dev/sdb"
      lvcreate root the-group 64
      lvcreate data-1 the-group 140
      upload ${xfs} /dev/the-group/root
      mkfs ext4 /dev/the-group/data-1 label:data
      ${fill('/dev/sda1')}
      ${fill('/dev/sda2')}
      ${fill('/dev/the-group/root')}
      ${fill('/dev/the-group/data-1')}
    `);
    return [first!, second!];
  }

  async function withVolumes(
    use: (volumes: MoreVolumes['volumes']) => Promise<void>,
    signal = new AbortController().signal,
  ): Promise<void> {
    const open = await Promise.all(
      disks.map(async (path, index) => ({ target: `vd${'ab'[index]}`, disk: await openRawDisk(path) })),
    );
    try {
      const found = await Promise.all(open.map(({ target, disk }) => openVolumes(target, disk)));
      const more = await withGuestfish(found.flat(), open, environment, signal);
      try {
        await use(more.volumes);
      } finally {
        more.close();
      }
    } finally {
      await Promise.all(open.map(({ disk }) => disk.close()));
    }
  }

  const processOf = async (): Promise<number> => Number(await readFile(join(rig.daemon.dir, 'programs/pid'), 'utf8'));
  /** No process and no folder of it are left. */
  const isGone = async (pid: number): Promise<void> => {
    for (;;) {
      const left = readdirSync(rig.daemon.dir).filter((name) => name.startsWith('virt-rewind-'));
      if (left.length === 0 && !existsSync(`/proc/${pid}`)) {
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  it('are read byte by byte, with names that mean something to guestfish, until it is killed', async () => {
    const systems: GuestFileSystem[] = [];
    await withVolumes(async (volumes) => {
      assert.deepEqual(
        volumes.map(({ name, type }) => [name, type]),
        [
          ['vda1', 'xfs'],
          ['vda2', 'btrfs'],
          ['the--group-data--1', 'ext4'],
          ['the--group-root', 'xfs'],
        ],
      );
      for (const { name, system } of volumes) {
        assert.ok(system);
        systems.push(system);
        const names = await system.list(await findNode(system, '/odd'));
        assert.deepEqual(names.map((one) => one.name).sort(), [...odd.keys()].sort(), name);
        for (const entry of names) {
          const read = await system.read(entry.node, 0, 1_000);
          assert.equal(read.toString(), odd.get(entry.name), `${name}: ${entry.name}`);
        }
        assert.deepEqual(await differencesFrom(withoutOdd(system), folder), [], name);
      }
      const big = await findNode(systems[0]!, '/etc/deep/er/big');
      const content = await readFile(join(folder, 'etc/deep/er/big'));
      assert.ok((await systems[0]!.read(big, 1_000_001, 70_000)).equals(content.subarray(1_000_001, 1_070_001)));

      const pid = await processOf();
      process.kill(pid, 'SIGKILL');
      await assert.rejects(
        async () => {
          for (let at = 0; ; at++) {
            await systems[0]!.read(big, at, 10);
          }
        },
        (error) => error instanceof DiskError && error.message.includes('guestfish ended'),
      );
      await isGone(pid);
    });
  });

  it('are given up while guestfish starts, and nothing of it stays', async () => {
    const stop = new AbortController();
    const opening = withVolumes(() => Promise.reject(new Error('it was opened')), stop.signal);
    const pidFile = join(rig.daemon.dir, 'programs/pid');
    while (!existsSync(pidFile)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    stop.abort();
    await assert.rejects(opening, (error) => stop.signal.aborted && (error as Error).message !== 'it was opened');
    await isGone(await processOf());
  });

  it('are read and compared by the command line', async () => {
    const images = disks.map((path, index) => ({ file: join(rig.daemon.dir, `disk-${index}`), raw: path }));
    for (const { file, raw } of images) {
      await runTool('qemu-img', 'convert', '-O', 'qcow2', raw, file);
    }
    const name = await defineDiskVm(
      rig,
      'fished',
      images.map(({ file }) => ({ file, format: 'qcow2' })),
    );
    await rig.virsh('snapshot-create-as', name, 'before');
    await guestfish(`
      ${images.map(({ file }) => `add ${file} format:qcow2\n`).join('')}
      run
      mount /dev/the-group/root /
      write /etc/hosts "127.0.0.2 localhost\\n"
      touch /tiny
      write "/two\\nlines" new
      umount /
    `);
    const program = await buildDoor('commandLine', join(rig.daemon.dir, 'program'));
    const state = join(rig.daemon.dir, 'journal');
    await mkdir(state, { recursive: true });
    const env = { ...environment, ...rig.daemon.env, LC_ALL: 'C.UTF-8', LIBVIRT_DEFAULT_URI: rig.uri };
    const run = async (exit: ExitName, ...words: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await runProgram(process.execPath, [program, ...words], {
        env: { ...env, PATH: environment['PATH'], VIRT_REWIND_STATE: state },
      });
      assert.equal(code, exitCode(exit), `${words.join(' ')}: ${stdout}${stderr}`);
      return exit === 'done' ? stdout : stderr;
    };
    assert.equal(
      await run('done', 'files', `${name}@before`, 'cat', 'the--group-root:/etc/hosts'),
      '127.0.0.1 localhost\n',
    );
    const { fileSystems } = JSON.parse(await run('done', 'changed', name, 'before', '--json')) as {
      fileSystems: readonly { name: string; state: string; changes: readonly { path: string; change: string }[] }[];
    };
    assert.deepEqual(
      fileSystems.map(({ name: own, state: how, changes }) => [
        own,
        how,
        changes.map(({ path, change }) => `${change} ${path}`),
      ]),
      [
        ['the--group-data--1', 'compared', []],
        ['the--group-root', 'compared', ['changed /etc/hosts', 'added /two\\x0alines']],
        ['vda1', 'untouched', []],
        ['vda2', 'untouched', []],
      ],
    );
  });
});

/** What it was filled with beside that is looked at by itself. */
function withoutOdd(system: GuestFileSystem): GuestFileSystem {
  return {
    type: system.type,
    label: system.label,
    journal: system.journal,
    root: system.root,
    facts: (node) => system.facts(node),
    readLink: (node) => system.readLink(node),
    read: (node, at, length) => system.read(node, at, length),
    list: async (node) => (await system.list(node)).filter(({ name }) => node !== system.root || name !== 'odd'),
  };
}
