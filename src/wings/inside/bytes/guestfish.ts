// guestfish as a child that stays: it reads disks in a small VM of its own, so that a hostile file system has no kernel
// of this computer before it. One command at a time; it ends with `close`, or with this process.
import { randomBytes } from 'node:crypto';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoOf } from '../../../base/errno.js';
import { openToRead } from '../../../base/readFileAtMost.js';
import { type Disk, DiskError } from './disk.js';
import { commandLine, type GuestfishWord, parseFault } from './guestfishWords.js';
import script from './guestfish.sh';
import { serveDisk } from './nbdServer.js';

/** What guestfish says where it cannot do a command. It goes on. */
export class GuestfishFault extends Error {
  override readonly name = 'GuestfishFault';
}

export interface Guestfish {
  /** What it prints. Rejects with `GuestfishFault`, or with `DiskError` where guestfish ended. */
  run(name: string, ...words: readonly GuestfishWord[]): Promise<string>;
  /** What it writes into a file, at most as many bytes. @param words with the place of that file's name */
  runToFile(name: string, words: (file: string) => readonly GuestfishWord[], most: number): Promise<Buffer>;
  close(): void;
}

const mostSaid = 16 * 1024 * 1024;
/** A computer without KVM needs a minute. */
const launchMs = 300_000;

/** It goes on without its VM, and can do nothing. */
const lost = /appliance closed the connection|call launch before/u;

/** As `/dev/sda`, `/dev/sdb`, … Rejects with `DiskError`, whose message says why it does not start. */
export async function startGuestfish(
  program: string,
  disks: readonly Disk[],
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Guestfish> {
  signal.throwIfAborted();
  const folder = await mkdtemp(join(tmpdir(), 'virt-rewind-'));
  const servers: Server[] = [];
  let fish: Child | undefined;
  try {
    for (const [index, disk] of disks.entries()) {
      servers.push(await serveDisk(disk, join(folder, String(index))));
    }
    fish = new Child(program, folder, servers, environment);
    return await launch(fish, folder, disks.length, signal);
  } catch (error) {
    fish?.close();
    servers.forEach((server) => server.close());
    if (fish === undefined) {
      await rm(folder, { recursive: true, force: true });
    }
    throw error instanceof GuestfishFault || error instanceof DiskError
      ? new DiskError(`guestfish does not start, libguestfs-test-tool tells more: ${error.message}`)
      : error;
  }
}

async function launch(fish: Child, folder: string, disks: number, signal: AbortSignal): Promise<Guestfish> {
  const close = (): void => fish.close();
  const timer = setTimeout(close, launchMs);
  signal.addEventListener('abort', close);
  try {
    for (let index = 0; index < disks; index++) {
      const server = `server:unix:${join(folder, String(index))}`;
      await fish.run('add-drive', '', 'readonly:true', 'format:raw', 'protocol:nbd', server);
    }
    await fish.run('run');
    return fish;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', close);
  }
}

class Child implements Guestfish {
  readonly #child: ChildProcess;
  readonly #answer: string;
  /** Nobody can guess it: what a guest named does not end an answer. */
  readonly #mark = `virt-rewind-${randomBytes(12).toString('hex')}`;
  #out = '';
  #said = '';
  #ended: DiskError | undefined;
  #wake: (() => void) | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(
    program: string,
    folder: string,
    private readonly servers: readonly Server[],
    environment: NodeJS.ProcessEnv,
  ) {
    this.#answer = join(folder, 'answer');
    this.#child = spawn('/bin/sh', ['-c', script, 'sh', program, folder], {
      env: {
        // Not libvirt's: it would define a VM for each.
        LIBGUESTFS_BACKEND: 'direct',
        ...environment,
        LC_ALL: 'C',
        LIBGUESTFS_DEBUG: '0',
        LIBGUESTFS_TRACE: '0',
        LIBGUESTFS_TMPDIR: folder,
        XDG_RUNTIME_DIR: folder,
      },
      stdio: 'pipe',
      // A group of its own: it is ended with all that it started, and not by Ctrl+C in the terminal.
      detached: true,
    });
    const { stdin, stdout, stderr } = this.#child;
    stdin?.on('error', () => undefined);
    stdout?.setEncoding('latin1').on('data', (text: string) => this.#hear((this.#out += text)));
    stderr?.setEncoding('latin1').on('data', (text: string) => this.#hear((this.#said += text)));
    this.#child.once('error', (error) => this.#end(error.message));
    // With its last words, not before them.
    this.#child.once('close', (code) => this.#end(`${parseFault(this.#said) ?? this.#said.trim()} (${code})`.trim()));
  }

  run(name: string, ...words: readonly GuestfishWord[]): Promise<string> {
    return this.#inTurn(() => this.#ask(name, words));
  }

  runToFile(name: string, words: (file: string) => readonly GuestfishWord[], most: number): Promise<Buffer> {
    return this.#inTurn(async () => {
      await rm(this.#answer, { force: true });
      await this.#ask(name, words(this.#answer));
      const file = await openToRead(this.#answer);
      try {
        const { size } = await file.stat();
        if (size > most) {
          throw new GuestfishFault(`the answer has ${size} bytes`);
        }
        return await file.readFile();
      } finally {
        await file.close();
      }
    });
  }

  close(): void {
    this.#ended ??= new DiskError('guestfish was ended');
    this.servers.forEach((server) => server.close());
    this.#child.stdin?.end();
    if (this.#waiting > 0) {
      this.#kill();
    }
    this.#child.unref();
    this.#wake?.();
  }

  #kill(): void {
    try {
      if (this.#child.pid !== undefined && this.#child.exitCode === null) {
        process.kill(-this.#child.pid, 'SIGTERM');
      }
    } catch (error) {
      // It ended by itself.
      if (errnoOf(error) !== 'ESRCH') {
        throw error;
      }
    }
  }

  async #inTurn<T>(act: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const turn = this.#last.then(act, act);
    this.#last = turn;
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Both streams have the mark behind an answer: a command that guestfish does not know is told on the second. */
  async #ask(name: string, words: readonly GuestfishWord[]): Promise<string> {
    const line = commandLine(`-${name}`, words);
    if (line === undefined) {
      throw new GuestfishFault('the name is too long');
    }
    const mark = this.#mark;
    [this.#out, this.#said] = ['', ''];
    this.#child.stdin?.write(`${line}\necho ${mark}\n-${mark}\n`, 'latin1');
    const end = `${mark}\n`;
    const unknown = `${mark}: unknown command\n`;
    while (!(this.#out.endsWith(end) && this.#said.endsWith(unknown))) {
      if (this.#ended !== undefined) {
        throw this.#ended;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const fault = parseFault(this.#said.slice(0, -unknown.length));
    if (fault !== undefined && lost.test(fault)) {
      this.close();
      throw (this.#ended = new DiskError(`guestfish ended: ${fault}`));
    }
    if (fault !== undefined) {
      throw new GuestfishFault(fault);
    }
    return this.#out.slice(0, -end.length);
  }

  #hear(all: string): void {
    if (all.length > mostSaid) {
      this.#end('guestfish says too much');
      this.close();
    }
    this.#wake?.();
  }

  #end(said: string): void {
    this.#ended ??= new DiskError(`guestfish ended: ${said}`);
    this.servers.forEach((server) => server.close());
    this.#wake?.();
  }
}
