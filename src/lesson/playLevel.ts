// Plays a level to its end by its own acts, for its author: what a model cannot tell is seen on a real VM.
import { t } from '@vscode/l10n';
import { asFailure } from '../domain/asFailure.js';
import type { FileFault } from '../lab/readYaml.js';
import { failureText } from '../text/failures/failureText.js';
import { Lesson } from './lesson.js';
import type { LessonOptions, LevelScore } from './lessonRun.js';
import { allHold, holds } from './levelChecks.js';
import type { Level, LevelStep } from './levelShape.js';

interface LevelPlay {
  readonly faults: readonly FileFault[];
  /** The score of its own solution; absent where that did not end. */
  readonly score?: LevelScore;
}

/**
 * With a VM of its own, which is removed.
 * @throws Failure where there is none, or it cannot be removed
 */
export async function playLevel(
  options: Omit<LessonOptions, 'perform' | 'onDone'>,
  connection: string,
  level: Level,
  { signal, onStep }: { readonly signal: AbortSignal; readonly onStep: (step: LevelStep, at: number) => void },
): Promise<LevelPlay> {
  let score: LevelScore | undefined;
  const lesson = new Lesson({
    ...options,
    perform: (request) => options.engine.runOperation(request, { signal }),
    onDone: (_, reached) => (score = reached),
  });
  try {
    await lesson.start(connection, { id: '', level });
    for (const [at, step] of level.steps.entries()) {
      signal.throwIfAborted();
      onStep(step, at);
      const faults = step.check === undefined ? [] : await playStep(lesson, step.check, at);
      if (faults.length > 0) {
        return { faults };
      }
      if (at + 1 < level.steps.length) {
        await lesson.next();
      }
    }
    return { faults: endFaults(lesson, level, score), ...(score !== undefined && { score }) };
  } finally {
    await lesson.end();
    lesson.dispose();
  }
}

async function playStep(
  lesson: Lesson,
  check: NonNullable<LevelStep['check']>,
  at: number,
): Promise<readonly FileFault[]> {
  const path = ['steps', at];
  const before = lesson.view;
  if (before?.state.phase === 'done') {
    return [{ path: [...path, 'check'], on: 'key', message: t('This already holds when the step begins.') }];
  }
  await lesson.next();
  const { view } = lesson;
  if (before === undefined || view === undefined || view.state.phase === 'done') {
    return [];
  }
  if (view.failure !== undefined) {
    return [{ path: [...path, 'do'], on: 'key', message: failureText(asFailure(view.failure)).sentence }];
  }
  return [...holds(check, view.facts, before.facts, view.level.level.goal)].flatMap(([word, isSo]) =>
    isSo
      ? []
      : [
          {
            path: [...path, 'check', word],
            on: 'key' as const,
            message: t('“{0}” does not hold after the step is done.', word),
          },
        ],
  );
}

function endFaults({ view }: Lesson, { goal, golf }: Level, score: LevelScore | undefined): readonly FileFault[] {
  const isReached = goal === undefined || view === undefined || allHold({ goal: true }, view.facts, view.facts, goal);
  const { steps } = golf ?? {};
  return [
    ...(isReached
      ? []
      : [
          {
            path: ['goal'],
            on: 'key' as const,
            message: t('After the last step, the snapshots are not those of the goal.'),
          },
        ]),
    ...(steps === undefined || score === undefined || score.steps >= steps
      ? []
      : [{ path: ['golf', 'steps'], message: t('The steps of the level need fewer operations: {0}.', score.steps) }]),
  ];
}
