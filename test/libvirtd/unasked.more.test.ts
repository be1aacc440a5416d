// What an editor that died left in its journal, and a VM that was used since: the next editor, with nobody at it, does
// not touch that VM. Judged by the guest's own data.
import assert from 'node:assert/strict';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { keepIn } from '../../src/journal/persistence.js';
import { silentLog } from '../silentLog.js';
import type { OperationRequest } from '../../src/domain/operation.js';
import type { Step } from '../../src/steps/step.js';
import { inChild, olderBy, rewriteEntry } from './faults/dyingChild.js';
import { childVariable, type Editor, openEditor, runAsChild } from './faults/editor.js';
import { killQemu } from './faults/faultKinds.js';
import { twoSnapshots } from './faults/scenarios.js';
import { startStages, type Stages } from './faults/stages.js';
import type { GuestVm } from './guestVm.js';
import type { Model } from '../oracle/model.js';
import type { OracleVm } from '../oracle/oracleVm.js';

interface Left {
  readonly vm: OracleVm;
  readonly stage: GuestVm;
  readonly journal: string;
}

const dayMs = 24 * 60 * 60 * 1000;

const task = process.env[childVariable];
if (task !== undefined) {
  void runAsChild(task);
} else {
  describe('an operation that an editor left when it died', () => {
    let stages: Stages;
    let daemon: Stages['daemon'];
    let stageOf: Stages['stageOf'];

    before(async () => {
      stages = await startStages();
      ({ daemon, stageOf } = stages);
    });
    after(() => stages.stop());

    /** Dies when it is written that the step begins, and nothing of it is done. */
    async function diesAt(stage: GuestVm, request: OperationRequest, what: Step['kind']): Promise<string> {
      const journal = join(daemon.dir, `journal-${stage.vm.name}`);
      const decision = await stages.editor.engine.plan(request);
      assert.ok(decision.kind === 'plan');
      const step = decision.steps.findIndex((one) => one.kind === what);
      const at = { step, moment: 'before' } as const;
      const { uuid } = stage.ref;
      assert.equal(await inChild({ uri: daemon.uri, journal, vm: uuid, request, at, usualMs: [] }, daemon), 'killed');
      return journal;
    }

    /** The next editor, at which nobody clicks. */
    async function nextEditor(journal: string): Promise<Editor> {
      const editor = openEditor({ uri: daemon.uri, journal, env: daemon.env });
      await editor.engine.connect(daemon.uri);
      // The entry goes a moment before it is told how it ended.
      await Promise.all([editor.settled(), editor.reported()]);
      editor.engine.dispose();
      return editor;
    }

    const told = ({ reports }: Editor): readonly string[] => reports.map(({ outcome }) => outcome);
    const why = ({ reports }: Editor): readonly (string | undefined)[] => reports.map((one) => one.why?.reason);

    async function isAs({ vm }: Left, model: Model): Promise<void> {
      const { differences } = await vm.compare(model, 'present');
      assert.deepEqual(
        differences.filter(({ about }) => about !== 'tree'),
        [],
      );
    }

    /** An editor at which a person wants it finished. */
    async function finishes({ journal, stage }: Left, outcomes: readonly string[]): Promise<void> {
      const editor = openEditor({ uri: daemon.uri, journal, env: daemon.env });
      try {
        await editor.engine.connect(daemon.uri);
        await editor.settled();
        const shown = await editor.engine.readInterrupted(stage.ref);
        const agreed = shown.map(({ id, recovery }) => ({
          id,
          steps: recovery.kind === 'steps' ? recovery.plan.steps : [],
        }));
        assert.deepEqual(await editor.engine.finishInterrupted(stage.ref, agreed), outcomes);
      } finally {
        editor.engine.dispose();
      }
    }

    for (const [when, ms] of [
      ['at once', 0],
      ['days later', 3 * dayMs],
    ] as const) {
      for (const style of ['internal', 'external'] as const) {
        it(`reverts no VM that worked on since and was switched off by virsh: ${style}, ${when}`, async () => {
          const { vm, stage } = await stageOf(`used${style}${String(ms)}`);
          const snapshot = await twoSnapshots(stage, style, 'memory');
          const request = { kind: 'revert', vm: stage.ref, snapshot, after: 'running' } as const;
          const decision = await stages.editor.engine.plan(request);
          const native = decision.kind === 'plan' && decision.steps.some((step) => step.kind === 'revert');
          const journal = await diesAt(stage, request, native ? 'revert' : 'defineFromSnapshot');
          if (!native) {
            await stage.power('start');
          }
          await stage.write();
          await stage.virsh('destroy');
          stage.model = stage.model.powered('forceOff');
          await rewriteEntry(journal, olderBy(ms));
          assert.deepEqual(told(await nextEditor(journal)), ['explained']);
          const { differences } = await vm.compare(stage.model, 'everything');
          assert.deepEqual(differences, []);
        });
      }
    }

    /** Two snapshots inside, and a revert that begins; its editor dies, and QEMU behind it. */
    async function diesWithQemu(name: string): Promise<{ readonly at: Left; readonly reverted: Model }> {
      const { vm, stage } = await stageOf(name);
      const snapshot = await twoSnapshots(stage, 'internal', 'memory');
      const request = { kind: 'revert', vm: stage.ref, snapshot, after: 'off', checkpointFirst: true } as const;
      const journal = await diesAt(stage, request, 'revert');
      const checkpoint = (await stage.virsh('snapshot-current', '--name')).trim();
      const kept = stage.model.created({ name: checkpoint, title: checkpoint, kind: 'memory', style: 'internal' });
      await killQemu(daemon, name);
      stage.model = kept.powered('forceOff');
      return { at: { vm, stage, journal }, reverted: kept.reverted(snapshot, 'off') };
    }

    for (const [whose, change] of [
      ['another computer', (origin) => ({ ...origin, host: 'elsewhere' })],
      ['a cloned computer', (origin) => ({ ...origin, machine: 'f'.repeat(32) })],
      ['another daemon', (origin) => ({ ...origin, daemon: { hostname: 'elsewhere' } })],
    ] as const satisfies readonly (readonly [string, (origin: object) => object])[]) {
      it(`carries out nothing that was begun by ${whose}, with or without a click`, async () => {
        const { at } = await diesWithQemu(`of${whose.replaceAll(/\W/gu, '')}`);
        await rewriteEntry(at.journal, (line) =>
          'origin' in line ? { ...line, origin: change(line['origin'] as object) } : line,
        );
        assert.deepEqual(why(await nextEditor(at.journal)), ['begunOnOtherHost']);
        await finishes(at, ['explained']);
        await isAs(at, at.stage.model);
      });
    }

    it('carries out nothing of an entry that an older version wrote, which tells less', async () => {
      const { at } = await diesWithQemu('older');
      await rewriteEntry(at.journal, ({ ...line }) => {
        delete line['origin'];
        delete line['before'];
        return line;
      });
      assert.deepEqual(why(await nextEditor(at.journal)), ['begunOnOtherHost']);
      await isAs(at, at.stage.model);
    });

    it('goes on at once where nothing has happened since, and prunes its checkpoint by no rule', async () => {
      const { at, reverted } = await diesWithQemu('sound');
      assert.deepEqual(told(await nextEditor(at.journal)), ['after']);
      await isAs(at, reverted);
      const records = await keepIn(at.journal, silentLog).marks.auto.of(at.stage.ref);
      assert.deepEqual(
        records.map(({ why: reason, stays }) => [reason, stays]),
        [['revert', true]],
      );
    });

    it('finishes for a person what is too old to be finished by itself', async () => {
      const { at, reverted } = await diesWithQemu('asked');
      await rewriteEntry(at.journal, olderBy(3 * dayMs));
      assert.deepEqual(why(await nextEditor(at.journal)), ['brokeOffLongAgo']);
      await isAs(at, at.stage.model);
      await finishes(at, ['after']);
      await isAs(at, reverted);
    });

    it('deletes no root of which only the frozen file was touched, days later', async () => {
      const { vm, stage } = await stageOf('touched');
      await twoSnapshots(stage, 'external', 'disk');
      const request = { kind: 'delete', vm: stage.ref, snapshot: 'one', scope: 'one' } as const;
      const journal = await diesAt(stage, request, 'deleteSnapshot');
      await stage.write();
      await rewriteEntry(journal, olderBy(3 * dayMs));
      const now = Date.now() / 1000 + 0.123;
      for (const { source } of stages.editor.engine.findVm(stage.ref)!.vm.disks) {
        await utimes(source!.replace(/\.one$|\.two$/u, '.qcow2'), now, now);
      }
      // Nothing was begun of it, and so nothing is to be done.
      assert.deepEqual(told(await nextEditor(journal)), ['before']);
      const { differences } = await vm.compare(stage.model, 'everything');
      assert.deepEqual(differences, []);
    });
  });
}
