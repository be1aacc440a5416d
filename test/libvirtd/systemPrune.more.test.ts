// Old restore points of a system go by a rule, from the command line: what it stands on, what is kept and what would
// undo stay.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { run as runProgram } from '../../scripts/rig/run.mjs';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import { Session } from '../../src/session/session.js';
import { planSystemPrune, runSystemPrune, withoutQuestions } from '../../src/systems/systemPrune.js';
import { faultsOf } from '../answerFaults.js';
import { silentLog } from '../silentLog.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

const names = ['one', 'two'];

interface Answer {
  readonly prunePlan: { readonly points: readonly { title: string }[]; readonly stays: readonly Staying[] };
  readonly pruned: { readonly deleted: readonly { title: string }[]; readonly stays: readonly Staying[] };
}
interface Staying {
  readonly title: string;
  readonly reason: string;
}

describe('a prune of a system', () => {
  let rig: LiveRig;
  let program: string;
  let environment: NodeJS.ProcessEnv;

  const run = (...words: readonly string[]): ReturnType<typeof runProgram> =>
    runProgram(process.execPath, [program, ...words], { env: environment });
  const is = async (exit: ExitName, ...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...words);
    assert.equal(code, exitCode(exit), `${words.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  const json = async (exit: ExitName, ...words: readonly string[]): Promise<Answer> => {
    const answer = JSON.parse(await is(exit, ...words, '--json')) as Answer;
    assert.deepEqual(faultsOf(answer), []);
    return answer;
  };
  const snapshots = async (name: string): Promise<readonly string[]> =>
    (await rig.virsh('snapshot-list', name, '--name')).split('\n').filter((one) => one !== '');
  const titlesOf = (points: readonly { title: string }[]): readonly string[] => points.map(({ title }) => title);
  const session = (): Promise<Session> =>
    Session.open({ connections: [rig.uri], environment, log: silentLog, shell: 'test' });

  before(async () => {
    rig = await startLiveRig();
    const state = join(rig.daemon.dir, 'journal');
    mkdirSync(state, { recursive: true });
    environment = { ...rig.daemon.env, VIRT_REWIND_STATE: state, LIBVIRT_DEFAULT_URI: rig.uri, LC_ALL: 'C' };
    program = await buildDoor('commandLine', join(rig.daemon.dir, 'program'));
    for (const name of names) {
      await rig.guest({ name, agent: false });
    }
    await is('done', 'system', 'create', 'pair', ...names);
    for (const title of ['p1', 'p2', 'p3', 'p4']) {
      await is('done', 'system', 'checkpoint', 'pair', title);
    }
    const own = await session();
    const view = await own.vm('one');
    await own.engine.refresh({ vm: view.ref });
    await own.engine.setKept(view.ref, ['p2'], 'kept');
    await own.close();
  });
  after(() => rig.stop());

  it('asks for a rule, and for consent', async () => {
    await is('usage', 'system', 'prune', 'pair');
    await is('usage', 'system', 'prune', 'pair', '--older-than', '3 years');
    await is('unanswered', 'system', 'prune', 'pair', '--keep-last', '1');
    await is('notFound', 'system', 'prune', 'nobody', '--keep-last', '1');
    assert.deepEqual(await snapshots('one'), ['p1', 'p2', 'p3', 'p4']);
  });

  it('says with --plan what goes and what stays, and does nothing', async () => {
    const { prunePlan } = await json('done', 'system', 'prune', 'pair', '--keep-last', '1', '--plan');
    assert.deepEqual(titlesOf(prunePlan.points), ['p1', 'p3']);
    assert.deepEqual(
      prunePlan.stays.map(({ title, reason }) => [title, reason]),
      [['p2', 'kept']],
    );
    const told = await is('done', 'system', 'prune', 'pair', '--keep-last', '1', '--plan');
    assert.match(
      told,
      /p1[^]*p3[^]*“p2” is not deleted: The snapshot of one[^]*virsh .*snapshot-delete[^]*Nothing was changed/u,
    );
    assert.deepEqual(await snapshots('two'), ['p1', 'p2', 'p3', 'p4']);
  });

  it('fits none where all are younger', async () => {
    const { prunePlan } = await json('done', 'system', 'prune', 'pair', '--older-than', '1h', '--yes');
    assert.deepEqual(prunePlan.points, []);
  });

  it('tells which could not go when a member holds one, and the others go, with the snapshots of all members', async () => {
    const own = await session();
    const systems = await own.systems();
    const stored = (await systems.find('pair'))!;
    const prune = await planSystemPrune(systems, own.engine, stored, { keepLast: 1 }, Date.now());
    // Another program takes a part of one meanwhile: the rest of it goes.
    await rig.virsh('snapshot-delete', 'two', 'p1');
    const controller = new AbortController();
    const result = await runSystemPrune(systems, prune, {
      signal: controller.signal,
      onPoint: ({ title }) => {
        if (title === 'p3') {
          controller.abort();
        }
      },
    });
    await own.close();
    assert.deepEqual(
      titlesOf(result.deleted),
      ['p1'],
      String(result.stays.map(({ why }) => ('failure' in why ? why.failure.line : why.kind))),
    );
    assert.deepEqual(
      result.stays.map(({ point, why }) => [point.title, why.kind]),
      [
        ['p2', 'kept'],
        ['p3', 'cancelled'],
      ],
    );
    assert.deepEqual(
      [await snapshots('one'), await snapshots('two')],
      [
        ['p2', 'p3', 'p4'],
        ['p2', 'p3', 'p4'],
      ],
    );

    // The rest goes with the snapshots of all members.
    const { pruned } = await json('done', 'system', 'prune', 'pair', '--older-than', '0h', '--yes');
    assert.deepEqual(titlesOf(pruned.deleted), ['p3']);
    assert.deepEqual(
      pruned.stays.map(({ title, reason }) => [title, reason]),
      [
        ['p2', 'kept'],
        ['p4', 'stands'],
      ],
    );
    assert.deepEqual(
      [await snapshots('one'), await snapshots('two')],
      [
        ['p2', 'p4'],
        ['p2', 'p4'],
      ],
    );
  });

  it('goes unasked over those that a setting wanted, which are no work of a person, and over no others', async () => {
    const own = await session();
    const systems = await own.systems();
    const look = async () => (await systems.find('pair'))!;
    for (const title of ['w1', 'w2', 'w3']) {
      await systems.run(await systems.planCheckpoint(await look(), { title, auto: 'work' }));
    }
    assert.deepEqual(
      (await look()).points.map(({ title, auto }) => [title, auto]),
      [
        ['p2', undefined],
        ['p4', undefined],
        ['w1', 'work'],
        ['w2', 'work'],
        ['w3', 'work'],
      ],
    );
    const prune = await planSystemPrune(systems, own.engine, await look(), { keepLast: 1 }, Date.now(), 'work');
    const { deleted, stays } = await runSystemPrune(systems, withoutQuestions(prune), {
      signal: new AbortController().signal,
    });
    await own.close();
    assert.deepEqual([titlesOf(deleted), stays], [['w1', 'w2'], []]);
    for (const name of names) {
      assert.deepEqual(await snapshots(name), ['p2', 'p4', 'w3']);
    }
  });
});
