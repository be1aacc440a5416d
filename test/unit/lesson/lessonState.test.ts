// Where the learner gets by which key, as a table.
import assert from 'node:assert/strict';
import {
  firstState,
  type LessonEvent,
  type LessonOutline,
  type LessonState,
  lessonStep,
} from '../../../src/lesson/lessonState.js';

const outline: LessonOutline = ['read', 'do', 'do', 'read'];
const at = (step: number, reached: number, phase: LessonState['phase']): LessonState => ({ at: step, reached, phase });

describe('the state of a lesson', () => {
  it('begins with the first step', () => {
    assert.deepEqual(firstState(outline), at(0, 0, 'reading'));
    assert.deepEqual(firstState(['do']), at(0, 0, 'waiting'));
  });

  const table: readonly (readonly [string, LessonState, LessonEvent, LessonState, string | undefined])[] = [
    ['goes on from what was read', at(0, 0, 'reading'), 'next', at(1, 1, 'waiting'), undefined],
    ['does what it waits for', at(1, 1, 'waiting'), 'next', at(1, 1, 'doing'), 'act'],
    ['tries again what failed', at(1, 1, 'failed'), 'next', at(1, 1, 'doing'), 'act'],
    ['does nothing twice', at(1, 1, 'doing'), 'next', at(1, 1, 'doing'), undefined],
    ['goes on from what is done', at(1, 1, 'done'), 'next', at(2, 2, 'waiting'), undefined],
    ['ends behind the last step', at(3, 3, 'reading'), 'next', at(3, 3, 'reading'), 'end'],
    ['shows a passed step', at(2, 2, 'waiting'), 'back', at(1, 2, 'waiting'), undefined],
    ['goes forward through passed steps and does nothing', at(1, 2, 'waiting'), 'next', at(2, 2, 'waiting'), undefined],
    ['stays at the first step', at(0, 2, 'waiting'), 'back', at(0, 2, 'waiting'), undefined],
    ['hears that it is done, by whomever', at(1, 1, 'waiting'), 'met', at(1, 1, 'done'), undefined],
    ['hears that it is done while it does it', at(1, 1, 'doing'), 'met', at(1, 1, 'done'), undefined],
    ['hears that it is done although it failed', at(1, 1, 'failed'), 'met', at(1, 1, 'done'), undefined],
    ['has nothing to be done where there is only to read', at(0, 0, 'reading'), 'met', at(0, 0, 'reading'), undefined],
    ['waits to see what it did', at(1, 1, 'doing'), 'acted', at(1, 1, 'waiting'), undefined],
    ['keeps what is done', at(1, 1, 'done'), 'acted', at(1, 1, 'done'), undefined],
    ['tells that it failed', at(1, 1, 'doing'), 'failed', at(1, 1, 'failed'), undefined],
    ['keeps what was done before it failed', at(1, 1, 'done'), 'failed', at(1, 1, 'done'), undefined],
  ];
  for (const [what, state, event, after, effect] of table) {
    it(what, () => {
      const result = lessonStep(state, event, outline);
      assert.deepEqual([result.state, result.effect], [after, effect]);
    });
  }
});
