// Entries as releases 0.1 wrote them: one of each shape of plan, and one with the steps that those do not have.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parseEntry } from '../../../src/journal/entryText.js';
import type { JournalEntry } from '../../../src/journal/entry.js';
import type { Recovery } from '../../../src/operations/interrupted.js';
import { workOf } from '../../../src/operations/plan.js';
import { planRecovery } from '../../../src/operations/planRecovery.js';
import { planned } from '../domain/someFacts.js';
import { apply } from '../../../src/steps/steps.js';
import { powered } from '../../../src/steps/changedFacts.js';
import { broken, repairShape, shapes } from '../operations/recoveryShapes.js';

const texts = JSON.parse(readFileSync('test/fixtures/journalVersion1.json', 'utf8')) as Record<string, string>;

function read(id: string): JournalEntry {
  const read = parseEntry(Buffer.from(texts[id] ?? ''), id);
  assert.ok('entry' in read, JSON.stringify(read));
  return read.entry;
}

/** As still older ones were written: without what the VM was before. */
function withoutBefore(id: string): JournalEntry {
  const [head = '', ...records] = (texts[id] ?? '').split('\n');
  const { before, ...rest } = JSON.parse(head) as Record<string, unknown>;
  assert.equal(typeof before, 'object');
  const read = parseEntry(Buffer.from([JSON.stringify(rest), ...records].join('\n')), id);
  assert.ok('entry' in read, JSON.stringify(read));
  return read.entry;
}

/** The name under which an operation of every shape is kept. */
const idOf = (what: string): string => what.replaceAll(/[ ,:]+/gu, '-');

describe('a journal of release 0.1', () => {
  for (const [id, text] of Object.entries(texts)) {
    it(`is understood: ${id}`, () => {
      const { request, plan, steps } = read(id);
      const [head = '', ...records] = text.trimEnd().split('\n');
      const old = JSON.parse(head) as { plan: { steps: { do: string }[] }; request: { type: string } };
      assert.equal(request.kind, old.request.type);
      assert.deepEqual(plan.request, request);
      assert.deepEqual(
        plan.steps.map(({ kind }) => kind),
        old.plan.steps.map((step) => step.do),
      );
      assert.equal(steps.length, records.length);
    });
  }

  it('names the kinds of snapshots and repairs apart from those of steps and requests', () => {
    const { plan, request } = read('every-other-step');
    const adopt = plan.steps.find((step) => step.kind === 'adoptSnapshot');
    assert.equal(adopt?.made.kind, 'createSnapshot');
    assert.equal(adopt.made.snapshotKind, 'memory');
    assert.deepEqual(request.kind === 'repair' && request.repair, { kind: 'finishDelete', snapshot: 'a' });
    const created = read('create-external-with-RAM');
    assert.equal(created.request.kind === 'create' && created.request.snapshotKind, 'memory');
    const step = created.plan.steps.find(({ kind }) => kind === 'createSnapshot');
    assert.equal(step?.kind === 'createSnapshot' && step.snapshotKind, 'memory');
    assert.deepEqual(read('request-create').request.kind === 'create' && read('request-create').plan.request, {
      kind: 'create',
      snapshotKind: 'auto',
      vm: request.vm,
      title: 'x',
    });
  });

  describe('steers a recovery as one of today does', () => {
    for (const [what, request, from] of [...shapes, repairShape]) {
      it(what, () => {
        assert.deepEqual(read(idOf(what)).plan, workOf(planned(request, from)));
      });
    }
  });

  describe('which does not say what the VM was before', () => {
    for (const [what, request, from] of [...shapes, repairShape]) {
      it(`says it among losses and warnings, as far as a recovery goes on: ${what}`, () => {
        const plan = workOf(planned(request, from));
        const { plan: old } = withoutBefore(idOf(what));
        const { power, powerReason, managedSave, disks, current, snapshots, ...before } = plan.before;
        assert.deepEqual({ ...old, before: undefined }, { ...plan, before: undefined });
        assert.deepEqual(old.before.lastWrites, before.lastWrites);
        assert.equal(old.before.snapshots, undefined, 'so that nothing is done without a person');
        let present = from;
        for (const [at, step] of plan.steps.entries()) {
          const after = apply(step, present);
          for (const here of [present, after, powered('off', present), powered('off', after)]) {
            for (const state of ['not begun', 'begun', 'done'] as const) {
              assert.deepEqual(
                stepsOf(planRecovery(broken(request, old, at, state), here)),
                stepsOf(planRecovery(broken(request, plan, at, state), here)),
              );
            }
          }
          present = after;
        }
      });
    }

    it('takes no entry for sound whose losses are none', () => {
      const [head = ''] = (texts['revert-internal'] ?? '').split('\n');
      const { plan, ...rest } = JSON.parse(head) as { plan: Record<string, unknown> };
      for (const losses of [undefined, 'none', [1]]) {
        const read = parseEntry(
          Buffer.from(`${JSON.stringify({ ...rest, plan: { ...plan, losses } })}\n`),
          'revert-internal',
        );
        assert.equal('why' in read && read.why, 'damaged');
      }
    });
  });
});

function stepsOf(recovery: Recovery): unknown {
  return recovery.kind === 'steps' ? { ...recovery, plan: recovery.plan.steps } : recovery;
}
