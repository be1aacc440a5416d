// `virt-rewind export`: a folder with a VM and its tree comes back on another computer, with us and by hand.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { exitCode } from '../../src/cli/exitCodes.js';
import { faultsOf } from '../answerFaults.js';
import { readManifest, type Manifest } from '../../src/transfer/manifest.js';
import { contentFile, type CopiesHost, startCopiesHost } from './copiesRig.js';
import { CopiedTree, snapshotsOn } from './copiesTree.js';
import { runTool } from './insideImages.js';

const name = 'web';
const password = 'not4you';

describe('exports of a VM', () => {
  let [here, there]: CopiesHost[] = [];
  let tree: CopiedTree;
  let out: string;
  let folder: string;

  before(async () => {
    [here, there] = [await startCopiesHost(), await startCopiesHost()];
    out = join(here.rig.daemon.dir, 'out');
    folder = join(out, name);
    tree = new CopiedTree(here, name);
    await tree.make();
  });
  after(async () => {
    await here?.rig.stop();
    await there?.rig.stop();
  });
  afterEach(() => here?.unwrap('dd'));

  it('are not there before they are whole', async () => {
    const file = await contentFile(here!, name);
    here!.wrap('dd', `case "$*" in *if=*) touch '${file}';; esac`);
    assert.match(await here!.run('failed', 'export', name, '--to', out), /changed during/u);
    const earlier = join(here!.rig.daemon.dir, 'earlier');
    await cp(file, earlier);
    here!.wrap('dd', `case "$*" in *if=*) truncate -s -65536 '${file}';; esac`);
    assert.match(await here!.run('failed', 'export', name, '--to', out), /changed during/u);
    await cp(earlier, file);
    here!.wrap('dd', 'case "$*" in *of=*) head -c 1000000 >/dev/null; echo no space left; exit 2;; esac');
    assert.match(await here!.run('failed', 'export', name, '--to', out), /no space left/u);
    assert.deepEqual(readdirSync(out), []);
    here!.wrap('dd', 'case "$*" in *if=*) kill -9 $(ps -o ppid= -p $PPID);; esac');
    await assert.rejects(here!.run('done', 'export', name, '--to', out));
    assert.match(readdirSync(out).join(), /^web\.exporting-\w+$/u);
    // What the killed shell had begun may still make a file.
    rmSync(out, { recursive: true, maxRetries: 10 });
  });

  it('are cancelled as what they are', async () => {
    here!.wrap('dd', 'case "$*" in *if=*) sleep 3;; esac');
    const { door, env } = here!;
    const child = spawn(process.execPath, [door, 'export', name, '--to', out], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [ended, said] = [once(child, 'exit'), text(child.stderr)];
    while (!existsSync(out) || !readdirSync(out, { recursive: true }).some((one) => String(one).includes('disks/'))) {
      await delay(20);
    }
    child.kill('SIGINT');
    assert.deepEqual(await ended, [exitCode('cancelled'), null]);
    assert.doesNotMatch(await said, /failed/u);
    assert.deepEqual(readdirSync(out), []);
  });

  it('give way to the guests of the host', async () => {
    const seen = join(here!.rig.daemon.dir, 'priority');
    here!.wrap('dd', `[ "$1" = --version ] || ionice >>'${seen}'`);
    await here!.run('done', 'export', name, '--to', out);
    assert.match(readFileSync(seen, 'utf8'), /^(idle\n)+$/u);
    rmSync(out, { recursive: true });
  });

  it('hold the VM with its whole tree, and no passwords', async () => {
    const xml = await here!.rig.virsh('dumpxml', name, '--inactive');
    const file = join(here!.rig.daemon.dir, 'web.xml');
    const display = `<graphics type='vnc' port='-1' autoport='yes' passwd='${password}'/>`;
    writeFileSync(file, xml.replace('</devices>', `${display}</devices>`));
    await here!.rig.virsh('define', file);
    await tree.take('shown', 'offline');
    await tree.keepContents();
    const answer = await here!.json<{ export: { leftOut: readonly string[]; folder: string } }>(
      ...(['export', name, '--to', out] as const),
    );
    assert.deepEqual(faultsOf(answer), []);
    assert.deepEqual(answer.export.leftOut, ['passwords']);
    assert.equal(answer.export.folder, folder);
    assert.deepEqual(readdirSync(out), [name]);
    await runTool('sh', '-c', `cd '${folder}' && sha256sum --strict -c SHA256SUMS && ! grep -r ${password} .`);
    assert.match(await here!.run('refused', 'export', name, '--to', out), /exists already/u);
  });

  it('come back by hand, as their README says', async () => {
    const home = join(there!.rig.daemon.dir, 'by-hand');
    await cp(folder, home, { recursive: true });
    const readme = readFileSync(join(home, 'README.txt'), 'utf8');
    const [, commands = ''] = readme.split('\n2. ');
    await runTool('sh', '-c', `cd '${home}' && sed -i 's#/var/lib/libvirt/images/${name}/#${home}/#g' xml/*.xml`);
    for (const line of commands.split('\n').filter((one) => /^ {2}(qemu-img|virsh) /u.test(one))) {
      const [program = '', ...words] = line.trim().replaceAll("'", '').split(' ');
      const own = words.map((word) => (/^(xml|disks)\//u.test(word) ? join(home, word) : word));
      await (program === 'virsh' ? there!.rig.virsh(...own) : runTool('sh', '-c', `cd '${home}' && ${line}`));
    }
    await requireTree(there!);
    await there!.run('done', 'revert', name, 'disks', '--yes');
    await there!.run('done', 'undo', name, '--yes');
    await tree.requireContent(await contentFile(there!, name));
    await there!.rig.virsh('undefine', name, '--snapshots-metadata');
  });

  async function requireTree(host: CopiesHost): Promise<void> {
    const list = ['snapshot-list', name, '--tree'] as const;
    assert.equal(await host.rig.virsh(...list), await here!.rig.virsh(...list));
    assert.equal(await host.rig.virsh('snapshot-current', name, '--name'), 'shown');
    await tree.requireSame(host);
  }

  it('are restored from another place', async () => {
    const moved = join(there!.rig.daemon.dir, 'moved');
    await cp(folder, moved, { recursive: true });
    const images = join(there!.rig.daemon.dir, 'restored');
    const answer = await there!.json('restore', moved, '--folder', images);
    assert.deepEqual(faultsOf(answer), []);
    await requireTree(there!);
    await there!.run('done', 'revert', name, 'ram', '--yes');
    assert.equal(await there!.rig.virsh('domstate', name), 'running');
    await there!.rig.virsh('destroy', name);
    await there!.run('done', 'undo', name, '--yes');
    await tree.requireContent(await contentFile(there!, name));
    await runTool('sh', '-c', `cd '${moved}' && sha256sum --strict -c SHA256SUMS`);
    await there!.run('done', 'restore', moved, '--folder', images, '--as', 'again');
    const own = [...(await snapshotsOn(here!, name))].sort();
    assert.deepEqual([...(await snapshotsOn(there!, 'again'))].sort(), own);
  });

  it('are not believed where they lie', async () => {
    const to = join(there!.rig.daemon.dir, 'lied');
    const manifestOf = (from: string): Manifest =>
      readManifest(readFileSync(join(from, 'virt-rewind-backup.json'), 'utf8')) as Manifest;
    const real = manifestOf(folder);
    const [first, ...others] = real.files;
    const disk = join('disks', first!.place!);
    const lies: Readonly<Record<string, (lie: string) => void>> = {
      'a changed byte': (lie) => {
        const bytes = readFileSync(join(lie, disk));
        bytes[bytes.length - 1]! ^= 1;
        writeFileSync(join(lie, disk), bytes);
      },
      'a shorter file': (lie) => writeFileSync(join(lie, disk), ''),
      'a link': (lie) => {
        renameSync(join(lie, disk), join(there!.rig.daemon.dir, 'elsewhere'));
        symlinkSync(join(there!.rig.daemon.dir, 'elsewhere'), join(lie, disk));
      },
      'a folder that is a link': (lie) => {
        renameSync(join(lie, 'disks'), join(there!.rig.daemon.dir, 'other-disks'));
        symlinkSync(join(there!.rig.daemon.dir, 'other-disks'), join(lie, 'disks'));
      },
      'a missing file': (lie) => unlinkSync(join(lie, disk)),
      'a path that climbs': (lie) => write(lie, { ...first, place: '../../x' }),
      'no checksum': (lie) => write(lie, { ...first, sha256: undefined }),
      'another size': (lie) => write(lie, { ...first, virtualBytes: 1024 }),
      'a file of another': (lie) =>
        write(lie, first!, { definition: real.definition.replace(first!.path, '/etc/shadow') }),
      'a changed byte of the manifest': (lie) => {
        const file = join(lie, 'virt-rewind-backup.json');
        writeFileSync(file, readFileSync(file, 'utf8').replace('<vcpu ', '<vcpu  '));
      },
      'no manifest at all': (lie) => writeFileSync(join(lie, 'virt-rewind-backup.json'), '{'),
    };
    const write = (lie: string, file: object, change: object = {}): void => {
      const text = JSON.stringify({ format: 1, ...real, files: [file, ...others], ...change });
      writeFileSync(join(lie, 'virt-rewind-backup.json'), text);
      // Nothing keeps who lies from the sums either.
      rmSync(join(lie, 'SHA256SUMS'));
    };
    for (const [what, make] of Object.entries(lies)) {
      const lie = join(there!.rig.daemon.dir, 'lie');
      rmSync(lie, { recursive: true, force: true });
      await cp(folder, lie, { recursive: true });
      make(lie);
      await there!.run('failed', 'restore', lie, '--folder', to, '--as', 'liar').catch((error: unknown) => {
        throw new Error(what, { cause: error });
      });
      assert.deepEqual(existsSync(to) ? readdirSync(to) : [], [], `${what} left files`);
    }
    const lie = join(there!.rig.daemon.dir, 'lie');
    const restoreWith = async (exit: 'done' | 'refused', device: string, ...words: string[]): Promise<string> => {
      rmSync(lie, { recursive: true, force: true });
      await cp(folder, lie, { recursive: true });
      write(lie, first!, { definition: real.definition.replace('</devices>', `${device}</devices>`) });
      return there!.run(exit, 'restore', lie, '--folder', to, '--as', 'liar', ...words);
    };
    const hostDisk = '<disk type="block"><source dev="/dev/sda"/><target dev="vdz"/></disk>';
    for (const words of [[], ['--isolated']]) {
      assert.match(await restoreWith('refused', hostDisk, ...words), /do not trust/u);
      assert.deepEqual(existsSync(to) ? readdirSync(to) : [], []);
    }
    await there!.run('notFound', 'restore', out, '--folder', to, '--as', 'liar');
    assert.doesNotMatch(await there!.rig.virsh('list', '--all', '--name'), /liar/u);
    const medium = join(there!.rig.daemon.dir, 'medium.iso');
    writeFileSync(medium, 'x'.repeat(4_096));
    const drive = `<disk type="file" device="cdrom"><source file="${medium}"/><target dev="sdz" bus="scsi"/></disk>`;
    for (const [words, isThere] of [
      [['--with-host-parts'], true],
      [[], false],
      [['--isolated'], false],
    ] as const) {
      await restoreWith('done', drive, ...words);
      assert.equal((await there!.rig.virsh('dumpxml', 'liar')).includes(medium), isThere);
      await there!.rig.virsh('undefine', 'liar', '--snapshots-metadata');
      rmSync(to, { recursive: true });
    }
  });
});
