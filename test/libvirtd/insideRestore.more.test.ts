// Files and folders of a restore point back into the real guest that runs: as they were, whole or not at all, and what
// was there before is in a snapshot.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { run as runProgram } from '../../scripts/rig/run.mjs';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import { Session } from '../../src/session/session.js';
import type { GuestDisks } from '../../src/wings/inside/guestFiles.js';
import { openGuestDisks } from '../../src/wings/inside/guestFiles.js';
import { findNode } from '../../src/wings/inside/read/guestFileSystem.js';
import { planRestore, runRestore } from '../../src/wings/inside/back/restoreToGuest.js';
import { faultsOf } from '../answerFaults.js';
import { silentLog } from '../silentLog.js';
import { type Guest, type LiveRig, startLiveRig } from './engineRig.js';

const never = new AbortController().signal;

describe('files of a restore point, back into the VM', () => {
  let rig: LiveRig;
  let guest: Guest;
  let program: string;
  let session: Session;
  let environment: NodeJS.ProcessEnv;

  const inGuest = async (script: string): Promise<string> => {
    const { stdout, stderr, code } = await guest.run('sh', ['-c', script]);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  const run = async (exit: ExitName, ...words: readonly string[]): Promise<string> => {
    const whole = [program, 'files', 'back@first', 'restore', ...words];
    const { code, stdout, stderr } = await runProgram(process.execPath, whole, { env: environment });
    assert.equal(code, exitCode(exit), `${words.join(' ')}: ${stdout}${stderr}`);
    return exit === 'done' ? stdout : stderr;
  };
  const facts = (path: string): Promise<string> => inGuest(`stat -c '%a %u:%g %Y' ${path}`);
  const snapshots = async (): Promise<readonly string[]> =>
    (await rig.virsh('snapshot-list', 'back', '--name')).split('\n').filter((name) => name !== '');
  /** Nothing of ours is left beside what it put there. */
  const parts = (): Promise<string> => inGuest('find /data -name "*virt-rewind*"');

  before(async () => {
    rig = await startLiveRig();
    const state = join(rig.daemon.dir, 'journal');
    mkdirSync(state, { recursive: true });
    environment = { ...rig.daemon.env, VIRT_REWIND_STATE: state, LIBVIRT_DEFAULT_URI: rig.uri, LC_ALL: 'C' };
    program = await buildDoor('commandLine', join(rig.daemon.dir, 'program'));
    guest = await rig.guest({ name: 'back' });
    session = await Session.open({ connections: [rig.uri], environment, log: silentLog, shell: 'test' });
    await guest.start();
    await inGuest(`mkdir -p /data/conf/deep && cd /data/conf && echo first > 'a file' && ln -s 'a file' link
      head -c 300000 /dev/urandom > deep/big && chown 12:34 deep/big && chmod 4750 deep/big && touch -d @1000000000 deep/big
      long=deep/$(printf 'n%.0s' $(seq 130)); echo long > $long; mkfifo pipe
      md5sum deep/big > /tmp/sum; sync`);
    await rig.virsh('snapshot-create-as', 'back', 'first', '--disk-only');
    await inGuest(`cd /data/conf && echo second > 'a file' && echo new > deep/new && echo broken > deep/big && rm link
      chmod 600 'a file' deep/big; chown 0:0 deep/big; mkdir link`);
  });
  after(async () => {
    await session.close();
    await rig.stop();
  });

  it('asks first, and changes nothing without an answer', async () => {
    const before = await snapshots();
    const said = await run('unanswered', '/conf/a file', '/data/conf/a file');
    assert.match(said, /Replaces the file that is there now/u);
    assert.deepEqual(await snapshots(), before);
    assert.equal(await inGuest("cat '/data/conf/a file'"), 'second');
  });

  it('puts a file there as it was, and saves first what was there', async () => {
    const answer = JSON.parse(await run('done', '/conf/deep/big', '/data/conf/deep/big', '--yes', '--json')) as {
      readonly restored: { readonly checkpoint: string; readonly files: number; readonly way: string };
    };
    assert.deepEqual(faultsOf(answer), []);
    const { checkpoint, files, way } = answer.restored;
    assert.deepEqual([files, way], [1, 'renamed']);
    assert.ok((await snapshots()).includes(checkpoint));
    await inGuest('cd /data/conf && md5sum -c /tmp/sum');
    assert.equal(await facts('/data/conf/deep/big'), '4750 12:34 1000000000');
    assert.equal(await parts(), '');
  });

  it('puts a folder there in the place of the one that is there', async () => {
    await inGuest('rmdir /data/conf/link');
    const said = await run('done', '/conf', '/data/conf', '--yes');
    assert.match(said, /Left out.*: 1/u);
    assert.equal(await inGuest("cd /data/conf && ls -A . deep | sort | tr '\\n' ' '"), await expectedNames());
    assert.equal(
      await inGuest('cat /data/conf/link; cat /data/conf/deep/nnn*; readlink /data/conf/link'),
      'first\nlong\na file',
    );
    await inGuest('cd /data/conf && md5sum -c /tmp/sum');
    assert.equal(await parts(), '');
  });

  const expectedNames = (): Promise<string> =>
    Promise.resolve(['', '.:', 'a file', 'big', 'deep', 'deep:', 'link', 'n'.repeat(130)].join(' ').trim());

  it('refuses where a snapshot would not hold what is there, or something else is there', async () => {
    const before = await snapshots();
    await inGuest('mkdir -p /data/other/mounted /tmp/in && mount -t tmpfs none /data/other/mounted');
    for (const [pattern, path, target] of [
      [/mounted at \/data\/other\/mounted/u, '/conf', '/data/other'],
      [/on tmpfs, not on a disk/u, '/conf/a file', '/tmp/in/a'],
      [/cannot replace a file/u, '/conf', '/data/conf/a file'],
      [/cannot replace a file/u, '/conf/a file', '/data/conf'],
      [/folder does not exist/u, '/conf/a file', '/data/none/a'],
      [/not an absolute path/u, '/conf/a file', 'data/a'],
      [/not an absolute path/u, '/conf/a file', '/data/../a'],
    ] as const) {
      assert.match(await run('refused', path, target, '--yes'), pattern);
    }
    assert.match(await run('usage', '/conf/a file', '--yes'), /Name the TARGET/u);
    assert.deepEqual(await snapshots(), before);
    await inGuest('umount /data/other/mounted');
  });

  const withDisks = async <T>(work: (disks: GuestDisks) => Promise<T>): Promise<T> => {
    const view = await session.vm('back');
    await session.engine.refresh({ vm: view.ref });
    const snapshot = await session.snapshot(view, 'first');
    const disks = await openGuestDisks(session.engine, view, { snapshot, environment, signal: never });
    try {
      return await work(disks);
    } finally {
      disks.close();
    }
  };

  it('writes nothing where the current state cannot be saved', async () => {
    await inGuest("echo third > '/data/conf/a file'");
    await withDisks(async ({ volumes: [volume], requireUnchanged }) => {
      assert.ok(volume?.system !== undefined);
      const { system } = volume;
      const view = session.view(await session.vm('back'));
      const node = await findNode(system, '/conf/a file');
      const wish = { view, system, node, target: '/data/conf/a file', requireUnchanged };
      const options = { engine: session.engine, environment, log: silentLog, signal: never };
      const planned = await planRestore(wish, options);
      const why = new Error('no snapshot');
      const restoring = runRestore(wish, planned, { ...options, takeCheckpoint: () => Promise.reject(why) });
      await assert.rejects(restoring, why);
    });
    assert.equal(await inGuest("cat '/data/conf/a file'"), 'third');
  });

  it('is refused while the VM is off', async () => {
    await rig.virsh('destroy', 'back');
    assert.match(await run('refused', '/conf/a file', '/data/conf/a file', '--yes'), /not running/u);
  });
});
