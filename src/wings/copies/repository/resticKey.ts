// The key of a repository as a text, and what else of the environment opens one: where restic runs on another computer,
// it finds there neither our files nor our variables.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { readFileAtMost } from '../../../base/readFileAtMost.js';

const mostKeyBytes = 64 * 1024;
const patienceMs = 5 * 60_000;

/** As restic reads it. @throws what the file system says, or the command */
export async function readKey(environment: NodeJS.ProcessEnv): Promise<string> {
  const { RESTIC_PASSWORD = '', RESTIC_PASSWORD_FILE: file, RESTIC_PASSWORD_COMMAND: command } = environment;
  if (command !== undefined && command !== '') {
    const [program = '', ...args] = wordsOf(command);
    const { stdout } = await promisify(execFile)(program, args, {
      env: environment,
      timeout: patienceMs,
      maxBuffer: mostKeyBytes,
    });
    return stdout.trim();
  }
  if (file !== undefined && file !== '') {
    const text = (await readFileAtMost(file, mostKeyBytes)).toString('utf8');
    return text.replace(/^\u{feff}/u, '').trim();
  }
  return RESTIC_PASSWORD;
}

/** restic starts no shell: quotes alone hold words together. */
function wordsOf(command: string): readonly string[] {
  return (command.match(/(?:"[^"]*"|'[^']*'|\S)+/gu) ?? []).map((word) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/gu, '$1$2'),
  );
}

/** Of the services that keep repositories, and how restic is to store. Not those that name files of this computer. */
export function serviceVariables(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const name =
    /^(?:RESTIC_(?:REST_|COMPRESSION$|PACK_SIZE$|READ_CONCURRENCY$)|(?:AWS|AZURE|B2|GOOGLE|OS|RCLONE|ST|SWIFT)_)/u;
  return Object.fromEntries(Object.entries(environment).filter(([one]) => name.test(one) && /^\w+$/u.test(one)));
}
