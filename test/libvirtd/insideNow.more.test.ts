// The files of a real guest that runs, at one moment: by a snapshot that is gone afterwards.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { run as runProgram } from '../../scripts/rig/run.mjs';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import { type Guest, type LiveRig, startLiveRig } from './engineRig.js';

describe('the files of a VM that runs', () => {
  let rig: LiveRig;
  let guest: Guest;
  let program: string;
  let state: string;
  let environment: NodeJS.ProcessEnv;

  const run = async (exit: ExitName, ...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runProgram(process.execPath, [program, ...words], { env: environment });
    assert.equal(code, exitCode(exit), `${words.join(' ')}: ${stdout}${stderr}`);
    return exit === 'done' ? stdout : stderr;
  };
  const inGuest = async (script: string): Promise<string> => (await guest.run('sh', ['-c', script])).stdout.trim();
  const snapshots = async (): Promise<readonly string[]> =>
    (await rig.virsh('snapshot-list', 'now', '--name')).split('\n').filter((name) => name !== '');
  /** It is on its own image again, and no other is left. */
  const isAsBefore = async (): Promise<void> => {
    assert.deepEqual(await snapshots(), []);
    assert.match(await rig.virsh('domblklist', 'now'), new RegExp(guest.disks[0] ?? 'none', 'u'));
    assert.deepEqual(
      readdirSync(rig.daemon.dir).filter((name) => name.startsWith('now') && !name.endsWith('.log')),
      ['now-0.qcow2'],
    );
  };

  before(async () => {
    rig = await startLiveRig();
    state = join(rig.daemon.dir, 'journal');
    mkdirSync(state, { recursive: true });
    environment = { ...rig.daemon.env, VIRT_REWIND_STATE: state, LIBVIRT_DEFAULT_URI: rig.uri, LC_ALL: 'C' };
    program = await buildDoor('commandLine', join(rig.daemon.dir, 'program'));
    guest = await rig.guest({ name: 'now' });
    await guest.start();
  });
  after(() => rig.stop());

  it('are read as they are at one moment, also what was not on the disk yet', async () => {
    await inGuest('echo unwritten > /data/fresh');
    assert.match(await run('refused', 'files', 'now', 'cat', '/fresh'), /files now --now/u);
    assert.equal(await run('done', 'files', 'now', '--now', 'cat', '/fresh'), 'unwritten\n');
    await isAsBefore();
    assert.equal(await inGuest('cat /data/fresh; echo more >> /data/fresh'), 'unwritten');
  });

  it('leave no snapshot where the path is wrong', async () => {
    await run('notFound', 'files', 'now', '--now', 'cat', '/nothing');
    await run('usage', 'files', 'now@any', '--now', 'cat', '/fresh');
    await isAsBefore();
  });

  const isRecorded = (): boolean =>
    existsSync(join(state, 'records')) &&
    readdirSync(join(state, 'records'), { recursive: true, encoding: 'utf8' }).some((file) => file.endsWith('.json'));

  /** The program has created its snapshot. */
  async function killWhileReading(when: 'atOnce' | 'recorded'): Promise<void> {
    rmSync(join(state, 'records'), { recursive: true, force: true });
    const reading = spawn(process.execPath, [program, 'files', 'now', '--now', 'find', 'x'], { env: environment });
    const ended = new Promise((resolve) => reading.once('close', resolve));
    while ((await snapshots()).length === 0 || (when === 'recorded' && !isRecorded())) {
      assert.equal(reading.exitCode, null);
    }
    reading.kill('SIGKILL');
    await ended;
  }

  it('lose the snapshot of a program that was killed with the next one, and no other', async () => {
    for (const when of ['atOnce', 'recorded'] as const) {
      await killWhileReading(when);
      assert.deepEqual(await snapshots(), ['To-read-files']);
      const person = ['To read files (2)', '--kind', 'disk', '--style', 'external'];
      await run('done', 'checkpoint', 'now', ...person);
      const [, own = ''] = await snapshots();
      assert.equal(await run('done', 'files', 'now', '--now', 'cat', '/fresh'), 'unwritten\nmore\n');
      assert.deepEqual(await snapshots(), [own], when);
      await run('done', 'delete', 'now', own, '--yes');
      await isAsBefore();
    }
  });

  it('keep such a snapshot that a person has marked', async () => {
    await killWhileReading('recorded');
    const [kept = ''] = await snapshots();
    await run('done', 'keep', 'now', kept);
    await run('done', 'files', 'now', '--now', 'cat', '/fresh');
    assert.deepEqual(await snapshots(), [kept]);
    await run('done', 'delete', 'now', kept, '--yes');
    await isAsBefore();
  });

  it('are not read where it has snapshots inside its image, with the reason', async () => {
    await rig.virsh('snapshot-create-as', 'now', 'inside');
    await run('refused', 'files', 'now', '--now', 'cat', '/fresh');
    assert.deepEqual(await snapshots(), ['inside']);
  });
});
