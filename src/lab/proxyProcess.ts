// The squid of a lab, a process that outlives its starter: started, seen, ended. Only the very process that was started
// is ever ended.
import { spawn } from 'node:child_process';
import { chown, mkdir, open, readdir, readFile, readlink, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { hasCode, undefinedIfAbsent } from '../base/errno.js';
import { findProgram, isProgram } from '../base/findProgram.js';
import { runHere } from '../base/hostProgram.js';
import { readFileAtMost } from '../base/readFileAtMost.js';
import { displayLine } from '../domain/plainText.js';
import type { Writer } from '../journal/entry.js';
import type { RecordedNetwork } from '../journal/labStore.js';
import { proxyLogOf } from '../journal/refusedRequests.js';
import { isSeen, markOf } from '../journal/writer.js';
import { labFailure } from './labFailure.js';
import { squidConf } from './squidConf.js';
import startProxyScript from './startProxy.sh';

const atMostMs = 30_000;
const lookEveryMs = 50;
/** In blocks of 512 bytes, or of 1024 to some shells. */
const mostLogBlocks = 8_192;
/** From where on a new start begins a new log. */
const mostLogKept = 1024 * 1024;
const mostSaid = 2_000;
const never = new AbortController().signal;

type ProxyWish = Pick<RecordedNetwork, 'address' | 'port' | 'folder' | 'allow' | 'log'>;

/** @throws Failure `refused` where it is not installed */
export async function requireSquid(environment: NodeJS.ProcessEnv): Promise<string> {
  const usual = '/usr/sbin/squid';
  const found = (await findProgram('squid', environment)) ?? ((await isProgram(usual)) ? usual : undefined);
  if (found === undefined) {
    throw labFailure('noSquid');
  }
  return found;
}

/**
 * Resolves when it listens.
 * @param onStarted resolves when it is written down; the process waits for that
 * @throws Failure `failed`
 */
export async function startProxy(
  wish: ProxyWish,
  environment: NodeJS.ProcessEnv,
  onStarted: (proxy: Writer) => Promise<void>,
): Promise<void> {
  const { address, port, folder, allow, log } = wish;
  const squid = await requireSquid(environment);
  const user = await userOf(squid, environment);
  const logFile = proxyLogOf(folder);
  await mkdir(folder, { recursive: true, mode: 0o711 });
  await writeFile(
    confIn(folder),
    squidConf({ address, port, allow, ...(log && { log: logFile }), ownNetworks: ownNetworks() }),
    { mode: 0o644 },
  );
  if (((await undefinedIfAbsent(stat(logFile)))?.size ?? 0) > mostLogKept) {
    await rm(logFile);
  }
  await (await open(logFile, 'a', 0o600)).close();
  await chown(logFile, user.uid, user.gid);
  const said = await open(saidIn(folder), 'w', 0o600);
  try {
    const child = spawn('/bin/sh', ['-c', startProxyScript, 'sh', squid, confIn(folder), String(mostLogBlocks)], {
      ...user,
      cwd: '/',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      detached: true,
      stdio: ['pipe', said.fd, said.fd],
    });
    child.on('error', () => undefined);
    child.unref();
    const proxy = child.pid === undefined ? undefined : await markOf(child.pid);
    if (proxy === undefined || child.stdin === null) {
      throw await notStarted(folder);
    }
    child.stdin.on('error', () => undefined);
    try {
      await onStarted(proxy);
    } catch (error) {
      // Without a line it ends.
      child.stdin.destroy();
      throw error;
    }
    child.stdin.end('go\n');
    const until = performance.now() + atMostMs;
    while (!(await listens(proxy.pid, wish))) {
      if (!(await isSeen(proxy)) || performance.now() > until) {
        await endProxy(proxy);
        throw await notStarted(folder);
      }
      await wait(lookEveryMs);
    }
  } finally {
    await said.close();
  }
}

/** Whether the process is there, and it is the one that was started. */
export async function isProxyUp({ proxy }: Pick<RecordedNetwork, 'proxy'>): Promise<boolean> {
  return proxy !== undefined && (await isSeen(proxy));
}

/** One of which it is not known that it is ours is left alone. It keeps nothing that another end would lose. */
export async function endProxy(proxy: Writer | undefined): Promise<void> {
  if (proxy === undefined || !(await isSeen(proxy))) {
    return;
  }
  process.kill(proxy.pid, 'SIGKILL');
  while (await isSeen(proxy)) {
    await wait(lookEveryMs);
  }
}

/** Its files, and the folder where nothing else is in it. */
export async function removeProxyFiles(folder: string): Promise<void> {
  for (const file of [confIn(folder), proxyLogOf(folder), saidIn(folder)]) {
    await rm(file, { force: true });
  }
  try {
    await rmdir(folder);
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTEMPTY')) {
      throw error;
    }
  }
}

function confIn(folder: string): string {
  return join(folder, 'squid.conf');
}

function saidIn(folder: string): string {
  return join(folder, 'squid.said');
}

async function notStarted(folder: string): Promise<Error> {
  const said = await readFileAtMost(saidIn(folder), mostSaid).catch(() => Buffer.alloc(0));
  return labFailure('proxyNotStarted', { said: displayLine(said.toString('utf8'), mostSaid) });
}

/** As whom the distribution runs it: what it reads is hostile. */
async function userOf(
  squid: string,
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly uid: number; readonly gid: number }> {
  const ask = async (program: string, ...args: readonly string[]): Promise<string> =>
    (await runHere({ program, args, environment, atMostMs }, never)).said;
  const name = /--with-default-user=([\w-]+)/u.exec(await ask(squid, '-v'))?.[1] ?? 'nobody';
  const [, , uid = '', gid = ''] = (await ask('getent', 'passwd', name)).split(':');
  if (!/^[1-9]\d*$/u.test(uid) || !/^\d+$/u.test(gid)) {
    throw labFailure('proxyNotStarted', { said: name });
  }
  return { uid: Number(uid), gid: Number(gid) };
}

function ownNetworks(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((cards = []) =>
    cards.map(({ address, cidr }) => (cidr ?? address).toLowerCase()),
  );
}

/** By what the kernel says of this process: another one may have the port. */
async function listens(pid: number, { address, port }: Pick<ProxyWish, 'address' | 'port'>): Promise<boolean> {
  const local = [...address.split('.').map(Number).toReversed(), port >> 8, port & 0xff]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .replace(/.{4}$/u, ':$&')
    .toUpperCase();
  try {
    const rows = (await readFile(`/proc/${pid}/net/tcp`, 'utf8')).split('\n').map((row) => row.trim().split(/\s+/u));
    const inode = rows.find(([, at, , state]) => at === local && state === '0A')?.[9];
    const fds = await readdir(`/proc/${pid}/fd`);
    const links = await Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
    return inode !== undefined && links.includes(`socket:[${inode}]`);
  } catch {
    // It has ended, as is seen next.
    return false;
  }
}
