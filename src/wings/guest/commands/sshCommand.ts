// `virt-rewind ssh`: logs in to a guest; lets ssh itself do so by the name of the VM.
import { spawn } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { t } from '@vscode/l10n';
import { hasCode } from '../../../base/errno.js';
import { systemClock, within } from '../../../base/clock.js';
import { findProgram } from '../../../base/findProgram.js';
import { CliError } from '../../../cli/commandError.js';
import type { CommandHandler, Context } from '../../../cli/context.js';
import type { ExitName } from '../../../cli/exitCodes.js';
import type { CommandAnswer } from '../../../cli/printed.js';
import { Failure } from '../../../domain/failure.js';
import { pause } from '../../../engine/waitFor.js';
import { guestFailure } from '../guestFailure.js';
import { sshPort } from '../make/sshKeys.js';
import { guestWay, type GuestWay, wayByName } from '../ssh/guestWay.js';
import { exclude, include, removeEntries, writeEntry } from '../ssh/sshConfig.js';
import { stemOf } from '../ssh/sshNames.js';
import { sshOptions } from '../ssh/sshTexts.js';
import type { GuestAnswers } from './answers.js';

/** As a shell tells of a program that a signal ended. */
const signalBase = 128;
const notRun = 255;
const loopback = '127.0.0.1';
const comesBackMs = 120_000;
const betweenTriesMs = 1_000;
const soonMs = 5_000;
/** A host that says nothing would hold a connection for minutes. */
const longestTryMs = 10_000;

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
  const ports = await leadingPorts(call.lists['port'] ?? []);
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
    return runToEnd(program, [...first, ...options, ...ports, '--', to.address, ...command]);
  };
  // A person's shell in a guest comes back; nobody is asked for a password then.
  const mayComeBack = command.length === 0 && terminal.canAsk && way.known !== undefined;
  let now: GuestWay | undefined = await untilGreets(way, wish, terminal);
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

/** On the loopback of this computer alone. @returns arguments for ssh @throws Failure `portTaken`, `portReserved` */
async function leadingPorts(wanted: readonly string[]): Promise<readonly string[]> {
  const taken = new Set<number>();
  const args: string[] = [];
  for (const text of wanted) {
    const [here = 0, there = 0] = (/^(\d{1,5}):(\d{1,5})$/u.exec(text)?.slice(1) ?? []).map(Number);
    if ([here, there].some((port) => port < 1 || port > 65_535)) {
      throw new CliError('usage', '--port is HERE:THERE, such as 8080:80. See virt-rewind ssh --help.');
    }
    if (taken.has(here)) {
      throw guestFailure('portTaken', { port: here });
    }
    await requireFree(here);
    taken.add(here);
    args.push('-L', `${loopback}:${here}:localhost:${there}`);
  }
  return args.length === 0 ? [] : ['-o', 'ExitOnForwardFailure=yes', ...args];
}

async function requireFree(port: number): Promise<void> {
  const server = createServer();
  try {
    await once(server.listen(port, loopback), 'listening');
  } catch (error) {
    throw hasCode(error, 'EACCES')
      ? guestFailure('portReserved', { port })
      : hasCode(error, 'EADDRINUSE')
        ? guestFailure('portTaken', { port })
        : error;
  } finally {
    server.close();
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
      // Behind a port of the host, somebody answers before the guest does.
      if (way.proxy !== undefined || (await greets(way)) || systemClock.ticks() > until) {
        return signal.aborted ? undefined : way;
      }
    } catch (error) {
      if (signal.aborted || systemClock.ticks() > until) {
        throw error;
      }
    }
    await pause(systemClock, betweenTriesMs, signal);
  }
}

/**
 * A guest that starts: ssh itself would wait for more than a minute without a word, since QEMU takes a connection
 * before the guest can. Where nothing answers in time, ssh says why.
 *
 * @throws Failure `refused` where the VM is off by now
 */
async function untilGreets(
  way: GuestWay,
  wish: Parameters<typeof guestWay>[1],
  terminal: Context['terminal'],
): Promise<GuestWay> {
  // The user's own configuration may lead to another port of a guest that is not ours.
  if (way.proxy !== undefined || (way.known === undefined && way.port === undefined)) {
    return way;
  }
  const { session, signal } = wish;
  const until = systemClock.ticks() + comesBackMs;
  let now = way;
  for (let isFirst = true; !(await greets(now)) && systemClock.ticks() < until; isFirst = false) {
    if (isFirst) {
      terminal.tell(t('Waiting for ssh in the guest… ({0} stops this.)', 'Ctrl+C'));
    }
    await pause(systemClock, betweenTriesMs, signal);
    if (signal.aborted) {
      throw new Failure('cancelled', {});
    }
    await session.engine.refresh({ vm: (await session.vm(way.uuid)).ref });
    now = await guestWay(await session.vm(way.uuid), wish);
  }
  return now;
}

/** Whether the ssh server of the guest sends its greeting. */
async function greets({ address, port = sshPort }: GuestWay): Promise<boolean> {
  const socket = connect({ host: address, port });
  const told = new Promise<boolean>((resolve) => {
    socket.once('data', () => resolve(true));
    socket.once('error', () => resolve(false)).once('close', () => resolve(false));
  });
  try {
    return await within(systemClock, longestTryMs, told, false);
  } finally {
    socket.destroy();
  }
}

async function runToEnd(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(program, [...args], { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal === null ? notRun : signalBase)));
  });
}
