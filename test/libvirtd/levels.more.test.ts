// Our levels on a real VM: each is played by its own acts, no step is done before it begins, and each comes true.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildDoor, writeLevels } from '../../scripts/build.mjs';
import { root } from '../../scripts/rig/root.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { readMarks } from '../../src/bisect/bisectMarks.js';
import { exitCode } from '../../src/cli/exitCodes.js';
import { Lesson } from '../../src/lesson/lesson.js';
import type { LessonOptions, LevelScore } from '../../src/lesson/lessonRun.js';
import { allHold } from '../../src/lesson/levelChecks.js';
import { measureLayerCosts } from '../../src/qemu/layerCosts.js';
import { faultsOf } from '../answerFaults.js';
import { ownLevel, ownLevelIds } from '../ownLevel.js';
import { silentLog } from '../silentLog.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

interface LevelAnswer {
  readonly level: {
    readonly problems: readonly { readonly line: number }[];
    readonly score?: LevelScore;
  };
  readonly levels: readonly { readonly id: string; readonly languages: readonly string[] }[];
}

describe('levels', () => {
  let rig: LiveRig;
  let lesson: Lesson;
  let options: LessonOptions;
  let scores: Readonly<Record<string, LevelScore>> = {};
  const usual = process.env['TMPDIR'];

  before(async () => {
    rig = await startLiveRig();
    process.env['TMPDIR'] = join(rig.daemon.dir, 'lessons');
    await mkdir(process.env['TMPDIR']);
    const guest = join(rig.daemon.dir, 'lesson.bin');
    await runOk('nasm', ['-f', 'bin', '-o', guest, join(root, 'scripts/guest/oracle.asm')]);
    const script = await buildDoor('commandLine', join(rig.daemon.dir, 'program'));
    const journal = join(rig.daemon.dir, 'journal');
    options = {
      engine: rig.engine,
      log: silentLog,
      commandLine: {
        program: process.execPath,
        script,
        environment: { PATH: process.env['PATH'], ...rig.daemon.env, VIRT_REWIND_STATE: journal },
      },
      firstBad: async ({ uuid }) => {
        const known = (await readMarks(journal, silentLog)).find(({ vm }) => vm.uuid === uuid);
        return known?.marks.find(({ mark }) => mark === 'firstBad')?.name;
      },
      guest,
      perform: (request) => rig.engine.runOperation(request),
      measure: (folder, depths) => measureLayerCosts(folder, depths, rig.daemon.env),
      onDone: ({ id }, score) => (scores = { ...scores, [id]: score }),
    };
    lesson = new Lesson(options);
  });
  after(async () => {
    if (usual === undefined) {
      delete process.env['TMPDIR'];
    } else {
      process.env['TMPDIR'] = usual;
    }
    await lesson.end();
    lesson.dispose();
    await rig.stop();
  });

  it('take the forks of their VM with them', async () => {
    await lesson.start(rig.uri, ownLevel('fork'));
    await lesson.next();
    assert.deepEqual(lesson.view!.facts.clones, ['running']);
    await lesson.end();
    assert.deepEqual(await rig.virsh('list', '--all', '--name'), '');
  });

  it('say that a command cannot be run, and do nothing', async () => {
    const without = new Lesson({ ...options, commandLine: { ...options.commandLine!, script: '/no/such.js' } });
    await without.start(rig.uri, ownLevel('export'));
    await without.next();
    const { state, failure, facts } = without.view!;
    assert.deepEqual([state.phase, failure?.kind, facts.exported], ['failed', 'failed', 0]);
    await without.end();
    without.dispose();
  });

  describe('on the command line', () => {
    const level = `version: 1
title: One
start: [{ power: start }]
steps:
  - title: One
    say: [Words]
    do: [{ create: { title: A, kind: disk } }, { write: {} }]
    check: { snapshots: [{ title: A }], bytes: { of: top, least: 1 MiB } }
golf: { steps: 1 }
`;
    const run = async (words: readonly string[]): Promise<{ code: number | null; answer: LevelAnswer }> => {
      const { program, script, environment } = options.commandLine!;
      const child = spawn(program, [script, 'level', ...words, '--json', '--connect', rig.uri], {
        env: { ...environment, LC_ALL: 'C' },
        cwd: folder,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      child.stdout.on('data', (data) => (said += String(data)));
      const [code] = (await once(child, 'close')) as [number | null];
      const answer = JSON.parse(said) as LevelAnswer;
      assert.deepEqual(faultsOf(answer), []);
      return { code, answer };
    };
    const lines = ({ level: { problems } }: LevelAnswer): readonly number[] => problems.map(({ line }) => line);
    let folder: string;

    before(async () => {
      const { script } = options.commandLine!;
      folder = join(rig.daemon.dir, 'written');
      await mkdir(folder);
      await copyFile(options.guest, join(dirname(script), 'lesson.bin'));
      await writeLevels(dirname(script));
      await writeFile(join(folder, 'one.level.yaml'), level);
      await writeFile(join(folder, 'large.level.yaml'), level.replace('1 MiB', '20 MiB'));
      await writeFile(join(folder, 'golf.level.yaml'), level.replace('golf: { steps: 1 }', 'golf: { steps: 2 }'));
      await runOk('mkfifo', [join(folder, 'pipe')]);
    });

    it('are played to their end, and nothing is left', async () => {
      const { code, answer } = await run(['check', 'one.level.yaml', '--play']);
      assert.deepEqual([code, answer.level.problems, answer.level.score?.steps], [exitCode('done'), [], 1]);
      assert.equal(await rig.virsh('list', '--all', '--name'), '');
    });

    it('tell where a check does not hold that no model knows', async () => {
      assert.equal((await run(['check', 'large.level.yaml'])).code, exitCode('done'));
      const { code, answer } = await run(['check', 'large.level.yaml', '--play']);
      assert.deepEqual([code, lines(answer)], [exitCode('wrong'), [8]]);
    });

    it('are not played where they are wrong', async () => {
      const { code, answer } = await run(['check', 'golf.level.yaml', '--play']);
      assert.deepEqual([code, lines(answer), answer.level.score], [exitCode('wrong'), [9], undefined]);
    });

    it('say what is no file', async () => {
      for (const name of ['pipe', '.', '/dev/null', 'nowhere']) {
        const { code, answer } = await run(['check', name]);
        assert.deepEqual([code, lines(answer)], [exitCode('wrong'), [1]], name);
      }
    });

    it('are listed, with those of the folder that are right', async () => {
      const { code, answer } = await run(['list']);
      assert.equal(code, exitCode('wrong'));
      assert.deepEqual(
        answer.levels.map(({ id }) => id),
        [...ownLevelIds, 'large.level.yaml', 'one.level.yaml'],
      );
      assert.deepEqual(answer.levels.at(0)?.languages, ['en', 'de', 'zh-cn']);
    });
  });

  for (const id of ownLevelIds) {
    it(`${id} can be played to its end`, async () => {
      const { level } = ownLevel(id);
      await lesson.start(rig.uri, { id, level });
      for (const [at, { check }] of level.steps.entries()) {
        const { phase } = lesson.view!.state;
        assert.equal(phase, check === undefined ? 'reading' : 'waiting', `step ${String(at)} when it begins`);
        if (check !== undefined) {
          await lesson.next();
          const { state, failure, facts } = lesson.view!;
          const told = `step ${String(at)}: ${String(failure?.line)} ${JSON.stringify({ ...facts, snapshots: facts.snapshots.map(({ title, parent }) => [title, parent]) })}`;
          assert.equal(state.phase, 'done', told);
        }
        if (at + 1 < level.steps.length) {
          await lesson.next();
        }
      }
      const { facts } = lesson.view!;
      assert.ok(level.goal === undefined || allHold({ goal: true }, facts, facts, level.goal), 'the goal');
      assert.ok(scores[id] !== undefined, 'the result is told');
      assert.equal(level.golf?.steps ?? scores[id].steps, scores[id].steps, 'its own way is the best');
      const { name } = lesson.view!.vm;
      await lesson.next();
      assert.equal(lesson.view, undefined);
      assert.equal(rig.engine.findVms(name, rig.uri).length, 0);
    });
  }
});
