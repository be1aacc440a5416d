// Ends the command line by SIGKILL at one of its steps: a program that it starts, what it tells a shell, a change that
// it asks libvirt for, a file that gets or loses its name. Loaded before the command line, in its own process and in
// those that a schedule starts.
import childProcess, { type ChildProcess } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync, watch, writeSync } from 'node:fs';
import fsPromises from 'node:fs/promises';
import { Socket } from 'node:net';
import { basename, join } from 'node:path';
import { callOf } from './killAtCall.js';

export const killVariable = 'VIRT_REWIND_TEST_KILL';

export interface KillTask {
  /** Absent: each step is only written down. */
  readonly at?: string;
  /**
   * `all`: with all that it has started, as a power cut does; `alone`: programs go on; `host`: it stops and says so on
   * its fourth stream, so that its starter ends its host, with libvirt and QEMU as they are then.
   */
  readonly who: 'all' | 'alone' | 'host';
  /** Where each step is written down, and each process. */
  readonly steps: string;
  readonly processes: string;
  readonly repository: string;
  /** Only names of files in it count. */
  readonly folder: string;
}

/** The procedures of libvirt that change VMs. */
const changes =
  /^domain(?:Create|Define|Undefine|Destroy|Shutdown|Suspend|Resume|Block|SnapshotCreate|SnapshotDelete)/u;

/** The procedures of libvirt in the middle of which a host is ended. */
const reverts = /^domainRevertToSnapshot$/u;
const streamOfHost = 3;

export function killAtStep({ at, who, steps, processes, repository, folder }: KillTask): void {
  const seen = new Map<string, number>();
  // Those of a schedule are processes of their own.
  const own = process.argv[2] ?? '';
  const note = (pid: number | undefined): void => appendFileSync(processes, `${pid ?? ''}\n`);
  note(process.pid);

  /** @returns the name of the step, which is the same in each run */
  function stepOf(what: string): string {
    const nth = (seen.get(what) ?? 0) + 1;
    seen.set(what, nth);
    return `${own}: ${what} ${nth}`;
  }

  function reach(step: string): void {
    appendFileSync(steps, `${step}\n`);
    if (step === at) {
      die();
    }
  }

  function die(): void {
    if (who === 'host') {
      writeSync(streamOfHost, 'now');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }
    const others = readFileSync(processes, 'utf8').split('\n').filter(Boolean).map(Number);
    for (const pid of who === 'alone' ? [] : others.filter((one) => one !== process.pid)) {
      for (const target of [-pid, pid]) {
        try {
          process.kill(target, 'SIGKILL');
        } catch {
          // It has ended, or is no group.
        }
      }
    }
    process.kill(process.pid, 'SIGKILL');
  }

  /** What a restic does in its repository, once for each folder there. */
  function watchRepository(child: ChildProcess, step: string): void {
    const told = new Set<string>();
    const data = join(repository, 'data');
    const folders = [
      ...['locks', 'index', 'snapshots'].map((name) => join(repository, name)),
      ...(existsSync(data) ? readdirSync(data).map((name) => join(data, name)) : []),
    ].filter((path) => existsSync(path));
    const watchers = folders.map((path) =>
      watch(path, (_, name) => {
        if (/^[\da-f]{64}$/u.test(name ?? '')) {
          const kind = path.startsWith(data) ? 'data' : basename(path);
          const what = `${existsSync(join(path, name ?? '')) ? 'has written' : 'has removed'} ${kind}`;
          if (!told.has(what)) {
            told.add(what);
            reach(`${step} ${what}`);
          }
        }
      }),
    );
    child.once('exit', () => watchers.forEach((watcher) => watcher.close()));
  }

  /** With the word that says what it is to do, whatever stands before the program. */
  function wordOf(program: string, words: readonly string[]): string {
    const at = words.findIndex((word) => ['restic', 'tar', 'sha256sum'].includes(basename(word)));
    const [name, rest] = at < 0 ? [program, words] : [words[at] ?? '', words.slice(at + 1)];
    return `${basename(name)} ${rest.find((word) => /^[a-z][a-z-]*$/u.test(word)) ?? ''}`.trim();
  }
  function started(child: ChildProcess, step: string): void {
    note(child.pid);
    if (step.includes(': restic ')) {
      watchRepository(child, step);
    }
    if (step.includes(': tar ')) {
      child.stdout?.once('data', () => reach(`${step} writes`));
    }
  }
  for (const name of ['spawn', 'execFile'] as const) {
    const real = childProcess[name] as (...all: readonly unknown[]) => ChildProcess;
    childProcess[name] = ((program: string, words: readonly string[], ...rest: readonly object[]) => {
      const step = stepOf(wordOf(program, words));
      reach(`${step} begins`);
      const child = real(program, words, ...rest);
      started(child, step);
      return child;
    }) as never;
  }

  // eslint-disable-next-line @typescript-eslint/unbound-method -- called as that of each socket
  const write = Socket.prototype.write as (this: Socket, ...args: unknown[]) => boolean;
  Socket.prototype.write = function (this: Socket, ...args: unknown[]): boolean {
    const [packet] = args;
    const text = Buffer.isBuffer(packet) ? packet.toString('latin1', 0, 4_096) : packet;
    const call = Buffer.isBuffer(packet) ? (callOf(packet) ?? '') : '';
    const isScript = typeof text === 'string' && text.startsWith('{\n');
    const isChange = changes.test(call) || (who === 'host' && reverts.test(call));
    const step = isChange ? stepOf(call) : isScript ? stepOf('script') : undefined;
    if (step !== undefined) {
      reach(`${step} before`);
    }
    const written = write.apply(this, args);
    if (step !== undefined) {
      reach(`${step} sent`);
    }
    return written;
  };

  for (const name of ['rename', 'unlink'] as const) {
    const real = fsPromises[name] as (from: string, to?: string) => Promise<void>;
    fsPromises[name] = ((from: string, to?: string) => {
      if (from.startsWith(folder)) {
        reach(stepOf(name));
      }
      return real(from, to);
    }) as never;
  }
}

const task = process.env[killVariable];
if (task !== undefined) {
  killAtStep(JSON.parse(task) as KillTask);
}
