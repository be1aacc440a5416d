// Our levels on a real VM: each is played by its own acts, no step is done before it begins, and each comes true.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { root } from '../../scripts/rig/root.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { readMarks } from '../../src/bisect/bisectMarks.js';
import { Lesson } from '../../src/lesson/lesson.js';
import type { LessonOptions, LevelScore } from '../../src/lesson/lessonRun.js';
import { allHold } from '../../src/lesson/levelChecks.js';
import { measureLayerCosts } from '../../src/qemu/layerCosts.js';
import { ownLevel, ownLevelIds } from '../ownLevel.js';
import { silentLog } from '../silentLog.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

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
