// How long things take, as it is told: a guess, until the VM itself has shown it.
import assert from 'node:assert/strict';
import { createMs, guestStopMs, howKept, toldCreateMs, toldStopMs } from '../../../src/domain/estimates.js';
import type { RamWritten } from '../../../src/domain/description.js';
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

/** Newest first; `undefined`: as they were before the way was written down. */
function inFiles(...kept: readonly (readonly [way: RamWritten | undefined, ms: number])[]): {
  readonly snapshots: readonly Snapshot[];
} {
  const snapshots = kept.map(([ramWritten, guestPausedMs], index) =>
    snapshot(`s${index}`, {
      style: 'external',
      createdAt: 1_000_000 - index,
      trailers: { guestPausedMs, ...(ramWritten === undefined ? {} : { ramWritten }) },
    }),
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

  it('is of those alone that were kept in the same way', () => {
    const tree = inFiles(['live', 400], ['seamless', 70], ['stopped', 2_000], ['seamless', 90], ['live', 300]);
    assert.equal(toldStopMs(memory, 'seamless', tree), 90);
    assert.equal(toldStopMs(memory, 'live', tree), 400);
    assert.equal(toldStopMs(memory, 'external', tree), 2_000);
    assert.equal(toldStopMs(memory, 'internal', tree), guestStopMs(memory, 'internal'));
    assert.equal(
      toldStopMs(memory, 'seamless', inFiles(['seamless', 5], ['seamless', 6], ['seamless', 7], ['seamless', 500])),
      7,
    );
  });

  it('is a guess where nobody wrote down how they were kept', () => {
    const old = inFiles([undefined, 20], [undefined, 4_000]);
    assert.equal(toldStopMs(memory, 'seamless', old), guestStopMs(memory, 'seamless'));
    assert.equal(toldStopMs(memory, 'live', old), guestStopMs(memory, 'live'));
    assert.equal(toldStopMs(memory, 'external', old), 4_000);
    assert.equal(toldStopMs(memory, 'external', inFiles(['stopped', 900], [undefined, 4_000])), 900);
  });

  it('is not what somebody wrote into a description beyond all measure', () => {
    assert.ok(toldStopMs(memory, 'internal', measured('internal', Number.MAX_SAFE_INTEGER)) <= 600_000);
  });

  it('is not how long one takes whose guest runs on meanwhile', () => {
    const tree = inFiles(['seamless', 70], ['live', 400]);
    for (const how of ['seamless', 'live'] as const) {
      assert.equal(toldCreateMs('memory', how, memory, tree), createMs('memory', how, memory));
    }
    assert.deepEqual(
      [{ seamless: true } as const, { live: true }, {}].map((way) => howKept({ style: 'external', ...way })),
      ['seamless', 'live', 'external'],
    );
  });

  it('is how long a snapshot with memory takes, and no other', () => {
    const tree = measured('internal', 3_500);
    assert.equal(toldCreateMs('memory', 'internal', memory, tree), 3_500);
    assert.equal(toldCreateMs('disk', 'internal', memory, tree), createMs('disk', 'internal', memory));
    assert.equal(toldCreateMs('memory', 'internal', memory), guestStopMs(memory, 'internal'));
  });
});
