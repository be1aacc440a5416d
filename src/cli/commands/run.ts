// Runs a program in a guest and passes on what it wrote and how it ended.
import { t } from '@vscode/l10n';
import { programOutcome } from '../../session/infos.js';
import { runInSession } from '../../session/guestInSession.js';
import { GuestOutput } from '../../text/guests/guestOutput.js';
import { lateProgramText } from '../../text/guests/waitText.js';
import { secondsOf } from '../arguments.js';
import { CliError } from '../commandError.js';
import type { Context } from '../context.js';
import type { CommandAnswer } from '../printed.js';
import type { Answers } from '../answers.js';

const usualSeconds = 60;
/** The agent takes it in one message. */
const mostInputBytes = 64 * 1024;
/** As a shell tells of a program that a signal ended. */
const signalBase = 128;

export async function run(context: Context): Promise<CommandAnswer> {
  const { call, session, terminal, interruption } = context;
  const [name = '', program = '', ...args] = call.operands;
  const seconds = secondsOf(call, usualSeconds);
  const view = await session.vm(name);
  const input = call.flags.has('input') ? await inputOf(context) : undefined;
  const command = { program, args, atMostMs: seconds * 1_000, ...(input !== undefined && { input }) };
  const ran = await runInSession(session, view, command, interruption.signal);
  if (ran.kind === 'late') {
    throw new CliError('late', lateProgramText(view.vm.name, command.atMostMs, ran.pid));
  }
  const code = ran.exitCode ?? signalBase + (ran.signal ?? 0);
  return {
    answer: { vm: session.infoOf(session.view(view)), program: programOutcome(ran) } satisfies Answers['run'],
    text: () => {
      terminal.write(displayBytes(ran.stdout.bytes, terminal.width));
      terminal.writeError(displayBytes(ran.stderr.bytes, terminal.width));
      return ran.stdout.isCut || ran.stderr.isCut
        ? [{ beside: t('The program wrote more than {0}. The rest was discarded.', '1 MiB') }]
        : [];
    },
    exit: code,
  };
}

/** A guest must not speak to the terminal itself; what goes into a file or another program stays as it is. */
function displayBytes(bytes: Uint8Array, width: number): Uint8Array | string {
  return Number.isFinite(width) ? new GuestOutput().push(bytes) : bytes;
}

async function inputOf({ terminal }: Context): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of terminal.stdin as AsyncIterable<Uint8Array>) {
    size += piece.length;
    if (size > mostInputBytes) {
      throw new CliError('notRun', t('The standard input is longer than {0}, so nothing was run.', '64 KiB'));
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
