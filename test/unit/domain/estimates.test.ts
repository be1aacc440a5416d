// How long things take, as it is told: a guess, until the VM itself has shown it.
import assert from 'node:assert/strict';
import {
  createMs,
  guestStopMs,
  ramMethodOf,
  displayedCreateMs,
  displayedInternalDeleteMs,
  displayedRevertMs,
  displayedStopMs,
} from '../../../src/domain/estimates.js';
import type { RamWritten } from '../../../src/domain/description.js';
import type { MeasuredOperation, OperationDuration } from '../../../src/domain/loggedOperation.js';
import type { Snapshot } from '../../../src/domain/snapshot.js';
import { ref, snapshot, vm } from '../ui/samples.js';

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
    assert.equal(displayedStopMs(memory, 'internal', { snapshots: [snapshot('s')] }), guestStopMs(memory, 'internal'));
    assert.equal(
      displayedStopMs(memory, 'internal', measured('external', 3_500)),
      guestStopMs(memory, 'internal'),
      'of the other style',
    );
  });

  it('is the longest of the newest three', () => {
    assert.equal(displayedStopMs(memory, 'internal', measured('internal', 3_400, 3_500, 3_300, 9_000)), 3_500);
    assert.equal(displayedStopMs(memory, 'internal', measured('internal', 200)), 200);
  });

  it('is not less than the guess where the short ones may have been live', () => {
    assert.equal(displayedStopMs(memory, 'external', measured('external', 90)), guestStopMs(memory, 'external'));
    assert.equal(displayedStopMs(memory, 'external', measured('external', 90, 3_500)), 3_500);
  });

  it('is of those alone that were kept in the same way', () => {
    const tree = inFiles(['live', 400], ['seamless', 70], ['stopped', 2_000], ['seamless', 90], ['live', 300]);
    assert.equal(displayedStopMs(memory, 'seamless', tree), 90);
    assert.equal(displayedStopMs(memory, 'live', tree), 400);
    assert.equal(displayedStopMs(memory, 'external', tree), 2_000);
    assert.equal(displayedStopMs(memory, 'internal', tree), guestStopMs(memory, 'internal'));
    assert.equal(
      displayedStopMs(
        memory,
        'seamless',
        inFiles(['seamless', 5], ['seamless', 6], ['seamless', 7], ['seamless', 500]),
      ),
      7,
    );
  });

  it('is a guess where nobody wrote down how they were kept', () => {
    const old = inFiles([undefined, 20], [undefined, 4_000]);
    assert.equal(displayedStopMs(memory, 'seamless', old), guestStopMs(memory, 'seamless'));
    assert.equal(displayedStopMs(memory, 'live', old), guestStopMs(memory, 'live'));
    assert.equal(displayedStopMs(memory, 'external', old), 4_000);
    assert.equal(displayedStopMs(memory, 'external', inFiles(['stopped', 900], [undefined, 4_000])), 900);
  });

  it('is not what somebody wrote into a description beyond all measure', () => {
    assert.ok(displayedStopMs(memory, 'internal', measured('internal', Number.MAX_SAFE_INTEGER)) <= 600_000);
  });

  it('is not how long one takes whose guest runs on meanwhile', () => {
    const tree = inFiles(['seamless', 70], ['live', 400]);
    for (const how of ['seamless', 'live'] as const) {
      assert.equal(displayedCreateMs('memory', how, memory, tree), createMs('memory', how, memory));
    }
    assert.deepEqual(
      [{ seamless: true } as const, { live: true }, {}].map((way) => ramMethodOf({ style: 'external', ...way })),
      ['seamless', 'live', 'external'],
    );
  });

  it('is how long a snapshot with memory takes, and no other', () => {
    const tree = measured('internal', 3_500);
    assert.equal(displayedCreateMs('memory', 'internal', memory, tree), 3_500);
    assert.equal(displayedCreateMs('disk', 'internal', memory, tree), createMs('disk', 'internal', memory));
    assert.equal(displayedCreateMs('memory', 'internal', memory), guestStopMs(memory, 'internal'));
  });
});

describe('what operations are told to take, once they were measured on the VM', () => {
  type Power = 'running' | 'off';
  const took = (ms: number, of: Partial<OperationDuration> = {}): OperationDuration => ({
    ms,
    style: 'internal',
    kind: 'memory',
    snapshots: 1,
    ...of,
  });
  const state = (power: Power): MeasuredOperation['before'] => ({ power, disks: [] });
  /** Oldest first, as all of these. */
  const reverted = (
    ms: number,
    of: Partial<OperationDuration> = {},
    [before, after]: readonly [Power, Power] = ['running', 'running'],
    checkpoint?: string,
  ): MeasuredOperation => ({
    request: { kind: 'revert', vm: ref, snapshot: 's', after: 'asSnapshot' },
    ...(checkpoint === undefined ? {} : { checkpoint }),
    before: state(before),
    after: state(after),
    took: took(ms, of),
  });
  const deleted = (ms: number, of: Partial<OperationDuration> = {}, power: Power = 'running'): MeasuredOperation => ({
    request: { kind: 'delete', vm: ref, snapshot: 's', scope: 'one' },
    before: state(power),
    after: state(power),
    took: took(ms, of),
  });
  const running = vm({ power: 'running', memoryBytes: memory });
  const inside = snapshot('s', { style: 'internal', kind: 'memory' });
  const asked = { vm: running, snapshot: inside, ends: 'active' } as const;

  it('is for a revert the longest of the newest three that were alike', () => {
    const guess = displayedRevertMs(asked);
    assert.ok(guess > 2_000, 'no figure that a test below has');
    assert.equal(displayedRevertMs(asked, [reverted(900), reverted(40), reverted(70), reverted(50)]), 70);
    for (const other of [
      reverted(70, { style: 'external' }),
      reverted(70, { kind: 'disk' }),
      reverted(70, {}, ['off', 'running']),
      reverted(70, {}, ['running', 'off']),
      deleted(70),
    ]) {
      assert.equal(displayedRevertMs(asked, [other]), guess);
    }
    assert.equal(displayedRevertMs({ ...asked, ends: 'off' }, [reverted(70, {}, ['running', 'off'])]), 70);
  });

  it('is for a revert with a checkpoint that of one with, or of one without and the checkpoint', () => {
    const kept = { ...asked, checkpointMs: 1_000 };
    const [without, withOne] = [reverted(70), reverted(800, {}, ['running', 'running'], 'before')];
    assert.equal(displayedRevertMs(kept), displayedRevertMs(asked) + 1_000);
    assert.equal(displayedRevertMs(kept, [without]), 1_070);
    assert.equal(displayedRevertMs(kept, [withOne, without]), 800);
    assert.equal(displayedRevertMs(asked, [withOne]), displayedRevertMs(asked));
  });

  it('is for internal snapshots that go what each of such took', () => {
    const [one, two] = [[inside], [inside, inside]];
    assert.equal(displayedInternalDeleteMs(running, one), 200);
    assert.equal(displayedInternalDeleteMs(running, two), 400);
    assert.equal(displayedInternalDeleteMs(running, two, [deleted(90, { snapshots: 3 })]), 60);
    assert.equal(displayedInternalDeleteMs(running, one, [deleted(900), deleted(5), deleted(9), deleted(7)]), 9);
    for (const other of [
      deleted(9, { style: 'external' }),
      deleted(9, { kind: 'offline' }),
      deleted(9, {}, 'off'),
      reverted(9),
    ]) {
      assert.equal(displayedInternalDeleteMs(running, one, [other]), 200);
    }
  });
});
