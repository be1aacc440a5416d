// Runs restic: its arguments as a list, its answers bounded, its key never among the arguments.
import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as v from 'valibot';
import { undefinedIfAbsent } from '../../base/errno.js';
import { findProgram } from '../../base/findProgram.js';
import { parseAs, parseJson } from '../../journal/json.js';
import { removeDeadLocks } from './deadLocks.js';
import { givingWay } from './lowPriority.js';

export type ResticProblem =
  | 'noProgram'
  | 'noKey'
  | 'noKeyFile'
  /** Others may read the file with the key. */
  | 'openKeyFile'
  | 'wrongKey'
  | 'noRepository'
  | 'locked'
  | 'noSpace'
  | 'cancelled'
  | 'failed';

export class ResticFault extends Error {
  override readonly name = 'ResticFault';
  constructor(
    readonly problem: ResticProblem,
    /** In restic's words, or the file; untrusted. */
    readonly said = '',
  ) {
    super(`${problem} ${said}`);
  }
}

export interface ResticOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly passwordFile?: string | undefined;
}

interface RunOptions {
  /** For its standard input. */
  readonly input?: string;
  readonly folder?: string;
  readonly onLine?: (line: string) => void;
  /** It is told of its standard output, which is not kept. */
  readonly onPart?: (part: Buffer) => void;
  /** Of its standard output. */
  readonly mostBytes?: number;
  /** It is not ended when the user cancels: it tidies up. */
  readonly goesOn?: true;
}

const mostAnswerBytes = 64 * 1024 * 1024;
const mostSaid = 4_096;
/** It tries again for a quarter of an hour, each time after a longer wait; such a wait says that a minute was lost. */
const mostWaitSeconds = 45;
/** To take its lock away, which a dead server would have it try for as long. */
const mostStopMs = 10_000;
const retry = /^.*returned error, retrying after ((?:\d+m)?)(\d[\d.]*)(m?s): .*\n/gmu;

/** They read or write whole VMs, and take all processors that there are. */
const long = new Set(['backup', 'dump', 'prune', 'restore']);

export class Restic {
  readonly #program: string;
  readonly #repository: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #signal: AbortSignal;

  private constructor(program: string, repository: string, environment: NodeJS.ProcessEnv, signal: AbortSignal) {
    this.#program = program;
    this.#repository = repository;
    this.#environment = environment;
    this.#signal = signal;
  }

  /**
   * @param repository a folder, or what restic calls a repository: `sftp:host:/folder`
   * @throws ResticFault
   */
  static async open(repository: string, { environment, signal, passwordFile }: ResticOptions): Promise<Restic> {
    const program = await findProgram('restic', environment);
    if (program === undefined) {
      throw new ResticFault('noProgram');
    }
    // Each of these would say another repository or key than this call does.
    const { RESTIC_REPOSITORY: _, RESTIC_REPOSITORY_FILE: __, ...others } = environment;
    return new Restic(program, repositoryOf(repository), await withKey(others, passwordFile), signal);
  }

  /** The answer. A lock that a killed restic of this computer left is removed. @throws ResticFault */
  async run(words: readonly string[], options: RunOptions = {}): Promise<string> {
    try {
      return await this.#run(words, options);
    } catch (error) {
      if (!(error instanceof ResticFault) || error.problem !== 'locked') {
        throw error;
      }
      const own = options.goesOn === true ? { goesOn: true as const } : {};
      // Where the locks cannot be read, perhaps as one is gone, another try tells.
      if (!(await removeDeadLocks((asked) => this.#run(asked, own)).catch(() => true))) {
        throw error;
      }
      return this.#run(words, options);
    }
  }

  #run(words: readonly string[], options: RunOptions): Promise<string> {
    const { input, folder, onLine, onPart, mostBytes = mostAnswerBytes, goesOn } = options;
    const signal = goesOn === true ? undefined : this.#signal;
    if (signal?.aborted === true) {
      throw new ResticFault('cancelled');
    }
    return new Promise((done, reject) => {
      // A process group of its own: Ctrl+C in the terminal reaches it through the signal alone.
      const all = [`--repo=${this.#repository}`, ...words];
      const [program, args] = long.has(words[0] ?? '') ? givingWay(this.#program, all) : [this.#program, all];
      const child = spawn(program, args, {
        env: this.#environment,
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: true,
        ...(folder !== undefined && { cwd: folder }),
      });
      // Only by this one does it take its lock away.
      let end: NodeJS.Timeout | undefined;
      const stop = (): void => {
        child.kill('SIGINT');
        end ??= setTimeout(() => child.kill('SIGKILL'), mostStopMs);
      };
      signal?.addEventListener('abort', stop);
      const parts: Buffer[] = [];
      let [bytes, line, said, isTooLarge] = [0, '', '', false];
      let lost: string | undefined;
      child.stdout.on('data', (part: Buffer) => {
        if (onLine !== undefined) {
          const lines = (line + part.toString('utf8')).split('\n');
          line = (lines.pop() ?? '').slice(-mostSaid);
          lines.forEach(onLine);
        } else if (onPart !== undefined) {
          onPart(part);
        } else if ((bytes += part.length) > mostBytes) {
          isTooLarge = true;
          stop();
        } else {
          parts.push(part);
        }
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).replace(retry, (tried: string, minutes: string, wait: string, unit: string) => {
          if (lost === undefined && (minutes !== '' || (unit === 's' && Number(wait) > mostWaitSeconds))) {
            lost = tried.trim();
            stop();
          }
          return '';
        });
        said = said.slice(-mostSaid);
      });
      // It may end before it has read all of it; then its exit says why.
      child.stdin.on('error', () => undefined).end(input ?? '');
      child.once('error', (error) => reject(new ResticFault('failed', error.message)));
      child.once('close', (code) => {
        signal?.removeEventListener('abort', stop);
        clearTimeout(end);
        if (signal?.aborted === true) {
          reject(new ResticFault('cancelled'));
        } else if (isTooLarge) {
          reject(new ResticFault('failed', `it said more than ${mostBytes} bytes`));
        } else if (lost !== undefined) {
          reject(new ResticFault('failed', lost));
        } else if (code === 0) {
          done(Buffer.concat(parts).toString('utf8'));
        } else {
          const [why = ''] = said.split(noneThere);
          reject(new ResticFault(problemOf(code, said), why.trim() || `exit code ${code ?? '?'}`));
        }
      });
    });
  }

  /** Those with all of these tags, the oldest first. @throws ResticFault */
  async snapshots(
    tags: readonly string[],
    options: Pick<RunOptions, 'goesOn'> = {},
  ): Promise<readonly ResticSnapshot[]> {
    // An empty one would mean those without any.
    const having = tags.length === 0 ? [] : [`--tag=${tags.join(',')}`];
    const answer = await this.run(['snapshots', '--json', ...having, '--no-lock'], options);
    const found = parseAs(v.nullable(v.array(resticSnapshot)), parseJson(answer.trim() || 'null'));
    if (found === undefined) {
      throw new ResticFault('failed', 'its list of snapshots cannot be read');
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
  tags: v.optional(v.array(v.string()), []),
});

export type ResticSnapshot = v.InferOutput<typeof resticSnapshot>;

/** restic runs in another folder, so a folder is told in full. */
function repositoryOf(text: string): string {
  return isRemote(text) ? text : resolve(text.replace(/^local:/u, ''));
}

export function isRemote(repository: string): boolean {
  return /^(b2|sftp|s3|gs|azure|swift|rest|rclone):/u.test(repository);
}

/** As it is shown and remembered: an address may have one. */
export function withoutPassword(repository: string): string {
  return repository.replace(/(\/\/[^/:@]*):[^/@]*@/u, '$1:***@');
}

async function withKey(environment: NodeJS.ProcessEnv, passwordFile: string | undefined): Promise<NodeJS.ProcessEnv> {
  const { RESTIC_PASSWORD: _, RESTIC_PASSWORD_COMMAND: __, RESTIC_PASSWORD_FILE: named, ...others } = environment;
  if (passwordFile !== undefined) {
    const file = resolve(passwordFile);
    const found = await undefinedIfAbsent(stat(file));
    if (found?.isFile() !== true) {
      throw new ResticFault('noKeyFile', file);
    }
    if ((found.mode & 0o077) !== 0) {
      throw new ResticFault('openKeyFile', file);
    }
    return { ...others, RESTIC_PASSWORD_FILE: file };
  }
  const { RESTIC_PASSWORD, RESTIC_PASSWORD_COMMAND } = environment;
  if (named === undefined && RESTIC_PASSWORD === undefined && RESTIC_PASSWORD_COMMAND === undefined) {
    throw new ResticFault('noKey');
  }
  return { ...environment, ...(named !== undefined && { RESTIC_PASSWORD_FILE: resolve(named) }) };
}

/** restic asks it too where a server does not answer or lets nobody in. */
const noneThere = 'Is there a repository at the following location?';

/** Newer ones have an exit code of their own for each (0.17). */
function problemOf(code: number | null, said: string): ResticProblem {
  return code === 12 || said.includes('wrong password or no key found')
    ? 'wrongKey'
    : code === 11 || said.includes('repository is already locked')
      ? 'locked'
      : code === 10 || isNoneThere(said)
        ? 'noRepository'
        : /no space left on device|disk quota exceeded/iu.test(said)
          ? 'noSpace'
          : 'failed';
}

function isNoneThere(said: string): boolean {
  const [why = '', ...asked] = said.split(noneThere);
  return (
    asked.length > 0 && /no such file or directory|does(?: not|n't) exist|not found|\b404:|StatusCode=404/iu.test(why)
  );
}
