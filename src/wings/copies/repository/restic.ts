// Runs restic: its arguments as a list, its answers bounded, its key never among the arguments.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import * as v from 'valibot';
import { undefinedIfAbsent } from '../../../base/errno.js';
import { findProgram } from '../../../base/findProgram.js';
import { Failure, isOfWing } from '../../../domain/failure.js';
import type { HostLogin } from '../../../hosts/hostLogin.js';
import { parseAs, parseJson } from '../../../journal/json.js';
import type { GuestCare } from '../../../transfer/guestCare.js';
import { Connections } from './connections.js';
import { removeDeadLocks, StartedRestics } from './deadLocks.js';
import { OwnSnapshots } from './ownSnapshots.js';
import { isRemote, repositoryOf, withoutPassword, withPassword } from './repositoryAddress.js';
import { type ResticProblem, resticFailure, saidByRestic } from './resticFailure.js';
import { readKey, serviceVariables, withPipeRead } from './resticKey.js';
import { type ResticProgram, resticHere, resticThere } from './resticProgram.js';

interface ResticOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly passwordFile?: string | undefined;
  /** To the computer on which restic runs, and as which it sees the repository; undefined: this one. */
  readonly login?: HostLogin | undefined;
}

interface RunOptions {
  /** For its standard input. */
  readonly input?: string;
  /** A file or device on its computer, in the place of that. */
  readonly inputFrom?: string;
  /** A file of this process that gets its standard output. Not where a login leads to its computer. */
  readonly outputTo?: number;
  readonly folder?: string | undefined;
  readonly onLine?: (line: string) => void;
  /** It is told how long its standard output is, which is not kept. */
  readonly onBytes?: (bytes: number) => void;
  /** The most bytes of its standard output. */
  readonly mostBytes?: number;
  /** The care for the guests that run meanwhile. */
  readonly care?: Pick<GuestCare, 'during'> | undefined;
  /** It is not ended when the user cancels: it tidies up. */
  readonly goesOn?: true;
}

const mostAnswerBytes = 64 * 1024 * 1024;
const mostSaid = 4_096;
/** It tries again for a quarter of an hour, each time after a longer wait; such a wait says that a minute was lost. */
const mostWaitSeconds = 45;
/** To take its lock away, which a dead server would have it try for as long. */
const mostStopMs = 10_000;
/** It tries again all the same. */
const unwritable = /read-only file system|permission denied/iu;
const retry = /^.*returned error, retrying after ((?:\d+m)?)(\d[\d.]*)(m?s): .*\n/gmu;

/** They read or write whole VMs, and take all processors that there are. */
const long = new Set(['backup', 'dump', 'prune', 'restore']);
/** They read backups. Where no lock can be written, as on a full or read-only disk, nothing can be deleted either. */
const reading = new Set(['dump', 'ls', 'mount', 'restore']);

export class Restic {
  readonly #program: ResticProgram;
  readonly #signal: AbortSignal;
  readonly #started: StartedRestics;
  /** To the computer on which it runs; undefined: this one. */
  readonly login: HostLogin | undefined;

  readonly connections: Connections;
  readonly own: OwnSnapshots;
  /** The folder of the repository, on the computer of restic; undefined: a service keeps it. */
  readonly folder: string | undefined;

  private constructor(program: ResticProgram, repository: string, { signal, login, environment }: ResticOptions) {
    this.#program = program;
    this.connections = new Connections(withoutPassword(repository), environment, login?.hostname);
    this.#started = new StartedRestics(environment);
    this.own = new OwnSnapshots(environment);
    this.folder = isRemote(repository) ? undefined : repositoryOf(repository);
    this.login = login;
    this.#signal = signal;
  }

  /**
   * @param given a folder, or what restic calls a repository: `sftp:host:/folder`
   * @throws Failure of restic
   */
  static async open(given: string, options: ResticOptions): Promise<Restic> {
    const { login, signal, passwordFile } = options;
    // Each of these would say another repository or key than this call does.
    const { RESTIC_REPOSITORY: _, RESTIC_REPOSITORY_FILE: __, ...others } = options.environment;
    const { VIRT_REWIND_REPOSITORY: ___, ...environment } = others;
    const repository = withPassword(given, others);
    if (login !== undefined) {
      const own = { ...serviceVariables(environment), RESTIC_REPOSITORY: repository };
      const key = await readKey(await withKey(environment, passwordFile)).catch((error: unknown) => {
        throw resticFailure('failed', String(error));
      });
      const restic = new Restic(resticThere(login, { ...own, RESTIC_PASSWORD: key }, signal), repository, options);
      await restic.run(['version']).catch((error: unknown) => {
        throw isOfWing(error, 'restic', 'noProgram') ? resticFailure('noProgram', login.hostname) : error;
      });
      return restic;
    }
    const program = await findProgram('restic', environment);
    if (program === undefined) {
      throw resticFailure('noProgram');
    }
    const own = { ...(await withKey(environment, passwordFile)), RESTIC_REPOSITORY: repositoryOf(repository) };
    return new Restic(resticHere(program, own), repository, options);
  }

  /** Gives a folder on the computer of restic with one file, as `ResticProgram` does. */
  withFile<T>(name: string, text: string, work: (folder: string) => Promise<T>): Promise<T> {
    return this.#program.withFile(name, text, work);
  }

  /** The answer. A lock that a killed restic of this computer left is removed. @throws Failure of restic */
  async run(words: readonly string[], options: RunOptions = {}): Promise<string> {
    try {
      return await this.#run(words, options);
    } catch (error) {
      if (!isOfWing(error, 'restic', 'locked')) {
        const said = saidByRestic(error) ?? '';
        if (reading.has(words[0] ?? '') && /unable to create lock|^Save\(<lock\//u.test(said)) {
          return this.#run([...words, '--no-lock'], options);
        }
        throw error;
      }
      const own = options.goesOn === true ? { goesOn: true as const } : {};
      // Where the locks cannot be read, perhaps as one is gone, another try tells.
      if (!(await removeDeadLocks((asked) => this.#run(asked, own), this.#started).catch(() => true))) {
        throw error;
      }
      return this.#run(words, options);
    }
  }

  async #run(words: readonly string[], options: RunOptions): Promise<string> {
    const {
      input = '',
      inputFrom,
      outputTo,
      folder,
      onLine,
      onBytes,
      mostBytes = mostAnswerBytes,
      care,
      goesOn,
    } = options;
    const signal = goesOn === true ? undefined : this.#signal;
    const requireWanted = (): void => {
      if (signal?.aborted === true) {
        throw new Failure('cancelled', { byUs: true });
      }
    };
    requireWanted();
    let end: NodeJS.Timeout | undefined;
    const stop = (): void => {
      running.interrupt();
      end ??= setTimeout(() => running.kill(), mostStopMs);
    };
    const parts: Buffer[] = [];
    const decoder = new StringDecoder('utf8');
    let [bytes, line, said, isTooLarge] = [0, '', '', false];
    let lost: string | undefined;
    const running = this.#program.start({
      ...{
        words,
        input,
        inputFrom,
        outputTo,
        folder,
        givesWay: long.has(words[0] ?? '') && !words.includes('--help'),
        counts: onBytes !== undefined,
      },
      onBytes: (count) => onBytes?.(count),
      onOut: (part) => {
        if (onLine !== undefined) {
          const lines = (line + decoder.write(part)).split('\n');
          line = (lines.pop() ?? '').slice(-mostSaid);
          lines.forEach(onLine);
        } else if ((bytes += part.length) > mostBytes) {
          isTooLarge = true;
          stop();
        } else {
          parts.push(part);
        }
      },
      onErrors: (text) => {
        said = (said + text).replace(retry, (tried: string, minutes: string, wait: string, unit: string) => {
          const isLong = minutes !== '' || (unit === 's' && Number(wait) > mostWaitSeconds);
          if (lost === undefined && (isLong || unwritable.test(tried))) {
            lost = tried.trim();
            stop();
          }
          return '';
        });
        said = said.slice(-mostSaid);
      },
    });
    signal?.addEventListener('abort', stop);
    let code: number | undefined;
    try {
      code = await (care?.during(running) ?? running.ended);
    } catch (error) {
      said = error instanceof Error ? error.message : String(error);
    } finally {
      signal?.removeEventListener('abort', stop);
      clearTimeout(end);
    }
    requireWanted();
    if (isTooLarge) {
      throw resticFailure('failed', `it said more than ${mostBytes} bytes`);
    }
    if (lost !== undefined) {
      throw resticFailure('failed', lost);
    }
    if (code !== 0) {
      const problem = problemOf(code, said);
      const [why = ''] = said.replace(calls, '').split(noneThere);
      throw resticFailure(
        problem === 'repositoryFull' && words[0] === 'restore' ? 'noSpace' : problem,
        why.trim() || (code === undefined ? 'a signal ended it' : `exit code ${code}`),
        this.login?.hostname,
      );
    }
    return Buffer.concat(parts).toString('utf8');
  }

  /** Where it cannot now, or may not, these snapshots stay: for what is done anyway. */
  async tryForget(ids: readonly string[]): Promise<void> {
    try {
      await this.run(['forget', ...ids], { goesOn: true });
      await this.own.forget(ids);
    } catch (error) {
      if (!isOfWing(error, 'restic')) {
        throw error;
      }
    }
  }

  /** Those with all of these tags, the oldest first. @throws Failure of restic */
  async snapshots(
    tags: readonly string[],
    options: Pick<RunOptions, 'goesOn'> = {},
  ): Promise<readonly ResticSnapshot[]> {
    // An empty one would mean those without any.
    const having = tags.length === 0 ? [] : [`--tag=${tags.join(',')}`];
    const answer = await this.run(['snapshots', '--json', ...having, '--no-lock'], options);
    const found = parseAs(v.nullable(v.array(resticSnapshot)), parseJson(answer.trim() || 'null'));
    if (found === undefined) {
      throw resticFailure('failed', 'its list of snapshots cannot be read');
    }
    return [...(found ?? [])].sort((one, other) => Date.parse(one.time) - Date.parse(other.time));
  }
}

const resticSnapshot = v.object({
  id: v.pipe(v.string(), v.regex(/^[\da-f]{64}$/u)),
  time: v.pipe(
    v.string(),
    v.check((text) => !Number.isNaN(Date.parse(text))),
  ),
  hostname: v.optional(v.string(), ''),
  /** What it calls the content. */
  tree: v.optional(v.string(), ''),
  /** The backup that it was before a change of tags. */
  original: v.optional(v.string()),
  tags: v.optional(v.array(v.string()), []),
});

export type ResticSnapshot = v.InferOutput<typeof resticSnapshot>;

async function withKey(environment: NodeJS.ProcessEnv, passwordFile: string | undefined): Promise<NodeJS.ProcessEnv> {
  const { RESTIC_PASSWORD: _, RESTIC_PASSWORD_COMMAND: __, RESTIC_PASSWORD_FILE: named, ...others } = environment;
  if (passwordFile !== undefined) {
    const file = resolve(passwordFile);
    const found = await undefinedIfAbsent(stat(file));
    if (found?.isFile() !== true && found?.isFIFO() !== true) {
      throw resticFailure('noKeyFile', file);
    }
    if ((found.mode & 0o077) !== 0) {
      throw resticFailure('openKeyFile', file);
    }
    return withPipeRead({ ...others, RESTIC_PASSWORD_FILE: file });
  }
  const { RESTIC_PASSWORD, RESTIC_PASSWORD_COMMAND } = environment;
  if (named === undefined && RESTIC_PASSWORD === undefined && RESTIC_PASSWORD_COMMAND === undefined) {
    throw resticFailure('noKey');
  }
  return withPipeRead({ ...environment, ...(named !== undefined && { RESTIC_PASSWORD_FILE: resolve(named) }) });
}

/** restic asks it too where a server does not answer or lets nobody in. */
const noneThere = 'Is there a repository at the following location?';

const noSpace = /no space left on device|disk quota exceeded/iu;
/** A stack trace of Go, in pairs of lines: a function and its place. It is for developers of restic. */
const calls = /^\S+\n\t\S+\.go:\d+$\n?/gmu;

/** Newer ones have an exit code of their own for each (0.17). */
function problemOf(code: number | undefined, said: string): ResticProblem {
  return code === 127
    ? 'noProgram'
    : code === 12 || said.includes('wrong password or no key found')
      ? 'wrongKey'
      : code === 11 || said.includes('repository is already locked')
        ? 'locked'
        : code === 10 || isNoneThere(said)
          ? 'noRepository'
          : noSpace.test(said)
            ? 'repositoryFull'
            : 'failed';
}

function isNoneThere(said: string): boolean {
  const [why = '', ...asked] = said.split(noneThere);
  return (
    asked.length > 0 && /no such file or directory|does(?: not|n't) exist|not found|\b404:|StatusCode=404/iu.test(why)
  );
}
