// Starts restic, on this computer or by a login on another one. What it is told to do, and what its words mean, is not
// known here.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { HostLogin, ShellStream } from '../../../hosts/hostLogin.js';
import { shellWord } from '../../../base/shellWord.js';
import { CopiesFault } from '../copiesFault.js';
import { StartedRestics } from './deadLocks.js';
import { HostShell } from '../host/hostShell.js';
import { givingWay, giveWay } from '../host/lowPriority.js';
import { untilMark } from '../host/untilMark.js';
import { orCannotWrite, withWorkFolder } from '../host/workFolder.js';

interface ProgramRun {
  readonly words: readonly string[];
  /** For its standard input. */
  readonly input: string;
  readonly folder?: string | undefined;
  /** It has the lowest priority. */
  readonly givesWay: boolean;
  /** Its standard output is not wanted, only how long it is. */
  readonly counts: boolean;
  readonly onOut: (part: Buffer) => void;
  readonly onBytes: (bytes: number) => void;
  readonly onErrors: (text: string) => void;
}

interface RunningProgram {
  /** Its exit; undefined: a signal ended it. Rejects where it could not be started, or nobody knows how it ended. */
  readonly ended: Promise<number | undefined>;
  /** It then takes its lock away. */
  interrupt(): void;
  kill(): void;
}

export interface ResticProgram {
  start(run: ProgramRun): RunningProgram;
  /**
   * Gives a folder with one file, for this user alone. It is gone afterwards, also where the connection ends; after a
   * kill, the next one removes it.
   */
  withFile<T>(name: string, text: string, work: (folder: string) => Promise<T>): Promise<T>;
}

/**
 * Where this process is killed, restic would work for hours on, on files that the next restore removes. A line on
 * descriptor 3 says that restic has ended; the end of it, that this process has. restic has the number of the shell,
 * which it replaces. Its lock may stay, as nobody reads what it would say first: see `removeDeadLocks`.
 */
const stopWithUs = '{ read -r line <&3 || kill -INT $$; } >/dev/null 2>&1 </dev/null &\nexec 3<&-';

/** @param environment all of it */
export function resticHere(program: string, environment: NodeJS.ProcessEnv): ResticProgram {
  const started = new StartedRestics(environment);
  return {
    start: ({ words, input, folder, givesWay, counts, onOut, onBytes, onErrors }) => {
      // A process group of its own: Ctrl+C in the terminal reaches it through the signal alone.
      const child = spawn(
        ...(givesWay ? givingWay(program, words, `${giveWay}\n${stopWithUs}`) : ([program, words] as const)),
        {
          env: environment,
          stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
          detached: true,
          ...(folder !== undefined && { cwd: folder }),
        },
      );
      const life = child.stdio[3] as Writable;
      life.on('error', () => undefined);
      child.once('exit', () => life.end('\n'));
      child.stdout.on('data', (part: Buffer) => (counts ? onBytes(part.length) : onOut(part)));
      child.stderr.setEncoding('utf8').on('data', onErrors);
      const { pid } = child;
      if (pid !== undefined) {
        const added = started.add(pid);
        // One that was killed left its lock.
        child.once('close', (code) => void (code !== null && added.then(() => started.remove(pid))));
      }
      // It may end before it has read all of it; then its exit says why.
      child.stdin.on('error', () => undefined).end(input);
      return {
        ended: new Promise((resolve, reject) => {
          child.once('error', reject);
          child.once('close', (code) => resolve(code ?? undefined));
        }),
        // Only by this one does it take its lock away.
        interrupt: () => void child.kill('SIGINT'),
        kill: () => void child.kill('SIGKILL'),
      };
    },
    withFile: (name, text, work) =>
      withWorkFolder(environment, async (folder) => {
        await orCannotWrite(folder, () => writeFile(join(folder, name), text, { mode: 0o600 }));
        return work(folder);
      }),
  };
}

/** @param environment what it has beside that of the login: nobody reads it on a command line there */
export function resticThere(login: HostLogin, environment: NodeJS.ProcessEnv, signal: AbortSignal): ResticProgram {
  return {
    start: (run) => {
      const there = new RunThere(login, run, environment);
      return { ended: there.run(), interrupt: () => there.interrupt(), kill: () => there.kill() };
    },
    withFile: async (name, text, work) => {
      const shell = await HostShell.open(login, signal);
      try {
        const file = `"$folder"/${shellWord(name)}`;
        const must = async (script: string): Promise<string> => {
          const { code, said } = await shell.run(script);
          if (code !== 0) {
            throw new CopiesFault({ kind: 'cannotWrite', folder: login.hostname, said });
          }
          return said;
        };
        const folder = (await must(beginFolder(shellWord(name)))).split('\n').at(-1) ?? '';
        await must(`(umask 077; printf %s ${shellWord(text)} >${file})`);
        const result = await work(folder);
        await shell.run('rm -rf "$folder"');
        return result;
      } finally {
        shell.close();
      }
    },
  };
}

/**
 * Who works in the folder shares a lock of it: the shell that made it, and restic. Where that lock is free, all of them
 * were killed. A shell that lost its connection waits for restic, which then stops.
 */
function beginFolder(file: string): string {
  return `for folder in "\${TMPDIR:-/tmp}"/virt-rewind-??????????; do
  [ -O "$folder" ] && [ ! -L "$folder" ] && [ -f "$folder"/${file} ] && flock -n "$folder" rm -rf "$folder"; done
folder=$(umask 077 && mktemp -d "\${TMPDIR:-/tmp}/virt-rewind-XXXXXXXXXX") && exec 9<"$folder" && { flock -s 9 || :; } &&
trap 'exec 9<&-; [ ! -d "$folder" ] || flock -w ${2 * secondsToStop} "$folder" true; rm -rf "$folder"' EXIT && trap exit HUP INT TERM PIPE &&
echo "$folder"`;
}

/** After it was interrupted. */
const secondsToStop = 10;
/** The shell may have read an interruption together with its script. */
const interruptAgainMs = 500;

/**
 * The shell there reads all of a script before it runs any of it. restic's output goes through programs that read on
 * where the connection is cut: a broken pipe would kill it before it has taken its lock away.
 */
class RunThere {
  readonly #login: HostLogin;
  readonly #run: ProgramRun;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #mark = `virt-rewind-${randomBytes(12).toString('hex')}`;
  #stream: ShellStream | undefined;
  #interrupting: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(login: HostLogin, run: ProgramRun, environment: NodeJS.ProcessEnv) {
    this.#login = login;
    this.#run = run;
    this.#environment = environment;
  }

  async run(): Promise<number | undefined> {
    const { counts, onBytes, onOut, onErrors } = this.#run;
    const { hostname, isHost, openShell } = this.#login;
    const stream = await openShell();
    this.#stream = stream;
    try {
      stream.write(`printf '\\n%s %s\\n' ${this.#mark} "$(uname -n)"\n`);
      const host = await untilMark(stream, this.#mark, () => undefined);
      if (!isHost(host)) {
        throw new Error(`the login leads to ${host}, libvirt runs on ${hostname}`);
      }
      if (this.#isStopped) {
        return undefined;
      }
      stream.write(scriptOf(this.#run, this.#environment, this.#mark));
      const decoder = new StringDecoder('utf8');
      const [code] = await Promise.all([
        untilMark(stream, this.#mark, counts ? sumLines(onBytes) : onOut),
        untilMark(stream.errors, this.#mark, (part) => onErrors(decoder.write(part))),
      ]);
      if (!/^\d+$/u.test(code)) {
        throw new Error(`nobody on ${hostname} knows how it ended`);
      }
      return Number(code);
    } finally {
      clearInterval(this.#interrupting);
      stream.destroy();
    }
  }

  interrupt(): void {
    this.#isStopped = true;
    const say = (): void => void this.#stream?.write('\n');
    this.#interrupting ??= setInterval(say, interruptAgainMs);
    say();
  }

  kill(): void {
    this.#isStopped = true;
    this.#stream?.destroy();
  }
}

/** Of numbers, one a line. */
function sumLines(onSum: (sum: number) => void): (part: Buffer) => void {
  let line = '';
  return (part) => {
    const lines = (line + part.toString('latin1')).split('\n');
    line = lines.pop() ?? '';
    onSum(lines.reduce((sum, one) => sum + Number(one), 0));
  };
}

/**
 * | descriptor | what                                              |
 * |------------|---------------------------------------------------|
 * | 3          | our words: a line, or their end, interrupts restic |
 * | 5          | how it ended                                      |
 * | 6          | to us                                             |
 * | 7          | its output                                        |
 * | 8          | the folder that it works in                        |
 */
function scriptOf(
  { words, input, folder, givesWay, counts }: ProgramRun,
  environment: NodeJS.ProcessEnv,
  mark: string,
): string {
  const variables = Object.entries(environment).map(([name, value = '']) => `${name}=${shellWord(value)}`);
  const parts = input.split('\0');
  const inputWords = parts.length === 1 ? ['%s', input] : ['%s\\0', ...parts.slice(0, -1)];
  const place = folder === undefined ? [] : [`cd ${shellWord(folder)} >/dev/null && exec 8<. || { echo 1 >&5; exit; }`];
  const lock = folder === undefined ? [] : ['flock -s 8 2>/dev/null'];
  return `{
${givesWay ? giveWay : ':'}
read_on() { cat; cat >/dev/null; }
count() { while n=$(head -c 16777216 | wc -c) && [ "$n" -gt 0 ]; do echo "$n"; done; }
stop() { read -r line <&3; kill -INT "$1"; sleep ${secondsToStop}; kill -KILL "$1"; }
exec 3<&0
{ code=$({ { {
command -v restic >/dev/null || { echo 127 >&5; exit; }
${[...place, ...lock].join('\n')}
printf ${inputWords.map(shellWord).join(' ')} |
${[...variables, 'restic', ...words.map(shellWord)].join(' ')} 5>&- 6>&- &
program=$!
stop "$program" >/dev/null 2>&1 5>&- 6>&- 7>&- 8>&- &
watch=$!
wait "$program"
echo "$?" >&5
kill "$watch" 2>/dev/null
} 2>&1 >&7 | read_on >&2; } 7>&1 | ${counts ? 'count' : 'cat'} >&6; } 5>&1)
printf '\\n%s %s\\n' ${mark} "$code"
printf '\\n%s .\\n' ${mark} >&2; } 6>&1 | read_on
exit
}
`;
}
