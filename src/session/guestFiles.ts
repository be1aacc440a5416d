// Files of a guest by its agent (qapi-schema.json: guest-file-open, -read, -write, -seek, -flush, -close), on a
// connection of its own. libvirt passes these commands on as they are, and notes of the VM that it is "tainted" until
// it is off.
import * as v from 'valibot';
import type { Log } from '../base/log.js';
import { noAgentCodes, runInGuest } from '../driver/guest/runInGuest.js';
import { toFailure } from '../driver/toFailure.js';
import { Failure, isOfWing } from '../domain/failure.js';
import type { VmRef } from '../domain/vm.js';
import type { EnginePort } from '../engine/enginePort.js';
import { openConnection } from '../libvirt/connect.js';
import type { Connection } from '../libvirt/connection.js';
import { errorCodes as code, LibvirtError } from '../libvirt/libvirtError.js';
import type { Domain } from '../libvirt/structs.js';
import { copyFailure, type FileFault, fileFaults } from '../text/guests/copyFailure.js';

/** libvirt's patience with one answer, in seconds: a disk of a guest may be slow. */
const answerSeconds = 30;
const scriptMs = 60_000;
const fileCommands = ['guest-file-open', 'guest-file-read', 'guest-file-write', 'guest-file-close'] as const;
/** From the end of the file, as `guest-file-seek` counts it. */
const fromEnd = 2;
const fromBegin = 0;

const info = v.object({
  return: v.object({ supported_commands: v.array(v.object({ name: v.string(), enabled: v.boolean() })) }),
});
const opened = v.object({ return: v.number() });
const read = v.object({ return: v.object({ 'buf-b64': v.string(), eof: v.boolean() }) });
const written = v.object({ return: v.object({ count: v.pipe(v.number(), v.integer(), v.minValue(0)) }) });
const sought = v.object({ return: v.object({ position: v.number() }) });
const nothing = v.object({ return: v.object({}) });

/** The agent answered that it could not: what it says is all that is known. */
const saidNoCodes: ReadonlySet<number> = new Set([code.VIR_ERR_INTERNAL_ERROR, code.VIR_ERR_AGENT_COMMAND_FAILED]);

/** strerror's words: the agent has no codes of its own. */
const faults: readonly (readonly [RegExp, FileFault])[] = [
  [/no such file|cannot find the (?:file|path)/iu, 'missing'],
  [/is a directory/iu, 'folder'],
  [/read-only file system/iu, 'readOnly'],
  [/permission denied|not permitted|access is denied/iu, 'denied'],
  [/no space left|quota exceeded|not enough space/iu, 'full'],
];

export interface GuestFilesOptions {
  /** Says whether the guest may be asked at all. */
  readonly engine: Pick<EnginePort, 'requireOpen'>;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: Log;
}

/** How a script in the guest ended; undefined where the guest runs none. */
interface ScriptEnd {
  readonly exitCode: number | undefined;
  readonly stdout: string;
}

export class GuestFiles {
  readonly #connection: Connection;
  readonly #dom: Domain;
  readonly #uri: string;

  private constructor(connection: Connection, dom: Domain, uri: string) {
    this.#connection = connection;
    this.#dom = dom;
    this.#uri = uri;
  }

  /** @throws Failure `noAgent`, `blocked`, `notRunning` */
  static async open({ connection: uri, uuid }: VmRef, options: GuestFilesOptions): Promise<GuestFiles> {
    await options.engine.requireOpen(uri);
    const connection = await openConnection(uri, options).catch((error: unknown) => {
      throw toFailure(error, { connection: uri, doing: 'copying a file' });
    });
    try {
      const { dom } = await connection.call('domainLookupByUuid', { uuid });
      const files = new GuestFiles(connection, dom, uri);
      const told = (await files.#ask(info, 'guest-info', undefined, '')).return.supported_commands;
      const commands = fileCommands.filter((name) => !told.some((one) => one.name === name && one.enabled));
      if (commands.length > 0) {
        throw copyFailure('blocked', { commands });
      }
      return files;
    } catch (error) {
      connection.close();
      throw toFailure(error, { connection: uri, vm: uuid });
    }
  }

  close(): void {
    this.#connection.close();
  }

  /** Never cancelled: nobody would know of the handle. @throws Failure */
  async openFile(path: string, mode: 'r' | 'w'): Promise<number> {
    return (await this.#ask(opened, 'guest-file-open', { path, mode }, path)).return;
  }

  /** Undefined where it tells none, as a device or a file of /proc does. @throws Failure */
  async sizeOf(handle: number, path: string): Promise<number | undefined> {
    try {
      const { position } = (await this.#ask(sought, 'guest-file-seek', { handle, offset: 0, whence: fromEnd }, path))
        .return;
      await this.#ask(sought, 'guest-file-seek', { handle, offset: 0, whence: fromBegin }, path);
      return position > 0 && Number.isSafeInteger(position) ? position : undefined;
    } catch (error) {
      if (isOfWing(error, 'copy', ...fileFaults)) {
        return undefined;
      }
      throw error;
    }
  }

  /** @throws Failure */
  async read(
    handle: number,
    count: number,
    path: string,
    signal: AbortSignal,
  ): Promise<{ readonly bytes: Uint8Array; readonly atEnd: boolean }> {
    const answer = (await this.#ask(read, 'guest-file-read', { handle, count }, path, signal)).return;
    return { bytes: Buffer.from(answer['buf-b64'], 'base64'), atEnd: answer.eof };
  }

  /** To the last byte. @throws Failure */
  async write(handle: number, bytes: Uint8Array, path: string, signal: AbortSignal): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const rest = Buffer.from(bytes.subarray(at)).toString('base64');
      const { count } = (await this.#ask(written, 'guest-file-write', { handle, 'buf-b64': rest }, path, signal))
        .return;
      if (count === 0) {
        throw copyFailure('other', { at: 'guest', path, said: 'nothing was written' });
      }
      at += count;
    }
  }

  /** What the guest holds back in its memory it writes, or says that it cannot. @throws Failure */
  async flush(handle: number, path: string): Promise<void> {
    await this.#ask(nothing, 'guest-file-flush', { handle }, path);
  }

  /** @throws Failure */
  async closeFile(handle: number, path: string): Promise<void> {
    await this.#ask(nothing, 'guest-file-close', { handle }, path);
  }

  /**
   * @param args `$1` and so on of the script. Undefined where the guest runs no programs for its agent, or has no
   *   shell.
   */
  async script(text: string, args: readonly string[]): Promise<ScriptEnd | undefined> {
    try {
      const command = { program: '/bin/sh', args: ['-c', text, 'sh', ...args], atMostMs: scriptMs };
      const ran = await runInGuest(this.#connection, this.#dom.uuid, command, new AbortController().signal);
      return ran.kind === 'late'
        ? undefined
        : { exitCode: ran.exitCode, stdout: Buffer.from(ran.stdout.bytes).toString() };
    } catch (error) {
      if (error instanceof LibvirtError && saidNoCodes.has(error.code)) {
        return undefined;
      }
      throw this.#asCopyFailure(error, '');
    }
  }

  async #ask<S extends v.GenericSchema>(
    shape: S,
    execute: string,
    given: object | undefined,
    path: string,
    signal?: AbortSignal,
  ): Promise<v.InferOutput<S>> {
    try {
      const cmd = JSON.stringify({ execute, ...(given !== undefined && { arguments: given }) });
      const { result } = await this.#connection.call(
        'qemuDomainAgentCommand',
        { dom: this.#dom, cmd, timeout: answerSeconds, flags: 0 },
        signal && { signal },
      );
      return v.parse(shape, JSON.parse(result ?? 'null'));
    } catch (error) {
      throw signal?.aborted === true ? copyFailure('cancelled') : this.#asCopyFailure(error, path);
    }
  }

  #asCopyFailure(error: unknown, path: string): unknown {
    if (isOfWing(error, 'copy')) {
      return error;
    }
    // A failure, which a message would repeat, needs no cause.
    const cause = error instanceof Failure ? {} : { cause: error };
    // Adds the failure of a script.
    if (error instanceof Failure && error.kind === 'unsupported') {
      return copyFailure('noAgent', cause);
    }
    if (error instanceof LibvirtError) {
      if (saidNoCodes.has(error.code)) {
        const fault = faults.find(([words]) => words.test(error.message))?.[1] ?? 'other';
        return copyFailure(fault, { at: 'guest', path, said: error.message, ...cause });
      }
      if (error.code === code.VIR_ERR_OPERATION_INVALID) {
        return copyFailure('notRunning', cause);
      }
      if (noAgentCodes.has(error.code)) {
        return copyFailure('noAgent', cause);
      }
    }
    const failure = toFailure(error, { connection: this.#uri, vm: this.#dom.uuid, doing: 'copying a file' });
    return failure.kind === 'lost' ? copyFailure('lost', { said: failure.message, ...cause }) : failure;
  }
}
