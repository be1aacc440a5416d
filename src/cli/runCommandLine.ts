// One call of the command line from its words to its exit code: opens the engine, runs the command, tells a failure
// once.
import type { Answers } from './answers.js';
import { t } from '@vscode/l10n';
import { type Log, noLog } from '../base/log.js';
import { asFailure, withDetails } from '../domain/asFailure.js';
import { Failure } from '../domain/failure.js';
import { displayLine } from '../domain/plainText.js';
import type { MemberOutcome } from '../domain/system.js';
import { Session } from '../session/session.js';
import { memberOutcomes } from '../session/systemInfos.js';
import type { RecoveryReport } from '../domain/recoveryReport.js';
import { failureMessage } from '../text/failures/failureMessage.js';
import { titleIn } from '../text/operations/operationProgress.js';
import { slowLookText } from '../text/operations/slowLookText.js';
import { recoveryText } from '../text/operations/recoveryText.js';
import { isSilent } from '../text/failures/failureText.js';
import { refusalText } from '../text/refusals/refusalText.js';
import { CliError } from './commandError.js';
import type { Call, Context } from './context.js';
import { type ExitName, exitCode, exitOfFailure } from './exitCodes.js';
import { Interruption } from './interruption.js';
import { type Printer, printerOf, type TextPart } from './printed.js';
import type { Terminal } from './terminal.js';
import { isDeepStrictEqual } from 'node:util';

/** A line of a terminal is folded, not cut. */
const longestSentence = 2_000;

interface CommandLine {
  readonly call: Call;
  readonly readers: Context['readers'];
  readonly terminal: Terminal;
  readonly environment: NodeJS.ProcessEnv;
  /** Calls back at each Ctrl+C. */
  readonly onInterrupt: (listener: () => void) => void;
  /** Ends the process at once. */
  readonly end: (code: number) => void;
}

/** Resolves to the exit code. Never rejects. */
export async function runCommandLine(options: CommandLine): Promise<number> {
  const { call, readers, terminal, environment, onInterrupt, end } = options;
  const log = call.flags.has('verbose') ? logTo(terminal) : noLog;
  const interruption = new Interruption(() => end(exitCode('cancelled')));
  onInterrupt(() => interruption.interrupt());
  const printer = printerOf(call, terminal);
  let session: Session | undefined;
  const recovered = new Set<RecoveryReport>();
  try {
    const connect = call.texts['connect'];
    session = await Session.open({
      ...(connect !== undefined && { connections: [connect] }),
      environment,
      log,
      shell: call.command === 'mcp' ? 'virt-rewind mcp' : 'virt-rewind',
      // The protocol has the terminal of the one.
      answers: call.command === 'mcp' ? 'nobody' : 'terminal',
    });
    session.engine.onDidRecover((report) => recovered.add(report));
    session.engine.onDidWait((look) => {
      terminal.wait(slowLookText(look));
      interruption.signal.addEventListener('abort', look.cancel);
      if (interruption.signal.aborted) {
        look.cancel();
      }
      void look.ended.then(() => interruption.signal.removeEventListener('abort', look.cancel));
    });
    for (const doubt of await session.doubts()) {
      const { reason, nextStep } = refusalText(doubt);
      terminal.tell(`${reason} ${nextStep}`);
    }
    const handler = await call.row.act?.();
    if (handler === undefined) {
      throw new CliError('usage', `${call.command} has a way of its own`);
    }
    const context: Context = {
      call,
      terminal,
      session,
      readers,
      log,
      interruption,
      printer,
    };
    const exit = await printer.print(await handler(context));
    tellRecovered(recovered, terminal);
    return typeof exit === 'number' ? exit : exitCode(exit);
  } catch (error) {
    const { recoveredFirst, recovered: own, request } = asFailure(error).details;
    tellRecovered(
      [...recovered].filter(
        (report) => report !== recoveredFirst && !(own !== undefined && isDeepStrictEqual(report.request, request)),
      ),
      terminal,
    );
    const told = interruption.wasWished && isSilentEnd(error) ? new CliError('cancelled', t('Cancelled.')) : error;
    return exitCode(await reportFailure(nameVm(told, session), call, printer, membersOf(error)));
  } finally {
    await session?.close().catch((error: unknown) => log.error(String(error)));
    terminal.dispose();
  }
}

/**
 * What had been interrupted before, and came to its end with this command. What stays unfinished is told by what it
 * forbids.
 */
function tellRecovered(reports: Iterable<RecoveryReport>, terminal: Terminal): void {
  for (const report of reports) {
    if (report.outcome !== 'explained') {
      terminal.tell(recoveryText(report, titleIn({}, report.request)).message);
    }
  }
}

/** Also what a signal throws where no driver made a failure of it. */
function isSilentEnd(error: unknown): boolean {
  return error instanceof Failure ? isSilent(error) : error instanceof Error && error.name === 'AbortError';
}

/** What became of each member of a system, however the failure was named since. */
function membersOf(error: unknown): readonly MemberOutcome[] | undefined {
  if (!(error instanceof Failure)) {
    return undefined;
  }
  return 'members' in error ? (error.members as readonly MemberOutcome[]) : membersOf(error.cause);
}

/** A VM is told of by its name. */
function nameVm(error: unknown, session: Session | undefined): unknown {
  const uuid = error instanceof Failure ? error.details.vm : undefined;
  const [view] = uuid === undefined ? [] : (session?.engine.findVms(uuid) ?? []);
  return error instanceof Failure && view !== undefined ? withDetails(error, { vm: view.vm.name }) : error;
}

/** Says what happened, what state things are in, what to do next. */
async function reportFailure(
  error: unknown,
  call: Call,
  printer: Printer,
  members?: readonly MemberOutcome[],
): Promise<ExitName> {
  const { exit, kind, message } = describeError(error, call.command);
  const failure = error instanceof Failure ? error : undefined;
  const candidates = failure?.details.candidates;
  const answer = {
    error: {
      kind,
      message,
      exitCode: exitCode(exit),
      ...(candidates !== undefined && { candidates }),
      ...(failure?.reason !== undefined && { reason: failure.reason }),
      ...(members !== undefined && { members: memberOutcomes(members) }),
    },
  } satisfies Answers['error'];
  const text = async (): Promise<readonly TextPart[]> => {
    const lines = members && (await import('../text/systems/systemText.js')).outcomeLines(members);
    return [...(lines ?? []), message].map((beside) => ({ beside }));
  };
  await printer.print({ answer, text });
  return exit;
}

function describeError(
  error: unknown,
  command: string,
): { readonly exit: ExitName; readonly kind: string; readonly message: string } {
  if (error instanceof CliError) {
    return { exit: error.exit, kind: error.exit, message: error.message };
  }
  const failure = asFailure(error);
  const exit = exitOfFailure(failure.kind);
  return {
    // What cannot be told from an exit code of the program itself has one of its own.
    exit: command === 'run' && exit !== 'cancelled' ? 'notRun' : exit,
    kind: failure.kind,
    message: displayLine(failureMessage(failure), longestSentence),
  };
}

/** All but the calls themselves. */
function logTo(terminal: Terminal): Log {
  const write = (level: string) => (message: string) => terminal.tell(`[${level}] ${message}`);
  return { ...noLog, debug: write('debug'), info: write('info'), warn: write('warning'), error: write('error') };
}
