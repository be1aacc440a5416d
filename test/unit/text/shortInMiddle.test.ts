// Names of files keep their beginning and their end.
import assert from 'node:assert/strict';
import { shortInMiddle } from '../../../src/text/shortInMiddle.js';

describe('a long name', () => {
  it('is cut in its middle, and no shorter one is', () => {
    assert.equal(shortInMiddle('base.qcow2', 10), 'base.qcow2');
    assert.equal(shortInMiddle('lesson.After-revert-to-First', 15), 'lesson.…o-First');
    assert.equal(Array.from(shortInMiddle('x'.repeat(100), 26)).length, 26);
  });

  it('is cut between characters, not within one', () => {
    assert.equal(shortInMiddle('😀😀😀😀😀', 3), '😀…😀');
  });
});
