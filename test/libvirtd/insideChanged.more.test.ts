// `virt-rewind changed` between restore points of each style, against a walk over both that reads everything.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import { cachedDisk, partOfDisk } from '../../src/wings/inside/bytes/disk.js';
import { openExt } from '../../src/wings/inside/read/extFileSystem.js';
import { faultsOf } from '../answerFaults.js';
import { defineDiskVm } from './diskVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import {
  differencesOf,
  makeFolder,
  openRawDisk,
  runTool,
  wholeOf,
  writeDifferences,
  writePartitions,
} from './insideImages.js';

const mb = 1024 * 1024;

interface Answer {
  readonly fileSystems: readonly {
    readonly name: string;
    readonly state: string;
    readonly changes?: readonly { readonly path: string; readonly change: string }[];
    readonly folders?: readonly Readonly<Record<string, unknown>>[];
  }[];
  readonly packages: readonly Readonly<Record<string, unknown>>[];
  readonly diff?: string;
}

describe('what changed between two restore points', () => {
  let rig: LiveRig;
  let run: (exit: ExitName, ...words: readonly string[]) => Promise<string>;
  let starts: readonly number[];
  const at = (name: string): string => join(rig.daemon.dir, name);
  const vm = 'changed';

  before(async () => {
    rig = await startLiveRig();
    mkdirSync(at('journal'), { recursive: true });
    const program = await buildDoor('commandLine', at('program'));
    const env = {
      ...rig.daemon.env,
      VIRT_REWIND_STATE: at('journal'),
      LIBVIRT_DEFAULT_URI: rig.uri,
      LC_ALL: 'C.UTF-8',
    };
    run = (exit, ...words) =>
      new Promise((resolve, reject) =>
        execFile(process.execPath, [program, 'changed', vm, ...words], { env }, (error, stdout, stderr) => {
          const code = error === null ? 0 : error.code;
          if (code === exitCode(exit)) {
            resolve(exit === 'done' ? stdout : stderr);
          } else {
            reject(new Error(`${words.join(' ')} ended with ${String(code)}: ${stdout}${stderr}`));
          }
        }),
      );
    await defineVm();
  });
  after(() => rig.stop());

  /** `one` and `two` stand inside the image, `three` below an overlay; of each there is a raw copy. */
  async function defineVm(): Promise<void> {
    await makeFolder(at('folder'), { links: true });
    mkdirSync(at('folder/var/lib/dpkg'), { recursive: true });
    writeFileSync(at('folder/var/lib/dpkg/status'), packagesOf({ kept: 1, old: 1, upgraded: 1 }));
    starts = await writePartitions(at('one.raw'), [16 * mb, 120 * mb]);
    const [first = 0, second = 0] = starts;
    await runTool('mkfs.vfat', `--offset=${first / 512}`, at('one.raw'), String(16 * 1024));
    const offset = `offset=${second}`;
    await runTool('mke2fs', '-q', '-F', '-t', 'ext4', '-d', at('folder'), '-E', offset, at('one.raw'), '120M');
    const image = at('changed.qcow2');
    await runTool('qemu-img', 'convert', '-O', 'qcow2', at('one.raw'), image);
    await defineDiskVm(rig, vm, [{ file: image, format: 'qcow2' }]);
    await rig.virsh('snapshot-create-as', vm, 'one');
    writeFileSync(at('status'), packagesOf({ kept: 1, upgraded: 2, added: 1 }));
    writeFileSync(at('hosts'), '127.0.0.1 localhost\n10.0.0.1 other\n');
    await change('one', 'two', image, [
      'rm /var/lib/dpkg/status',
      `write ${at('status')} /var/lib/dpkg/status`,
      'rm /etc/hosts',
      `write ${at('hosts')} /etc/hosts`,
      'rm /many/file-3',
      'set_inode_field /many/file-4 mode 0100600',
    ]);
    await rig.virsh('snapshot-create-as', vm, 'two');
    await change('two', 'three', image, ['mkdir /srv', `write ${at('hosts')} /srv/new`, 'rm /many/file-5']);
    await rig.virsh('snapshot-create-as', vm, 'three', '--disk-only');
    await rig.engine.refresh({ connection: rig.uri });
    const overlay = /\s(\/\S+)/u.exec(await rig.virsh('domblklist', vm))?.[1] ?? '';
    await change('three', 'now', overlay, ['rm /srv/new', 'set_inode_field /tiny uid 1000']);
  }

  function packagesOf(versions: Readonly<Record<string, number>>): string {
    return Object.entries(versions)
      .map(
        ([name, version]) =>
          `Package: ${name}\nStatus: install ok installed\nArchitecture: all\nVersion: ${version}\nDescription: text\n Version: 9\n`,
      )
      .join('\n');
  }

  /** As a guest does it: writes the blocks that differ. */
  async function change(from: string, to: string, image: string, commands: readonly string[]): Promise<void> {
    copyFileSync(at(`${from}.raw`), at(`${to}.raw`));
    writeFileSync(at('commands'), commands.join('\n'));
    await runTool('debugfs', '-w', '-f', at('commands'), `${at(`${to}.raw`)}?offset=${starts[1] ?? 0}`);
    await writeDifferences(at(`${from}.raw`), at(`${to}.raw`), image);
  }

  async function expectedBetween(before: string, after: string): Promise<readonly string[]> {
    const [one = new Map<string, string>(), other = new Map<string, string>()] = await Promise.all(
      [before, after].map(async (name) => {
        const disk = await openRawDisk(at(`${name}.raw`));
        const system = await openExt(cachedDisk(partOfDisk(disk, starts[1] ?? 0, 120 * mb)));
        assert.ok(system);
        const whole = await wholeOf(system);
        await disk.close();
        return whole;
      }),
    );
    return differencesOf(one, other);
  }

  async function answerOf(...words: readonly string[]): Promise<Answer> {
    const answer = JSON.parse(await run('done', ...words, '--json')) as Answer;
    assert.deepEqual(faultsOf(answer), []);
    return answer;
  }

  for (const [before, after] of [
    ['one', 'two'],
    ['two', 'one'],
    ['two', 'three'],
    ['one', 'three'],
    ['three', undefined],
    ['one', undefined],
  ] as const) {
    it(`finds it between ${before} and ${after ?? 'the current state'}`, async () => {
      const { fileSystems } = await answerOf(before, ...(after === undefined ? [] : [after]));
      assert.deepEqual(
        fileSystems.map(({ name, state }) => [name, state]),
        [
          ['vda1', 'untouched'],
          ['vda2', 'compared'],
        ],
      );
      const found = fileSystems[1]?.changes?.map(({ path, change }) => `${change} ${path.replace(/^\/|\/$/gu, '')}`);
      assert.deepEqual(found, await expectedBetween(before, after ?? 'now'));
    });
  }

  it('tells between which restore points a file changed', async () => {
    const when = async (path: string): Promise<unknown> =>
      (JSON.parse(await run('done', '--when', path, '--json')) as { readonly when: unknown }).when;
    assert.deepEqual(await when('vda2:/etc/hosts'), [{ before: 'one', after: 'two' }]);
    assert.deepEqual(await when('vda2:/srv/new'), [{ before: 'two', after: 'three' }, { before: 'three' }]);
    assert.deepEqual(await when('vda2:/tiny'), [{ before: 'three' }]);
    assert.deepEqual(await when('vda2:/nothing'), []);
    assert.match(await run('done', '--when', 'vda2:/etc/hosts'), /one.*two/u);
    await run('refused', '--when', 'vda2:/etc');
    await run('usage', 'one', '--when', 'vda2:/etc/hosts');
    await run('usage');
  });

  it('lists it, counts it, and tells of packages', async () => {
    const text = await run('done', 'one', 'two');
    assert.match(text, /^vda1: nothing changed\n3 files changed on vda2, 1 removed$/mu);
    assert.match(text, /^M \/etc\/hosts {2}\(content\)\nD \/many\/file-3\nM \/many\/file-4 {2}\(mode 0644 → 0600\)$/mu);
    assert.match(text, /^A added:all 1\nD old:all 1\nM upgraded:all 1 → 2$/mu);
    assert.match(await run('done', 'one', 'two', '--stat'), /^\/many\/ +0 +1 +1$/mu);
    const { fileSystems, packages } = await answerOf('one', 'two', '--stat');
    assert.deepEqual(fileSystems[1]?.folders?.[1], { folder: '/many/', added: 0, removed: 1, changed: 1 });
    assert.equal(packages.length, 3);
  });

  it('shows what changed below a folder, and how a text differs', async () => {
    const { fileSystems } = await answerOf('one', 'two', '/many');
    assert.deepEqual(
      fileSystems.map(({ name, changes }) => [name, changes?.map(({ path }) => path)]),
      [['vda2', ['/many/file-3', '/many/file-4']]],
    );
    const { diff = '' } = await answerOf('one', 'two', '/etc/hosts');
    assert.match(diff, /^--- vda2:\/etc\/hosts\n\+\+\+ vda2:\/etc\/hosts\n@@ -1 \+1,2 @@\n 127.*\n\+10/u);
    assert.match(await run('done', 'one', 'two', 'vda2:/etc/hosts'), /^\+10\.0\.0\.1 other$/mu);
  });

  it('compares restore points while the VM runs, and refuses its current state', async () => {
    await rig.virsh('start', vm);
    try {
      assert.match(await run('done', 'two', 'three'), /^A \/srv\/new$/mu);
      assert.match(await run('refused', 'two'), /change while it runs/u);
    } finally {
      await rig.virsh('destroy', vm);
    }
  });

  it('says what is wrong with a path', async () => {
    assert.match(await run('notFound', 'one', 'two', '/no/such'), /does not exist there/u);
    assert.match(await run('notFound', 'one', 'two', 'vdb1:/etc'), /There are: vda1, vda2/u);
    assert.match(await run('usage', 'one', 'two', 'three'), /PATH has a slash/u);
  });
});
