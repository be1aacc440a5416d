// What the tree asks before it takes the keyboard.
import assert from 'node:assert/strict';
import { isAsking, whileModalOpen } from '../../../src/ui/openQuestions.js';

describe('questions that are open', () => {
  it('are, until the last of them has an answer or could not be asked', async () => {
    let answer: (text: string) => void = () => undefined;
    let fail: (error: Error) => void = () => undefined;
    assert.equal(isAsking(), false);
    const answers = [
      whileModalOpen(new Promise<string>((resolve) => (answer = resolve))),
      whileModalOpen(new Promise<string>((_, reject) => (fail = reject))),
    ] as const;
    assert.equal(isAsking(), true);
    answer('yes');
    assert.equal(await answers[0], 'yes');
    assert.equal(isAsking(), true);
    fail(new Error('no box'));
    await assert.rejects(answers[1], /no box/u);
    assert.equal(isAsking(), false);
  });
});
