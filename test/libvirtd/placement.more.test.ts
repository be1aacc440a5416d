// `virt-rewind hosts` and `empty`: two hosts on one machine, with a folder that both have.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch as watchFolder } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCode } from '../../src/cli/exitCodes.js';
import { counters, waitForAgent } from '../../scripts/guest/inGuest.mjs';
import { faultsOf } from '../answerFaults.js';
import { snapshotsOn } from './copiesTree.js';
import { defineDiskVm } from './diskVm.js';
import { images, type MoveHost, type MoveRig, startMoveRig } from './moveRig.js';

interface Hosts {
  readonly hosts: readonly { readonly connection: string; readonly load: number; readonly sleeps: readonly string[] }[];
  readonly vms: readonly { readonly vm: string; readonly cost?: { readonly bytes: number }; readonly stays?: string }[];
  readonly proposal?: { readonly moves: readonly unknown[]; readonly done: boolean };
  readonly without?: Readonly<Record<'restarted' | 'lost' | 'off', readonly { readonly vm: string }[]>>;
}

interface Emptied {
  readonly plan: {
    readonly moves: readonly { readonly vm: string }[];
    readonly left: readonly { vm: string; why: string }[];
  };
}

describe('hosts that VMs are placed on', () => {
  let rig: MoveRig;
  let folder: string;
  const names = (some: readonly { readonly vm: string }[]): readonly string[] => some.map(({ vm }) => vm).sort();

  before(async () => {
    rig = await startMoveRig();
    folder = mkdtempSync(join(tmpdir(), 'shared-'));
    const { one } = rig;
    const guest = await one.rig.guest({ name: 'web', folder });
    await guest.start();
    for (const [title, count] of [
      ['first', 11],
      ['second', 22],
    ] as const) {
      await guest.setCounters(count);
      await one.run('done', 'checkpoint', 'web', title, '--kind', 'memory', '--style', 'internal');
    }
    await guest.setCounters(33);
    for (const [name, file] of [
      ['app', join(folder, 'app.qcow2')],
      ['local', `${images}/local.qcow2`],
      ['cold', `${images}/cold.qcow2`],
    ] as const) {
      await one.tool('qemu-img', 'create', '-q', '-f', 'qcow2', file, '8M');
      await defineDiskVm(one.rig, name, [{ file, format: 'qcow2' }]);
      await one.run('done', 'checkpoint', name, 'before', '--kind', 'offline', '--style', 'internal');
      await (name === 'cold' ? undefined : one.rig.virsh('start', name));
    }
  });
  after(async () => {
    await rig.stop();
    rmSync(folder, { recursive: true });
  });

  const on = async ({ rig: own }: MoveHost): Promise<readonly string[]> =>
    (await own.virsh('list', '--all', '--name'))
      .split('\n')
      .filter((name) => name !== '')
      .sort();
  const addresses = (): readonly string[] =>
    [rig.one, rig.other].flatMap(({ uri }) => ['--address', `${uri}=127.0.0.1`]);
  const hosts = (...words: readonly string[]): Promise<Hosts> =>
    rig.one.json('hosts', rig.one.uri, rig.other.uri, ...words);
  const empty = (): readonly string[] => ['empty', rig.one.uri, rig.other.uri, ...addresses()];

  it('are listed with their load, and with what a move of each VM costs', async () => {
    const answer = await hosts();
    assert.deepEqual(faultsOf(answer), []);
    assert.deepEqual(
      answer.hosts.map(({ connection }) => connection),
      [rig.one.uri, rig.other.uri],
    );
    for (const { load, sleeps } of answer.hosts) {
      assert.ok(load > 0 && load <= 1, String(load));
      assert.deepEqual(sleeps, []);
    }
    const of = (name: string) => answer.vms.find(({ vm }) => vm === name)!;
    assert.ok(of('web').cost!.bytes > 0);
    assert.ok(of('cold').cost!.bytes > 0);
    assert.equal(of('local').stays, 'notShared');
    const text = await rig.one.run('done', 'hosts', rig.one.uri, 'host-other', '-c', rig.other.uri);
    assert.match(text, /host-other.*\n.*host-one/u);
    await rig.one.run('notFound', 'hosts', 'nowhere');
  });

  it('tell who finds room when one fails', async () => {
    const { without } = await hosts('--without', rig.one.uri);
    assert.deepEqual(names(without!.restarted), ['app', 'web']);
    assert.deepEqual(names(without!.lost), ['local']);
    assert.deepEqual(names(without!.off), ['cold']);
  });

  it('are even, so nothing is proposed, and nothing is done', async () => {
    const answer = await hosts('--propose', '--yes');
    assert.deepEqual(faultsOf(answer), []);
    assert.deepEqual(answer.proposal, { moves: [], done: false });
  });

  it('tell beforehand which VMs would leave one of them, and why others stay', async () => {
    const answer = await rig.one.json<Emptied>(...empty(), '--plan');
    assert.deepEqual(faultsOf(answer), []);
    assert.deepEqual(names(answer.plan.moves), ['app', 'cold', 'web']);
    assert.deepEqual(
      answer.plan.left.map(({ vm, why }) => [vm, why]),
      [['local', 'notShared']],
    );
    const unreachable = await rig.one.json<Emptied>('empty', rig.one.uri, rig.other.uri, '--plan');
    assert.deepEqual(names(unreachable.plan.moves), ['cold']);
    assert.deepEqual(
      unreachable.plan.left.map(({ vm, why }) => [vm, why]),
      [
        ['app', 'refused'],
        ['local', 'notShared'],
        ['web', 'refused'],
      ],
    );
    await rig.one.run('unanswered', ...empty());
    assert.deepEqual(await on(rig.other), []);
  });

  it('is left by some, when the program is killed in the middle, and by the rest afterwards', async () => {
    const { one, other } = rig;
    const child = spawn(process.execPath, [one.door, ...empty(), '--yes'], { env: one.env, stdio: 'ignore' });
    killAt('moving', child);
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, null);
    // What was interrupted is ended first.
    const said = await one.run('wrong', ...empty(), '--yes');
    assert.match(said, /local/u);
    assert.deepEqual(await on(one), ['local']);
    assert.deepEqual(await on(other), ['app', 'cold', 'web']);
    assert.match(await one.rig.virsh('domstate', 'local'), /^running/u);
    for (const name of ['app', 'web']) {
      assert.match(await other.rig.virsh('domstate', name), /^running/u);
    }
    assert.deepEqual(await snapshotsOn(other, 'web'), ['first', 'second']);
    await waitForAgent(other.rig.daemon.virsh, 'web');
    assert.equal((await counters(other.rig.daemon.virsh, 'web')).memory, 33);
    assert.equal((await snapshotsOn(other, 'cold')).length, 1);
  });

  it('is as empty as it can be, so that nothing is moved again', async () => {
    await rig.one.run('wrong', ...empty(), '--yes');
    assert.deepEqual(await on(rig.one), ['local']);
    const { proposal } = await hosts('--propose');
    assert.deepEqual(proposal?.moves, []);
  });

  it('end what was interrupted of a VM that its own host has forgotten', async () => {
    const { one, other } = rig;
    await one.run('done', 'move', 'cold', one.uri, '-c', other.uri, '--yes');
    const words = ['move', 'cold', other.uri, '-c', one.uri, '--yes'];
    const child = spawn(process.execPath, [one.door, ...words], { env: one.env, stdio: 'ignore' });
    // Before that, a VM that its own host has no more went by somebody else's deed.
    killAt('leaving', child);
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, null);
    if ((await on(one)).includes('cold')) {
      await one.rig.virsh('undefine', 'cold', '--snapshots-metadata');
    }
    await one.run('wrong', ...empty(), '--yes');
    await one.run('done', 'checkpoint', 'cold', 'after', '--style', 'internal', '-c', other.uri);
    await one.run('done', 'delete', 'cold', 'after', '--yes', '-c', other.uri);
    assert.equal(existsSync(one.at(`${images}/cold.qcow2`)), false);
  });

  it('get their VMs back by the words that were printed', async () => {
    const { one, other } = rig;
    const words = ['empty', other.uri, one.uri, ...addresses(), '--yes'];
    const told = await one.run('done', ...words);
    assert.deepEqual(await on(other), []);
    const backs = told.split('\n').filter((line) => line.startsWith('virt-rewind move '));
    assert.equal(backs.length, 3);
    for (const line of backs) {
      const parts = line
        .split(' ')
        .slice(1)
        .map((part) => part.replaceAll("'", ''));
      await one.run('done', ...parts, '--yes');
    }
    assert.deepEqual(await on(other), ['app', 'cold', 'web']);
  });

  /** Both hosts together have each VM once, and those that ran go on. */
  async function requireOnce(): Promise<void> {
    const all = [...(await on(rig.one)), ...(await on(rig.other))].sort();
    assert.deepEqual(all, ['app', 'cold', 'local', 'web']);
    for (const host of [rig.one, rig.other]) {
      for (const name of (await on(host)).filter((one) => one !== 'cold')) {
        assert.match(await host.rig.virsh('domstate', name), /^running/u);
      }
    }
  }

  /** In a process of its own. */
  function begin(words: readonly string[]): { child: ChildProcess; ended: Promise<{ code: number; said: string }> } {
    const child = spawn(process.execPath, [rig.one.door, ...words], { env: rig.one.env });
    let said = '';
    [child.stdout, child.stderr].forEach((stream) => stream.on('data', (data: Buffer) => (said += data.toString())));
    return { child, ended: once(child, 'close').then(([code]) => ({ code: Number(code), said })) };
  }

  it('are left by each VM once, where two programs empty one at the same time', async () => {
    const { one, other } = rig;
    const back = ['empty', other.uri, one.uri, ...addresses(), '--yes'];
    const both = await Promise.all([begin(back).ended, begin(back).ended]);
    assert.ok(
      both.every(({ code }) => code >= 0 && code < 20),
      JSON.stringify(both),
    );
    await requireOnce();
    await one.run('done', ...back);
    await requireOnce();
    assert.deepEqual(await on(other), []);
    assert.equal((await counters(one.rig.daemon.virsh, 'web')).memory, 33);
  });

  it('keep what was moved, and say how it goes back, when one goes away in the middle', async () => {
    const { one, other } = rig;
    const { ended } = begin([...empty(), '--yes']);
    const begun = new Set<string>();
    const second = new Promise<void>((resolve) => {
      const stop = eachMove((id, text) => {
        // The first one is over where the next one has begun.
        if (begun.add(id).size === 2 && text.includes('"phase":"defining"')) {
          stop();
          resolve();
        }
      });
    });
    await second;
    await other.rig.daemon.killDaemon();
    const { code, said } = await ended;
    assert.equal(code, exitCode('failed'), said);
    assert.equal(said.split('\n').filter((line) => line.startsWith('virt-rewind move ')).length, 1, said);
    await other.rig.daemon.startDaemon();
    await one.run('wrong', ...empty(), '--yes');
    await requireOnce();
    assert.deepEqual(await on(one), ['local']);
    assert.equal((await counters(other.rig.daemon.virsh, 'web')).memory, 33);
  });

  /** Calls with the record of each move that is there, and of each that comes. @returns what ends it */
  function eachMove(act: (id: string, text: string) => void): () => void {
    const moves = join(rig.one.rig.daemon.dir, 'journal', 'moves');
    mkdirSync(moves, { recursive: true, mode: 0o700 });
    const look = (): void => {
      // It goes with the rig.
      for (const id of existsSync(moves) ? readdirSync(moves) : []) {
        const file = join(moves, id, 'move.json');
        if (/^[\da-f]{32}$/u.test(id) && existsSync(file)) {
          act(id, readFileSync(file, 'utf8'));
        }
      }
    };
    const watcher = watchFolder(moves, { recursive: true }, look);
    look();
    return () => watcher.close();
  }

  /** As soon as it has written that this is next. */
  function killAt(phase: string, child: ChildProcess): void {
    const stop = eachMove((_, text) => text.includes(`"phase":"${phase}"`) && child.kill('SIGKILL'));
    child.on('close', stop);
  }
});
