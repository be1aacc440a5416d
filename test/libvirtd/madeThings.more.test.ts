// What copies remove is what our own record says that we made: nothing of a person that only looks like it, and nothing
// that somebody else stands on.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { type CopiesHost, type ListedBackup, runRestic, startCopiesHost, writePattern } from './copiesRig.js';
import { defineDiskVm } from './diskVm.js';
import { runTool } from './insideImages.js';

describe('what copies made', () => {
  let host: CopiesHost;
  let dir: string;
  let repository: string;

  before(async () => {
    host = await startCopiesHost();
    ({ dir } = host.rig.daemon);
    repository = join(dir, 'repository');
  });
  after(() => host.rig.stop());

  const image = async (name: string): Promise<string> => {
    const file = join(dir, `${name}.qcow2`);
    await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', file, '16M');
    return file;
  };
  const snapshotsOf = async (vm: string): Promise<readonly string[]> =>
    (await host.rig.virsh('snapshot-list', vm, '--name')).split('\n').filter((name) => name !== '');

  it('is not a snapshot that a person titled as a backup does', async () => {
    await defineDiskVm(host.rig, 'titled', [{ file: await image('titled'), format: 'qcow2' }]);
    await host.run('done', 'start', 'titled');
    const title = 'backup 11:11:11, 2026-11-01';
    await host.run('done', 'checkpoint', 'titled', title, '--kind', 'disk', '--style', 'external');
    const [own = ''] = await snapshotsOf('titled');
    const words = ['backup', 'titled', '--to', repository, '--create', '--checkpoint', '--kind', 'disk'];
    await host.run('done', ...words);
    await host.run('done', ...words);
    const before = await snapshotsOf('titled');
    assert.equal(before.length, 3);
    await host.run('done', ...words, '--keep-checkpoints', '1');
    const left = await snapshotsOf('titled');
    assert.equal(left.length, 2);
    assert.deepEqual(
      left.filter((one) => before.includes(one)),
      [own],
    );
    await host.rig.virsh('destroy', 'titled');
  });

  it('is no repository where disks of the VM are', async () => {
    mkdirSync(join(dir, 'disks'));
    await defineDiskVm(host.rig, 'beside', [{ file: await image('disks/beside'), format: 'qcow2' }]);
    for (const more of [[], ['--checkpoint']]) {
      const said = await host.run('refused', 'backup', 'beside', '--to', join(dir, 'disks'), '--create', ...more);
      assert.match(said, /has a disk of the VM/u);
      assert.deepEqual(readdirSync(join(dir, 'disks')), ['beside.qcow2']);
    }
  });

  interface ResticSnapshot {
    readonly id: string;
    readonly original?: string;
    readonly tags?: readonly string[];
  }

  it('is not a snapshot of restic that has only its tags', async () => {
    await defineDiskVm(host.rig, 'kept', [{ file: await image('kept'), format: 'qcow2' }]);
    const uuid = await host.rig.virsh('domuuid', 'kept');
    const backUp = async (): Promise<string> =>
      (await host.json<{ backup: ListedBackup }>('backup', 'kept', '--to', repository, '--create')).backup.id;
    const [first, second] = [await backUp(), await backUp()];
    const store = async (...tags: readonly string[]): Promise<void> => {
      const old = '--time=2020-01-01 00:00:00';
      await runRestic(host, repository, ['backup', `--tag=${tags.join(',')}`, old, join(dir, 'key')]);
    };
    const mine = [
      [`backup:${first}`],
      ['virt-rewind-unfinished', 'backup:00000001', `vm:${uuid}`],
      ['virt-rewind-verified', `backup:${second}`, 'by:read', 'result:passed'],
      ['virt-rewind', 'backup:0000000a', `vm:${uuid}`],
    ];
    for (const tags of mine) {
      await store(...tags);
    }
    const left = async (): Promise<readonly string[]> => {
      const all = JSON.parse(await runRestic(host, repository, ['snapshots', '--json'])) as readonly ResticSnapshot[];
      return mine.flatMap((tags) => {
        const found = all.some(
          (one) => one.tags?.length === tags.length && tags.every((tag) => one.tags?.includes(tag)),
        );
        return found ? [] : [tags.join()];
      });
    };
    const listed = async (): Promise<readonly string[]> =>
      (await host.json<{ backups: readonly ListedBackup[] }>('backups', '--from', repository)).backups
        .filter(({ vm }) => vm === 'kept')
        .map(({ id }) => id);
    const third = await backUp();
    await host.run('done', 'backups', 'check', second, '--from', repository);
    const prune = ['backups', 'prune', '--from', repository, '--yes'] as const;
    const said = await host.run('done', ...prune, 'kept', '--keep-last', '1', '--plan');
    assert.match(said, /Backups that stay, as no mark says that this computer made them: 0000000a\./u);
    await host.run('done', ...prune, 'kept', '--keep-last', '1');
    assert.deepEqual(await left(), []);
    assert.deepEqual((await listed()).toSorted(), [third]);
  });

  it('is not a snapshot that restic made by hand of a backup, with all tags of it', async () => {
    await defineDiskVm(host.rig, 'copied', [{ file: await image('copied'), format: 'qcow2' }]);
    const from = ['--from', repository] as const;
    const backUp = async (): Promise<string> =>
      (await host.json<{ backup: ListedBackup }>('backup', 'copied', '--to', repository, '--create')).backup.id;
    const all = async (): Promise<readonly ResticSnapshot[]> =>
      JSON.parse(await runRestic(host, repository, ['snapshots', '--json', '--host=copied'])) as ResticSnapshot[];
    const ofHand = async (tags: readonly string[] = []): Promise<string> => {
      await runRestic(host, repository, ['backup', '--host=copied', `--tag=${tags.join(',')}`, join(dir, 'key')]);
      return (await all()).at(-1)!.id;
    };
    const first = await backUp();
    const [{ tags }] = (await all()) as [ResticSnapshot];
    const mine = await ofHand(tags);
    // A mark is a change of tags too.
    await host.run('done', 'backups', 'keep', first, ...from);
    await host.run('done', 'backups', 'release', first, ...from);
    const marked = (await all()).filter((one) => one.tags?.includes(`backup:${first}`));
    assert.equal(marked.length, 2);
    await backUp();
    const prune = ['backups', 'prune', 'copied', '--keep-last', '1', ...from, '--yes'] as const;
    const { pruned } = await host.json<{ pruned: { deleted: readonly ListedBackup[] } }>(...prune);
    assert.deepEqual(
      pruned.deleted.map(({ id }) => id),
      [first],
    );
    const left = (await all()).filter((one) => one.tags?.includes(`backup:${first}`));
    assert.equal(left.length, 1);
    assert.equal(left[0]!.original, mine);
    assert.match(await host.run('done', ...prune, '--plan'), new RegExp(`no mark.*${first}`, 'u'));
    await host.run('done', 'backups', 'prune', first, ...from, '--yes');
    assert.ok(!(await all()).some((one) => one.tags?.includes(`backup:${first}`)));
  });

  it('is not a backup of another computer, unless somebody names it', async () => {
    await defineDiskVm(host.rig, 'far', [{ file: await image('far'), format: 'qcow2' }]);
    const own = { ...host.env };
    host.env['VIRT_REWIND_STATE'] = join(dir, 'state-of-another-computer');
    const { backup } = await host.json<{ backup: ListedBackup }>('backup', 'far', '--to', repository, '--create');
    Object.assign(host.env, own);
    await host.json('backup', 'far', '--to', repository);
    const ids = async (): Promise<readonly string[]> =>
      (await host.json<{ backups: readonly ListedBackup[] }>('backups', '--from', repository)).backups.map(
        ({ id }) => id,
      );
    await host.run('done', 'backups', 'prune', 'far', '--keep-last', '1', '--from', repository, '--yes');
    assert.ok((await ids()).includes(backup.id));
    await host.run('unanswered', 'backups', 'prune', backup.id, '--from', repository);
    await host.run('done', 'backups', 'prune', backup.id, '--from', repository, '--plan');
    assert.ok((await ids()).includes(backup.id));
    await host.run('done', 'backups', 'prune', backup.id, '--from', repository, '--yes');
    assert.ok(!(await ids()).includes(backup.id));
    await host.run('notFound', 'backups', 'prune', backup.id, '--from', repository, '--yes');
  });

  describe('in plain folders', () => {
    let there: CopiesHost;

    before(async () => {
      there = await startCopiesHost();
    });
    after(() => there.rig.stop());

    it('is not what a person put into a replica, nor what another VM there stands on', async () => {
      const file = await image('plain');
      await defineDiskVm(host.rig, 'plain', [{ file, format: 'qcow2' }]);
      const to = join(there.rig.daemon.dir, 'replicas');
      const [folder, words] = [join(to, 'plain'), ['replicate', 'plain', '--to-host', there.rig.uri, '--folder', to]];
      const disks = join(folder, 'disks');
      await host.run('done', ...words);
      const [first = ''] = readdirSync(disks);
      const notes = [join(disks, 'notes.txt'), join(folder, 'xml', 'notes'), join(folder, 'notes')];
      for (const note of [...notes, join(disks, `2-${first}`)]) {
        writeFileSync(note, 'of a person');
      }
      const overlay = join(there.rig.daemon.dir, 'other.qcow2');
      await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', '-b', join(disks, first), '-F', 'qcow2', overlay);
      await defineDiskVm(there.rig, 'other', [{ file: overlay, format: 'qcow2' }]);
      await writePattern(file, 7, '0');
      for (const note of [...notes.map((file) => relative(folder, file)), `disks/2-${first}`]) {
        assert.ok((await said(...words)).includes(note), note);
      }
      const { replica } = await host.json<{ replica: { readonly stays: readonly string[] } }>(...words);
      const inDisks = [`2-${first}`, 'notes.txt', first].map((name) => `disks/${name}`);
      assert.deepEqual(replica.stays.toSorted(), [...inDisks, 'notes', 'xml/notes']);
      assert.ok(existsSync(join(disks, first)), 'a VM stands on it');
      await there.rig.virsh('undefine', 'other');
      await writePattern(file, 8, '0');
      await host.run('done', ...words);
      assert.deepEqual(
        readdirSync(disks).filter((name) => name === first || name.startsWith('notes') || name === `2-${first}`),
        [`2-${first}`, 'notes.txt'],
      );
      assert.ok([...notes, join(disks, `2-${first}`)].every((note) => readFileSync(note, 'utf8') === 'of a person'));
      await runTool('sh', '-c', `cd '${folder}' && sha256sum --strict --quiet -c SHA256SUMS`);
      assert.equal(readdirSync(disks).length, 3);
    });

    it('is not a folder to which a folder of a replica is a link', async () => {
      const to = join(there.rig.daemon.dir, 'linked');
      const words = ['replicate', 'plain', '--to-host', there.rig.uri, '--folder', to];
      await host.run('done', ...words);
      for (const name of ['disks', 'xml', '.new']) {
        const [inside, mine] = [join(to, 'plain', name), join(there.rig.daemon.dir, `mine-${name}`)];
        mkdirSync(mine);
        mkdirSync(inside, { recursive: true });
        renameSync(inside, `${inside}-moved`);
        symlinkSync(mine, inside);
        assert.match(await host.run('refused', ...words), new RegExp(`plain/${name} exists already`, 'u'));
        assert.deepEqual(readdirSync(mine), []);
        rmSync(inside);
        renameSync(`${inside}-moved`, inside);
      }
      await host.run('done', ...words);
    });

    it('is not a folder of a person beside an export, nor a file that was moved into a killed one', async () => {
      const to = join(dir, 'exports');
      const mine = join(to, 'plain.exporting-abcdef');
      mkdirSync(join(mine, 'disks'), { recursive: true });
      host.wrap('dd', 'case "$*" in *if=*) kill -9 $(ps -o ppid= -p $PPID);; esac');
      await assert.rejects(host.run('done', 'export', 'plain', '--to', to));
      const [killed = '', ...others] = readdirSync(to).filter((name) => name !== 'plain.exporting-abcdef');
      assert.deepEqual(others, []);
      await assert.rejects(host.run('done', 'export', 'plain', '--to', to));
      assert.ok(!existsSync(join(to, killed)), 'the next one removes what it made');
      const [again = ''] = readdirSync(to).filter((name) => name !== 'plain.exporting-abcdef');
      host.unwrap('dd');
      writeFileSync(join(to, again, 'disks', 'moved'), 'of a person');
      await host.run('done', 'export', 'plain', '--to', to);
      assert.deepEqual(readdirSync(to).sort(), ['plain', 'plain.exporting-abcdef', again].sort());
      assert.deepEqual(readdirSync(join(to, again, 'disks')), ['moved']);
    });

    it('is not a file that was moved into a killed restore, nor one of it that another VM stands on', async () => {
      const to = join(dir, 'restored');
      await defineDiskVm(host.rig, 'lost', [{ file: await image('lost'), format: 'qcow2' }]);
      await writePattern(join(dir, 'lost.qcow2'), 5, '0');
      const { backup } = await host.json<{ backup: ListedBackup }>('backup', 'lost', '--to', repository, '--create');
      const words = (name: string): readonly string[] => [
        'restore',
        backup.id,
        '--from',
        repository,
        '--folder',
        to,
        '--as',
        name,
      ];
      /** The folder that a restore leaves which is killed when its files are there. */
      const kill = async (name: string): Promise<string> => {
        host.wrap('restic', 'case "$*" in *--target*) /usr/bin/restic "$@"; kill -9 $PPID; exit 1;; esac');
        await assert.rejects(host.run('done', ...words(name)));
        host.unwrap('restic');
        const [left = ''] = readdirSync(to).filter((one) => one.startsWith(`${name}.restoring-`));
        return join(to, left);
      };
      const filesIn = (folder: string): readonly string[] =>
        readdirSync(folder, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile() && !entry.name.startsWith('.virt-rewind'))
          .map((entry) => join(entry.parentPath, entry.name));

      const moved = await kill('moved');
      const [own = ''] = filesIn(moved).filter((file) => file.endsWith('lost.qcow2'));
      const notes = [join(moved, 'notes'), join(own, '..', 'notes'), join(moved, 'vm', 'notes')];
      for (const note of notes) {
        writeFileSync(note, 'of a person');
        utimesSync(note, 1, 1);
      }
      renameSync(own, `${own}.renamed`);
      writeFileSync(own, 'of a person');
      const told = await said(...words('moved'));
      notes.forEach((note) => assert.ok(told.includes(relative(to, note)), `${note} in ${told}`));
      assert.deepEqual(filesIn(moved).toSorted(), [own, ...notes].toSorted());
      notes.forEach((note) => rmSync(note));
      rmSync(own);
      await host.rig.virsh('undefine', 'moved');
      rmSync(join(to, 'moved'), { recursive: true });
      await host.run('done', ...words('moved'));
      assert.deepEqual(readdirSync(to), ['moved']);

      const stands = await kill('stands');
      const [base = ''] = filesIn(stands).filter((file) => file.endsWith('lost.qcow2'));
      const alias = join(dir, 'alias');
      symlinkSync(base, alias);
      const overlay = join(dir, 'stands-on-it.qcow2');
      await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', '-b', alias, '-F', 'qcow2', overlay);
      await defineDiskVm(host.rig, 'stands-on-it', [{ file: overlay, format: 'qcow2' }]);
      const again = await said(...words('stands'));
      assert.ok(again.includes(relative(to, base)), again);
      assert.deepEqual(filesIn(stands), [base]);
      await runTool('qemu-io', '-f', 'qcow2', '-c', 'read -P 5 0 1M', overlay);
      await host.rig.virsh('undefine', 'stands-on-it');
      await host.rig.virsh('undefine', 'stands');
      rmSync(join(to, 'stands'), { recursive: true });
      await host.run('done', ...words('stands'));
      assert.deepEqual(readdirSync(to), ['moved', 'stands']);
    });

    it('is not what an older version left, of which no record says anything', async () => {
      const to = join(dir, 'of-older');
      const left = join(to, 'older.restoring-0123abcd');
      mkdirSync(left, { recursive: true });
      writeFileSync(join(left, 'disk'), 'of a restore');
      writeFileSync(join(left, '.virt-rewind-restoring'), JSON.stringify({ uuid: '', pid: 2 ** 30 }));
      const { backups } = await host.json<{ backups: readonly ListedBackup[] }>('backups', '--from', repository);
      const { id } = backups.find(({ vm }) => vm === 'lost')!;
      const told = await said('restore', id, '--from', repository, '--folder', to, '--as', 'older');
      assert.match(told, /older\.restoring-0123abcd/u);
      assert.equal(readFileSync(join(left, 'disk'), 'utf8'), 'of a restore');
    });

    const said = async (...words: readonly string[]): Promise<string> => {
      const { stderr } = await promisify(execFile)(process.execPath, [host.door, ...words], { env: host.env });
      return stderr;
    };
  });
});
