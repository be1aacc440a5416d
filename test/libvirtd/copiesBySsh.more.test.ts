// Backups of a VM on a host behind the real ssh and a real sshd: restic runs there, and the VM comes back there.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { faultsOf } from '../answerFaults.js';
import { contentFile, type CopiesHost, type ListedBackup, startCopiesHost } from './copiesRig.js';
import { CopiedTree } from './copiesTree.js';
import { makeSshHost, type SshHost } from './sshRig.js';

const name = 'web';
const MB = 1024 * 1024;

describe('backups on a host behind ssh', () => {
  /** The computer that is there, and one from which it is reached by ssh alone. */
  let [there, here]: CopiesHost[] = [];
  let far: SshHost;
  let tree: CopiedTree;
  let dir = '';
  let repository = '';
  let uuid = '';
  const backups: ListedBackup[] = [];

  before(async () => {
    there = await startCopiesHost();
    const { daemon } = there.rig;
    ({ dir } = daemon);
    far = await makeSshHost(daemon);
    // What a login there has.
    mkdirSync(join(dir, 'temporary'));
    const path = `${there.programs}:/usr/bin:/bin`;
    const variables = `RESTIC_CACHE_DIR=${join(dir, 'cache')} TMPDIR=${join(dir, 'temporary')} PATH=${path}`;
    await far.configureServer(`SetEnv ${variables}`);
    here = await startCopiesHost(() => ({ XDG_RUNTIME_DIR: dir, LIBVIRT_DEFAULT_URI: far.uri() }));
    // A folder that a shell would take for something else.
    repository = join(dir, "back ups'; touch $HOME/oops; '");
    tree = new CopiedTree(there, name);
    await tree.make();
    uuid = await there.rig.virsh('domuuid', name);
  });
  after(async () => {
    await far.logOut();
    await here?.rig.stop();
    await there?.rig.stop();
  });
  afterEach(() => there?.unwrap('restic'));

  const locks = (): readonly string[] => readdirSync(join(repository, 'locks'));
  const until = async (isTrue: () => boolean): Promise<void> => {
    while (!isTrue()) {
      await wait(20);
    }
  };
  const leftThere = (): readonly string[] => readdirSync(join(dir, 'temporary'));

  it('has the whole tree, and each layer once', async () => {
    assert.match(await here!.run('notFound', 'backup', name, '--to', repository), /--create/u);
    const take = async (...words: readonly string[]): Promise<ListedBackup> => {
      const answer = await here!.json<{ backup: ListedBackup }>('backup', name, '--to', repository, ...words);
      assert.deepEqual(faultsOf(answer), []);
      backups.push(answer.backup);
      return answer.backup;
    };
    assert.ok((await take('--create')).addedBytes > 16 * MB);
    await tree.change(4, '20M');
    assert.ok((await take()).addedBytes < 4 * MB);
    await tree.keepContents();
    const { backups: listed } = await here!.json<{ backups: readonly ListedBackup[] }>('backups', '--from', repository);
    assert.deepEqual(
      listed.map(({ id }) => id),
      backups.map(({ id }) => id),
    );
    await here!.run('done', 'backups', 'check', '--from', repository);
    assert.deepEqual(leftThere(), []);
    assert.deepEqual(readdirSync(dir).includes('oops'), false);
  });

  it('comes back as the same VM, with all its snapshots', async () => {
    const drawn = await there!.rig.virsh('snapshot-list', name, '--tree');
    await there!.rig.virsh('undefine', name, '--snapshots-metadata');
    rmSync(join(dir, 'images'), { recursive: true });
    const folder = join(dir, 'restored $(here)');
    const words = ['restore', backups[1]!.id, '--from', repository, '--folder', folder];
    const answer = await here!.json(...words);
    assert.deepEqual(faultsOf(answer), []);
    assert.equal(await there!.rig.virsh('domuuid', name), uuid);
    assert.equal(await there!.rig.virsh('snapshot-list', name, '--tree'), drawn);
    await tree.requireSame(there!);
    assert.deepEqual(readdirSync(folder), [name]);
    assert.match(await here!.run('refused', ...words), /exists already|under another name/u);
  });

  it('comes back beside it as a new VM, and as one snapshot alone', async () => {
    const folder = join(dir, 'restored');
    const words = ['restore', backups[1]!.id, '--from', repository, '--folder', folder];
    await here!.run('done', ...words, '--as', 'web-again');
    assert.notEqual(await there!.rig.virsh('domuuid', 'web-again'), uuid);
    await tree.requireSame(there!, 'web-again');
    await here!.run('done', ...words, '--snapshot', 'disks', '--as', 'web-then');
    await tree.requireContent(await contentFile(there!, 'web-then'), 'disks');
    assert.equal(await there!.rig.virsh('snapshot-list', 'web-then', '--name'), '');
    await here!.run('done', 'backups', 'check', '--from', repository, '--boot', '--folder', folder, '--seconds', '1');
    assert.deepEqual(readdirSync(folder).sort(), ['web-again', 'web-then']);
  });

  it('says what is missing there, and which key is wrong', async () => {
    const wrong = join(dir, 'wrong-key');
    writeFileSync(wrong, 'none', { mode: 0o600 });
    const words = ['backups', '--from', repository, '--password-file', wrong];
    assert.match(await here!.run('refused', ...words), /does not open/u);
    assert.match(await here!.run('usage', 'backups', '--from', 'relative'), /^--from is a whole path/mu);
    const server = readFileSync(far.at('server'), 'utf8');
    await far.logOut();
    writeFileSync(far.at('server'), server.replace('mkdir', 'mount --bind /dev/null /usr/bin/restic; mkdir'));
    assert.match(await here!.run('refused', 'backup', name, '--to', repository), /restic is needed on/u);
    await far.logOut();
    writeFileSync(far.at('server'), server);
  });

  it('removes what a killed one left there, and nothing that is in use', async () => {
    const [left, used, stranger] = ['virt-rewind-0000000000', 'virt-rewind-1111111111', 'virt-rewind-other'];
    for (const one of [left, used, stranger]) {
      mkdirSync(join(dir, 'temporary', one));
      writeFileSync(join(dir, 'temporary', one, 'virt-rewind-backup.json'), 'with passwords');
    }
    const user = spawn('flock', ['-s', join(dir, 'temporary', used), 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const echoed = new Promise((resolve) => user.stdout.once('data', resolve));
    user.stdin.write('locked');
    await echoed;
    await here!.run('done', 'backup', name, '--to', repository);
    const ended = new Promise((resolve) => user.once('close', resolve));
    user.stdin.end();
    await ended;
    assert.deepEqual([...leftThere()].sort(), [used, stranger]);
    [used, stranger].forEach((one) => rmSync(join(dir, 'temporary', one), { recursive: true }));
  });

  /** @param end while restic there has stored some of it */
  async function cutBackup(exit: 'failed' | 'cancelled', end: () => unknown): Promise<void> {
    const other = `${repository} ${exit}`;
    there!.wrap('restic', 'case "$*" in *unfinished*) set -- --limit-upload=500 "$@" ;; esac');
    const running = here!.run(exit, 'backup', name, '--to', other, '--create');
    const names = (folder: string): readonly string[] =>
      existsSync(join(other, folder)) ? readdirSync(join(other, folder), { recursive: true, encoding: 'utf8' }) : [];
    await until(() => names('data').some((one) => one.length > 60) && names('locks').length > 0);
    await end();
    await running;
    // restic has removed its lock, and the folder with the manifest is gone.
    await until(() => names('locks').length === 0 && leftThere().length === 0);
    there!.unwrap('restic');
    const { backups: none } = await here!.json<{ backups: readonly ListedBackup[] }>('backups', '--from', other);
    assert.deepEqual(none, []);
    await here!.run('done', 'backup', name, '--to', other);
  }

  it('leaves no lock and no file where the connection is cut during a backup', () =>
    cutBackup('failed', () => far.logOut()));

  it('leaves no lock and no file where a backup is cancelled', async () => {
    const client = readFileSync(far.at('client'), 'utf8');
    const pid = join(dir, 'pid');
    writeFileSync(far.at('client'), client.replace('\n', `\necho $PPID >'${pid}'\n`));
    await cutBackup('cancelled', () => process.kill(Number(readFileSync(pid, 'utf8')), 'SIGINT'));
    writeFileSync(far.at('client'), client);
  });

  it('is not there where the connection is cut during a restore, and the next one removes what it left', async () => {
    const folder = join(dir, 'cut');
    const words = ['restore', backups[1]!.id, '--from', repository, '--folder', folder, '--as', 'web-cut'];
    there!.wrap('restic', 'case "$*" in *--target=*) set -- --limit-download=500 "$@" ;; esac');
    const running = assert.rejects(here!.run('done', ...words));
    const isWritten = (file: string): boolean => {
      const found = lstatSync(join(folder, file), { throwIfNoEntry: false });
      return file.includes('/images/') && found?.isFile() === true && found.blocks > 0;
    };
    const begun = (): readonly string[] =>
      existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
    // restic 0.14 forgets a lock that is younger than 0.2 s, and so leaves it: the next one is not hindered by it.
    await until(() => locks().length > 0 && begun().some((one) => isWritten(one)));
    await far.logOut();
    await running;
    await until(() => locks().length === 0);
    there!.unwrap('restic');
    assert.doesNotMatch(await there!.rig.virsh('list', '--all', '--name'), /web-cut/u);
    await here!.run('done', ...words);
    assert.deepEqual(readdirSync(folder), ['web-cut']);
    await tree.requireSame(there!, 'web-cut');
  });

  it('is backed up by the clock, if the login asks nothing', async () => {
    const crontab = join(dir, 'crontab');
    writeFileSync(crontab, '');
    const program = (file: string, text: string): void =>
      writeFileSync(join(here!.programs, file), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    program('systemctl', 'exit 1');
    program('crontab', `if [ "$1" = -l ]; then cat '${crontab}'; else cat "$1" > '${crontab}'; fi`);
    const add = ['schedule', name, '--to', repository, '--every', 'day', '--keep-last', '1', '--as'];
    await here!.run('done', ...add, 'far-day');
    assert.match(await here!.run('done', 'schedule', '--run', 'far-day'), /backups: 1, deleted: 3/u);
    // The login that is open does, but not one at night.
    await far.identify('key');
    assert.match(await here!.run('refused', ...add, 'far-night'), /Permission denied/u);
    await far.identify('plain_key');
    assert.doesNotMatch(await here!.run('done', 'schedule'), /far-night/u);
  });

  it('reverts on the restored tree', async () => {
    await here!.run('done', 'revert', name, 'disks', '--yes');
    await tree.requireContent(await contentFile(there!, name), 'disks');
    await here!.run('done', 'undo', name, '--yes');
    await tree.requireContent(await contentFile(there!, name));
  });
});
