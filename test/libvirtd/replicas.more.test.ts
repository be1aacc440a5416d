// `virt-rewind replicate`: a folder for another libvirt is kept up to date, and the VM goes on there.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultsOf } from '../answerFaults.js';
import { type Manifest, readManifest } from '../../src/transfer/manifest.js';
import { contentFile, type CopiesHost, startCopiesHost, writePattern } from './copiesRig.js';
import { CopiedTree } from './copiesTree.js';
import { runTool } from './insideImages.js';

const name = 'web';
const MB = 1024 * 1024;
/** What has begun the script that runs the program: the command line here, the shell there. */
const killAbove = 'kill -9 $(ps -o ppid= -p $PPID)';

describe('replicas of a VM', () => {
  let [here, there]: CopiesHost[] = [];
  let tree: CopiedTree;
  let replicas: string;
  let folder: string;

  before(async () => {
    [here, there] = [await startCopiesHost(), await startCopiesHost()];
    replicas = join(there.rig.daemon.dir, 'replicas');
    folder = join(replicas, name);
    tree = new CopiedTree(here, name);
    await tree.make();
  });
  after(async () => {
    await here?.rig.stop();
    await there?.rig.stop();
  });
  afterEach(() => here?.unwrap('dd'));

  const words = (): readonly string[] => ['replicate', name, '--to-host', there!.rig.uri, '--folder', replicas];

  async function replicate(): Promise<number> {
    const answer = await here!.json<{ replica: { sentBytes: number } }>(...words());
    assert.deepEqual(faultsOf(answer), []);
    await requireWhole();
    return answer.replica.sentBytes;
  }

  /** Its size and time stay. */
  async function damage(file: string): Promise<void> {
    await runTool(
      'sh',
      '-c',
      `touch -r '${file}' '${file}.time' && printf x | dd of='${file}' conv=notrunc status=none`,
    );
    await runTool('sh', '-c', `touch -r '${file}.time' '${file}' && rm '${file}.time'`);
  }

  const requireWhole = (): Promise<unknown> =>
    runTool('sh', '-c', `cd '${folder}' && sha256sum --strict --quiet -c SHA256SUMS`);
  const manifest = (): Manifest =>
    readManifest(readFileSync(join(folder, 'virt-rewind-backup.json'), 'utf8')) as Manifest;

  it('have each layer once, and are known to nobody', async () => {
    assert.ok((await replicate()) > 16 * MB);
    await tree.change(4, '20M');
    await tree.take('later', 'offline');
    assert.ok((await replicate()) < 4 * MB);
    assert.equal(await replicate(), 0);
    const named = manifest().files.flatMap(({ stored, place }) => (stored === undefined ? [] : [place]));
    assert.deepEqual(readdirSync(join(folder, 'disks')).sort(), [...new Set(named)].sort());
    assert.equal(await there!.rig.virsh('list', '--all', '--name'), '');
    await here!.run('done', 'start', name);
    await replicate();
    assert.equal(manifest().present, false);
    await here!.rig.virsh('destroy', name);
  });

  it('keep what was touched or has coarse times there, and replace what is damaged', async () => {
    await replicate();
    const sums = join(here!.rig.daemon.dir, 'sums');
    here!.wrap('sha256sum', `echo >>'${sums}'`);
    await runTool('sh', '-c', `touch '${folder}'/disks/*`);
    assert.equal(await replicate(), 0);
    assert.ok(existsSync(sums));
    rmSync(sums);
    assert.equal(await replicate(), 0);
    // As of a file system that counts seconds.
    here!.wrap('touch', 'set -- "$1" "${2%.*}" -- "$4"');
    await tree.change(4, '24M');
    assert.ok((await replicate()) > 0);
    assert.equal(await replicate(), 0);
    assert.ok(!existsSync(sums));
    here!.unwrap('sha256sum');
    await tree.change(6, '24M');
    here!.wrap('dd', `case "$*" in *of=.new/*) ${killAbove};; esac`);
    await here!.run('failed', ...words());
    here!.unwrap('dd');
    assert.equal(await replicate(), 0);
    assert.equal(await replicate(), 0);
    here!.unwrap('touch');
    const [{ place: damaged = '', stored } = {}] = manifest().files.filter((file) => file.stored !== undefined);
    const file = join(folder, 'disks', damaged);
    await runTool('sh', '-c', `printf x | dd of='${file}' conv=notrunc status=none`);
    const bad = readFileSync(file);
    here!.wrap('dd', 'case "$*" in *of=*) exit 2;; esac');
    await here!.run('failed', ...words());
    here!.unwrap('dd');
    assert.ok(readFileSync(file).equals(bad));
    assert.ok((await replicate()) > 0);
    assert.notEqual(manifest().files.find((one) => one.stored === stored)?.place, damaged);
    assert.ok(!existsSync(file));
  });

  it('stay as they are while another one is cut', async () => {
    const before = manifest();
    await tree.change(5, '21M');
    for (const [cut, exit] of [
      // The shell there, in the middle of a file; the program here; a full disk.
      [`case "$*" in *of=*) head -c 4096 >/dev/null; ${killAbove};; esac`, 'failed'],
      [`case "$*" in *if=*) ${killAbove};; esac`, undefined],
      ['case "$*" in *of=*) echo no space left; exit 2;; esac', 'failed'],
    ] as const) {
      here!.wrap('dd', cut);
      await (exit === undefined ? assert.rejects(here!.run('done', ...words())) : here!.run(exit, ...words()));
      await requireWhole();
      assert.deepEqual(manifest(), before);
    }
  });

  it('send nothing more when the program here is killed', async () => {
    const lock = join(here!.rig.daemon.dir, 'sends');
    await tree.change(8, '21M');
    const disks = join(folder, 'disks');
    const known = new Set(manifest().files.map(({ place }) => place));
    here!.wrap('dd', `case "$*" in *if=*) exec 9>'${lock}'; flock 9; ${killAbove}; exec sleep infinity;; esac`);
    await assert.rejects(here!.run('done', ...words()));
    // It ends when the program does that holds the lock.
    await runTool('flock', lock, 'true');
    await runTool('flock', join(folder, '.virt-rewind-replica'), 'true');
    const left = readdirSync(disks).filter((one) => !known.has(one));
    const { mtimeMs } = statSync(await contentFile(here!, name));
    assert.deepEqual(
      left.map((one) => statSync(join(disks, one)).mtimeMs === mtimeMs),
      [false],
    );
    here!.unwrap('dd');
    await replicate();
  });

  it('take what an interrupted one left, unless it is damaged', async () => {
    here!.wrap('dd', `case "$*" in *of=.new/*) ${killAbove};; esac`);
    await here!.run('failed', ...words());
    here!.unwrap('dd');
    assert.equal(await replicate(), 0);
    await tree.change(6, '21M');
    here!.wrap('dd', `case "$*" in *of=.new/*) ${killAbove};; esac`);
    const known = new Set(readdirSync(join(folder, 'disks')));
    await here!.run('failed', ...words());
    here!.unwrap('dd');
    const [left = ''] = readdirSync(join(folder, 'disks')).filter((one) => !known.has(one));
    const file = join(folder, 'disks', left);
    await damage(file);
    assert.ok((await replicate()) > 0);
  });

  it('get a damaged file again when it is deleted', async () => {
    await replicate();
    const [{ place = '' } = {}] = manifest().files.filter(({ stored }) => stored !== undefined);
    const file = join(folder, 'disks', place);
    await damage(file);
    const restore = ['restore', folder, '--folder', join(there!.rig.daemon.dir, 'healed')] as const;
    assert.ok((await there!.run('failed', ...restore)).includes(file));
    rmSync(file);
    assert.ok((await there!.run('failed', ...restore)).includes(file));
    assert.ok((await replicate()) > 0);
    await tree.keepContents();
    await there!.run('done', ...restore);
    await tree.requireSame(there!);
    await there!.rig.virsh('undefine', name, '--snapshots-metadata');
  });

  it('are left alone where a newer version wrote them, or the manifest cannot be read', async () => {
    await replicate();
    const file = join(folder, 'virt-rewind-backup.json');
    const text = readFileSync(file, 'utf8');
    const names = readdirSync(join(folder, 'disks'));
    await tree.change(4, '25M');
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(text) as object), format: 99 }));
    assert.match(await here!.run('refused', ...words()), /newer version/u);
    writeFileSync(file, text);
    here!.wrap('cat', `case "$*" in *virt-rewind-backup.json) echo unreadable; exit 1;; esac`);
    assert.match(await here!.run('failed', ...words()), /unreadable/u);
    here!.unwrap('cat');
    assert.deepEqual(readdirSync(join(folder, 'disks')), names);
    await replicate();
  });

  it('are written by one at a time, and into no folder of others', async () => {
    const lock = spawn('flock', [join(folder, '.virt-rewind-replica'), 'sh', '-c', 'echo locked; read -r end'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(lock.stdout, 'data');
    assert.match(await here!.run('busy', ...words()), /Another replication/u);
    lock.stdin.end('\n');
    await once(lock, 'close');
    mkdirSync(join(replicas, 'other', name), { recursive: true });
    const other = [...words().slice(0, -1), join(replicas, 'other')];
    assert.match(await here!.run('refused', ...other), /exists already/u);
  });

  it('take the place of the VM only if it is off and has nothing else', async () => {
    await replicate();
    const images = join(there!.rig.daemon.dir, 'switched');
    const take = ['restore', folder, '--folder', images, '--original'] as const;
    await here!.run('done', 'start', name);
    assert.match(await there!.run('refused', ...take, here!.rig.uri), /Shut it down/u);
    await here!.rig.virsh('destroy', name);
    await replicate();
    await tree.change(7, '22M');
    assert.match(await there!.run('refused', ...take, here!.rig.uri), /Replicate it once more/u);
    await replicate();
    await tree.take('last', 'offline');
    assert.match(await there!.run('refused', ...take, here!.rig.uri), /Replicate it once more/u);
    await replicate();
    await here!.run('done', 'start', name);
    await here!.rig.virsh('managedsave', name);
    assert.match(await there!.run('refused', ...take, here!.rig.uri), /managedsave/u);
    await here!.rig.virsh('managedsave-remove', name);
    await replicate();
    const more = join(here!.rig.daemon.dir, 'more.qcow2');
    await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', more, '1M');
    const disk = [name, more, 'vdy', '--config', '--subdriver', 'qcow2'] as const;
    await here!.rig.virsh('attach-disk', ...disk);
    assert.match(await there!.run('refused', ...take, here!.rig.uri), /Replicate it once more/u);
    await here!.rig.virsh('detach-disk', name, 'vdy', '--config');
    await replicate();
    await tree.keepContents();
    const file = join(folder, 'virt-rewind-backup.json');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(text) as object), replicaOf: 'elsewhere' }));
    assert.match(await there!.run('refused', ...take, there!.rig.uri), /elsewhere/u);
    writeFileSync(file, text);
    const [closed, sameAgain] = ['qemu+unix:///system?socket=/nowhere', here!.rig.uri];
    for (const [uri, original] of [
      [closed, 'unreachable'],
      [sameAgain, 'same'],
      // Another libvirt of that host.
      [there!.rig.uri, 'gone'],
    ] as const) {
      const answer = await there!.json<{ restored: { replica: { original: string } } }>(...take, uri);
      assert.deepEqual(faultsOf(answer), []);
      assert.equal(answer.restored.replica.original, original);
      await tree.requireSame(there!);
      // The old one is told.
      assert.match(await here!.run('refused', ...words()), /Do not start both/u);
      await there!.rig.virsh('undefine', name, '--snapshots-metadata');
      rmSync(images, { recursive: true });
    }
    assert.match(await there!.run('usage', ...take, here!.rig.uri, '--as', 'new'), /--as/u);
  });

  it('become the VM, in the state of the last replication', async () => {
    await replicate();
    await tree.keepContents();
    const images = join(there!.rig.daemon.dir, 'images-there');
    await there!.run('done', 'restore', folder, '--folder', images);
    await tree.requireSame(there!);
    await requireWhole();
    assert.match(await here!.run('refused', ...words()), /already/u);
    await there!.run('done', 'revert', name, 'disks', '--yes');
    await tree.requireContent(await contentFile(there!, name), 'disks');
    await there!.run('done', 'undo', name, '--yes');
    await tree.requireContent(await contentFile(there!, name));
    await there!.run('done', 'revert', name, 'ram', '--yes', '--no-checkpoint');
    assert.equal(await there!.rig.virsh('domstate', name), 'running');
    await there!.rig.virsh('destroy', name);
    // The replica shares nothing with the VM.
    await writePattern(await contentFile(there!, name), 9, '0');
    await requireWhole();
  });
});
