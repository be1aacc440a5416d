// Runs qemu-img: a program found on the PATH, arguments as a list, bounded in time and output.
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Readable } from 'node:stream';
import { Failure, type FailureDetails } from '../domain/failure.js';
import { qemuImgFailure } from './fileFailure.js';

export interface QemuImg {
  /** Looked for where it was last, and everywhere where it is there no more. Undefined where it is not installed. */
  find(): Promise<string | undefined>;
  /**
   * What it wrote to its standard output; rejects with a Failure when it does not end well.
   * @param handed a descriptor of ours, which it has as `handedFile`
   */
  run(args: readonly string[], details: FailureDetails, handed?: number): Promise<string>;
  /**
   * For what may last for hours, and has to be called with `-p`: tells how far it is, and ends it when the signal is
   * aborted, with a Failure `cancelled`. Where the machine can do so, it ends too when this process dies, so that whoever
   * comes after us finds the images free.
   */
  watch(
    args: readonly string[],
    details: FailureDetails,
    signal: AbortSignal,
    onFraction: (fraction: number) => void,
  ): Promise<void>;
}

/** The file that is handed to the program open, whatever stands under its name meanwhile. */
export const handedFile = '/proc/self/fd/3';

/** Where distributions put it, for an editor that was started with a short PATH. */
const usualFolders = ['/usr/bin', '/usr/local/bin', '/bin', '/run/current-system/sw/bin'];
const mostOutputBytes = 16 * 1024 * 1024;
/** Of what it says on its standard error. */
const mostSaid = 64 * 1024;
/** A hung network disk must not hold an operation for ever; deleting a snapshot of a large image takes minutes. */
const patienceMs = 15 * 60_000;

export function qemuImg(environment: NodeJS.ProcessEnv, patience = patienceMs): QemuImg {
  const programNamed = async (name: string): Promise<string | undefined> => {
    const folders = [...(environment['PATH'] ?? '').split(':').filter(isAbsolute), ...usualFolders];
    for (const folder of folders) {
      const program = join(folder, name);
      if (await isProgram(program)) {
        return program;
      }
    }
    return undefined;
  };
  let found: string | undefined;
  const find = async (): Promise<string | undefined> => {
    if (found === undefined || !(await isProgram(found))) {
      found = await programNamed('qemu-img');
    }
    return found;
  };
  /** Linux's util-linux has it; busybox has one of that name that cannot. */
  const endingWithUs = async (): Promise<readonly string[]> => {
    const setpriv = await programNamed('setpriv');
    const words = ['--pdeathsig', 'KILL', '--'];
    return setpriv !== undefined && (await endsWell(setpriv, [...words, setpriv, '--version']))
      ? [setpriv, ...words]
      : [];
  };
  const run: QemuImg['run'] = async (args, details, handed) => {
    const program = await find();
    if (program === undefined) {
      throw new Failure('unsupported', { ...details, libvirtMessage: 'qemu-img is not installed' });
    }
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        env: { ...environment, LC_ALL: 'C' },
        stdio: ['ignore', 'pipe', 'pipe', ...(handed === undefined ? [] : [handed])],
        timeout: patience,
        killSignal: 'SIGKILL',
      }) as ChildProcessByStdio<null, Readable, Readable>;
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
          reject(qemuImgFailure(said.trim() === '' ? `it ended with ${code ?? killedBy ?? '?'}` : said, details));
        }
      });
    });
  };
  const watch: QemuImg['watch'] = async (args, details, signal, onFraction) => {
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
      const ended = (failure?: Failure): void => {
        signal.removeEventListener('abort', stop);
        if (failure === undefined) {
          resolve();
        } else {
          reject(failure);
        }
      };
      child.once('error', (error) => ended(qemuImgFailure(error.message, details)));
      child.once('close', (code, killedBy) => {
        if (code === 0) {
          ended();
        } else if (signal.aborted) {
          ended(new Failure('cancelled', details));
        } else {
          ended(qemuImgFailure(said.trim() === '' ? `it ended with ${code ?? killedBy ?? '?'}` : said, details));
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

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    // Not in this folder, or not for us; another may have it.
    return false;
  }
}
