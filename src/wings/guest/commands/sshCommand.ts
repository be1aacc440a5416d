// `virt-rewind ssh`: logs in to a guest; lets ssh itself do so by the name of the VM.
import { spawn } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { t } from '@vscode/l10n';
import { systemClock } from '../../../base/clock.js';
import { findProgram } from '../../../base/findProgram.js';
import { CliError } from '../../../cli/commandError.js';
import type { CommandHandler, Context } from '../../../cli/context.js';
import type { ExitName } from '../../../cli/exitCodes.js';
import type { CommandAnswer } from '../../../cli/printed.js';
import { pause, waitFor } from '../../../engine/waitFor.js';
import { guestFailure } from '../guestFailure.js';
import { guestWay, type GuestWay, wayByName } from '../ssh/guestWay.js';
import { exclude, include, removeEntries, writeEntry } from '../ssh/sshConfig.js';
import { stemOf } from '../ssh/sshNames.js';
import { sshOptions } from '../ssh/sshTexts.js';
import type { GuestAnswers } from './answers.js';

/** As a shell tells of a program that a signal ended. */
const signalBase = 128;
const notRun = 255;
const comesBackMs = 120_000;
const betweenTriesMs = 1_000;
const soonMs = 5_000;

export const ssh: CommandHandler = async (context) => {
  const { call } = context;
  if (call.texts['names'] !== undefined) {
    return setNames(context, call.texts['names'] === 'on');
  }
  if (call.operands[0] === undefined) {
    throw new CliError('usage', 'Name a VM. See virt-rewind ssh --help.');
  }
  return call.flags.has('prepare') ? prepare(context) : logIn(context);
};

async function setNames({ session: { folder }, log }: Context, isOn: boolean): Promise<CommandAnswer> {
  await (isOn
    ? include([process.execPath, await realpath(process.argv[1] ?? '')], { folder, log })
    : exclude({ folder, log }));
  return {
    answer: { names: isOn ? 'on' : 'off' } satisfies GuestAnswers['ssh'],
    text: isOn ? t('From now on: {0}', 'ssh NAME.virt-rewind') : t('The line was removed from {0}.', '~/.ssh/config'),
  };
}

/** ssh reads next what this writes. */
async function prepare({ call, session, log, interruption }: Context): Promise<ExitName> {
  const [typed = ''] = call.operands;
  const stem = stemOf(typed);
  if (stem === undefined) {
    throw guestFailure('noSshName', { name: typed });
  }
  const place = { folder: session.folder, log };
  await removeEntries(stem, place);
  const way = await wayByName(stem, { session, environment: process.env, signal: interruption.signal });
  await writeEntry(typed, stem, way, place);
  return 'done';
}

async function logIn({ call, session, terminal, interruption }: Context): Promise<number> {
  const [name = '', ...command] = call.operands;
  const wish = { session, environment: process.env, signal: interruption.signal };
  const stem = stemOf(name);
  const way = stem === undefined ? await guestWay(await session.vm(name), wish) : await wayByName(stem, wish);
  const program = await findProgram('ssh', process.env);
  if (program === undefined) {
    throw guestFailure('noProgram', { program: 'ssh' });
  }
  const user = call.texts['user'];
  const start = (to: GuestWay): Promise<number> => {
    const options = sshOptions(to, session.folder).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
    // For a guest that we created, ssh ignores all configuration.
    const first = [...(to.known === undefined ? [] : ['-F', 'none']), ...(user === undefined ? [] : ['-l', user])];
    return runToEnd(program, [...first, ...options, '--', to.address, ...command]);
  };
  // A person's shell in a guest comes back; nobody is asked for a password then.
  const mayComeBack = command.length === 0 && terminal.canAsk && way.known !== undefined;
  let now: GuestWay | undefined = way;
  for (let isFirst = true; ; isFirst = false) {
    const began = systemClock.ticks();
    const code = await start(now);
    // A guest that lets nobody in once more, or has another key, is not tried for ever.
    const isTriedAgain = isFirst || systemClock.ticks() - began > soonMs;
    now = code === notRun && mayComeBack && isTriedAgain ? await wayAgain(way.uuid, wish, terminal) : undefined;
    if (now === undefined) {
      return code;
    }
  }
}

/** After a revert, which may take a while. Undefined: the VM is off, or gone. */
async function wayAgain(
  uuid: string,
  wish: Parameters<typeof guestWay>[1],
  terminal: Context['terminal'],
): Promise<GuestWay | undefined> {
  terminal.tell(t('The connection ended. Connecting again… ({0} stops this.)', 'Ctrl+C'));
  const { session, signal } = wish;
  const until = systemClock.ticks() + comesBackMs;
  for (;;) {
    try {
      await session.engine.refresh({ vm: (await session.vm(uuid)).ref });
      const way = await guestWay(await session.vm(uuid), wish);
      const waiting = {
        clock: systemClock,
        signal,
        readVm: () => Promise.reject(new Error('a port is no matter of the VM')),
      };
      const atMostMs = Math.max(0, until - systemClock.ticks());
      await (way.proxy ?? waitFor({ what: 'port', host: way.address, port: 22, atMostMs }, waiting));
      return signal.aborted ? undefined : way;
    } catch (error) {
      if (signal.aborted || systemClock.ticks() > until) {
        throw error;
      }
      await pause(systemClock, betweenTriesMs, signal);
    }
  }
}

async function runToEnd(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(program, [...args], { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal === null ? notRun : signalBase)));
  });
}
