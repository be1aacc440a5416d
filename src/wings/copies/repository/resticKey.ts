// The key of a repository as a text, and what else of the environment opens one: where restic runs on another computer,
// it finds there neither our files nor our variables.
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { undefinedIfAbsent } from '../../../base/errno.js';
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
    return keyIn((await readFileAtMost(file, mostKeyBytes)).toString('utf8'));
  }
  return RESTIC_PASSWORD;
}

const readPipes = new Map<string, Promise<string>>();

/** A pipe gives its text once, and restic is started several times. */
export async function withPipeRead(environment: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  const { RESTIC_PASSWORD_FILE: file = '', ...others } = environment;
  if ((await undefinedIfAbsent(stat(file)))?.isFIFO() !== true) {
    return environment;
  }
  const reading = readPipes.get(file) ?? readFile(file, 'utf8').then(keyIn);
  readPipes.set(file, reading);
  return { ...others, RESTIC_PASSWORD: await reading };
}

function keyIn(text: string): string {
  return text.replace(/^\u{feff}/u, '').trim();
}

/** restic starts no shell: quotes alone hold words together. */
function wordsOf(command: string): readonly string[] {
  return (command.match(/(?:"[^"]*"|'[^']*'|\S)+/gu) ?? []).map((word) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/gu, '$1$2'),
  );
}

/**
 * The variables for services that keep repositories, and for how restic stores. It leaves out those that name files of
 * this computer.
 */
export function serviceVariables(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const name =
    /^(?:RESTIC_(?:REST_|COMPRESSION$|PACK_SIZE$|READ_CONCURRENCY$)|(?:AWS|AZURE|B2|GOOGLE|OS|RCLONE|ST|SWIFT)_)/u;
  return Object.fromEntries(Object.entries(environment).filter(([one]) => name.test(one) && /^\w+$/u.test(one)));
}
