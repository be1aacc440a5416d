// Undo, redo and the way back to before an operation, on real VMs: from the command line, and at random.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { run as runProgram, runOk } from '../../scripts/rig/run.mjs';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import type { OperationRequest } from '../../src/domain/operation.js';
import type { Failure } from '../../src/domain/failure.js';
import { UndoLook } from '../../src/engine/undoLook.js';
import { faultsOf } from '../answerFaults.js';
import { marksIn } from '../../src/journal/marks.js';
import { allRows, itRarely } from '../allRows.js';
import { silentLog } from '../silentLog.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { undoneOneByOne, UndoStory } from './undoStory.js';

const styles = ['internal', 'external'] as const;

describe('undo', () => {
  let rig: LiveRig;
  let state: string;
  let program: string;

  const vmOf = async (name: string): Promise<OracleVm> => {
    const vm = await OracleVm.define(rig.daemon, { name, diskMiB: 4, folder: join(rig.daemon.dir, name) });
    await rig.engine.connect(rig.uri);
    await rig.engine.refresh({ connection: rig.uri });
    return vm;
  };
  const storyOf = async (name: string, style: 'internal' | 'external', seed: number): Promise<UndoStory> =>
    new UndoStory(rig, await vmOf(name), await rig.ref(name), style, seed);

  const cli = async (exit: ExitName, ...words: readonly string[]): Promise<string> => {
    const env = { ...rig.daemon.env, VIRT_REWIND_STATE: state, LIBVIRT_DEFAULT_URI: rig.uri, LC_ALL: 'C' };
    const ran = await runProgram(process.execPath, [program, ...words], { env });
    assert.equal(ran.code, exitCode(exit), `${words.join(' ')}: ${ran.stdout}${ran.stderr}`);
    if (words.includes('--json')) {
      assert.deepEqual(faultsOf(JSON.parse(ran.stdout) as object), []);
    }
    return `${ran.stdout}${ran.stderr}`;
  };

  before(async () => {
    rig = await startLiveRig();
    state = join(rig.daemon.dir, 'shell-state');
    mkdirSync(state, { recursive: true });
    program = await buildDoor('commandLine', join(rig.daemon.dir, 'program'));
  });
  after(() => rig.stop());

  for (const style of styles) {
    itRarely(`takes back random operations one by one: ${style}`, async () => {
      await undoneOneByOne(await storyOf(`some-${style}`, style, 7), 7);
    });
  }

  for (const style of allRows ? styles : (['external'] as const)) {
    it(`takes several reverts back in turn, and does them again: ${style}`, async () => {
      const story = await storyOf(`turns-${style}`, style, 3);
      const { engine } = rig;
      const { ref } = story;
      const act = async (request: OperationRequest): Promise<void> => {
        await engine.runOperation(request);
        await engine.idle();
      };
      const create = (title: string): Promise<void> =>
        act({ kind: 'create', vm: ref, snapshotKind: 'offline', style, title });
      const again = async (does: 'undo' | 'redo'): Promise<void> => {
        const next = (await UndoLook.at(engine, ref)).next(does);
        assert.ok(next?.way.kind === 'operation', JSON.stringify(next));
        await engine.runOperation(next.way.request, { undoes: next.entry.id });
        await engine.idle();
      };
      await story.write();
      await create('one');
      await story.write();
      await create('two');
      await story.write();
      await create('three');
      await story.write();
      const presents: string[] = [(await story.see()).present];
      for (const snapshot of ['one', 'two', 'one', 'three']) {
        await act({ kind: 'revert', vm: ref, snapshot, after: 'off', checkpointFirst: true });
        presents.push((await story.see()).present);
      }
      for (const does of ['undo', 'redo', 'undo'] as const) {
        for (const expected of does === 'undo' ? presents.slice(0, -1).toReversed() : presents.slice(1)) {
          await again(does);
          assert.equal((await story.see()).present, expected, does);
        }
      }
    });
  }

  it('undoes one in the middle, says what rests on another, and what nothing undoes', async () => {
    const { ref } = await storyOf('middle', 'internal', 1);
    const { engine } = rig;
    const create = (title: string): Promise<unknown> =>
      engine.runOperation({ kind: 'create', vm: ref, snapshotKind: 'auto', style: 'internal', title });
    await create('a');
    await engine.runOperation({ kind: 'describe', vm: ref, snapshot: 'a', title: 'A', description: 'first' });
    await create('b');
    await engine.runOperation({ kind: 'delete', vm: ref, snapshot: 'b', scope: 'one' });
    const look = await UndoLook.at(engine, ref);
    const [madeA, told, madeB, deleted] = look.log;
    assert.equal(look.log.length, 4);
    const why = (entry: typeof madeA): string | undefined => {
      const { way } = look.of(entry!);
      return way.kind === 'refusal' && way.refusal.reason === 'notUndoable' ? way.refusal.facts['why'] : undefined;
    };
    assert.equal(why(deleted), 'deleted');
    assert.equal(why(madeB), 'gone');
    assert.equal(why(told), undefined);
    const { way } = look.of(told!);
    assert.ok(way.kind === 'operation');
    await engine.runOperation(way.request, { undoes: told!.id });
    assert.equal((await engine.readTree(ref)).snapshots[0]!.title, 'a');
    const after = await UndoLook.at(engine, ref);
    assert.equal(after.of(told!).way.kind, 'refusal');
    await create('c');
    const last = await UndoLook.at(engine, ref);
    const rests = last.of(madeA!).way;
    assert.ok(rests.kind === 'refusal');
    assert.deepEqual(rests.refusal.facts, { why: 'restsOn', entries: last.log.at(-1)!.id, snapshot: 'c' });
    assert.equal(last.next('redo')?.entry.undoes, told!.id);
  });

  it('tells apart what another client made meanwhile under the same name', async () => {
    const { ref } = await storyOf('other', 'internal', 1);
    const { engine } = rig;
    await engine.runOperation({ kind: 'create', vm: ref, snapshotKind: 'auto', style: 'internal', title: 'a' });
    await rig.virsh('snapshot-delete', 'other', 'a');
    await rig.virsh('snapshot-create-as', 'other', 'a', '--description', 'theirs');
    const xml = await rig.virsh('snapshot-dumpxml', 'other', 'a');
    assert.match(xml, /theirs/u);
    const { way } = (await UndoLook.at(engine, ref)).next('undo')!;
    const made = (await engine.readTree(ref)).snapshots[0]!;
    const logged = (await engine.readLog(ref))[0]!.changes[0]!.after!;
    // Within one second the two cannot be told apart: then the plan of the delete says what goes.
    assert.equal(way.kind === 'refusal', made.createdAt !== logged.createdAt);
  });

  it('is had from the command line, with redo and the way back', async () => {
    await vmOf('shell');
    const present = async (): Promise<readonly string[]> =>
      (await rig.virsh('snapshot-list', 'shell', '--name')).split('\n').filter((name) => name !== '');
    const entries = async (): Promise<readonly string[]> =>
      (JSON.parse(await cli('done', 'history', 'shell', '--json')) as { entries: { entry: string }[] }).entries.map(
        ({ entry }) => entry,
      );
    await cli('notFound', 'undo', 'shell');
    await cli('done', 'checkpoint', 'shell', 'one');
    await cli('done', 'checkpoint', 'shell', 'two');
    const [two = '', one = ''] = await entries();
    assert.match(await cli('refused', 'undo', 'shell', one, '--yes'), new RegExp(two, 'u'));
    // Yes alone was said to a revert once: it deletes nothing.
    await cli('unanswered', 'undo', 'shell', '--yes');
    await cli('done', 'undo', 'shell', '--plan');
    await cli('done', 'revert', 'shell', 'one', '--yes');
    // Nothing was written since the second one: it is what the current state was, and no other is kept.
    assert.equal((await present()).length, 2);
    await cli('done', 'undo', 'shell', '--yes', '--json');
    await cli('done', 'redo', 'shell', '--yes', '--json');
    assert.match(await rig.virsh('snapshot-current', 'shell', '--name'), /^one$/u);
    assert.match(await cli('done', 'restore-state', 'shell', two, '--plan'), /deleting two/u);
    await cli('done', 'restore-state', 'shell', two, '--yes', '--json');
    assert.ok(!(await present()).includes('two'));
    assert.ok((await present()).includes('one'));
    const plan = await cli('done', 'delete', 'shell', 'one', '--trash', '--plan');
    assert.match(plan, /to the trash/u);
    assert.doesNotMatch(plan, /snapshot-delete/u);
    assert.match(await cli('done', 'delete', 'shell', 'one', '--trash', '--plan', '--json'), /"operation": ?"trash"/u);
    await cli('done', 'delete', 'shell', 'one', '--trash', '--json');
    assert.match(await cli('done', 'tree', 'shell'), /one.*in the trash until/u);
    await cli('done', 'undo', 'shell', '--yes');
    assert.doesNotMatch(await cli('done', 'tree', 'shell'), /in the trash/u);
    assert.ok((await present()).includes('one'));
    await cli('refused', 'redo', 'shell', two, '--yes');
    await cli('notFound', 'undo', 'shell', '00000000');
  });

  for (const style of styles) {
    itRarely(`leaves a VM on or off as it was before, whatever the snapshot was taken of: ${style}`, async () => {
      const name = `power-${style}`;
      await vmOf(name);
      const power = async (): Promise<string> => (await rig.virsh('domstate', name)).trim();
      await cli('done', 'start', name);
      await cli('done', 'checkpoint', name, 'ran', '--kind', 'memory', '--style', style);
      await cli('done', 'stop', name, '--force', '--yes');
      // Its disks are as the snapshot has them, so that nothing else is kept: what undoes the revert goes to the same
      // one.
      await cli('done', 'revert', name, 'ran', '--yes');
      assert.equal(await power(), 'running');
      await cli('done', 'undo', name, '--yes');
      assert.equal(await power(), 'shut off');
      await cli('done', 'redo', name, '--yes');
      assert.equal(await power(), 'running');
    });
  }

  for (const style of styles) {
    itRarely(`keeps an edited definition, and says what of it comes back and goes: ${style}`, async () => {
      const name = `edited-${style}`;
      await vmOf(name);
      const { engine } = rig;
      const ref = await rig.ref(name);
      const definition = async (): Promise<readonly string[]> => {
        const xml = await rig.virsh('dumpxml', name, '--inactive');
        return [/<memory unit='KiB'>(\d+)/u.exec(xml)?.[1] ?? '', ...xml.matchAll(/<target dev='(\w+)'/gu)].map(
          (one) => (typeof one === 'string' ? one : (one[1] ?? '')),
        );
      };
      /** What changes, and whether something is lost. */
      const carriedOut = async (request: OperationRequest, undoes?: string): Promise<readonly unknown[]> => {
        const plan = await engine.plan(request);
        assert.ok(plan.kind === 'plan', JSON.stringify(plan));
        await engine.runOperation(request, { confirmed: plan, ...(undoes !== undefined && { undoes }) });
        const changes = plan.warnings.flatMap((one) => (one.kind === 'hardwareChanges' ? one.what : []));
        return [...changes.map(({ id, how }) => `${id} ${how}`), ...plan.losses.map(({ kind }) => `lost: ${kind}`)];
      };
      const undo = async (): Promise<readonly unknown[]> => {
        const { entry, way } = (await UndoLook.at(engine, ref)).next('undo')!;
        assert.ok(way.kind === 'operation', JSON.stringify(way));
        return carriedOut(way.request, entry.id);
      };
      const revert = { kind: 'revert', vm: ref, snapshot: 'a', after: 'off', checkpointFirst: true } as const;
      await engine.runOperation({ kind: 'create', vm: ref, snapshotKind: 'offline', style, title: 'a' });
      const memory = ['memory changed', 'currentMemory changed'];
      const first = await definition();
      await rig.virsh('setmaxmem', name, '64M', '--config');
      await rig.virsh('setmem', name, '64M', '--config');
      const edited = await definition();
      assert.notDeepEqual(edited, first);
      // Nothing was written to its disks.
      assert.deepEqual(await carriedOut(revert), memory);
      assert.deepEqual(await definition(), first);
      assert.deepEqual(await undo(), memory);
      assert.deepEqual(await definition(), edited);
      const file = join(rig.daemon.dir, name, 'more.qcow2');
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '1M']);
      await rig.virsh('attach-disk', name, file, 'vdx', '--config', '--subdriver', 'qcow2');
      const more = await definition();
      assert.deepEqual(await carriedOut(revert), [...memory, 'vdx removed']);
      assert.deepEqual(await definition(), first);
      assert.deepEqual(await undo(), [...memory, 'vdx added']);
      assert.deepEqual(await definition(), more);
    });
  }

  it('takes a delete back that went to the trash, and lets go what nothing stands on when its time is over', async () => {
    const { ref } = await storyOf('trash', 'internal', 1);
    const { engine } = rig;
    const folder = join(rig.daemon.dir, 'journal');
    const make = (title: string): Promise<unknown> =>
      engine.runOperation({ kind: 'create', vm: ref, snapshotKind: 'auto', style: 'internal', title });
    const present = async (): Promise<readonly string[]> =>
      (await engine.readTree(ref)).snapshots.map(({ name }) => name).sort();
    await make('a');
    await make('b');
    await make('c');
    await engine.runOperation({ kind: 'revert', vm: ref, snapshot: 'a', after: 'off', checkpointFirst: false });
    await make('d');
    const until = Date.now() + 60_000;
    await engine.mark({ kind: 'trash', vm: ref, snapshots: ['b', 'c', 'd'], put: 'in', until });
    assert.deepEqual(await present(), ['a', 'b', 'c', 'd']);
    const undo = (await UndoLook.at(engine, ref)).next('undo')!;
    assert.equal(undo.entry.request.kind, 'trash');
    assert.ok(undo.way.kind === 'mark');
    await engine.mark(undo.way.request, undo.entry.id);
    assert.deepEqual(engine.findVm(ref)!.trash, undefined);
    await engine.mark({ kind: 'trash', vm: ref, snapshots: ['b', 'c', 'd'], put: 'in', until });
    await make('e');
    await engine.idle();
    assert.deepEqual(await present(), ['a', 'b', 'c', 'd', 'e'], 'their time is not over');
    // As if the days had passed, and no more than that.
    const marks = marksIn(folder, silentLog).trash;
    for (const mark of await marks.of(ref)) {
      await marks.add(ref, { ...mark, until: Date.now() - 60_000 });
    }
    await engine.runOperation({ kind: 'describe', vm: ref, snapshot: 'a', title: 'A', description: '' });
    await engine.idle();
    // e was made on d.
    assert.deepEqual(await present(), ['a', 'd', 'e']);
    const names = (await rig.virsh('snapshot-list', 'trash', '--name')).split('\n').filter((name) => name !== '');
    assert.deepEqual(names.sort(), ['a', 'd', 'e']);
    assert.deepEqual(
      engine.findVm(ref)!.trash?.map(({ name }) => name),
      ['d'],
    );
    const gone = (await engine.readLog(ref)).filter(({ unasked }) => unasked === true);
    assert.deepEqual(
      gone.map(({ request }) => request.kind),
      ['delete', 'delete'],
    );
  });

  it('gives no snapshot the name of another one', async () => {
    await assert.rejects(
      rig.engine.runOperation({ kind: 'rename', vm: await rig.ref('middle'), snapshot: 'a', title: 'x', name: 'c' }),
      (error: Failure) => error.details.refusal?.reason === 'nameTaken',
    );
  });
});
