// What broke off on a VM, and was left to a person: finished or undone as it is shown, or left as it is.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import type { RecoveryReport } from '../../domain/recoveryReport.js';
import type { VmView } from '../../live/views.js';
import type { InterruptedPreview } from '../../operations/interrupted.js';
import { orNamed } from '../../domain/asFailure.js';
import { Failure } from '../../domain/failure.js';
import { endInterrupted, type InterruptedQuestion, isAtItsEnd } from '../../session/endInterrupted.js';
import { endLeft, type InterruptedEnd, leftOn, type LeftTold } from '../../session/leftWork.js';
import {
  dismissedLines,
  dismissTitle,
  interruptedOperationsText,
} from '../../text/operations/interruptedOperationText.js';
import { titleIn } from '../../text/operations/operationProgress.js';
import { recoveryText } from '../../text/operations/recoveryText.js';
import { refusalText } from '../../text/refusals/refusalText.js';
import { wayTo } from '../../text/ways.js';
import { agreeTo } from '../agree.js';
import type { Context } from '../context.js';
import type { CommandAnswer, CommandEnd } from '../printed.js';
import { questionLines } from '../planText.js';
import type { Answers } from '../answers.js';

/** What wings were interrupted in is ended first. */
export async function recover(context: Context): Promise<CommandEnd> {
  const { call, session, readers, terminal, printer, log } = context;
  const [named = ''] = call.operands;
  const how = call.flags.has('plan') ? 'look' : call.flags.has('dismiss') ? 'dismiss' : 'finish';
  let ended: readonly LeftTold[];
  try {
    ended = await orNamed({ vm: named }, () =>
      endLeft(leftOn(readers, session, named, log), how, {
        agree: ({ typed, ...question }) =>
          agreeTo(context, {
            ...question,
            asks: true,
            ...(typed !== undefined && { isProtected: displayLine(typed), typed }),
          }),
        tell: (line) => (how === 'finish' && printer.form === 'document' ? terminal.tell(line) : printer.say(line)),
        onStep: (what) => terminal.progress(what),
      }),
    );
  } catch (error) {
    // What else was interrupted is no part of it, unless the wing's is in its way, too.
    if (error instanceof Failure && error.kind === 'refused' && error.details.reason === undefined) {
      try {
        await printer.print(await recoverOwn(context));
      } catch (other) {
        log.warn(String(other));
      }
    }
    throw error;
  }
  const [answer] = ended.flatMap((one) => one.answer ?? []);
  if (answer !== undefined) {
    return { answer: { ...answer }, text: [] };
  }
  return ended.length > 0 && (how === 'finish' || printer.form === 'text') ? 'done' : recoverOwn(context);
}

async function recoverOwn(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const found = await session.vm(call.operands[0] ?? '');
  if (call.flags.has('plan')) {
    return showInterrupted(context, found);
  }
  const explained: RecoveryReport[] = [];
  const listening = session.engine.onDidRecover((report) => {
    if (report.outcome === 'explained') {
      explained.push(report);
    }
  });
  try {
    const wanted = call.flags.has('dismiss') ? 'dismiss' : 'finish';
    const { end, outcomes } = await endInterrupted(session, found, (question) => ask(context, question, wanted));
    const view = session.view(found);
    const isOver = outcomes.every(isAtItsEnd);
    const name = displayLine(view.vm.name);
    return {
      answer: { vm: session.infoOf(view), recovered: { end, outcomes } } satisfies Answers['recovery'],
      text: [
        ...explained.map((report) => ({ beside: recoveryText(report, titleIn(view, report.request)).message })),
        end === 'nothing'
          ? t('{0} has no interrupted operation.', name)
          : isOver
            ? t('You can start new operations on {0} again.', name)
            : { beside: resolvedText(name) },
      ],
      exit: isOver ? 'done' : outcomes.includes('failed') ? 'failed' : 'refused',
    };
  } finally {
    listening.dispose();
  }
}

async function showInterrupted({ session }: Context, found: VmView): Promise<CommandAnswer> {
  const unfinished = await session.engine.readInterrupted(found.ref);
  const view = session.view(found);
  return {
    answer: {
      vm: session.infoOf(view),
      interrupted: unfinished.map(interruptedJson),
    } satisfies Answers['recovery'],
    text:
      unfinished.length === 0
        ? t('{0} has no interrupted operation.', displayLine(view.vm.name))
        : [interruptedOperationsText(unfinished, view, Date.now()), '', t('Nothing was changed.')],
  };
}

/** The way out where nothing here is one. */
function resolvedText(vm: string): string {
  return t('When you have resolved it: {0}', wayTo('dismiss', displayLine(vm)));
}

type InterruptedInfo = NonNullable<Answers['recovery']['interrupted']>[number];

function interruptedJson({ request, startedAt, recovery, commands }: InterruptedPreview): InterruptedInfo {
  return {
    operation: request.kind,
    startedAt: new Date(startedAt).toISOString(),
    to: recovery.kind === 'explain' ? 'explained' : recovery.to,
    commands,
    ...(recovery.kind === 'explain' && { reason: recovery.why.reason, message: refusalText(recovery.why).reason }),
  };
}

async function ask(
  context: Context,
  { view, unfinished, mayFinish, needsName }: InterruptedQuestion,
  end: InterruptedEnd,
): Promise<InterruptedEnd> {
  const now = Date.now();
  const { name } = view.vm;
  const details = interruptedOperationsText(unfinished, view, now);
  if (end === 'dismiss') {
    const [title, lines] = [dismissTitle(displayLine(name)), dismissedLines(unfinished, view, now)];
    await agreeTo(context, {
      lines: questionLines(context, { title, details: lines.join('\n') }),
      confirm: t('Mark as Resolved'),
      asks: true,
    });
  } else if (mayFinish) {
    const title = t('Finish the interrupted operation on {0}?', displayLine(name));
    await agreeTo(context, {
      lines: questionLines(context, { title, details }),
      confirm: t('Finish'),
      asks: true,
      ...(needsName && { isProtected: displayLine(name), typed: name }),
    });
  } else {
    context.terminal.tell(`${details}\n\n${resolvedText(name)}`);
  }
  return end;
}
