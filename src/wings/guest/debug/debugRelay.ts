// An address here for debuggers of one VM, which stays the same when the VM is reverted. What is between is opened when
// a debugger connects, and closed when it goes: nothing of the VM's host listens meanwhile.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { t } from '@vscode/l10n';
import { asFailure } from '../../../domain/asFailure.js';
import { Failure } from '../../../domain/failure.js';
import { Emitter } from '../../../base/emitter.js';
import type { Log } from '../../../base/log.js';
import { refuse } from '../../../domain/refusal.js';
import { isActive, type VmRef } from '../../../domain/vm.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import type { VmView } from '../../../live/views.js';
import { DebuggerWords } from './debuggerWords.js';

/** Interrupts the guest, if it runs, and leaves it: it runs on, without the breakpoints in its memory. */
const interruptAndDetach = '\u0003$D;1#b0';
const ok = '$OK#9a';
const detachMs = 1_000;

type RelayEngine = Pick<EnginePort, 'guests' | 'requireOpen' | 'holdDebugger'>;

type GuestLine = Awaited<ReturnType<RelayEngine['guests']['debuggerOf']>>;

type HeldDebugger = Awaited<ReturnType<RelayEngine['holdDebugger']>>;

interface RelayParts {
  readonly server: Server;
  readonly folder: string | undefined;
  readonly log: Log;
  readonly held: HeldDebugger;
  readonly address: string;
}

export class DebugRelay {
  readonly #engine: RelayEngine;
  readonly #ref: VmRef;
  readonly #server: Server;
  readonly #folder: string | undefined;
  readonly #log: Log;
  readonly #broke = new Emitter<void>();
  readonly #failed = new Emitter<Failure>();
  readonly #closed = new Emitter<void>();
  /** Absent while the VM is off. */
  #held: HeldDebugger | undefined;
  #session: Promise<void> | undefined;
  #debugger: Socket | undefined;

  /** As gdb takes it after `target remote`. */
  readonly address: string;
  /** The VM was reverted or stopped under a debugger, whose connection ends with that. */
  readonly onDidBreak = this.#broke.event;
  /** Nothing is behind the address any more. */
  readonly onDidClose = this.#closed.event;
  /** A debugger was not let in. */
  readonly onDidFail = this.#failed.event;

  private constructor(engine: RelayEngine, ref: VmRef, parts: RelayParts) {
    this.#engine = engine;
    this.#ref = ref;
    this.#server = parts.server;
    this.#folder = parts.folder;
    this.#log = parts.log;
    this.#held = parts.held;
    this.address = parts.address;
    this.#server.on('connection', (socket) => {
      socket.on('error', () => undefined);
      if (this.#session !== undefined) {
        socket.destroy();
        this.#failed.fire(new Failure('busy', { libvirtMessage: 'another debugger is attached' }));
        return;
      }
      this.#debugger = socket;
      this.#session = this.#serve(socket)
        .catch((error: unknown) => {
          this.#log.warn(`a debugger of ${this.#ref.uuid}: ${String(error)}`);
          this.#failed.fire(asFailure(error));
        })
        .finally(() => {
          socket.destroy();
          this.#session = undefined;
        });
    });
  }

  /** @throws Failure `refused` where the VM is off, or its daemon read-only */
  static async open(engine: RelayEngine, { ref, vm }: Pick<VmView, 'ref' | 'vm'>, log: Log): Promise<DebugRelay> {
    if (!isActive(vm.power)) {
      const { refusal } = refuse('notRunning', { vm: vm.name, state: vm.power, wanted: 'guest' });
      throw new Failure('refused', { vm: vm.name, refusal });
    }
    await engine.requireOpen(ref.connection, vm.name);
    const held = await engine.holdDebugger(ref);
    try {
      return new DebugRelay(engine, ref, { ...(await listen()), held, log });
    } catch (error) {
      await held.end();
      throw error;
    }
  }

  /** Leaves the guest, which runs on. Never rejects. */
  async close(): Promise<void> {
    this.#server.close();
    this.#closed.fire();
    this.#debugger?.destroy();
    await this.#session;
    await this.#held?.end();
    if (this.#folder !== undefined) {
      await rm(this.#folder, { recursive: true, force: true }).catch((error: unknown) => this.#log.warn(String(error)));
    }
  }

  /** What is left is looked at. Written down again at once: a debugger does not wait long for its first answer. */
  async #leaveHeld(): Promise<void> {
    await this.#held?.leave('now');
    this.#held = await this.#engine.holdDebugger(this.#ref).catch(() => undefined);
  }

  async #serve(socket: Socket): Promise<void> {
    // Its first words wait.
    socket.pause();
    const beside = this.#folder === undefined ? undefined : join(this.#folder, 'qemu');
    let line: GuestLine | undefined;
    try {
      this.#held ??= await this.#engine.holdDebugger(this.#ref);
      line = await this.#engine.guests.debuggerOf(this.#ref, beside);
      const stream = await line.open('ifFree');
      if (stream === undefined) {
        throw new Failure('unsupported', { vm: this.#ref.uuid, doing: 'attaching a debugger to a VM that is off' });
      }
      const gone = await joinUntilEnd(socket, stream, line);
      // In a new QEMU there is none. If only the way to it has ended, the guest stands still.
      await (stream.closed ? this.#leaveHeld() : this.#engine.guests.closeDebugger(this.#ref));
      if (gone === 'guest') {
        this.#broke.fire();
      }
    } catch (error) {
      if (error instanceof Failure && error.details.unanswered !== undefined) {
        await this.#held?.leave('later');
        this.#held = undefined;
      } else {
        await this.#leaveHeld();
      }
      throw error;
    } finally {
      line?.dispose();
    }
  }
}

async function listen(): Promise<Pick<RelayParts, 'server' | 'folder' | 'address'>> {
  const server = createServer({ noDelay: true });
  // Nobody else gets into the folder. Windows has no such sockets.
  const folder = process.platform === 'win32' ? undefined : await mkdtemp(join(tmpdir(), 'virt-rewind-gdb-'));
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve).once('error', reject);
    server.listen(folder === undefined ? { host: '127.0.0.1', port: 0 } : { path: join(folder, 'vm') });
  });
  const port = server.address();
  return { server, folder, address: typeof port === 'string' ? port : `127.0.0.1:${port?.port}` };
}

/** Until either has ended. @returns which one went */
async function joinUntilEnd(socket: Socket, stream: Duplex, line: GuestLine): Promise<'debugger' | 'guest'> {
  const words = new DebuggerWords();
  const gone = await new Promise<'debugger' | 'guest'>((resolve) => {
    // One that goes on in the same QEMU is another guest to a debugger.
    line.onDidChangeVm((what) => what === 'reverted' && resolve('guest'));
    for (const event of ['error', 'end', 'close'] as const) {
      stream.once(event, () => resolve('guest'));
      socket.once(event, () => resolve('debugger'));
    }
    socket.on('data', (bytes: Buffer) => {
      const { pass, isKill, refused } = takeOrLeave(words, bytes);
      if (refused !== undefined) {
        socket.write(refusalOf(refused));
      }
      if (pass.length > 0 && !stream.write(pass)) {
        socket.pause();
        stream.once('drain', () => socket.resume());
      }
      if (isKill) {
        socket.removeAllListeners('data').end(`+${ok}`);
        resolve('debugger');
      }
    });
    stream.on('data', (bytes: Buffer) => {
      if (socket.writable && !socket.write(bytes)) {
        stream.pause();
        socket.once('drain', () => stream.resume());
      }
    });
    socket.resume();
  });
  if (gone === 'debugger' && !words.isDetached) {
    await leave(stream);
  }
  return gone;
}

/** Shown by the debugger before its own word for an error. */
function refusalOf(command: string): string {
  const packet = (content: string): string => {
    const sum = Buffer.from(content, 'latin1').reduce((all, byte) => (all + byte) % 256, 0);
    return `$${content}#${sum.toString(16).padStart(2, '0')}`;
  };
  const text = t('Virt Rewind does not pass “{0}” to QEMU: only commands that show something.', command);
  return `+${packet(`O${Buffer.from(`${text}\n`).toString('hex')}`)}${packet('E01')}`;
}

/** What speaks something else is sent away as if it had wanted to kill the guest. */
function takeOrLeave(words: DebuggerWords, bytes: Buffer): ReturnType<DebuggerWords['take']> {
  try {
    return words.take(bytes);
  } catch {
    return { pass: Buffer.alloc(0), isKill: true };
  }
}

/** The guest of a debugger that only went would stand still, or at its next breakpoint, and nobody would be there. */
async function leave(stream: Duplex): Promise<void> {
  stream.resume();
  await Promise.race([
    wait(detachMs),
    new Promise<void>((resolve) => {
      stream.on('data', (bytes: Buffer) => bytes.includes(ok) && resolve()).once('close', resolve);
      stream.write(interruptAndDetach);
    }),
  ]);
}
