// Runs a program to its end and tells what it said. Never a shell, never a string to be split.
import { execFile } from 'node:child_process';

/**
 * @typedef {object} Ran
 * @property {string} stdout
 * @property {string} stderr
 * @property {number} code exit status; 127 when the program was not found, 1 when a signal ended it
 */

/**
 * Runs a program and resolves whatever its exit status is.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, input?: string | Buffer, signal?: AbortSignal }} [options]
 * @returns {Promise<Ran>}
 */
export function run(program, args, options = {}) {
  const { input, ...rest } = options;
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      { maxBuffer: 256 * 1024 * 1024, encoding: 'utf8', ...rest },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve({ stdout, stderr, code: 0 });
          return;
        }
        const code =
          typeof error.code === 'number' ? error.code : /** @type {unknown} */ (error.code) === 'ENOENT' ? 127 : 1;
        resolve({ stdout, stderr: stderr === '' ? error.message : stderr, code });
      },
    );
    // A program that ends without reading all of its input must not end us with an unheard EPIPE.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });
}

/**
 * Runs a program that must succeed.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, input?: string | Buffer, signal?: AbortSignal }} [options]
 * @returns {Promise<string>} its standard output
 * @throws {Error} naming the program, its arguments, its status and what it wrote to standard error
 */
export async function runOk(program, args, options = {}) {
  const ran = await run(program, args, options);
  if (ran.code !== 0) {
    throw new Error(`${program} ${args.join(' ')} ended with ${String(ran.code)}: ${ran.stderr.trim()}`);
  }
  return ran.stdout;
}

/**
 * Where a program stands on the PATH, or in the folders of the administrator's programs, which an ordinary user's
 * PATH leaves out.
 * @param {string} program
 * @returns {Promise<string | undefined>}
 */
export async function findProgram(program) {
  const { access, constants } = await import('node:fs/promises');
  for (const folder of [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/bin', '/bin']) {
    const path = `${folder === '' ? '.' : folder}/${program}`;
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) {
      return path;
    }
  }
  return undefined;
}
