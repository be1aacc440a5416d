// What the trash is offered for beside a delete: what goes and is not there yet, and nothing that is to be kept.
import assert from 'node:assert/strict';
import type { PlannedTarget } from '../../../src/text/questions/lossText.js';
import { trashOffer } from '../../../src/text/questions/trashText.js';
import { before } from '../domain/someFacts.js';
import { ref, uri, vmView } from '../ui/samples.js';

const until = 1_000;

function deleting(deletes: readonly string[], changes: Parameters<typeof vmView>[0] = {}): PlannedTarget {
  const target = vmView(changes);
  const request = { kind: 'delete', vm: target.ref, snapshot: deletes[0] ?? '', scope: 'withDescendants' } as const;
  return {
    plan: { kind: 'plan', request, before, steps: [], losses: [], warnings: [], progress: 'timeOnly', deletes },
    target,
  };
}

const names = (planned: readonly PlannedTarget[], days = 7): readonly (readonly string[])[] | undefined =>
  trashOffer(planned, days)?.thrown.map((one) => one.names);

describe('the trash', () => {
  it('is offered for all that a delete would take', () => {
    assert.deepEqual(names([deleting(['first', 'second'])]), [['first', 'second']]);
  });

  it('is offered once for several deletes, each VM by itself', () => {
    const other = { ref: { connection: uri, uuid: 'other' } };
    assert.notEqual(other.ref.uuid, ref.uuid);
    const planned = [deleting(['first']), deleting(['first', 'second']), deleting(['first'], other)];
    assert.deepEqual(names(planned), [['first', 'second'], ['first']]);
  });

  it('is not offered for what is there', () => {
    const there = { trash: [{ name: 'first', until }] };
    assert.deepEqual(names([deleting(['first', 'second'], there)]), [['second']]);
    assert.equal(names([deleting(['first'], there)]), undefined);
  });

  it('is not offered where it is switched off, or one is to be kept', () => {
    assert.equal(names([deleting(['first'])], 0), undefined);
    assert.equal(names([deleting(['first']), deleting(['second'], { kept: ['second'] })]), undefined);
  });

  it('says for how long', () => {
    const line = (days: number): string | undefined => trashOffer([deleting(['first'])], days)?.line;
    assert.match(line(7) ?? '', /\b7 days/u);
    assert.match(line(1) ?? '', /\b1 day\b/u);
  });
});
