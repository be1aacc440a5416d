// A revert and its undo, by content; and a journal that an editor has left on a real daemon.
import assert from 'node:assert/strict';
import { readdir, rename, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../src/domain/failure.js';
import { openEditor } from './faults/editor.js';
import { killQemu } from './faults/faultKinds.js';
import { startStages, type Stages } from './faults/stages.js';
import { GuestVm } from './guestVm.js';
import type { Step } from '../../src/steps/step.js';
import { allRows } from '../allRows.js';

describe('a revert that somebody regrets', () => {
  let stages: Stages;
  let daemon: Stages['daemon'];
  let editor: Stages['editor'];
  let stageOf: Stages['stageOf'];

  before(async () => {
    stages = await startStages();
    ({ daemon, editor, stageOf } = stages);
  });
  after(() => stages.stop());

  for (const style of allRows ? (['internal', 'external'] as const) : (['external'] as const)) {
    it(`is undone with its RAM: ${style}`, async () => {
      const { vm, stage } = await stageOf(style === 'internal' ? 'in' : 'ex');
      const { engine } = editor;
      await stage.power('start');
      await stage.write();
      const snapshot = await stage.create('one', 'memory', style);
      await stage.write();
      const present = stage.model;
      const request = { kind: 'revert', vm: stage.ref, snapshot, after: 'running', checkpointFirst: true } as const;
      const { checkpoint } = await engine.runOperation(request);
      const reverted = await vm.see();
      assert.equal(reverted.power, 'running');
      const undo = await engine.undoOfRevert(stage.ref);
      assert.equal(undo?.name, checkpoint);
      assert.equal(undo?.target, snapshot);
      assert.equal(engine.findVm(stage.ref)!.undo?.name, checkpoint);
      await engine.runOperation({ kind: 'revert', vm: stage.ref, snapshot: checkpoint!, after: 'running' });
      const { differences } = await vm.compare(present, 'present');
      assert.deepEqual(
        differences.filter(({ about }) => about !== 'tree'),
        [],
      );
      assert.equal(await engine.undoOfRevert(stage.ref), undefined);
    });
  }

  it('is not taken up by a second editor while the first one is at it', async () => {
    const { stage } = await stageOf('two');
    const folder = join(daemon.dir, 'shared');
    let inSecond: string | undefined;
    const first = openEditor({
      uri: daemon.uri,
      journal: folder,
      env: daemon.env,
      at: { step: 0, moment: 'before' },
      act: async () => {
        const second = openEditor({ uri: daemon.uri, journal: folder, env: daemon.env });
        await second.engine.connect(daemon.uri);
        const power = { kind: 'power', vm: stage.ref, action: 'start' } as const;
        inSecond = await second.engine.runOperation(power).then(
          () => 'done',
          (error: unknown) => (error as { kind?: string }).kind,
        );
        second.engine.dispose();
      },
    });
    await first.engine.connect(daemon.uri);
    const { snapshot } = await first.engine.runOperation({
      kind: 'create',
      vm: stage.ref,
      snapshotKind: 'offline',
      title: 'mine',
    });
    first.engine.dispose();
    assert.equal(inSecond, 'busy');
    assert.equal(snapshot, 'mine');
  });

  it('is undone where QEMU died in front of it, and who is told hears that its RAM is lost', async () => {
    const { stage } = await stageOf('killed');
    await stage.power('start');
    const killing = openEditor({
      uri: daemon.uri,
      journal: join(daemon.dir, 'killing'),
      env: daemon.env,
      at: { step: 0, moment: 'before' },
      act: () => killQemu(daemon, 'killed'),
    });
    await killing.engine.connect(daemon.uri);
    const request = { kind: 'create', vm: stage.ref, snapshotKind: 'memory', style: 'external', title: 'x' } as const;
    await assert.rejects(killing.engine.runOperation(request), ({ details }: Failure) => {
      const { recovered, stateBefore, stateNow, qemuEnded } = details;
      assert.deepEqual([recovered, stateBefore, stateNow, qemuEnded], ['before', 'running', 'off', true]);
      return true;
    });
    killing.engine.dispose();
  });

  it('is merged back where QEMU died right behind a snapshot, and libvirt took its RAM away again', async () => {
    const { vm, stage } = await stageOf('ramless');
    await stage.power('start');
    await stage.write();
    await stage.create('old', 'memory');
    await stage.write();
    const request = { kind: 'create', vm: stage.ref, snapshotKind: 'memory', style: 'external', title: 'new' } as const;
    const dying = openEditor({
      uri: daemon.uri,
      journal: join(daemon.dir, 'dying'),
      env: daemon.env,
      at: { step: 0, moment: 'after' },
      // As libvirt leaves it that finds QEMU gone when it wants to let it run on.
      act: async ({ plan }) => {
        await stage.write();
        const made = plan?.steps.find((step) => step.kind === 'createSnapshot');
        await killQemu(daemon, 'ramless');
        await stage.virsh('snapshot-delete', made?.name ?? '', '--metadata');
        await rm(made?.memoryFile ?? '');
        throw new Failure('lost');
      },
    });
    await dying.engine.connect(daemon.uri);
    await assert.rejects(dying.engine.runOperation(request));
    await dying.settled();
    dying.engine.dispose();
    assert.deepEqual(
      dying.reports.map(({ outcome }) => outcome),
      ['before'],
    );
    stage.model = stage.model.powered('forceOff');
    const { differences } = await vm.compare(stage.model, 'everything');
    assert.deepEqual(differences, []);
    const left = await readdir(join(daemon.dir, 'ramless'));
    assert.deepEqual(
      left.filter((name) => name.includes('new')),
      [],
    );
  });
});

describe('a revert that can go no further', () => {
  let stages: Stages;

  before(async () => {
    stages = await startStages();
  });
  after(() => stages.stop());

  /** A VM that runs, changed since its snapshot, and its revert to that in an editor of its own. */
  const reverting = async (
    name: string,
    style: 'internal' | 'external',
    kind: Step['kind'],
    act: (files: { readonly target: string; readonly checkpoint: string }) => Promise<void>,
  ) => {
    const { daemon, stageOf } = stages;
    const { stage } = await stageOf(name);
    await stage.power('start');
    await stage.write();
    const snapshot = await stage.create('one', 'memory', style);
    await stage.write();
    const request = { kind: 'revert', vm: stage.ref, snapshot, after: 'running', checkpointFirst: true } as const;
    const plan = await stages.editor.engine.plan(request);
    assert.ok(plan.kind === 'plan');
    const ramOf = async (of: string): Promise<string> =>
      /<memory [^>]*file='([^']*)'/u.exec(await stage.virsh('snapshot-dumpxml', of))?.[1] ?? '';
    const at = { step: plan.steps.findIndex((step) => step.kind === kind), moment: 'before' } as const;
    const second = openEditor({
      uri: daemon.uri,
      journal: join(daemon.dir, `journal-${name}`),
      env: daemon.env,
      at,
      act: async ({ plan: now }) =>
        act({ target: await ramOf(snapshot), checkpoint: await ramOf(now?.checkpoint ?? '') }),
    });
    await second.engine.connect(daemon.uri);
    const stageThere = new GuestVm(second.engine, stage.vm, stage.ref);
    stageThere.model = stage.model;
    return { editor: second, stage: stageThere, request };
  };
  const isBack = async (stage: GuestVm): Promise<void> => {
    await stage.holdsAll();
    assert.deepEqual(await stage.engine.readInterrupted(stage.ref), []);
  };
  const recoveredOf = (error: unknown): unknown => (error as Failure).details.recovered;

  it('goes back to what it saved first', async () => {
    const { editor, stage, request } = await reverting('half', 'external', 'restoreMemory', async ({ target }) =>
      truncate(target, Math.floor((await stat(target)).size / 2)),
    );
    await assert.rejects(stage.engine.runOperation(request), (error) => recoveredOf(error) === 'before');
    await isBack(stage);
    editor.engine.dispose();
  });

  it('goes back where what it was to go to is gone', async () => {
    const { editor, stage, request } = await reverting('gone', 'external', 'restoreMemory', ({ target }) => rm(target));
    await assert.rejects(stage.engine.runOperation(request), (error) => recoveredOf(error) === 'before');
    const { differences } = await stage.vm.compare(stage.model, 'everything');
    assert.deepEqual(
      differences.filter(({ about }) => about !== 'tree').map(({ what }) => what.replace(/:.*/su, '')),
      ['the memory file of one is gone'],
    );
    assert.deepEqual(await stage.engine.readInterrupted(stage.ref), []);
    editor.engine.dispose();
  });

  it('goes back later, whatever is asked for then, where it cannot at once', async () => {
    let away = '';
    const { editor, stage, request } = await reverting('later', 'external', 'restoreMemory', async (files) => {
      await truncate(files.target, Math.floor((await stat(files.target)).size / 2));
      away = files.checkpoint;
      await rename(away, `${away}.away`);
    });
    await assert.rejects(stage.engine.runOperation(request), (error) => recoveredOf(error) === 'explained');
    await rename(`${away}.away`, away);
    // It runs by then.
    await stage.engine.runOperation({ kind: 'power', vm: stage.ref, action: 'start' }).catch(() => undefined);
    await isBack(stage);
    editor.engine.dispose();
  });
});
