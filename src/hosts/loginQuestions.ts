// Leads what the ssh client asks to a person: for each question the client runs a small program of ours
// (`SSH_ASKPASS`), which hands it over a socket that only this user can open.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../base/log.js';
import type { AskLogin, LoginQuestion, LoginStage } from './login.js';

/** Longer questions are cut: a host can put words into some. */
const longestQuestion = 4_000;

interface QuestionsFor {
  readonly host: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly onLogin: (stage: LoginStage) => void;
}

interface LoginQuestions {
  /** For the client. */
  readonly environment: NodeJS.ProcessEnv;
  /** Questions that wait for an answer get none. */
  readonly dispose: () => void;
}

/**
 * Needs OpenSSH 8.4 or newer; an older client asks nobody and fails, as without us.
 *
 * The program runs with the Node of this process, be it an editor's, whose executable file is told so by
 * `ELECTRON_RUN_AS_NODE`.
 */
export async function listenForQuestions(
  ask: AskLogin,
  { host, environment, log, onLogin }: QuestionsFor,
): Promise<LoginQuestions | undefined> {
  if (process.platform === 'win32') {
    // Its client runs no script; what it would ask fails, and says so.
    return undefined;
  }
  const folder = await mkdtemp(join(tmpdir(), 'vr-ask-'));
  const [socket, program, script] = ['socket', 'ask', 'ask.cjs'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const ended = new AbortController();
  const server = createServer({ allowHalfOpen: true }, (asking) => {
    answer(asking, ask, { host, ended: ended.signal, onLogin }).catch((error: unknown) => {
      log.debug(`a question of ${host} was not answered: ${String(error)}`);
      asking.destroy();
    });
  });
  await Promise.all([
    writeFile(program, '#!/bin/sh\nELECTRON_RUN_AS_NODE=1 exec "$VIRT_REWIND_ASK_NODE" "$0.cjs" "$@"\n', {
      mode: 0o700,
    }),
    writeFile(script, askingProgram, { mode: 0o600 }),
    listening(server, socket),
  ]);
  return {
    environment: {
      SSH_ASKPASS: program,
      SSH_ASKPASS_REQUIRE: 'force',
      // Older clients look at it first.
      DISPLAY: environment['DISPLAY'] ?? ':0',
      VIRT_REWIND_ASK_NODE: process.execPath,
      VIRT_REWIND_ASK_SOCKET: socket,
    },
    dispose: () => {
      ended.abort();
      server.close();
      rm(folder, { recursive: true, force: true }).catch((error: unknown) => {
        log.debug(`${folder} stays: ${String(error)}`);
      });
    },
  };
}

/** Sends the question, and writes the answer for the client. The end of the socket without one is none: exit 1. */
const askingProgram = `'use strict';
const { connect } = require('node:net');
const socket = connect(process.env.VIRT_REWIND_ASK_SOCKET);
let answer = '';
socket.setEncoding('utf8').on('data', (text) => (answer += text));
socket.on('error', () => process.exit(1));
socket.on('end', () => {
  if (!answer.startsWith('+')) process.exit(1);
  process.stdout.write(answer.slice(1) + '\\n', () => process.exit(0));
});
socket.write(JSON.stringify({ text: process.argv[2] ?? '', prompt: process.env.SSH_ASKPASS_PROMPT ?? '' }) + '\\n');
`;

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}

async function answer(
  asking: Socket,
  ask: AskLogin,
  {
    host,
    ended,
    onLogin,
  }: { readonly host: string; readonly ended: AbortSignal; readonly onLogin: QuestionsFor['onLogin'] },
): Promise<void> {
  const question = await readQuestion(asking);
  // The client ends the program when it needs no answer any more: a key was touched.
  const gone = new AbortController();
  asking.once('close', () => gone.abort());
  asking.once('error', () => gone.abort());
  ended.addEventListener('abort', () => asking.destroy());
  onLogin('asked');
  const said = await ask({ ...question, host }, AbortSignal.any([gone.signal, ended]));
  onLogin('given');
  asking.end(said === undefined || /[\r\n]/u.test(said) ? '' : `+${said}`);
}

async function readQuestion(asking: Socket): Promise<Pick<LoginQuestion, 'kind' | 'text'>> {
  const line = await readLine(asking);
  const { text = '', prompt = '' } = JSON.parse(line) as Record<string, string>;
  return { kind: kindOf(text, prompt), text: text.slice(0, longestQuestion) };
}

/** Rejects where it ends before, or is too long. */
function readLine(asking: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let read = '';
    asking.setEncoding('utf8').on('data', (text: string) => {
      read += text;
      if (read.length > 4 * longestQuestion) {
        reject(new Error('the question is too long'));
      } else if (read.endsWith('\n')) {
        resolve(read);
      }
    });
    asking.once('close', () => reject(new Error('the client has ended')));
  });
}

/**
 * | SSH_ASKPASS_PROMPT | words               | kind    |
 * |--------------------|---------------------|---------|
 * | none               | any                 | notice  |
 * | confirm            | any                 | confirm |
 * | unset              | with `(yes/no`      | confirm: a host's key that is not known |
 * | unset              | others              | secret  |
 *
 * Source: `readpass.c` and `sshconnect.c` of OpenSSH 9.2.
 */
function kindOf(text: string, prompt: string): LoginQuestion['kind'] {
  return prompt === 'none' ? 'notice' : prompt === 'confirm' || text.includes('(yes/no') ? 'confirm' : 'secret';
}
