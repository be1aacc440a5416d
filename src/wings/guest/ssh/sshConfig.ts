// The files that ssh reads: one of ours, included by one line in the user's own configuration, and one for each guest,
// written when ssh asks for it.
import * as promises from 'node:fs/promises';
import { copyFile, lstat, mkdir, open, readdir, realpath, rename, rm, stat, unlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { hasCode, isAbsent, undefinedIfAbsent } from '../../../base/errno.js';
import type { Log } from '../../../base/log.js';
import { readFileAtMost } from '../../../base/readFileAtMost.js';
import { ownFolder, replaceFile } from '../../../journal/durable.js';
import type { Failure } from '../../../domain/failure.js';
import { guestFailure } from '../guestFailure.js';
import { sshFiles } from '../make/sshKeys.js';
import type { GuestWay } from './guestWay.js';
import { sshSuffix } from './sshNames.js';
import { guestConfig, includeLine, managedConfig, managedFile, nowFolder, withInclude } from './sshTexts.js';

const mostBytes = 1024 * 1024;
/** ssh reads what was written for it at once. */
const entryLastsMs = 60 * 60_000;
const mostTries = 5;

interface ConfigPlace {
  /** The folder of the journal. */
  readonly folder: string;
  readonly log: Log;
}

/** What ssh reads next of a guest. @param typed as ssh was told it */
export async function writeEntry(
  typed: string,
  stem: string,
  way: GuestWay,
  { folder, log }: ConfigPlace,
): Promise<void> {
  const now = nowFolder(folder);
  await ownFolder(promises, now);
  const name = `${stem}${sshSuffix}`;
  const names = [...new Set([name, typed])];
  await replaceFile(promises, join(now, name), guestConfig(names, way, folder), log);
}

/** Removes the entries of a name whose VM is gone, and entries that were not used lately. */
export async function removeEntries(stem: string, { folder }: ConfigPlace): Promise<void> {
  const now = nowFolder(folder);
  for (const name of (await undefinedIfAbsent(readdir(now))) ?? []) {
    const path = join(now, name);
    const changedAt = (await undefinedIfAbsent(stat(path)))?.mtimeMs ?? 0;
    if (name === `${stem}${sshSuffix}` || Date.now() - changedAt > entryLastsMs) {
      await undefinedIfAbsent(unlink(path));
    }
  }
}

/** Whether the user's own configuration includes ours. @throws Failure `sshConfig` */
export async function isIncluded({ folder }: ConfigPlace): Promise<boolean> {
  const line = includeLine(folder);
  const { text } = await readConfig(userConfig(), line);
  return withInclude(text, line, false) !== text;
}

/** @param command of the command line. @throws Failure `sshConfig` */
export async function include(command: readonly string[], place: ConfigPlace): Promise<void> {
  const line = includeLine(place.folder);
  await writeManaged(command, place);
  await changeConfig(userConfig(), line, true);
}

/** @throws Failure `sshConfig`; without the line nothing reads ours, which goes first */
export async function exclude({ folder }: ConfigPlace): Promise<void> {
  await changeConfig(userConfig(), includeLine(folder), false);
  await rm(managedFile(folder), { force: true });
  await rm(nowFolder(folder), { recursive: true, force: true });
}

/** Another version of this program stands elsewhere. Nothing where ours is not included. */
export async function refreshManaged(command: readonly string[], place: ConfigPlace): Promise<void> {
  if ((await undefinedIfAbsent(stat(managedFile(place.folder)))) !== undefined) {
    await writeManaged(command, place);
  }
}

async function writeManaged(command: readonly string[], { folder, log }: ConfigPlace): Promise<void> {
  const [file, text] = [managedFile(folder), managedConfig(command, folder)];
  if ((await undefinedIfAbsent(readFileAtMost(file, mostBytes)))?.toString() !== text) {
    await ownFolder(promises, folder);
    await ownFolder(promises, sshFiles(folder).folder);
    await replaceFile(promises, file, text, log);
  }
}

/** ssh itself takes that of the user database; who sets another home means another configuration. */
function userConfig(): string {
  return join(process.env['HOME'] ?? homedir(), '.ssh', 'config');
}

interface ReadConfig {
  /** Where it leads, if it is a link. Absent: there is none. */
  readonly real?: string;
  /** A character for each byte: what is in it stays as it is. */
  readonly text: string;
  readonly mode: number;
  readonly state: string;
  /** It has another name, as those of programs that keep such files in one folder. */
  readonly isLinked: boolean;
}

/** @throws Failure `sshConfig` */
async function readConfig(file: string, line: string): Promise<ReadConfig> {
  const fail = (why: 'notOurs' | 'denied' | 'nowhere' | 'tooLong'): never => {
    throw guestFailure('sshConfig', { file, line, why });
  };
  try {
    if ((await undefinedIfAbsent(lstat(file))) === undefined) {
      return { text: '', mode: 0o600, state: '', isLinked: false };
    }
    const real = await realpath(file);
    const facts = await stat(real);
    if (!facts.isFile() || facts.uid !== (process.geteuid?.() ?? facts.uid)) {
      return fail('notOurs');
    }
    if (facts.size > mostBytes) {
      return fail('tooLong');
    }
    const text = (await readFileAtMost(real, mostBytes)).toString('latin1');
    const state = `${facts.ino} ${facts.size} ${facts.mtimeMs}`;
    return { real, text, mode: facts.mode & 0o777, state, isLinked: facts.nlink > 1 };
  } catch (error) {
    if (hasCode(error, 'EACCES', 'EPERM')) {
      return fail('denied');
    }
    if (hasCode(error, 'ELOOP') || isAbsent(error)) {
      return fail('nowhere');
    }
    throw error;
  }
}

/** Whole, or not at all; what somebody else writes meanwhile stays. @throws Failure `sshConfig` */
async function changeConfig(file: string, line: string, isWanted: boolean): Promise<void> {
  const fault = (): Failure => guestFailure('sshConfig', { file, line, why: 'denied' });
  for (let tries = 0; tries < mostTries; tries++) {
    const read = await readConfig(file, line);
    const text = withInclude(read.text, line, isWanted);
    if (text === read.text) {
      return;
    }
    const real = read.real ?? file;
    const making = `${real}.${randomBytes(8).toString('hex')}`;
    try {
      await mkdir(dirname(real), { recursive: true, mode: 0o700 });
      const made = await open(making, 'wx', read.mode);
      try {
        await made.writeFile(text, 'latin1');
        await made.chmod(read.mode);
        await made.sync();
      } finally {
        await made.close();
      }
      if ((await readConfig(file, line)).state === read.state) {
        // A new file would be one that the other name does not lead to.
        await (read.isLinked ? copyFile(making, real) : rename(making, real));
        return;
      }
    } catch (error) {
      throw hasCode(error, 'EACCES', 'EPERM', 'EROFS') ? fault() : error;
    } finally {
      await rm(making, { force: true });
    }
  }
  throw fault();
}
