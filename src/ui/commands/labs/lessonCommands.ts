// The lesson's own commands, and the connection to have it on.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { argumentsOf } from '../commandArguments.js';
import type { ConnectionView } from '../../../live/views.js';
import { asFailure } from '../../../domain/asFailure.js';
import type { VmRef } from '../../../domain/vm.js';
import { isCalled } from '../../../domain/wantedConnection.js';
import { connectionLabel } from '../../../text/connectionLabel.js';
import { failureText } from '../../../text/failures/failureText.js';
import { obstacleText } from '../../../text/failures/obstacleText.js';
import { askQuestion } from '../../prompts/askQuestion.js';
import { CommandError } from '../../prompts/commandError.js';
import { pick, pickConnection } from '../../prompts/pickTarget.js';
import type { CommandArguments } from '../../../verbs/arguments.js';
import type { LessonWithPanel } from '../../lesson/lessonPanel.js';
import type { LessonView } from '../../../lesson/lessonRun.js';
import type { NamedLevel } from '../../../lesson/levelShape.js';
import { textIn } from '../../../lesson/levelText.js';
import { firstLevel } from '../../../lesson/ownLevels.js';
import { mustConfirm } from '../consent.js';
import { displayLine } from '../../../domain/plainText.js';

type LessonPart = NonNullable<CommandArguments['lesson']>;

export const lessonCommands = {
  /** As it is told; else it begins, or asks where it has begun. */
  'virtRewind.lesson': async (run) => parts[argumentsOf(run.call).lesson ?? (await pickPart(run))](run),
} satisfies CommandTable;

const parts: Readonly<Record<LessonPart, (run: CommandRun) => Promise<void>>> = {
  start: startLesson,
  levels: showLevels,
  next: lessonNext,
  back: lessonBack,
  restart: restartLesson,
  /** Removes the VM of the lesson with all that came of it. */
  end: (run) => run.lessonHost.end(),
};

async function pickPart(run: CommandRun): Promise<LessonPart> {
  const { lesson } = await run.lessonHost.open();
  return lesson.view === undefined
    ? 'start'
    : pick<LessonPart>(
        [
          { icon: 'arrow-right', label: t('Next Step'), value: 'next' },
          { icon: 'arrow-left', label: t('Back'), value: 'back' },
          { icon: 'book', label: t('Show Lesson'), value: 'start' },
          { icon: 'debug-restart', label: t('Start Over'), value: 'restart' },
          { icon: 'list-unordered', label: t('All Levels'), value: 'levels' },
          { icon: 'close', label: t('End and Remove'), value: 'end' },
        ],
        t('Select what to do with the lesson'),
      );
}

/** Makes the VM of the lesson and shows the first step, or shows the lesson that is under way. */
async function startLesson(run: CommandRun): Promise<void> {
  const { guest } = run.lessonHost;
  const open = await run.lessonHost.open();
  const { lesson, panel } = open;
  const { level, connection } = argumentsOf(run.call);
  if (lesson.view !== undefined && (level === undefined || level === lesson.view.level.id)) {
    panel.show();
    run.tree.focus.showVm(refOf(lesson.view.vm));
    return;
  }
  const wanted = level ?? firstLevel;
  const named = (await run.lessonHost.levels()).find(({ id }) => id === wanted);
  if (named === undefined) {
    throw new CommandError('notFound', t('There is no level “{0}”.', displayLine(wanted)));
  }
  const chosen = await lessonConnection(run, guest, connection ?? lesson.view?.vm.connection);
  await askToEnd(run, lesson.view, named);
  await lesson.start(chosen, named);
  await showLesson(run, open);
}

/** Asks whether to end the current level: another one begins with its own VM. @throws DismissedError */
async function askToEnd(run: CommandRun, current: LessonView | undefined, next: NamedLevel): Promise<void> {
  if (current !== undefined && mustConfirm(run)) {
    const titleOf = ({ level }: NamedLevel): string => textIn(level.title, vscode.env.language);
    await askQuestion({
      title: t('End the lesson “{0}”?', titleOf(current.level)),
      lines: [t('Its VM, snapshots and files are removed.')],
      details: '',
      confirm: t('Start “{0}”', titleOf(next)),
    });
  }
}

/** All levels; one that is under way stays as it is. */
async function showLevels(run: CommandRun): Promise<void> {
  const { panel } = await run.lessonHost.open();
  panel.show('levels');
}

/** The next step of the lesson, or what this one asks for. From the list of levels, back to the step. */
async function lessonNext(run: CommandRun): Promise<void> {
  const { lesson, panel } = await run.lessonHost.open();
  await (panel.leaveLevels() ? undefined : lesson.next());
}

/** Shows the step before; the VM stays as it is. */
async function lessonBack(run: CommandRun): Promise<void> {
  const { lesson, panel } = await run.lessonHost.open();
  await (panel.leaveLevels() ? undefined : lesson.back());
}

/** The lesson from its first step, with a new VM; the old one is removed. */
async function restartLesson(run: CommandRun): Promise<void> {
  const { guest } = run.lessonHost;
  const open = await run.lessonHost.open();
  const { lesson } = open;
  const { view } = lesson;
  if (view === undefined) {
    return startLesson(run);
  }
  const connection = argumentsOf(run.call).connection ?? view.vm.connection;
  await lesson.start(await lessonConnection(run, guest, connection), view.level);
  await showLesson(run, open);
}

/**
 * The connection given, the only one on which the lesson can be given, or the one picked of those.
 * @throws CommandError with the reason of each where there is none
 */
async function lessonConnection(run: CommandRun, guest: string, wanted?: string): Promise<string> {
  const all = run.engine.connections.filter((one) => wanted === undefined || isCalled(one, wanted));
  const looked = await Promise.all(all.map((one) => obstacleOn(run, one, guest)));
  const [first, ...others] = looked.flatMap(({ view, reason }) => (reason === undefined ? [view] : []));
  if (first === undefined) {
    const reasons = looked.map(({ view, reason }) => `${connectionLabel(view)}: ${reason ?? ''}`);
    throw new CommandError(
      'unsupported',
      [t('The lesson cannot run here. Nothing was created.'), ...reasons].join(' '),
    );
  }
  return others.length === 0
    ? first.uri
    : (await pickConnection([first, ...others], t('Select the connection for the lesson'))).uri;
}

/**
 * Its page, and beside it the picture of its VM, which goes when the VM does, and the VM's row. The keys stay with the
 * page.
 */
async function showLesson({ pictures, tree }: CommandRun, { lesson, panel }: LessonWithPanel): Promise<void> {
  panel.show();
  const vm = lesson.view?.vm;
  if (vm === undefined) {
    return;
  }
  const picture = await pictures.show(refOf(vm), { where: 'beside', keepFocus: true });
  tree.focus.showVm(refOf(vm));
  const listening = lesson.onDidChange(() => {
    if (lesson.view?.vm.uuid !== vm.uuid) {
      listening.dispose();
      picture.dispose();
    }
  });
}

function refOf({ connection, uuid }: VmRef): VmRef {
  return { connection, uuid };
}

async function obstacleOn(
  run: CommandRun,
  view: ConnectionView,
  guest: string,
): Promise<{ readonly view: ConnectionView; readonly reason?: string }> {
  try {
    const connected = await run.engine.connect(view.uri);
    const obstacle = await run.engine.demoVms.obstacle(view.uri, guest);
    return { view: connected, ...(obstacle !== undefined && { reason: obstacleText(obstacle) }) };
  } catch (error) {
    return { view, reason: failureText(asFailure(error)).sentence };
  }
}
