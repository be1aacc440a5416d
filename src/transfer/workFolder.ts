// A folder for what a program reads from us, such as a manifest with passwords. It is in the state folder: there, the
// next one finds and removes what a killed process left.
import * as promises from 'node:fs/promises';
import { mkdtemp, readdir, readlink, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { undefinedIfAbsent } from '../base/errno.js';
import { changedAt, clockOf, ownFolder } from '../journal/durable.js';
import { transferFailure } from './transferFailure.js';
import { sessionFolder } from '../session/sessionFolder.js';
import { isLeft, markOfName, markOfUs, nameOfMark } from '../journal/processMark.js';

/** For this user alone. It is gone afterwards. @param environment it names the state folder */
export async function withWorkFolder<T>(
  environment: NodeJS.ProcessEnv,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const all = join(sessionFolder(environment), 'copying');
  const folder = await orCannotWrite(all, async () => {
    await ownFolder(promises, all);
    await removeLeft(all);
    return mkdtemp(join(all, `${nameOfMark(await markOfUs())}-`));
  });
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @throws Failure `cannotWrite` */
export async function orCannotWrite<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw transferFailure('cannotWrite', { folder, said: error instanceof Error ? error.message : '', cause: error });
  }
}

/**
 * A process that cannot be seen counts as gone after a day. A first backup over a slow line takes several, in which
 * nothing of its folder changes.
 */
const daysOfWork = 7;

async function removeLeft(all: string): Promise<void> {
  for (const name of await readdir(all)) {
    const mark = markOfName(name.replace(/-\w{6}$/u, ''));
    const folder = join(all, name);
    const idleMs = async (): Promise<number> =>
      ((await clockOf(promises, all)) - (await changedAt(promises, folder))) / daysOfWork;
    if (mark !== undefined && (await isLeft(mark, idleMs)) && !(await isWorkedIn(folder))) {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** A program that a killed process started goes on. */
async function isWorkedIn(folder: string): Promise<boolean> {
  const real = await undefinedIfAbsent(realpath(folder));
  const processes = ((await undefinedIfAbsent(readdir('/proc'))) ?? []).filter((name) => /^\d+$/u.test(name));
  // Those of others cannot be read, and do not work there.
  const folders = await Promise.all(processes.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => undefined)));
  return real !== undefined && folders.includes(real);
}
