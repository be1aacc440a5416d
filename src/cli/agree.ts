// What is to be done is told, and agreed to by who sits there, or by the words of the command.
import { createInterface } from 'node:readline/promises';
import { t } from '@vscode/l10n';
import { CliError } from './commandError.js';
import type { Context } from './context.js';

interface Agreement {
  /** What is done, and what is lost. */
  readonly lines: readonly string[];
  /** The label of the answer that goes on, which says what it does. */
  readonly confirm: string;
  readonly asks: boolean;
  /** What is protected, and the name that must be typed for it. */
  readonly isProtected?: string;
  readonly typed?: string;
  /** What is asked for it; absent: that of a protected VM. */
  readonly question?: string;
}

/** Says what is lost, also where no person answers. @throws CliError `unanswered`, `declined`, `cancelled` */
export async function agreeTo(
  context: Context,
  { lines, confirm, asks, isProtected, typed, question }: Agreement,
): Promise<void> {
  const { call, terminal, printer } = context;
  if (asks) {
    terminal.tell(lines.join('\n'));
    if (!call.flags.has('yes')) {
      if (!printer.canAsk) {
        throw new CliError(
          'unanswered',
          t('Cannot ask for confirmation here, so nothing was changed. Use {0} to confirm.', '--yes'),
        );
      }
      if (!/^y(es)?$/iu.test(await askLine(context, `${confirm}? [y/N] `))) {
        throw new CliError('declined', t('Nothing was changed.'));
      }
    }
  }
  if (isProtected !== undefined) {
    const given =
      call.texts['name'] ??
      (printer.canAsk
        ? await askLine(
            context,
            `${question ?? `${t('{0} Is Protected', isProtected)}. ${t('Type its name to continue.')}`} `,
          )
        : undefined);
    if (given === undefined) {
      throw new CliError(
        'unanswered',
        question === undefined
          ? t('{0} is protected, so nothing was changed. Use {1} with its name to continue.', isProtected, '--name')
          : `${question} ${t('Cannot ask for confirmation here, so nothing was changed. Use {0} to confirm.', '--name')}`,
      );
    }
    if (given !== typed) {
      throw new CliError('declined', `${t('This is not its name.')} ${t('Nothing was changed.')}`);
    }
  }
}

/** Ctrl+C, and the end of the input, are no. */
export async function askLine({ terminal, interruption }: Context, question: string): Promise<string> {
  const lines = createInterface({ input: terminal.stdin, output: process.stderr });
  const stop = new AbortController();
  lines.on('SIGINT', () => {
    interruption.interrupt();
    stop.abort();
  });
  lines.on('close', () => stop.abort());
  try {
    return (await lines.question(question, { signal: stop.signal })).trim();
  } catch {
    throw new CliError(interruption.wasWished ? 'cancelled' : 'declined', t('Nothing was changed.'));
  } finally {
    lines.close();
  }
}
