// Runs qemu-img: a program found once on the PATH, arguments as a list, bounded in time and output.
import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { Failure, type FailureDetails } from '../model/failure.js';
import { qemuImgFailure } from './fileFailure.js';

export interface QemuImg {
  /** Undefined where it is not installed. */
  find(): Promise<string | undefined>;
  /** What it wrote to its standard output; rejects with a Failure when it does not end well. */
  run(args: readonly string[], details: FailureDetails): Promise<string>;
}

/** Where distributions put it, for an editor that was started with a short PATH. */
const usualFolders = ['/usr/bin', '/usr/local/bin', '/bin', '/run/current-system/sw/bin'];
const mostOutputBytes = 16 * 1024 * 1024;
/** A hung network disk must not hold an operation for ever; deleting a snapshot of a large image takes minutes. */
const patienceMs = 15 * 60_000;

export function qemuImg(environment: NodeJS.ProcessEnv, patience = patienceMs): QemuImg {
  const find = async (): Promise<string | undefined> => {
    const folders = [...(environment['PATH'] ?? '').split(':').filter(isAbsolute), ...usualFolders];
    for (const folder of folders) {
      const program = join(folder, 'qemu-img');
      try {
        await access(program, constants.X_OK);
        return program;
      } catch {
        // Not in this folder, or not for us; the next one may have it.
      }
    }
    return undefined;
  };
  const run = async (args: readonly string[], details: FailureDetails): Promise<string> => {
    const program = await find();
    if (program === undefined) {
      throw new Failure('unsupported', { ...details, libvirtMessage: 'qemu-img is not installed' });
    }
    return new Promise((resolve, reject) => {
      execFile(
        program,
        args,
        {
          env: { ...environment, LC_ALL: 'C' },
          encoding: 'utf8',
          maxBuffer: mostOutputBytes,
          timeout: patience,
          killSignal: 'SIGKILL',
        },
        (error, stdout, stderr) => {
          if (error === null) {
            resolve(stdout);
          } else {
            reject(qemuImgFailure(stderr.trim() === '' ? error.message : stderr, details));
          }
        },
      );
    });
  };
  return { find, run };
}
