// What goes wrong with backups: keys, repositories, VMs that change, manifests that lie, restores that are killed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { faultsOf } from '../answerFaults.js';
import { writeManifest, readManifest, type Manifest } from '../../src/transfer/manifest.js';
import {
  contentFile,
  type CopiesHost,
  leaveRestore,
  type ListedBackup,
  ownBackup,
  runRestic,
  startCopiesHost,
  writePattern,
} from './copiesRig.js';
import { defineDiskVm } from './diskVm.js';
import { runTool } from './insideImages.js';

describe('backups that cannot be', () => {
  let host: CopiesHost;
  let dir: string;
  let repository: string;

  before(async () => {
    host = await startCopiesHost();
    ({ dir } = host.rig.daemon);
    repository = join(dir, 'repository');
    await makeVm('web', 'qcow2');
    await host.run('done', 'checkpoint', 'web', 'first', '--style', 'external');
    await host.run('done', 'backup', 'web', '--to', repository, '--create');
  });
  after(() => host.rig.stop());
  afterEach(() => host.unwrap('restic'));

  async function makeVm(name: string, format: string): Promise<string> {
    const image = join(dir, `${name}.img`);
    await runTool('qemu-img', 'create', '-q', '-f', format, image, '16M');
    if (format === 'qcow2') {
      await writePattern(image, 1, '0');
    }
    await defineDiskVm(host.rig, name, [{ file: image, format }]);
    return image;
  }

  const backUp = (exit: Parameters<CopiesHost['run']>[0], vm = 'web', ...words: readonly string[]): Promise<string> =>
    host.run(exit, 'backup', vm, '--to', repository, ...words);

  async function list(): Promise<readonly ListedBackup[]> {
    return (await host.json<{ backups: readonly ListedBackup[] }>('backups', '--from', repository)).backups;
  }

  const restic = (folder: string, ...words: readonly string[]): Promise<string> =>
    runRestic(host, repository, words, folder);

  it('say what is wrong with the key', async () => {
    const file = join(dir, 'other-key');
    writeFileSync(file, 'another', { mode: 0o600 });
    assert.match(await backUp('refused', 'web', '--password-file', file), /cannot be replaced/u);
    chmodSync(file, 0o640);
    assert.match(await backUp('refused', 'web', '--password-file', file), /chmod 600/u);
    assert.match(await backUp('notFound', 'web', '--password-file', join(dir, 'none')), /does not exist/u);
    assert.match(await host.run('usage', 'backup', 'web'), /--to is needed/u);
  });

  it('say what is wrong with the VM', async () => {
    await makeVm('alone', 'qcow2');
    await host.rig.virsh('start', 'alone');
    assert.match(await backUp('refused', 'alone'), /checkpoint first/u);
    await host.rig.virsh('destroy', 'alone');
    await host.rig.virsh('snapshot-create-as', 'alone', 'inside');
    await host.rig.virsh('start', 'alone');
    assert.match(await backUp('refused', 'alone'), /inside the image it writes to/u);
    await host.rig.virsh('destroy', 'alone');
    await backUp('done', 'alone');
    await makeVm('vdi', 'vdi');
    assert.match(await backUp('refused', 'vdi'), /only images of qcow2 and raw/u);
    await makeVm('raw', 'raw');
    await backUp('done', 'raw');
  });

  it('are discarded where a file changes meanwhile', async () => {
    const before = await list();
    const file = await contentFile(host, 'web');
    host.wrap('restic', `case "$*" in *unfinished*) /usr/bin/restic "$@"; code=$?; touch '${file}'; exit $code;; esac`);
    assert.match(await backUp('failed'), /changed during the backup/u);
    assert.deepEqual(await list(), before);
    assert.doesNotMatch(await restic(dir, 'snapshots'), /unfinished/u);
  });

  it('tell of a frozen layer that was written to, and earlier ones have it as it was', async () => {
    const base = await makeVm('written', 'qcow2');
    for (const title of ['first', 'second']) {
      await host.run('done', 'checkpoint', 'written', title, '--style', 'external');
    }
    const take = async (): Promise<ListedBackup> => {
      const answer = await host.json<{ backup: ListedBackup }>('backup', 'written', '--to', repository);
      assert.deepEqual(faultsOf(answer), []);
      return answer.backup;
    };
    const before = await take();
    assert.deepEqual(before.altered, []);
    await writePattern(base, 7, '0');
    const after = await take();
    assert.deepEqual([...after.altered].sort(), ['first', 'second']);
    await host.run('done', 'backup', 'written', '--to', repository);
    for (const [{ id }, pattern] of [
      [before, 1],
      [after, 7],
    ] as const) {
      const [as, to] = [`written-${pattern}`, join(dir, 'written')];
      await host.run('done', 'restore', id, '--from', repository, '--folder', to, '--as', as, '--snapshot', 'first');
      const said = await runTool('qemu-io', '-c', `read -P ${pattern} 0 1M`, await contentFile(host, as));
      assert.doesNotMatch(said, /verification failed/u);
    }
  });

  /** A file changes when it has been looked at, so while it is listed. @param script what restic does then */
  function changeWhileListed(file: string, script: string): void {
    host.wrap('restic', `case "$*" in *--tag=virt-rewind,*) touch '${file}';; esac\n${script}`);
  }

  const idsNow = async (): Promise<readonly string[]> => (await list()).map(({ id }) => id);

  it('are not listed where a file changes at the end, and restic cannot remove what it stored', async () => {
    await makeVm('torn', 'qcow2');
    await backUp('done', 'torn');
    const before = await list();
    const good = before.at(-1)!.id;
    changeWhileListed(
      join(dir, 'torn.img'),
      '[ "$1" != forget ] || { echo "repository is already locked by PID 1" >&2; exit 11; }',
    );
    assert.match(await backUp('failed', 'torn'), /incomplete snapshot/u);
    assert.deepEqual(await list(), before);
    host.unwrap('restic');
    const all = JSON.parse(await restic(dir, 'snapshots', '--json')) as { readonly tags: readonly string[] }[];
    const stored = all.filter(({ tags }) => tags.includes('virt-rewind')).flatMap(({ tags }) => tags);
    const [torn] = stored.filter((tag) => tag.startsWith('backup:') && !before.some(({ id }) => tag.endsWith(id)));
    assert.ok(torn !== undefined, 'restic has it, as a backup that is whole');
    const id = torn.slice('backup:'.length);
    await host.run('notFound', 'backups', 'keep', id, '--from', repository);
    const to = ['--from', repository, '--folder', join(dir, 'torn')];
    await host.run('notFound', 'restore', id, ...to, '--as', 'untorn');
    await host.run('done', 'backups', 'prune', 'torn', '--from', repository, '--keep-last', '1', '--yes');
    assert.ok((await idsNow()).includes(good), 'no rule takes it for the newest');
    await backUp('done', 'torn');
    assert.doesNotMatch(await restic(dir, 'snapshots'), new RegExp(`virt-rewind,${torn}`, 'u'));
    await backUp('done', 'torn');
    assert.doesNotMatch(await restic(dir, 'snapshots'), new RegExp(torn, 'u'));
  });

  it('are said to be listed where nothing can be recorded any more', async () => {
    const gone = join(dir, 'gone');
    changeWhileListed(
      join(dir, 'torn.img'),
      `[ ! -e '${gone}' ] || exit 1
case "$*" in *--tag=virt-rewind,*) /usr/bin/restic "$@"; touch '${gone}'; exit;; esac`,
    );
    const said = await backUp('failed', 'torn');
    const [, id = ''] = /may show ([\da-f]{8}),/u.exec(said) ?? [];
    host.unwrap('restic');
    assert.equal((await idsNow()).at(-1), id);
    const found = await restic(dir, 'snapshots', '--json', `--tag=backup:${id}`);
    const ids = (JSON.parse(found) as { readonly id: string }[]).map((one) => one.id);
    await restic(dir, 'forget', ...ids);
  });

  it('are found to be torn by the next one, where the program was killed before it knew', async () => {
    const before = await idsNow();
    host.wrap(
      'restic',
      `case "$*" in *--tag=virt-rewind,*)
  printf x >>'${join(dir, 'torn.img')}'; /usr/bin/restic "$@" >/dev/null 2>&1; kill -9 $PPID; exit;; esac`,
    );
    await assert.rejects(backUp('done', 'torn'));
    host.unwrap('restic');
    const [torn] = (await idsNow()).filter((id) => !before.includes(id));
    assert.ok(torn !== undefined, 'nobody knows yet that it is torn');
    const rule = ['backups', 'prune', 'torn', '--from', repository, '--keep-last', '1'];
    const { prunePlan } = await host.json<{ prunePlan: { going: readonly ListedBackup[] } }>(...rule, '--plan');
    const going = prunePlan.going.map(({ id }) => id);
    assert.ok(!going.includes(before.at(-1)!), 'a rule does not rely on it');
    await backUp('done', 'torn');
    assert.ok(!(await idsNow()).includes(torn));
  });

  it('are discarded where a file goes that restic passes over', async () => {
    const before = await idsNow();
    const [away, file] = [join(dir, 'away'), join(dir, 'torn.img')];
    host.wrap('restic', `case "$*" in *--tag=virt-rewind,*) mv '${file}' '${away}';; esac`);
    assert.match(await backUp('failed', 'torn'), /changed during the backup/u);
    host.unwrap('restic');
    renameSync(away, file);
    assert.deepEqual(await idsNow(), before);
  });

  it('stay where restic may not remove what is done', async () => {
    const before = (await list()).length;
    host.wrap('restic', '[ "$1" != forget ] || { echo "unexpected HTTP response (403): 403 Forbidden" >&2; exit 1; }');
    await backUp('done', 'torn');
    await backUp('done', 'torn');
    assert.equal((await list()).length, before + 2);
    host.unwrap('restic');
    await backUp('done', 'torn');
    assert.doesNotMatch(await restic(dir, 'snapshots'), /unfinished/u);
  });

  it('give way to the guests of the host', async () => {
    const seen = join(dir, 'priority');
    const told = '{ nice; cat /proc/self/autogroup; chrt -p $$ | head -n 1; cat /proc/self/cgroup; }';
    host.wrap('restic', `case "$*" in *unfinished*) ${told} >'${seen}';; esac`);
    await backUp('done');
    const [nice, ...others] = readFileSync(seen, 'utf8').trim().split('\n');
    const lines = others.join('\n');
    assert.equal(nice, '19');
    assert.match(lines, /scheduling policy: SCHED_IDLE$/mu);
    if (existsSync('/proc/self/autogroup')) {
      assert.match(lines, / nice 19$/mu);
    }
    // Root makes a group that all others go before, by itself where no systemd does.
    if (process.getuid?.() === 0) {
      assert.match(lines, /^\d+:(?:[\w,]*\bcpu\b[\w,]*)?:\/virt-rewind(?:-\d+\.scope)?$/mu);
    }
  });

  it('are made while another restic is at work, and tidied by the next one', async () => {
    const env = { ...process.env, RESTIC_PASSWORD_FILE: join(dir, 'key') };
    const words = [`--repo=${repository}`, 'backup', '--stdin'];
    const other = spawn('/usr/bin/restic', words, { env, stdio: ['pipe', 'ignore', 'inherit'] });
    const isLocked = (): boolean => readdirSync(join(repository, 'locks')).length > 0;
    host.wrap('restic', `while [ -z "$(ls '${join(repository, 'locks')}')" ]; do :; done`);
    const before = (await list()).length;
    assert.ok(isLocked());
    await backUp('done');
    assert.equal((await list()).length, before + 1);
    assert.match(await restic(dir, 'snapshots', '--no-lock'), /unfinished/u);
    host.unwrap('restic');
    const ended = new Promise((resolve) => other.once('close', resolve));
    other.stdin.end('something');
    await ended;
    await backUp('done');
    assert.doesNotMatch(await restic(dir, 'snapshots'), /unfinished/u);
  });

  it('remove what killed ones of a week ago left, and nothing of one that is made', async () => {
    const uuid = await host.rig.virsh('domuuid', 'web');
    const leave = async (id: string, ...words: readonly string[]): Promise<string> => {
      const tags = `--tag=virt-rewind-unfinished,backup:${id},vm:${uuid}`;
      await ownBackup(host, id);
      return restic(dir, 'backup', tags, ...words, join(dir, 'key'));
    };
    await leave('00000001', '--time=2020-01-01 00:00:00');
    await leave('00000002', '--time=2222-01-01 00:00:00');
    await leave('00000003');
    await backUp('done');
    const left = JSON.parse(await restic(dir, 'snapshots', '--json', '--tag=virt-rewind-unfinished')) as {
      readonly id: string;
      readonly tags: readonly string[];
    }[];
    assert.deepEqual(
      left.map(({ tags }) => tags.find((tag) => tag.startsWith('backup:'))),
      ['backup:00000003'],
    );
    await restic(dir, 'forget', left[0]!.id);
  });

  it('say that the repository is locked', async () => {
    host.wrap('restic', 'echo "repository is already locked exclusively by PID 1" >&2; exit 1');
    assert.match(await backUp('busy'), /remove its lock on this computer.*by PID 1/u);
  });

  /** Killed at work, with its lock. @param as the program that starts it */
  async function killRestic(...as: readonly string[]): Promise<void> {
    const env = { ...process.env, RESTIC_PASSWORD_FILE: join(dir, 'key') };
    const words = [...as, '/usr/bin/restic', `--repo=${repository}`, 'backup', '--stdin'];
    const restic = spawn(words[0]!, words.slice(1), { env, stdio: ['pipe', 'ignore', 'inherit'], detached: true });
    const ended = new Promise((resolve) => restic.once('close', resolve));
    const locks = (): string[] => readdirSync(join(repository, 'locks')).filter((name) => /^[\da-f]{64}$/u.test(name));
    const before = locks().length;
    await new Promise<void>((resolve) => {
      const watcher = watch(join(repository, 'locks'), () => {
        if (locks().length > before) {
          watcher.close();
          resolve();
        }
      });
    });
    process.kill(-restic.pid!, 'SIGKILL');
    await ended;
  }

  it('go on where a restic that was killed left its lock, unless another computer may have it', async () => {
    const prune = ['backups', 'prune', '--from', repository, '--keep-last', '9', '--free', '--yes'];
    const locks = join(repository, 'locks');
    // Kills our restic as soon as its lock exists.
    host.wrap('restic', `case "$*" in *backup*) (while [ -z "$(ls '${locks}')" ]; do :; done; kill -9 $$) & ;; esac`);
    await backUp('failed');
    host.unwrap('restic');
    assert.equal(readdirSync(locks).length, 1);
    await host.run('done', ...prune);
    await killRestic('unshare', '--uts', 'sh', '-c', 'hostname other && exec "$@"', 'sh');
    const told = await host.run('busy', ...prune);
    assert.match(told, /by PID \d+ on other/u);
    // The way out that is told.
    const [, command = ''] = /asks for the key: (.*)\. restic said/u.exec(told) ?? [];
    await runTool('sh', '-c', `RESTIC_PASSWORD_FILE='${join(dir, 'key')}' ${command}`);
    await host.run('done', ...prune);
    // On another computer with this name, for all that can be known.
    await killRestic();
    await host.run('busy', ...prune);
    await restic(dir, 'unlock', '--remove-all');
    await restic(dir, 'check');
  });

  it('are not believed where their manifest lies', async () => {
    const [real] = await list();
    const { uuid = '' } = real as unknown as { readonly uuid?: string };
    const found = await restic(dir, 'dump', '--tag', `backup:${real!.id}`, 'latest', '/virt-rewind-backup.json');
    const manifest = readManifest(found) as Manifest;
    const folder = join(dir, 'lies');
    mkdirSync(folder);
    const link = join(dir, 'link');
    symlinkSync('/etc/hostname', link);
    const lie = async (id: string, text: string, ...paths: readonly string[]): Promise<void> => {
      writeFileSync(join(folder, 'virt-rewind-backup.json'), text);
      const tag = `virt-rewind,backup:${id},vm:${uuid}`;
      const stored = manifest.files.flatMap((file) => file.stored ?? []);
      await restic(folder, 'backup', `--tag=${tag}`, 'virt-rewind-backup.json', ...stored, ...paths);
    };
    const [first, ...others] = manifest.files;
    const changed = (change: object): string =>
      writeManifest({ ...manifest, files: [{ ...first!, ...change }, ...others] });
    await lie('00000001', changed({ bytes: 1 }));
    await lie('00000002', changed({ stored: link, bytes: 1 }), link);
    await lie('00000003', JSON.stringify({ ...manifest, format: 99 }));
    await lie(
      '00000004',
      writeManifest({ ...manifest, definition: manifest.definition.replace(first!.path, '/etc/shadow') }),
    );
    await lie('00000005', changed({ virtualBytes: 1024 }));
    const stranger = { name: 'liar', uuid: '00000000-0000-4000-8000-000000000001' };
    await lie('00000006', writeManifest({ ...manifest, vm: stranger }));
    const to = join(dir, 'lied');
    const asItself = ['restore', '00000006', '--from', repository, '--folder', to];
    const before = await host.rig.virsh('dumpxml', 'web');
    await host.run('failed', ...asItself);
    assert.equal(await host.rig.virsh('dumpxml', 'web'), before);
    for (const [id, exit] of [
      ['00000001', 'failed'],
      ['00000002', 'failed'],
      ['00000003', 'refused'],
      ['00000004', 'failed'],
      ['00000005', 'failed'],
      ['ffffffff', 'notFound'],
      ['../../..', 'notFound'],
    ] as const) {
      await host.run(exit, 'restore', id, '--from', repository, '--folder', to, '--as', 'liar');
      assert.deepEqual(existsSync(to) ? readdirSync(to) : [], [], `${id} left files`);
    }
    assert.doesNotMatch(await host.rig.virsh('list', '--all', '--name'), /liar/u);
  });

  it('are restored again after a kill, and replace nothing that was used', async () => {
    const { id } = (await list())[0]!;
    const to = join(dir, 'killed');
    const restore = (exit: Parameters<CopiesHost['run']>[0]): Promise<string> =>
      host.run(exit, 'restore', id, '--from', repository, '--folder', to, '--as', 'again');
    host.wrap('restic', 'case "$*" in *--target*) kill -9 $PPID; exit 1;; esac');
    await assert.rejects(restore('done'));
    host.unwrap('restic');
    assert.match(readdirSync(to).join(), /^again\.restoring-/u);
    assert.doesNotMatch(await host.rig.virsh('list', '--all', '--name'), /again/u);
    await restore('done');
    assert.match(await restore('refused'), /exists already/u);
    const restored = (await host.run('done', 'history', 'again')).match(/restoring its backup of \d{4}-/gu);
    assert.equal(restored?.length, 1, 'the history has what was whole');
    const uuid = await host.rig.virsh('domuuid', 'again');
    await leaveRestore(host, join(to, 'again'), uuid);
    await host.rig.virsh('snapshot-delete', 'again', 'first', '--metadata');
    await restore('done');
    assert.equal(await host.rig.virsh('snapshot-current', 'again', '--name'), 'first');
    const now = await host.rig.virsh('domuuid', 'again');
    assert.notEqual(now, uuid);
    await leaveRestore(host, join(to, 'again'), now);
    await writePattern(await contentFile(host, 'again'), 9, '0');
    assert.match(await restore('refused'), /has been used since/u);
    assert.equal(await host.rig.virsh('domuuid', 'again'), now);
  });

  it('are reverted to where the VM stood before, in files of the same names', async () => {
    await makeVm('chain', 'qcow2');
    for (const title of ['first', 'second']) {
      await host.run('done', 'checkpoint', 'chain', title, '--style', 'external');
      await writePattern(await contentFile(host, 'chain'), 2, '0');
    }
    const { backup } = await host.json<{ backup: ListedBackup }>('backup', 'chain', '--to', repository);
    const to = join(dir, 'moved');
    for (const time of ['once', 'again']) {
      await host.rig.virsh('undefine', 'chain', '--snapshots-metadata');
      rmSync(to, { recursive: true, force: true });
      await host.run('done', 'restore', backup.id, '--from', repository, '--folder', to);
      await host.run('done', 'revert', 'chain', 'second', '--yes', '--no-checkpoint');
      assert.match(await contentFile(host, 'chain', 'second'), /moved/u, time);
    }
  });

  it('say that the target is full', async () => {
    host.wrap('restic', 'case "$*" in *--target*) echo "write: no space left on device" >&2; exit 1;; esac');
    const { id } = (await list())[0]!;
    const to = join(dir, 'full');
    const words = ['restore', id, '--from', repository, '--folder', to, '--as', 'full'];
    assert.match(await host.run('failed', ...words), /no space left/u);
    assert.deepEqual(readdirSync(to), []);
  });
});
