// Carries out an operation for a person at a terminal, or says what it would do.
import { commandLines, planText, questionLines } from './planText.js';
import { t } from '@vscode/l10n';
import { DisposableStore, toDisposable } from '../base/disposable.js';
import type { OperationRequest, OperationResult, VmTurn } from '../domain/operation.js';
import { displayLine } from '../domain/plainText.js';
import type { VmView } from '../live/views.js';
import type { Plan } from '../operations/plan.js';
import { operationOutcome } from '../session/infos.js';
import type { VmInfo } from '../session/publicTypes.js';
import {
  type Asker,
  carryOut as carryOutAgreed,
  type Follower,
  mustAsk,
  type RunningRequest,
} from '../session/carryOut.js';
import { lossText } from '../text/questions/lossText.js';
import { diskDoneText } from '../text/operations/diskText.js';
import { undoneRevertText } from '../text/operations/loggedText.js';
import { requestWords, titleIn } from '../text/operations/operationProgress.js';
import { doneText } from '../text/operations/operationText.js';
import { progressText } from '../text/operations/progressText.js';
import { type About, questionOf } from '../text/questions/questionText.js';
import { warningText } from '../text/questions/warningText.js';
import { agreeTo } from './agree.js';
import type { PowerState } from '../domain/vm.js';
import type { Context } from './context.js';
import type { CommandAnswer } from './printed.js';
import { commandFor } from '../text/ways.js';
import type { Answers } from './answers.js';

const tickMs = 1_000;

/** @throws Failure, or CliError `unanswered` and `declined` */
export async function carryOut(
  context: Context,
  found: VmView,
  request: OperationRequest,
  about: About = {},
  undoes?: string,
): Promise<CommandAnswer> {
  const { call, session, interruption } = context;
  if (call.flags.has('plan')) {
    const plan = await session.plan(found, request, interruption.signal);
    return printedPlan(context, session.view(found), plan, about);
  }
  const wanted = { view: found, request, ...(undoes !== undefined && { undoes }) };
  const { plan, view, result } = await carryOutAgreed(
    session,
    wanted,
    terminalAsker(context, about),
    interruption.signal,
  );
  const title = titleIn(view, request);
  const goes = plan.warnings.some(({ kind }) => kind === 'cloneGoes');
  if (goes) {
    await session.engine.discardIfSpent(view.ref);
  }
  const isGone = goes && session.engine.findVm(view.ref) === undefined;
  return {
    answer: async () =>
      ({
        vm: isGone ? { ...session.infoOf(view), state: 'off' } : infoAtEnd(context, view, request),
        ...(await infoOfClone(context, request)),
        result: operationOutcome(result),
      }) satisfies Answers['operation'],
    text: [
      ...undoneLines(view, about),
      ...resultLines(view, plan.request, result, title, found.vm.power),
      ...plan.warnings.filter(({ kind }) => kind === 'filesStay').map((warning) => warningText(warning, plan, view)),
      ...(plan.request.kind === 'disk' ? [diskDoneText(plan.request.change)].filter((line) => line !== '') : []),
      ...(goes ? [cloneText(displayLine(view.vm.name), isGone)] : []),
    ],
    ...(result.left !== undefined && { beside: [leftText(result.left)] }),
  };
}

function undoneLines(view: VmView, { undoes, redoes }: About): readonly string[] {
  const undone = undoes ?? redoes;
  return undone === undefined
    ? []
    : [`${undoneRevertText(view, displayLine(undone), undoes === undefined ? 'redo' : 'undo')}.`];
}

function cloneText(name: string, isGone: boolean): string {
  return isGone
    ? t('Deleted the temporary clone {0} and its files.', name)
    : t('The temporary clone {0} still exists. Delete it when you no longer need it.', name);
}

function leftText(left: readonly string[]): string {
  const files = left.map((file) => displayLine(file)).join(', ');
  return t('Done, but these files could not be deleted and use space: {0}', files);
}

/** A VM that was thrown away is what it was last, and off. */
function infoAtEnd({ session }: Context, view: VmView, { kind }: OperationRequest): VmInfo {
  return kind === 'discard' ? { ...session.infoOf(view), state: 'off' } : session.infoOf(session.view(view));
}

async function infoOfClone({ session }: Context, request: OperationRequest): Promise<{ readonly clone?: VmInfo }> {
  if (request.kind !== 'clone') {
    return {};
  }
  const ref = { connection: request.vm.connection, uuid: request.clone.uuid };
  await session.engine.refresh({ vm: ref });
  const made = session.engine.findVm(ref);
  return made === undefined ? {} : { clone: session.infoOf(made) };
}

function resultLines(
  { vm }: VmView,
  request: OperationRequest,
  result: OperationResult,
  title: string,
  from: PowerState,
): readonly string[] {
  const name = displayLine(vm.name);
  return [
    doneText(request, result, name, displayLine(title), from),
    ...(request.kind === 'create' && result.snapshot !== undefined && result.snapshot !== title
      ? [t('Name of the snapshot: {0}.', displayLine(result.snapshot))]
      : []),
    ...(result.checkpoint === undefined
      ? []
      : [
          t('The previous state was saved as {0}.', displayLine(result.checkpoint)),
          t('To go back: {0}', commandFor(['undo', name])),
        ]),
  ];
}

function printedPlan(context: Context, view: VmView, plan: Plan, about: About): CommandAnswer {
  const { session } = context;
  const commands = commandLines({ plan, view });
  const now = Date.now();
  const { request, losses, warnings, snapshot, checkpoint, deletes, estimateMs, spaceBytes } = plan;
  return {
    answer: {
      vm: session.infoOf(view),
      plan: {
        operation: request.kind,
        losses: losses.map((loss) => ({ kind: loss.kind, text: lossText(loss, plan, view, now) })),
        warnings: warnings.map((warning) => ({ kind: warning.kind, text: warningText(warning, plan, view) })),
        commands,
        ...(snapshot !== undefined && { snapshot }),
        ...(checkpoint !== undefined && { checkpoint }),
        ...(deletes !== undefined && { deletes }),
        ...(estimateMs !== undefined && { estimateMs: Math.round(estimateMs) }),
        ...(spaceBytes !== undefined && { spaceBytes }),
        asks: mustAsk(plan),
        needsName: session.needsName(view, plan),
      },
    } satisfies Answers['plan'],
    text: planText(context, questionLines(context, questionOf({ plan, target: view }, now, about)), commands),
  };
}

/** Asks at the terminal where it must be asked, and shows how far it is. */
export function terminalAsker(context: Context, about: About = {}): Asker {
  return {
    agree: ({ view, plan, asks, needsName }) => {
      const question = questionOf({ plan, target: view }, Date.now(), about);
      return agreeTo(context, {
        lines: questionLines(context, question),
        confirm: question.confirm,
        asks,
        ...(needsName && { isProtected: displayLine(view.vm.name), typed: view.vm.name }),
      });
    },
    follow: (running) => followAtTerminal(context, running),
  };
}

/** Shows how far it is, and hears Ctrl+C. */
export function followAtTerminal(
  { session: { engine }, terminal, interruption }: Context,
  { request, cancel }: RunningRequest,
): Follower {
  let waitsFor: VmTurn | undefined;
  const show = (): void => {
    const running = engine.findVm(request.vm)?.operation;
    if (running?.request === request) {
      const text = progressText(running.progress, Date.now() - running.startedAt);
      terminal.progress(`${requestWords(engine, request)}: ${text}`);
    } else if (waitsFor !== undefined) {
      terminal.progress(t('waiting for: {0}', requestWords(engine, waitsFor)));
    }
  };
  const store = new DisposableStore();
  const timer = setInterval(show, tickMs);
  store.add(toDisposable(() => clearInterval(timer)));
  store.add(engine.onDidChange(show));
  store.add(
    interruption.handle(() => {
      if (!cancel()) {
        terminal.tell(
          t(
            'libvirt cannot cancel this now. Virt Rewind cancels it as soon as possible. Press Ctrl+C again to end this program immediately.',
          ),
        );
      }
    }),
  );
  return {
    waitFor: (other) => {
      waitsFor = other;
      show();
    },
    dispose: () => store.dispose(),
  };
}
