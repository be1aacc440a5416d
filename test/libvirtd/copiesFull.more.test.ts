// File systems that are full: of a repository, and of the folder that a restore, an export or a replica is written to.
// Nothing is there that is not whole, each failure says what to do, and the next one works when there is room again.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { contentFile, type CopiesHost, type ListedBackup, runRestic, startCopiesHost } from './copiesRig.js';
import { defineDiskVm } from './diskVm.js';
import { runTool } from './insideImages.js';

const name = 'web';

describe('copies onto a file system that is full', () => {
  let [here, there]: CopiesHost[] = [];
  let dir: string;
  let small: string;
  let fill: string;
  /** Elsewhere, and there. */
  let [repository, full]: string[] = [];
  let [backup, kept]: string[] = [];
  /** What the failure says to do. */
  let advised: string | undefined;

  before(async function () {
    if (process.geteuid?.() !== 0) {
      this.skip();
    }
    [here, there] = [await startCopiesHost(), await startCopiesHost()];
    ({ dir } = here.rig.daemon);
    small = join(dir, 'small');
    [fill, repository, full] = [join(small, 'fill'), join(dir, 'repository'), join(small, 'repository')];
    mkdirSync(small);
    await runTool('mount', '-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', small);
    const image = join(dir, 'web.qcow2');
    await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', image, '64M');
    await defineDiskVm(here.rig, name, [{ file: image, format: 'qcow2' }]);
    await write('1M', '12M');
    await here.run('done', 'checkpoint', name, 'first', '--style', 'external');
    [backup, kept] = [await take(repository, '--create'), await take(full, '--create')];
  });
  after(async () => {
    if (here !== undefined) {
      await runTool('umount', small);
    }
    await here?.rig.stop();
    await there?.rig.stop();
  });
  afterEach(() => {
    ['restic', 'dd'].forEach((program) => here?.unwrap(program));
    rmSync(fill, { force: true });
  });

  async function take(to: string, ...words: readonly string[]): Promise<string> {
    return (await here!.json<{ backup: ListedBackup }>('backup', name, '--to', to, ...words)).backup.id;
  }

  async function list(): Promise<readonly string[]> {
    const { backups } = await here!.json<{ backups: readonly ListedBackup[] }>('backups', '--from', full!);
    return backups.map(({ id }) => id);
  }

  async function write(at: string, bytes: string): Promise<void> {
    const random = join(dir, 'random');
    await runTool('sh', '-c', `head -c ${bytes} /dev/urandom > '${random}'`);
    await runTool('qemu-io', '-f', 'qcow2', '-c', `write -s ${random} ${at} ${bytes}`, await contentFile(here!, name));
  }

  const filling = (): string => `cat /dev/zero >'${fill}' 2>/dev/null`;
  const fillUp = (): Promise<unknown> => runTool('sh', '-c', `${filling()} || :`);
  const mount = (how: string): Promise<unknown> => runTool('mount', '-o', `remount,${how}`, small);
  const prune = ['backups', 'prune', '--keep-last', '9', '--free', '--yes', '--from'] as const;
  const snapshots = (): Promise<string> => runRestic(here!, full!, ['snapshots', '--no-lock']);
  const restoring = (from: string, id: string, to: string): readonly string[] => [
    ...['restore', id, '--from', from, '--folder', to, '--as', 'again'],
  ];

  it('name the temporary folder of restic where that is what is full', async () => {
    const temporary = join(small, 'temporary');
    mkdirSync(temporary);
    await write('30M', '1M');
    here!.wrap('restic', `case "$*" in *backup*) ${filling()};; esac; export TMPDIR='${temporary}'`);
    const said = await here!.run('failed', 'backup', name, '--to', repository!);
    assert.ok(said.includes(`The temporary folder ${temporary} is full`), said);
    assert.match(said, /TMPDIR/u);
  });

  async function requireRestored(from: string, id: string, to: string): Promise<void> {
    await here!.run('done', ...restoring(from, id, to));
    assert.deepEqual(readdirSync(to), ['again']);
    await here!.rig.virsh('undefine', 'again', '--snapshots-metadata');
    rmSync(to, { recursive: true });
  }

  it('keep the earlier backups of a repository', async () => {
    await write('20M', '40M');
    const said = await here!.run('failed', 'backup', name, '--to', full!);
    assert.match(said, /no space left at \S+\/repository\. Its backups are as they were.*data\//u);
    [, advised] = /“virt-rewind (backups prune [^”]+)”/u.exec(said) ?? [];
    assert.deepEqual(await list(), [kept]);
    assert.deepEqual(readdirSync(join(full!, 'locks')), []);
    assert.doesNotMatch(await snapshots(), /unfinished/u);
    // Now not even a lock has room.
    await fillUp();
    for (const words of [
      ['backup', name, '--to', full!],
      [...prune, full!],
    ]) {
      const locked = await here!.run('failed', ...words);
      assert.match(locked, /no space left at .*locks\//u);
      assert.doesNotMatch(locked, /\.go:\d/u);
    }
    assert.deepEqual(await list(), [kept]);
  });

  it('are restored from a repository that is full, or can only be read', async () => {
    await fillUp();
    await requireRestored(full!, kept!, join(dir, 'restored'));
    await mount('ro');
    assert.match(await here!.run('failed', 'backup', name, '--to', full!), /Save\(<lock.*read-only file system/u);
    await requireRestored(full!, kept!, join(dir, 'restored')).finally(() => mount('rw'));
  });

  it('are whole again where a prune frees what a failure left, and there is room', async () => {
    const used = async (): Promise<number> => Number((await runTool('du', '-sk', full!)).split('\t')[0]);
    const before = await used();
    // As it was said, word by word.
    assert.match(await here!.run('done', ...advised!.replaceAll("'", '').split(' ')), /Deleted backups: 0/u);
    assert.ok((await used()) < before - 8 * 1024, 'it freed nothing');
    await mount('size=120m');
    const made = await take(full!);
    assert.deepEqual(await list(), [kept, made]);
    await runRestic(here!, full!, ['check', '--read-data']);
  });

  it('say why there is no backup, where what it stored cannot be removed either', async () => {
    await write('30M', '1M');
    const before = await list();
    here!.wrap('restic', `case "$*" in *unfinished*) /usr/bin/restic "$@"; code=$?; ${filling()}; exit $code;; esac`);
    const said = await here!.run('failed', 'backup', name, '--to', full!);
    const [, left = ''] = /no space left at .*restic forget ([\da-f]{64})\./u.exec(said) ?? [];
    here!.unwrap('restic');
    assert.deepEqual(await list(), before);
    rmSync(fill);
    await runRestic(here!, full!, ['forget', left]);
    assert.doesNotMatch(await snapshots(), /unfinished/u);
    await take(full!);
  });

  it('are restored when there is room', async () => {
    const to = join(small, 'restored');
    here!.wrap('restic', `case "$*" in *--target*) ${filling()};; esac`);
    assert.match(
      await here!.run('failed', ...restoring(repository!, backup!, to)),
      /nothing was restored: .*no space/u,
    );
    here!.unwrap('restic');
    assert.deepEqual(readdirSync(to), []);
    assert.match(await here!.run('failed', ...restoring(repository!, backup!, to)), /has .* free, but the VM needs/u);
    assert.deepEqual(readdirSync(to), []);
    assert.doesNotMatch(await here!.rig.virsh('list', '--all', '--name'), /again/u);
    rmSync(fill);
    await requireRestored(repository!, backup!, to);
  });

  const requireWhole = (folder: string): Promise<unknown> =>
    runTool('sh', '-c', `cd '${folder}' && sha256sum --strict --quiet -c SHA256SUMS`);

  for (const what of ['disks', '.new']) {
    const fillBefore = (): void => here!.wrap('dd', `case "$*" in *of=${what}/*) ${filling()};; esac`);

    it(`are exported when there is room: ${what}`, async () => {
      await mount('size=200m');
      const to = join(small, 'exported');
      fillBefore();
      assert.match(await here!.run('failed', 'export', name, '--to', to), /cannot be written: .*No space left/u);
      assert.deepEqual(readdirSync(to), []);
      here!.unwrap('dd');
      rmSync(fill);
      await here!.run('done', 'export', name, '--to', to);
      await requireWhole(join(to, name));
      rmSync(to, { recursive: true });
    });

    it(`are replicated when there is room, and the last replica is as it was: ${what}`, async () => {
      await mount('size=200m');
      const words = ['replicate', name, '--to-host', there!.rig.uri, '--folder', join(small, 'replicas')];
      await here!.run('done', ...words);
      await write('31M', '1M');
      const folder = join(small, 'replicas', name);
      const sums = await runTool('cat', join(folder, 'SHA256SUMS'));
      fillBefore();
      assert.match(await here!.run('failed', ...words), /cannot be written: .*No space left/u);
      here!.unwrap('dd');
      assert.equal(await runTool('cat', join(folder, 'SHA256SUMS')), sums);
      await requireWhole(folder);
      rmSync(fill);
      await here!.run('done', ...words);
      await requireWhole(folder);
      assert.notEqual(await runTool('cat', join(folder, 'SHA256SUMS')), sums);
      rmSync(join(small, 'replicas'), { recursive: true });
    });
  }
});
