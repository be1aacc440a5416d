// How long things take, as it is told: a guess, until the VM itself has shown it.
import assert from 'node:assert/strict';
import { createMs, guestStopMs, toldCreateMs, toldStopMs } from '../../../src/domain/estimates.js';
import type { Snapshot } from '../../../src/domain/snapshot.js';
import { snapshot } from '../ui/samples.js';

const memory = 1024 ** 3;

/** Newest first. */
function measured(style: Snapshot['style'], ...times: readonly number[]): { readonly snapshots: readonly Snapshot[] } {
  const snapshots = times.map((guestPausedMs, index) =>
    snapshot(`s${index}`, { style, createdAt: 1_000_000 - index, trailers: { guestPausedMs } }),
  );
  return { snapshots };
}

describe('how long a VM will stand still', () => {
  it('is a guess where it was never seen', () => {
    assert.equal(toldStopMs(memory, 'internal', { snapshots: [snapshot('s')] }), guestStopMs(memory, 'internal'));
    assert.equal(
      toldStopMs(memory, 'internal', measured('external', 3_500)),
      guestStopMs(memory, 'internal'),
      'of the other style',
    );
  });

  it('is the longest of the newest three', () => {
    assert.equal(toldStopMs(memory, 'internal', measured('internal', 3_400, 3_500, 3_300, 9_000)), 3_500);
    assert.equal(toldStopMs(memory, 'internal', measured('internal', 200)), 200);
  });

  it('is not less than the guess where the short ones may have been live', () => {
    assert.equal(toldStopMs(memory, 'external', measured('external', 90)), guestStopMs(memory, 'external'));
    assert.equal(toldStopMs(memory, 'external', measured('external', 90, 3_500)), 3_500);
  });

  it('is not what somebody wrote into a description beyond all measure', () => {
    assert.ok(toldStopMs(memory, 'internal', measured('internal', Number.MAX_SAFE_INTEGER)) <= 600_000);
  });

  it('is how long a snapshot with memory takes, and no other', () => {
    const tree = measured('internal', 3_500);
    assert.equal(toldCreateMs('memory', 'internal', memory, tree), 3_500);
    assert.equal(toldCreateMs('disk', 'internal', memory, tree), createMs('disk', 'internal', memory));
    assert.equal(toldCreateMs('memory', 'internal', memory), guestStopMs(memory, 'internal'));
  });
});
