// Titles and descriptions change, names and what is known of a snapshot stay.
import assert from 'node:assert/strict';
import { parseDescription } from '../../../src/domain/description.js';
import type { Facts } from '../../../src/domain/facts.js';
import { planOperation } from '../../../src/operations/planOperation.js';
import { ask, capabilities, internal, planned, ref, refused, facts, tree, verdict } from '../domain/someFacts.js';

const known = {
  ...internal('s', undefined, { title: 'Old' }),
  trailers: { title: 'Old', git: 'main@1', guestPausedMs: 5, other: [{ key: 'Auto', value: 'x' }] },
};
const inWhat: Facts = facts({ tree: tree([known, internal('t', 's', { title: 'Other' })], 's') });

function described(title: string, text: string): ReturnType<typeof parseDescription> {
  const [step] = planned(ask.describe('s', title, text), inWhat).steps;
  assert.ok(step?.kind === 'describeSnapshot' && step.snapshot === 's');
  return parseDescription(step.description);
}

describe('planDescribe', () => {
  const rest = { git: 'main@1', guestPausedMs: 5, other: [{ key: 'Auto', value: 'x' }] };
  const rows: readonly (readonly [what: string, title: string, kept: string | undefined])[] = [
    ['a new title', 'New 🙂', 'New 🙂'],
    ['its own title', 'Old', 'Old'],
    ['spaces around it', ' New ', 'New'],
    ['its name', 's', undefined],
    ['no title', '', undefined],
  ];
  for (const [what, title, kept] of rows) {
    it(`${what}: the rest of what is known stays`, () => {
      assert.deepEqual(described(title, 'text\n--\nTitle: mine'), {
        text: 'text\n--\nTitle: mine',
        trailers: { ...rest, ...(kept === undefined ? {} : { title: kept }) },
      });
    });
  }

  for (const auto of ['revert', 'layout'] as const) {
    it(`a checkpoint of ours becomes the person’s, a leaf that we need stays ours: ${auto}`, () => {
      const ours = { ...internal('o'), trailers: { auto } };
      const where = facts({ tree: tree([ours], 'o') });
      for (const request of [
        ask.describe('o', 'KEEP', ''),
        { kind: 'rename', vm: ref, snapshot: 'o', title: 'KEEP' },
      ] as const) {
        const [step] = planned(request, where).steps;
        assert.ok(step?.kind === 'describeSnapshot');
        assert.equal(parseDescription(step.description).trailers.auto, auto === 'revert' ? undefined : auto);
      }
    });
  }

  const refusals: readonly (readonly [what: string, title: string, text: string, reason: string])[] = [
    ['the title of another', 'Other', '', 'nameTaken'],
    ['the name of another', 't', '', 'nameTaken'],
    ['a line end', 'a\nb', '', 'badName'],
    ['10,000 characters', 'x'.repeat(10_000), '', 'badName'],
    ['a text that is too long', 'x', 'x'.repeat(65_537), 'badName'],
  ];
  for (const [what, title, text, reason] of refusals) {
    it(`refuses ${what}`, () => {
      assert.equal(refused(ask.describe('s', title, text), inWhat).reason, reason);
    });
  }

  it('needs the snapshot, and a connection that may write', () => {
    assert.equal(refused(ask.describe('gone', 'x'), inWhat).reason, 'snapshotMissing');
    const look = (more: Parameters<typeof capabilities>[2]): string =>
      verdict(planOperation(ask.describe('s', 'x'), { ...inWhat, capabilities: capabilities(9, 0, more) }));
    assert.deepEqual(
      [look({ readOnly: true }), look({ driver: 'other' }), look({ driver: 'test' })],
      ['readOnlyConnection', 'driverCannot', 'ok'],
    );
  });
});
