// Runs qemu-img: a program found on the PATH, arguments as a list, bounded in time and output.
import { execFile, spawn } from 'node:child_process';
import { Failure, type FailureDetails } from '../domain/failure.js';
import { qemuImgFailure } from './fileFailure.js';
import type { FileSystem } from '../base/fileSystem.js';
import type { ImageCommand } from './imageCommands.js';
import { findProgram, isProgram } from '../base/findProgram.js';

export interface QemuImg {
  /** Looked for where it was last, and everywhere where it is there no more. Undefined where it is not installed. */
  find(): Promise<string | undefined>;
  /** What it wrote to its standard output; rejects with a Failure when it does not end well. */
  run(command: ImageCommand, details: FailureDetails): Promise<string>;
  /**
   * For what may last for hours, and has to be called with `-p`: tells how far it is, and ends it when the signal is
   * aborted, with a Failure `cancelled`. Where the machine can do so, it ends too when this process dies, so that the
   * next process finds the images free.
   */
  watch(
    command: ImageCommand,
    details: FailureDetails,
    signal: AbortSignal,
    onFraction: (fraction: number) => void,
  ): Promise<void>;
}

/** A computer on which images are: its files, and the program that knows more of them. */
export interface ImageHost {
  readonly files: FileSystem;
  readonly qemuImg: QemuImg;
}

const mostOutputBytes = 16 * 1024 * 1024;
/** How much of its standard error is read. */
const mostSaid = 64 * 1024;
/** A hung network disk must not hold an operation for ever; deleting a snapshot of a large image takes minutes. */
const patienceMs = 15 * 60_000;

export function qemuImg(environment: NodeJS.ProcessEnv, patience = patienceMs): QemuImg {
  let found: string | undefined;
  const find = async (): Promise<string | undefined> => {
    if (found === undefined || !(await isProgram(found))) {
      found = await findProgram('qemu-img', environment);
    }
    return found;
  };
  /** Linux's util-linux has it; busybox has one of that name that cannot. */
  const endingWithUs = async (): Promise<readonly string[]> => {
    const setpriv = await findProgram('setpriv', environment);
    const words = ['--pdeathsig', 'KILL', '--'];
    return setpriv !== undefined && (await endsWell(setpriv, [...words, setpriv, '--version']))
      ? [setpriv, ...words]
      : [];
  };
  const run: QemuImg['run'] = async ({ args }, details) => {
    const program = await find();
    if (program === undefined) {
      throw new Failure('unsupported', { ...details, libvirtMessage: 'qemu-img is not installed' });
    }
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        env: { ...environment, LC_ALL: 'C' },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: patience,
        killSignal: 'SIGKILL',
      });
      const told: Buffer[] = [];
      let bytes = 0;
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-mostSaid);
      });
      child.stdout.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes > mostOutputBytes) {
          said = `it said more than ${mostOutputBytes} bytes`;
          child.kill('SIGKILL');
        } else {
          told.push(part);
        }
      });
      child.once('error', (error) => reject(qemuImgFailure(error.message, details)));
      child.once('close', (code, killedBy) => {
        if (code === 0) {
          resolve(Buffer.concat(told).toString('utf8'));
        } else {
          const ended = { ...details, ...(code !== null && { exitCode: code }) };
          reject(qemuImgFailure(said.trim() === '' ? `it ended with ${code ?? killedBy ?? '?'}` : said, ended));
        }
      });
    });
  };
  const watch: QemuImg['watch'] = async ({ args }, details, signal, onFraction) => {
    const program = await find();
    if (program === undefined) {
      throw new Failure('unsupported', { ...details, libvirtMessage: 'qemu-img is not installed' });
    }
    const [first, ...rest] = [...(await endingWithUs()), program, ...args] as [string, ...string[]];
    if (signal.aborted) {
      throw new Failure('cancelled', details);
    }
    return new Promise((resolve, reject) => {
      const child = spawn(first, rest, { env: { ...environment, LC_ALL: 'C' }, stdio: ['ignore', 'pipe', 'pipe'] });
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-mostSaid);
      });
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        const percent = [...text.matchAll(/\((\d+(?:\.\d+)?)\/100%\)/gu)].at(-1)?.[1];
        if (percent !== undefined) {
          onFraction(Math.min(1, Number(percent) / 100));
        }
      });
      const stop = (): void => void child.kill('SIGTERM');
      signal.addEventListener('abort', stop, { once: true });
      const settle = (failure?: Failure): void => {
        signal.removeEventListener('abort', stop);
        if (failure === undefined) {
          resolve();
        } else {
          reject(failure);
        }
      };
      child.once('error', (error) => settle(qemuImgFailure(error.message, details)));
      child.once('close', (code, killedBy) => {
        if (code === 0) {
          settle();
        } else if (signal.aborted) {
          settle(new Failure('cancelled', details));
        } else {
          settle(qemuImgFailure(said.trim() === '' ? `it ended with ${code ?? killedBy ?? '?'}` : said, details));
        }
      });
    });
  };
  return { find, run, watch };
}

function endsWell(program: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 10_000, killSignal: 'SIGKILL' }, (error) => resolve(error === null));
  });
}
