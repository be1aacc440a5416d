// Waits until a new VM says itself that cloud-init has configured it: by its guest agent, or over ssh with our key and
// the host key that we gave it.
import type { Clock } from '../../../base/clock.js';
import { findProgram } from '../../../base/findProgram.js';
import { runHere } from '../../../base/hostProgram.js';
import { shellWord } from '../../../base/shellWord.js';
import { mostGuestOutput } from '../../../domain/guestCommand.js';
import type { VmRef } from '../../../domain/vm.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { portAtHost } from '../../../engine/guestAddress.js';
import { pause } from '../../../engine/waitFor.js';
import { guestFailure } from '../guestFailure.js';
import configured from './configured.sh';
import { sshFiles, sshPort } from './sshKeys.js';

interface ReadyWish {
  readonly vm: VmRef;
  readonly name: string;
  readonly user: string;
  /** The folder of the journal. */
  readonly folder: string;
  readonly seconds: number;
  /** Nothing was asked for that may be missing now: of its own, the guest agent at most. */
  readonly mayBePartly: boolean;
  readonly signal: AbortSignal;
}

export interface ReadyGuest {
  readonly by: 'agent' | 'ssh';
  readonly address?: string;
  /** The port of the host that leads to the guest. Absent: the guest has an address of its own. */
  readonly port?: number;
  /** Parts of its configuration failed: cloud-init's own log in the guest tells which. */
  readonly isPartly: boolean;
}

interface GuestAnswer {
  readonly exit: number | undefined;
  readonly said: string;
}

const betweenLooksMs = 1_000;
/** ssh's own: it did not come to the program. */
const sshFailed = 255;
const otherKey = /HOST IDENTIFICATION HAS CHANGED|Host key verification failed/u;

/** @throws Failure `notReady`, `notSeeded`, `notConfigured`, `off`; the reason of the signal */
export async function untilReady(
  { engine, clock }: { readonly engine: EnginePort; readonly clock: Clock },
  wish: ReadyWish,
): Promise<ReadyGuest> {
  const { vm, name, seconds, signal } = wish;
  const until = clock.ticks() + seconds * 1_000;
  const remainingMs = (): number => Math.max(0, until - clock.ticks());
  let hasOtherKey = false;
  for (;;) {
    signal.throwIfAborted();
    await engine.refresh({ vm });
    const view = engine.findVm(vm);
    if (view === undefined || view.vm.power === 'off' || view.vm.power === 'crashed') {
      throw guestFailure('off', { vm: name });
    }
    if (view.vm.agentConnected) {
      const told = await byAgent(engine, wish, Math.max(1, remainingMs()));
      if (told !== undefined) {
        const [first] = await waysTo(engine, wish);
        return judge(wish, { by: 'agent', ...first }, told);
      }
    }
    for (const way of await waysTo(engine, wish)) {
      const told = await bySsh(way, wish, Math.max(1, remainingMs()));
      if (told === 'otherKey') {
        hasOtherKey = true;
      } else if (told !== undefined) {
        return judge(wish, { by: 'ssh', ...way }, told);
      }
    }
    if (remainingMs() === 0) {
      throw hasOtherKey ? guestFailure('notSeeded', { vm: name }) : guestFailure('notReady', { vm: name, seconds });
    }
    await pause(clock, Math.min(remainingMs(), betweenLooksMs), signal);
  }
}

function judge(
  { vm, name, mayBePartly }: ReadyWish,
  ready: Omit<ReadyGuest, 'isPartly'>,
  { exit, said }: GuestAnswer,
): ReadyGuest {
  if (said.trim() !== vm.uuid) {
    throw guestFailure('notSeeded', { vm: name });
  }
  const isPartly = exit === 2 || (exit === 1 && mayBePartly);
  if (exit !== 0 && !isPartly) {
    throw guestFailure('notConfigured', { vm: name });
  }
  return { ...ready, isPartly };
}

type Way = Pick<ReadyGuest, 'port'> & { readonly address: string };

async function waysTo(engine: EnginePort, { vm }: ReadyWish): Promise<readonly Way[]> {
  const port = await portAtHost(engine.guests, vm, sshPort).catch(() => undefined);
  if (port !== undefined) {
    return [port];
  }
  const all = await engine.guests.addressesOf(vm).catch(() => []);
  return all.slice(0, 4).map(({ address }) => ({ address }));
}

/** Undefined where the agent does not answer, or runs no programs: another look may tell. */
async function byAgent(
  engine: EnginePort,
  { vm, signal }: ReadyWish,
  atMostMs: number,
): Promise<GuestAnswer | undefined> {
  const command = { program: '/bin/sh', args: ['-c', configured], atMostMs };
  const ran = await engine.guests.runIn(vm, command, signal).catch(() => undefined);
  return ran?.kind === 'ended'
    ? { exit: ran.exitCode, said: new TextDecoder().decode(ran.stdout.bytes.subarray(0, mostGuestOutput)) }
    : undefined;
}

async function bySsh(
  { address, port }: Way,
  { vm, user, folder, signal }: ReadyWish,
  atMostMs: number,
): Promise<GuestAnswer | 'otherKey' | undefined> {
  const program = await findProgram('ssh', process.env);
  if (program === undefined) {
    return undefined;
  }
  const files = sshFiles(folder);
  const args = [
    ...loginArguments(folder, vm.uuid),
    '-o',
    'BatchMode=yes',
    '-o',
    'LogLevel=ERROR',
    '-o',
    'ConnectTimeout=5',
  ];
  const call = {
    program,
    args: [
      ...args,
      ...(port === undefined ? [] : ['-p', String(port)]),
      '-l',
      user,
      '--',
      address,
      `sh -c ${shellWord(configured)}`,
    ],
    ...{ environment: process.env, folder: files.folder, atMostMs },
  };
  const { exit, said, errors } = await runHere(call, signal);
  signal.throwIfAborted();
  if (exit === undefined || exit === sshFailed) {
    return otherKey.test(errors) ? 'otherKey' : undefined;
  }
  return { exit, said: said.replace(errors, '') };
}

/** The arguments of ssh: our key, and no host but the one that we created. No configuration counts. */
function loginArguments(folder: string, uuid: string): readonly string[] {
  const { key, hosts } = sshFiles(folder);
  const given = [
    'IdentitiesOnly=yes',
    `UserKnownHostsFile=${/\s/u.test(hosts) ? `"${hosts}"` : hosts}`,
    `HostKeyAlias=${uuid}`,
    'StrictHostKeyChecking=yes',
    'CheckHostIP=no',
  ];
  return ['-F', 'none', '-i', key, ...given.flatMap((option) => ['-o', option])];
}
