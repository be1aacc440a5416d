// What was asked for and is missing: a fact left out of a situation must be noticed, whatever the request.
import assert from 'node:assert/strict';
import type { Facts } from '../../../src/domain/facts.js';
import { completeFacts } from '../../../src/operations/completeFacts.js';
import { requiredFiles, requiredFacts } from '../../../src/operations/decide/planners.js';
import { ask } from '../domain/someFacts.js';
import { outside, shapes } from './recoveryShapes.js';

const whole = (facts: Facts): Facts => ({
  agent: 'answers',
  checkpoints: [],
  startNeeds: new Map(),
  configured: facts.vm.disks,
  strays: new Map(),
  ...facts,
});

describe('the facts of a decision', () => {
  it('are complete where all that was asked for is there', () => {
    for (const [what, request, facts] of shapes) {
      const at = whole(facts);
      const wanted = requiredFiles(request, at);
      // A file that nobody told of in the situation was not looked at in these tests.
      const images = wanted.images.filter((path) => at.files?.images.has(path));
      const files = wanted.files.filter((path) => at.files?.files.has(path));
      const found = completeFacts(at, requiredFacts(request, at), [{ ...wanted, images, files }]);
      assert.equal(found, at, what);
    }
  });

  const request = ask.remove('a', 'withDescendants');
  const asked = (at: Facts, without: Partial<Facts>): unknown => {
    const wanted = { ...requiredFacts(request, at), agent: true, configured: true };
    return completeFacts({ ...whole(at), ...without }, wanted, [requiredFiles(request, at)]);
  };
  const rows: readonly (readonly [string, Partial<Facts>])[] = [
    ['blockJobs', { blockJobs: undefined } as unknown as Partial<Facts>],
    ['checkpoints', { checkpoints: undefined } as unknown as Partial<Facts>],
    ['/img/x', { files: { ...outside().files!, late: ['/img/x'] } }],
    ['otherVms', { otherVms: undefined } as unknown as Partial<Facts>],
    ['strays', { strays: undefined } as unknown as Partial<Facts>],
    ['agent', { agent: undefined } as unknown as Partial<Facts>],
    ['configured', { configured: undefined } as unknown as Partial<Facts>],
    ['frozenDisks', { frozenDisks: undefined } as unknown as Partial<Facts>],
    ['frozenDisks', { frozenDisks: new Map([['a', []]]) }],
    ['files', { files: undefined } as unknown as Partial<Facts>],
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
    const found = completeFacts({ ...gone, frozenDisks: new Map([['a', []]]) }, requiredFacts(request, at), []);
    assert.notEqual(found, 'frozenDisks');
  });
});
