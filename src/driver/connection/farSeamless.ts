// What a snapshot with RAM of a guest that runs on needs of a host that is logged in to: as here, by a shell there.
import { posix } from 'node:path';
import * as v from 'valibot';
import { partOf } from '../../domain/hostFiles.js';
import type { Seamless } from '../../domain/seamless.js';
import type { HostLogin } from '../../hosts/hostLogin.js';
import { HostShell, type ShellAnswer } from '../../hosts/hostShell.js';
import { uriOnHost } from '../../libvirt/uri.js';
import { errnoError, lostWithShell } from '../files/shellFileSystem.js';
import { finishedMark, headerOf } from '../files/savedState.js';
import { MonitorError } from '../run/monitor.js';
import type { SeamlessAccess } from '../run/stepContext.js';
import functions from './farSeamless.sh';
import { handOverOrder, readHandOver } from './handOver.js';

/** RAM that is flushed takes as long. */
const patienceMs = 15 * 60_000;

const guard = v.picklist(['yes', 'byDevice', 'no']);

/** @param uri of the connection that the login belongs to */
export function farSeamless(login: HostLogin, uri: string): SeamlessAccess {
  const open = (): Promise<HostShell> => asLost(HostShell.open(login, { setUp: functions, patienceMs }));
  const ask = async (...words: readonly string[]): Promise<string> => {
    const shell = await open();
    try {
      return requireDone(await asLost(shell.ask(...words)))
        .out.toString('utf8')
        .trim();
    } finally {
      shell.close();
    }
  };
  const askGuard = async (user: number | undefined): Promise<v.InferOutput<typeof guard>> =>
    v.parse(guard, await ask('guards', ...(user === undefined ? [] : [String(user)])));
  const findObstacle = async (
    ...[files, user]: Parameters<SeamlessAccess['obstacle']>
  ): Promise<Seamless | undefined> => {
    const folders = [...new Set(files.map((file) => posix.dirname(file)))];
    const [, what, folder = ''] = /^(\S+) ?([^]*)$/u.exec(await ask('obstacle', ...folders)) ?? [];
    if (what === 'noVirsh') {
      return { kind: 'no', why: 'noVirsh' };
    }
    if (what === 'folder') {
      return { kind: 'no', why: 'folder', said: folder };
    }
    return (await askGuard(user)) === 'no' ? { kind: 'no', why: 'kernel' } : undefined;
  };
  // A host that allows no further login still saves RAM in another way.
  const saidOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
  return {
    // What QEMU said is all that is known then.
    mayGuard: (user) => askGuard(user).catch(() => 'yes' as const),
    obstacle: (...of) =>
      findObstacle(...of).catch((error: unknown) => ({ kind: 'no', why: 'unknown', said: saidOf(error) })),
    begin: async (file, xml) => {
      const shell = await open();
      const keep = async (...words: readonly string[]): Promise<ShellAnswer> =>
        requireDone(await asLost(shell.keep(...words)));
      const part = partOf(file);
      const header = headerOf(xml);
      try {
        await keep('begin_ram', part, header.toString('base64'));
      } catch (error) {
        shell.close();
        throw error;
      }
      return {
        start: header.length,
        handOver: async (uuid, how) => {
          const { execute, command } = handOverOrder(how);
          // It has what is open in the shell.
          const { code, out, said } = await asLost(shell.ask('hand_over', uriOnHost(uri), uuid, command));
          if (code !== 0) {
            throw new MonitorError(said.trim() || `virsh ended with ${code}`);
          }
          return readHandOver(execute, out.toString('utf8'));
        },
        finish: async () => {
          await keep('finish_ram', part, file, finishedMark.toString('latin1'));
          shell.close();
        },
        discard: async () => {
          try {
            await keep('discard', part);
          } finally {
            shell.close();
          }
        },
      };
    },
  };
}

function requireDone(answer: ShellAnswer): ShellAnswer {
  if (answer.code !== 0) {
    throw errnoError(answer.said);
  }
  return answer;
}

function asLost<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw lostWithShell(error);
  });
}
