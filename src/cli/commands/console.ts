// The serial console of a VM in the terminal that this runs in, or as plain bytes where it is none.
import { setTimeout as pause } from 'node:timers/promises';
import { LineSession, type LineNote } from '../../engine/lineSession.js';
import { consoleLines } from '../../text/guests/consoleText.js';
import { GuestOutput } from '../../text/guests/guestOutput.js';
import { t } from '@vscode/l10n';
import type { VmView } from '../../live/views.js';
import type { Context } from '../context.js';
import type { ExitName } from '../exitCodes.js';

/** Ctrl+], as virsh has it. */
const leave = '\u001D';
/** A guest that floods is read no faster than a terminal draws. */
const bytesPerMs = 4_096;

export async function openConsole(context: Context): Promise<ExitName> {
  return showConsole(context, await context.session.vm(context.call.operands[0] ?? ''));
}

export async function showConsole({ call, session, terminal, interruption }: Context, view: VmView): Promise<ExitName> {
  if (interruption.signal.aborted) {
    // Before there was a console: the signal is not told again.
    return 'cancelled';
  }
  const { stdin } = terminal;
  const isTerminal = terminal.canAsk;
  const output = new GuestOutput();
  let last: LineNote['kind'] | undefined;
  const guest = new LineSession(session.engine, view.ref, {
    write: (bytes) => {
      terminal.write(isTerminal ? output.push(bytes) : bytes);
      return bytes.length < bytesPerMs ? undefined : pause(bytes.length / bytesPerMs);
    },
    note: (note) => {
      last = note.kind;
      for (const line of consoleLines(note, view.vm.name)) {
        terminal.writeError(isTerminal ? `\r\n\u001B[7m ${line} \u001B[0m\r\n` : `${line}\n`);
      }
      if (!isTerminal && (note.kind === 'failed' || note.kind === 'inUse')) {
        guest.dispose();
      }
    },
  });
  if (call.flags.has('force')) {
    guest.want('takeOver');
  }
  const sendInput = (data: Buffer): void => {
    const text = data.toString('utf8');
    if (isTerminal && text.includes(leave)) {
      guest.dispose();
    } else if (!guest.write(text)) {
      answer(text);
    }
  };
  const answer = (text: string): void => {
    if (last === 'inUse' && /^t$/iu.test(text)) {
      guest.want('takeOver');
    } else if (text.includes('\r') && (last === 'inUse' || last === 'failed')) {
      guest.want('retry');
    }
  };
  interruption.signal.addEventListener('abort', () => guest.dispose(), { once: true });
  if (isTerminal) {
    terminal.tell(t('{0} leaves the console.', 'Ctrl+]'));
    stdin.setRawMode(true);
  }
  stdin.on('data', sendInput);
  // Its terminal has closed.
  stdin.on('error', () => guest.dispose());
  try {
    await guest.run();
  } finally {
    stdin.off('data', sendInput);
    stdin.pause();
    if (isTerminal) {
      stdin.setRawMode(false);
    }
  }
  return interruption.wasWished
    ? 'cancelled'
    : !isTerminal && (last === 'failed' || last === 'inUse')
      ? 'failed'
      : 'done';
}
