// What is said of a guest's clock after a revert that brought RAM back.
import assert from 'node:assert/strict';
import { measureClockBehind } from '../../../src/engine/after/operationResult.js';
import { ask, facts, internal, now, planned, tree, vm } from '../domain/someFacts.js';

describe("how far a guest's clock is behind", () => {
  const ram = internal('ram', undefined, { createdAt: now - 90_000 });
  const at = facts({ tree: tree([ram, internal('disks', 'ram', { state: 'off', memory: 'no' })], 'ram') });
  const reverted = (
    more: Partial<Parameters<typeof measureClockBehind>[0]> = {},
    request = ask.revert('ram', 'running'),
  ) =>
    measureClockBehind({
      plan: planned(request, more.facts === undefined ? at : { ...at, ...more.facts }),
      facts: at,
      ran: { clockSet: false },
      state: 'running',
      now,
      ...more,
    });

  it('is told where RAM came back and nobody has set it', () => {
    assert.deepEqual(reverted(), { clockBehindMs: 90_000 });
  });

  it('is told of a guest that goes on after a revert left it paused, be it on a leaf of ours', () => {
    const paused = facts({
      tree: tree(
        [ram, { ...internal('layout', 'ram', { state: 'off' }), trailers: { auto: 'layout' } as const }],
        'layout',
      ),
      vm: vm({ power: 'paused', powerReason: 'fromSnapshot' }),
    });
    assert.deepEqual(reverted({ facts: paused }, ask.power('resume')), { clockBehindMs: 90_000 });
    const stopped = { ...paused, vm: vm({ power: 'paused' }) };
    assert.deepEqual(reverted({ facts: stopped }, ask.power('resume')), {});
  });

  it('is not told where its agent has set it, or where it stands still', () => {
    assert.deepEqual(reverted({ ran: { clockSet: true } }), {});
    assert.deepEqual(reverted({ state: 'paused' }), {});
  });

  it('is not told of a guest that was started anew, or of one that nobody emulates', () => {
    assert.deepEqual(reverted({}, ask.revert('disks', 'running')), {});
    const pretended = { ...at, capabilities: { ...at.capabilities, driver: 'test' as const } };
    assert.deepEqual(reverted({ facts: pretended }), {});
  });

  it('is not told where libvirt’s whole seconds say nothing', () => {
    assert.deepEqual(reverted({ now: now - 89_500 }), {});
  });
});
