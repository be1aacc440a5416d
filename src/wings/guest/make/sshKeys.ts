// Our key, made by ssh-keygen, by which we log in to the guests that we made; and the host key of each of these guests,
// so that it is known from the first login on.
import { appendFile, link, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, undefinedIfAbsent } from '../../../base/errno.js';
import { findProgram } from '../../../base/findProgram.js';
import { runHere } from '../../../base/hostProgram.js';
import { ownFolder } from '../../../journal/durable.js';
import { guestFailure } from '../guestFailure.js';

const mostKeygenMs = 60_000;
const newPrefix = 'new-';
/** The port on which the ssh server of a guest answers. */
export const sshPort = 22;

/** In the folder of the journal; nobody else may look into it. */
export function sshFiles(folder: string): { readonly folder: string; readonly key: string; readonly hosts: string } {
  const own = join(folder, 'ssh');
  return { folder: own, key: join(own, 'id_ed25519'), hosts: join(own, 'known_hosts') };
}

/** Made once. @returns the public key @throws Failure `noProgram` */
export async function ownPublicKey(folder: string, signal: AbortSignal): Promise<string> {
  const files = sshFiles(folder);
  await ownFolder(promises, folder);
  await ownFolder(promises, files.folder);
  await removeLeftKeys(files.folder);
  const shown = await keygen(['-y', '-f', files.key], signal);
  if (shown !== undefined) {
    return shown;
  }
  return withNewKey(files.folder, signal, async (path) => {
    // Whole, and only if no other process was first.
    await link(path, files.key).catch((error: unknown) => {
      if (!hasCode(error, 'EEXIST')) {
        throw error;
      }
    });
    return (await keygen(['-y', '-f', files.key], signal)) ?? failKeygen();
  });
}

/** By its UUID: its address may have been another VM's. Behind the key: who may log in. */
export async function rememberHost(
  folder: string,
  { uuid, user, publicKey }: { readonly uuid: string; readonly user: string; readonly publicKey: string },
): Promise<void> {
  const [type = '', key = ''] = publicKey.split(' ');
  await appendFile(sshFiles(folder).hosts, `${uuid} ${type} ${key} ${user}\n`, { mode: 0o600 });
}

/** A guest that we made. */
export interface KnownGuest {
  readonly user: string;
}

/** What a guest was made of, or itself. */
export interface KeptIdentity {
  readonly uuid: string;
  /** The public one that its seed gives it, as its configuration names it. Absent: that of what it was made of. */
  readonly hostKey?: string;
}

/**
 * Remembered, or made of one that is: it has the key of its own seed, else the same disk has the same key, until it
 * gets another one. That is taken over once: who removes the line removes it for good.
 *
 * @param origins what it was made of, the nearest first
 */
export async function knownGuest(
  folder: string,
  guest: KeptIdentity,
  origins: readonly KeptIdentity[],
): Promise<KnownGuest | undefined> {
  const { uuid } = guest;
  const { hosts } = sshFiles(folder);
  const lines = ((await undefinedIfAbsent(readFile(hosts, 'utf8'))) ?? '').split('\n');
  const lineOf = (of: string): KnownLine | undefined => {
    const found = lines.findLast((line) => line.startsWith(`${of} `)) ?? '';
    // Without a user: a person was asked, and ssh wrote it.
    const [, key, user] = /^\S+ (\S+ \S+) ([a-z_][a-z0-9_-]{0,31})$/u.exec(found) ?? [];
    return key === undefined || user === undefined ? undefined : { key, user };
  };
  const own = lineOf(uuid);
  const taken = `# ${uuid}`;
  if (own !== undefined || lines.includes(taken)) {
    return own && { user: own.user };
  }
  const [from] = origins.flatMap((of) => lineOf(of.uuid) ?? []);
  if (from === undefined) {
    return undefined;
  }
  const line = [guest, ...origins].flatMap((of) => lineOf(of.uuid)?.key ?? of.hostKey ?? []);
  await appendFile(hosts, `${taken}\n`);
  await rememberHost(folder, { uuid, user: from.user, publicKey: line[0] ?? from.key });
  return { user: from.user };
}

interface KnownLine extends KnownGuest {
  /** Its type, and the key itself. */
  readonly key: string;
}

async function withNewKey<T>(folder: string, signal: AbortSignal, use: (path: string) => Promise<T>): Promise<T> {
  const made = await mkdtemp(join(folder, newPrefix));
  try {
    const path = join(made, 'key');
    const said = await keygen(['-q', '-t', 'ed25519', '-N', '', '-C', 'virt-rewind', '-f', path], signal);
    return said === undefined ? failKeygen() : await use(path);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

/**
 * Removes the keys of processes that died: one that lives needs its own no longer than its calls of ssh-keygen may
 * take.
 */
async function removeLeftKeys(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter((one) => one.startsWith(newPrefix))) {
    const path = join(folder, name);
    const { mtimeMs = Infinity } = (await undefinedIfAbsent(stat(path))) ?? {};
    if (Date.now() - mtimeMs > 3 * mostKeygenMs) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

/** Undefined where it failed. */
async function keygen(args: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  const program = await findProgram('ssh-keygen', process.env);
  if (program === undefined) {
    throw guestFailure('noProgram', { program: 'ssh-keygen' });
  }
  const call = { program, args, environment: process.env, atMostMs: mostKeygenMs };
  const { exit, said, errors } = await runHere(call, signal);
  signal.throwIfAborted();
  return exit === 0 ? said.slice(0, said.length - errors.length).trim() : undefined;
}

function failKeygen(): never {
  throw guestFailure('noProgram', { program: 'ssh-keygen' });
}
