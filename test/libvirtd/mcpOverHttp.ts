// A server of the Model Context Protocol on standard input and output, put behind the protocol's transport over HTTP,
// for test programs that know no other: one process for each session. What it says is passed on as it is.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

interface Message {
  readonly id?: string | number;
  readonly method: string;
  params?: { name?: string; arguments?: object };
}

/** Changes the parameters of a call before it is passed on. */
export type Rename = (params: NonNullable<Message['params']>) => void;

class Session {
  readonly id = randomUUID();
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<string | number, (line: string) => void>();

  constructor(program: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn(process.execPath, program, { env });
    this.#child.stderr.pipe(process.stderr);
    createInterface(this.#child.stdout).on('line', (line) => {
      const { id } = JSON.parse(line) as { readonly id: string | number };
      this.#waiting.get(id)?.(line);
      this.#waiting.delete(id);
    });
  }

  /** Undefined: a notification, which has no answer. */
  async say(message: Message): Promise<string | undefined> {
    const { id } = message;
    const answer = id === undefined ? undefined : new Promise<string>((resolve) => this.#waiting.set(id, resolve));
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
    return answer;
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end();
    await ended;
  }
}

export interface McpOverHttp {
  readonly url: string;
  stop(): Promise<void>;
}

export async function mcpOverHttp(
  program: readonly string[],
  env: NodeJS.ProcessEnv,
  rename: Rename,
): Promise<McpOverHttp> {
  const sessions = new Map<string, Session>();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method !== 'POST') {
      // No stream of its own, and no end of a session before the whole ends: both may be left out.
      response.writeHead(405).end();
      return;
    }
    const pieces: Buffer[] = [];
    for await (const piece of request as AsyncIterable<Buffer>) {
      pieces.push(piece);
    }
    const message = JSON.parse(Buffer.concat(pieces).toString('utf8')) as Message;
    const known = sessions.get(String(request.headers['mcp-session-id']));
    const session = known ?? new Session(program, env);
    sessions.set(session.id, session);
    if (message.method === 'tools/call' && message.params !== undefined) {
      rename(message.params);
    }
    const line = await session.say(message);
    response
      .writeHead(line === undefined ? 202 : 200, { 'content-type': 'application/json', 'mcp-session-id': session.id })
      .end(line);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await Promise.all([...sessions.values()].map((session) => session.end()));
    },
  };
}
