// Entries as releases 0.1 wrote them: one of each shape of plan, and one with the steps that those do not have.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parseEntry } from '../../../src/journal/entryText.js';
import type { JournalEntry } from '../../../src/journal/entry.js';

const texts = JSON.parse(readFileSync('test/fixtures/journalVersion1.json', 'utf8')) as Record<string, string>;

function read(id: string): JournalEntry {
  const read = parseEntry(Buffer.from(texts[id] ?? ''), id);
  assert.ok('entry' in read, JSON.stringify(read));
  return read.entry;
}

describe('a journal of release 0.1', () => {
  for (const [id, text] of Object.entries(texts)) {
    it(`is understood: ${id}`, () => {
      const { request, plan, steps } = read(id);
      const [head = '', ...records] = text.trimEnd().split('\n');
      const old = JSON.parse(head) as {
        plan: { steps: { do: string }[]; warnings: { about: string }[]; losses: { what: string }[] };
        request: { type: string };
      };
      assert.equal(request.kind, old.request.type);
      assert.deepEqual(plan.request, request);
      assert.deepEqual(
        plan.steps.map(({ kind }) => kind),
        old.plan.steps.map((step) => step.do),
      );
      assert.deepEqual(
        plan.warnings.map(({ kind }) => kind),
        old.plan.warnings.map(({ about }) => about),
      );
      assert.deepEqual(
        plan.losses.map(({ kind }) => kind),
        old.plan.losses.map(({ what }) => what),
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
});
