// What an editor that died left in its journal, and a VM that was used since: the next editor, with nobody at it, does not
// touch that VM. Judged by the guest's own data.
import assert from 'node:assert/strict';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { OperationRequest } from '../../src/model/operation.js';
import type { Step } from '../../src/model/plan.js';
import { inChild, olderBy, rewriteEntry } from './faults/dyingChild.js';
import { childVariable, type Editor, openEditor, runAsChild } from './faults/editor.js';
import { type Stage, twoSnapshots } from './faults/scenarios.js';
import { startStages, type Stages } from './faults/stages.js';

const dayMs = 24 * 60 * 60 * 1000;

const task = process.env[childVariable];
if (task !== undefined) {
  void runAsChild(task);
} else {
  describe('an operation that an editor left when it died', function () {
    this.timeout(240_000);
    let stages: Stages;
    let daemon: Stages['daemon'];
    let stageOf: Stages['stageOf'];

    before(async () => {
      stages = await startStages();
      ({ daemon, stageOf } = stages);
    });
    after(() => stages.stop());

    /** Dies when it is written that the step begins, and nothing of it is done. */
    async function diesAt(stage: Stage, request: OperationRequest, what: Step['do']): Promise<string> {
      const journal = join(daemon.dir, `journal-${stage.vm.name}`);
      const decision = await stages.editor.inventory.plan(request);
      assert.ok(decision.type === 'plan');
      const step = decision.steps.findIndex((one) => one.do === what);
      const at = { step, moment: 'before' } as const;
      const { uuid } = stage.ref;
      assert.equal(await inChild({ uri: daemon.uri, journal, vm: uuid, request, at, usualMs: [] }, daemon), 'killed');
      return journal;
    }

    /** The next editor, at which nobody clicks. */
    async function nextEditor(journal: string): Promise<Editor> {
      const editor = openEditor({ uri: daemon.uri, journal, env: daemon.env });
      await editor.inventory.connect(daemon.uri);
      await editor.settled();
      editor.inventory.dispose();
      return editor;
    }

    const told = ({ reports }: Editor): readonly string[] => reports.map(({ outcome }) => outcome);

    for (const [when, ms] of [
      ['at once', 0],
      ['days later', 3 * dayMs],
    ] as const) {
      for (const style of ['internal', 'external'] as const) {
        it(`reverts no VM that worked on since and was switched off by virsh: ${style}, ${when}`, async () => {
          const { vm, stage } = await stageOf(`used${style}${String(ms)}`);
          const snapshot = await twoSnapshots(stage, style, 'memory');
          const request = { type: 'revert', vm: stage.ref, snapshot, after: 'running' } as const;
          const decision = await stages.editor.inventory.plan(request);
          const native = decision.type === 'plan' && decision.steps.some((step) => step.do === 'revert');
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

    it('deletes no root of which only the frozen file was touched, days later', async () => {
      const { vm, stage } = await stageOf('touched');
      await twoSnapshots(stage, 'external', 'disk');
      const request = { type: 'delete', vm: stage.ref, snapshot: 'one', scope: 'one' } as const;
      const journal = await diesAt(stage, request, 'deleteSnapshot');
      await stage.write();
      await rewriteEntry(journal, olderBy(3 * dayMs));
      const now = Date.now() / 1000 + 0.123;
      for (const { source } of stages.editor.inventory.findVm(stage.ref)!.vm.disks) {
        await utimes(source!.replace(/\.one$|\.two$/u, '.qcow2'), now, now);
      }
      assert.deepEqual(told(await nextEditor(journal)), ['explained']);
      const { differences } = await vm.compare(stage.model, 'everything');
      assert.deepEqual(differences, []);
    });
  });
}
