// A program of a lab, run in a guest by the ssh of this computer. A lab file may be somebody else's: it says as whom,
// and no more. With which key is for ssh's own configuration and agent to say, and nothing of this computer is lent to
// the guest.
import { t } from '@vscode/l10n';
import { type Clock, systemClock } from '../base/clock.js';
import { findProgram } from '../base/findProgram.js';
import { runHere } from '../base/hostProgram.js';
import { shellWord } from '../base/shellWord.js';
import { Failure } from '../domain/failure.js';
import type { GuestAddress } from '../domain/guestAddress.js';
import { displayLine } from '../domain/plainText.js';
import { guestAddress } from '../engine/guestAddress.js';
import { pause, waitFor } from '../engine/waitFor.js';
import { labFailure } from './labFailure.js';
import type { Lab, LabCommand, SshLogin } from './labFile.js';

/** The exit code of ssh itself: it did not reach the program, or lost it. */
const sshFailed = 255;
/** What PAM says of a guest that is up to its ssh server and no further: nobody but root is let in. */
const stillBooting = /pam_nologin|System is booting up/u;
const betweenTriesMs = 500;
const mostLines = 3;

export interface SshPlace {
  readonly login: SshLogin;
  /** The id of the VM. ssh keeps its key under that, for its address may have been another VM's. */
  readonly uuid: string;
  readonly addressesOf: () => Promise<readonly GuestAddress[]>;
  /** The folder of this lab alone, for the keys of its guests. They are new each time that the lab is created. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Until an address is known and its port answers. */
  readonly waitSeconds: number;
  /** The descriptor of an open file that the program reads. */
  readonly input?: number;
}

export interface EndInGuest {
  /** Absent: well. */
  readonly how?: string;
  /** The last of what it said of errors, in a line. */
  readonly said: string;
}

/** @throws Failure `refused` where the lab wants ssh, and there is none */
export async function requireSsh({ points }: Lab, environment: NodeJS.ProcessEnv, find = findProgram): Promise<void> {
  const isWanted = points.some(({ run }) => run.some(({ ssh }) => ssh !== undefined));
  if (isWanted && (await find('ssh', environment)) === undefined) {
    throw labFailure('noSsh');
  }
}

/** @throws Failure `cancelled`: ssh has ended then */
export async function runOverSsh(
  command: LabCommand,
  place: SshPlace,
  signal: AbortSignal,
  clock: Clock = systemClock,
): Promise<EndInGuest> {
  const { seconds } = command;
  const { login, folder, environment, waitSeconds } = place;
  const until = clock.ticks() + waitSeconds * 1_000;
  const found = await guestAddress(waitSeconds * 1_000, {
    clock,
    signal,
    // While it starts again, nobody may know.
    addressesOf: () => place.addressesOf().catch(() => []),
  });
  if (typeof found === 'string') {
    return inVain(
      found,
      t('its address was unknown after {0} s (its guest agent or a libvirt network reports it)', waitSeconds),
    );
  }
  const { address, leftMs } = found;
  const { outcome } = await waitFor(
    { what: 'port', host: address, port: login.port, atMostMs: leftMs },
    { clock, signal, readVm: () => Promise.reject(new Error('a port is no matter of the VM')) },
  );
  if (outcome !== 'there') {
    return inVain(outcome, t('port {0} of {1} did not respond within {2} s', login.port, address, waitSeconds));
  }
  const call = {
    program: (await findProgram('ssh', environment)) ?? 'ssh',
    args: [...options(place), '-p', String(login.port), '-l', login.user, '--', address, lineOf(command)],
    environment,
    folder,
    ...(place.input !== undefined && { input: place.input }),
    atMostMs: seconds * 1_000,
  };
  for (;;) {
    const end = await runHere(call, signal, clock).catch((error: unknown) => displayLine(String(error), 300));
    if (typeof end === 'string') {
      return { how: end, said: '' };
    }
    const { exit, why, errors } = end;
    if (exit === sshFailed && stillBooting.test(errors) && clock.ticks() < until) {
      await pause(clock, betweenTriesMs, signal);
    } else if (why !== undefined) {
      return inVain(why, t('it did not end within {0} s', seconds), lastOf(errors));
    } else {
      return { ...(exit !== 0 && { how: t('it exited with code {0}', exit ?? '?') }), said: lastOf(errors) };
    }
  }
}

/**
 * What stands in ssh's configuration counts, but for what would ask somebody, lend something, or lead to another VM.
 */
function options({ uuid }: SshPlace): readonly string[] {
  const given = {
    BatchMode: 'yes',
    ConnectTimeout: '15',
    LogLevel: 'INFO',
    // In the folder of the lab, in which ssh runs: a path in here would be split at blanks, and read for more.
    UserKnownHostsFile: 'known_hosts',
    StrictHostKeyChecking: 'accept-new',
    HostKeyAlias: uuid,
    CheckHostIP: 'no',
    ForwardAgent: 'no',
    ForwardX11: 'no',
    ClearAllForwardings: 'yes',
    Tunnel: 'no',
    PermitLocalCommand: 'no',
    RemoteCommand: 'none',
    RequestTTY: 'no',
    // One that is shared may lead to the VM that had this address before.
    ControlMaster: 'no',
    ControlPath: 'none',
  };
  // -k: the same for tickets of Kerberos; as an option, an ssh without them would complain.
  return ['-k', ...Object.entries(given).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
}

/** The guest's shell reads it: each word arrives as it is. */
function lineOf({ program, args }: LabCommand): string {
  return [program, ...args].map(shellWord).join(' ');
}

function inVain(why: 'late' | 'stopped' | 'noAgent', how: string, said = ''): EndInGuest {
  if (why === 'stopped') {
    throw new Failure('cancelled', { byUs: true, doing: 'running a program' });
  }
  return { how, said };
}

/** Its author is not trusted: a line of plain text. */
export function lastOf(errors: string): string {
  const lines = errors
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('Warning: Permanently added'));
  return displayLine(lines.slice(-mostLines).join('\n'), 300);
}
