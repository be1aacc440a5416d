// The door of `virt-rewind`, the command line: reads the words, answers at once what needs no libvirt, and loads the
// rest when it is needed.
import { mkdirSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { join } from 'node:path';
import { t } from '@vscode/l10n';
import { splitCommonOptions, joinCommandWords, parseCommandLine } from './cli/arguments.js';
import { CliError } from './cli/commandError.js';
import { ownCommands } from './cli/commandTable.js';
import type { Context } from './cli/context.js';
import { exitCode } from './cli/exitCodes.js';
import { commandHelp, generalHelp, groupHelp } from './cli/help.js';
import { ownVersion } from './cli/ownVersion.js';
import { answerDocument } from './cli/printed.js';
import { stateFolder } from './journal/stateFolder.js';
import { clusterCommands } from './wings/cluster/commands/clusterCommands.js';
import { copiedDisks, copiesCommands } from './wings/copies/commands/copiesCommands.js';
import { guestCommands } from './wings/guest/commands/guestCommands.js';
import { insideCommands } from './wings/inside/commands/insideCommands.js';

/** From Node.js 22.1 on, which keeps what it has compiled: nearly half of the time that is ours. */
const { enableCompileCache } = nodeModule as { enableCompileCache?: (folder: string) => unknown };

const commands = {
  ...ownCommands,
  ...insideCommands(copiedDisks),
  ...copiesCommands,
  ...guestCommands,
  ...clusterCommands,
};

const readers: Context['readers'] = {
  dates: () => import('./wings/copies/schedules/datesTimer.js'),
  files: () => import('./wings/inside/readFiles.js'),
  notes: async (...of) => (await import('./wings/copies/notesOfBackups.js')).readBackupNotes(...of),
  left: [
    async (...of) => (await import('./wings/cluster/leftInCluster.js')).leftInCluster(...of),
    async (...of) => (await import('./wings/guest/make/removeNewVm.js')).leftInGuest(...of),
  ],
};

/** Not where Node.js keeps it by itself: that is in /tmp, and who is there first gives us code to run. */
function keepCompiled(environment: NodeJS.ProcessEnv): void {
  const state = stateFolder(environment, '');
  if (enableCompileCache === undefined || state === '') {
    return;
  }
  const folder = join(state, 'compiled');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch {
    // Compiled anew each time.
    return;
  }
  enableCompileCache(folder);
}

let isUnwritten = false;

/** What was asked for goes on to its end. A reader that has gone wants no more of the answer; any other loses it. */
function failUnwritten({ code, message }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE' || code === 'ECONNRESET' || isUnwritten) {
    return;
  }
  isUnwritten = true;
  process.stderr.write(`${t('Could not write the result to standard output: {0}.', message)}\n`);
  endWith(Number(process.exitCode ?? exitCode('done')));
}

/** The answer may turn out to be lost when all else has ended. */
function endWith(code: number): void {
  process.exitCode = isUnwritten && code === exitCode('done') ? exitCode('failed') : code;
}

async function main(): Promise<number> {
  const { stdout, stderr, argv, env } = process;
  stdout.on('error', failUnwritten);
  stderr.on('error', () => undefined);
  const words = argv.slice(2);
  try {
    const parsed = words[0] === 'complete-words' ? undefined : parseCommandLine(commands, words);
    switch (parsed?.kind) {
      case 'help': {
        const width = Math.min(
          100,
          (stdout.isTTY as boolean | undefined) === true ? Math.max(20, stdout.columns) : 100,
        );
        const { of, group } = parsed;
        stdout.write(
          of !== undefined
            ? commandHelp(of, width)
            : group !== undefined
              ? groupHelp(commands, group, width)
              : generalHelp(commands, width),
        );
        return exitCode('done');
      }
      case 'version':
        stdout.write(`${ownVersion()}\n`);
        return exitCode('done');
      case 'call':
      case undefined:
        break;
    }
    if (parsed?.call.command === 'completion') {
      const { completionScript } = await import('./cli/completion.js');
      stdout.write(completionScript(parsed.call.operands[0] ?? ''));
      return exitCode('done');
    }
    keepCompiled(env);
    const { Terminal } = await import('./cli/terminal.js');
    const terminal = new Terminal(
      // Standard input is opened where somebody reads it: most commands do not.
      process,
      env,
      parsed?.call.flags.has('quiet') === true ? 'quiet' : 'usual',
    );
    if (parsed === undefined) {
      const { completeWords } = await import('./cli/completeWords.js');
      await completeWords(commands, words.slice(1), terminal, env);
      return exitCode('done');
    }
    const { speak } = await import('./cli/language.js');
    speak(join(__dirname, 'l10n'), env, terminal, parsed.call.texts['connect']);
    if (parsed.call.command === 'hook') {
      const [{ hook }, { noLog }] = await Promise.all([import('./cli/commands/hook.js'), import('./base/log.js')]);
      return await hook({ call: parsed.call, readers, terminal, environment: env, log: noLog });
    }
    const { runCommandLine } = await import('./cli/runCommandLine.js');
    return await runCommandLine({
      call: parsed.call,
      readers,
      terminal,
      environment: env,
      onInterrupt: (listener) => process.on('SIGINT', listener),
      end: (code) => process.exit(code),
    });
  } catch (error) {
    if (error instanceof CliError) {
      if (wantsJson(words)) {
        const { exit: kind, message } = error;
        const answer = { error: { kind, message, exitCode: exitCode(kind) } };
        stdout.write(`${answerDocument(joinCommandWords(splitCommonOptions(words).own)[0] ?? '', answer)}\n`);
      } else {
        stderr.write(`${error.message}\n`);
      }
      return exitCode(error.exit);
    }
    throw error;
  }
}

/** Also where the rest of the words is not understood; what stands behind `--` is not ours. */
function wantsJson(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return words.slice(0, end < 0 ? undefined : end).includes('--json');
}

main().then(endWith, (error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = exitCode('failed');
});
