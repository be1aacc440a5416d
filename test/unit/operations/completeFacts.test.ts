// What was asked for and is missing: a fact left out of a situation must be noticed, whatever the request.
import assert from 'node:assert/strict';
import type { Situation } from '../../../src/domain/situation.js';
import { completeFacts } from '../../../src/operations/completeFacts.js';
import { fileNeeds, needs } from '../../../src/operations/needs.js';
import { ask } from '../domain/situations.js';
import { outside, shapes } from './recoveryShapes.js';

const whole = (situation: Situation): Situation => ({
  agent: 'answers',
  configured: situation.vm.disks,
  strays: new Map(),
  ...situation,
});

describe('the facts of a decision', () => {
  it('are complete where all that was asked for is there', () => {
    for (const [what, request, situation] of shapes) {
      const at = whole(situation);
      const wanted = fileNeeds(request, at);
      // A file that nobody told of in the situation was not looked at in these tests.
      const images = wanted.images.filter((path) => at.files?.images.has(path));
      const files = wanted.files.filter((path) => at.files?.files.has(path));
      const found = completeFacts(at, needs(request, at), [{ ...wanted, images, files }]);
      assert.equal(found, at, what);
    }
  });

  const request = ask.remove('a', 'withDescendants');
  const asked = (at: Situation, without: Partial<Situation>): unknown => {
    const wanted = { ...needs(request, at), agent: true, configured: true };
    return completeFacts({ ...whole(at), ...without }, wanted, [fileNeeds(request, at)]);
  };
  const rows: readonly (readonly [keyof Situation, Partial<Situation>])[] = [
    ['blockJobs', { blockJobs: undefined } as unknown as Partial<Situation>],
    ['otherVms', { otherVms: undefined } as unknown as Partial<Situation>],
    ['strays', { strays: undefined } as unknown as Partial<Situation>],
    ['agent', { agent: undefined } as unknown as Partial<Situation>],
    ['configured', { configured: undefined } as unknown as Partial<Situation>],
    ['frozenDisks', { frozenDisks: undefined } as unknown as Partial<Situation>],
    ['frozenDisks', { frozenDisks: new Map([['a', []]]) }],
    ['files', { files: undefined } as unknown as Partial<Situation>],
    ['files', { files: { ...outside().files!, images: new Map() } }],
  ];
  for (const [fact, without] of rows) {
    it(`are not complete without ${fact}`, () => {
      assert.equal(asked(outside(), without), fact);
    });
  }

  it('may leave out a snapshot that is gone meanwhile', () => {
    const at = outside();
    const gone = { ...at, tree: { ...at.tree, snapshots: at.tree.snapshots.filter(({ name }) => name !== 'b') } };
    const found = completeFacts({ ...gone, frozenDisks: new Map([['a', []]]) }, needs(request, at), []);
    assert.notEqual(found, 'frozenDisks');
  });
});
