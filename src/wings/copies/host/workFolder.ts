// A folder for what a program reads from us, such as a manifest with passwords. It is in the state folder: there, the
// next one finds and removes what a killed process left.
import * as promises from 'node:fs/promises';
import { mkdtemp, readdir, readlink, realpath, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { undefinedIfAbsent } from '../../../base/errno.js';
import { ownFolder } from '../../../journal/durable.js';
import { sessionFolder } from '../../../session/sessionFolder.js';
import { isLeft } from './processMark.js';

/** For this user alone. It is gone afterwards. @param environment it names the state folder */
export async function withWorkFolder<T>(
  environment: NodeJS.ProcessEnv,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const all = join(sessionFolder(environment), 'copying');
  await ownFolder(promises, all);
  await removeLeft(all);
  const folder = await mkdtemp(join(all, `${process.pid}@${hostname()}-`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function removeLeft(all: string): Promise<void> {
  for (const name of await readdir(all)) {
    const [, pid, host] = /^(\d+)@(.+)-\w{6}$/u.exec(name) ?? [];
    const folder = join(all, name);
    if (pid !== undefined && (await isLeft({ pid: Number(pid), host })) && !(await isWorkedIn(folder))) {
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
