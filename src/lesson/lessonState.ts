// Where the learner is in the lesson, and what a key does there. Pure: it neither acts nor looks.

/**
 * | phase   | of the step that was reached                         |
 * |---------|------------------------------------------------------|
 * | reading | there is nothing to do but to read                   |
 * | waiting | for the learner to do it, or to let the lesson do it |
 * | doing   | the lesson does it                                   |
 * | failed  | the lesson could not do it; it can be tried again    |
 * | done    | it has been seen to be done                          |
 */
type LessonPhase = 'reading' | 'waiting' | 'doing' | 'failed' | 'done';

export interface LessonState {
  /** The step that is shown, from 0. */
  readonly at: number;
  /** The furthest step; all before it are done. */
  readonly reached: number;
  readonly phase: LessonPhase;
}

/** Whether there is something to do in each step. */
export type LessonOutline = readonly ('read' | 'do')[];

export type LessonEvent =
  | 'next'
  | 'back'
  /** What the step waits for has been seen. */
  | 'met'
  /** The lesson has done it, and what it waits for is still to be seen. */
  | 'acted'
  | 'failed';

/** What is to happen beside the change: the step's act, or the end of the lesson. */
type LessonEffect = 'act' | 'end';

export function firstState(outline: LessonOutline): LessonState {
  return { at: 0, reached: 0, phase: begin(outline, 0) };
}

/**
 * | event  | shown step | phase            | becomes                            |
 * |--------|------------|------------------|------------------------------------|
 * | next   | passed     | any              | the next step is shown             |
 * | next   | reached    | reading, done    | the next step is reached, or: end  |
 * | next   | reached    | waiting, failed  | doing; act                         |
 * | next   | reached    | doing            | nothing: it is under way           |
 * | back   | not first  | any              | the step before it is shown        |
 * | met    | any        | waiting, doing, failed | done                         |
 * | acted  | any        | doing            | waiting                            |
 * | failed | any        | doing            | failed                             |
 */
export function lessonStep(
  state: LessonState,
  event: LessonEvent,
  outline: LessonOutline,
): { readonly state: LessonState; readonly effect?: LessonEffect } {
  const { at, reached, phase } = state;
  switch (event) {
    case 'back':
      return { state: { ...state, at: Math.max(0, at - 1) } };
    case 'met':
      return { state: phase === 'reading' ? state : { ...state, phase: 'done' } };
    case 'acted':
      return { state: phase === 'doing' ? { ...state, phase: 'waiting' } : state };
    case 'failed':
      return { state: phase === 'doing' ? { ...state, phase: 'failed' } : state };
    case 'next':
      if (at < reached) {
        return { state: { ...state, at: at + 1 } };
      }
      if (phase === 'doing') {
        return { state };
      }
      if (phase === 'waiting' || phase === 'failed') {
        return { state: { ...state, phase: 'doing' }, effect: 'act' };
      }
      return reached + 1 < outline.length
        ? { state: { at: at + 1, reached: reached + 1, phase: begin(outline, reached + 1) } }
        : { state, effect: 'end' };
  }
}

function begin(outline: LessonOutline, step: number): LessonPhase {
  return outline[step] === 'do' ? 'waiting' : 'reading';
}
