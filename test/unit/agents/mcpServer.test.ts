// One MCP client, which may be broken or hostile, at a server whose tools answer what the test says.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { root } from '../../../scripts/rig/root.mjs';
import type { AgentSession, ToolAnswer } from '../../../src/agents/agentSession.js';
import { LineBuffer } from '../../../src/agents/mcp/message.js';
import { McpServer } from '../../../src/agents/mcp/mcpServer.js';
import { usualSeconds } from '../../../src/agents/toolCall.js';
import { silentLog } from '../../silentLog.js';

interface Answer {
  readonly id: string | number | null;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number };
}

type Call = (name: string, given: unknown, signal: AbortSignal) => Promise<ToolAnswer>;

class Client {
  readonly input = new PassThrough();
  readonly output = new PassThrough();
  agent = (): string => '';
  readonly ended: Promise<void>;
  readonly #lines = new LineBuffer();
  readonly #answers: Answer[] = [];
  #wake = (): void => undefined;

  constructor(call: Call = () => Promise.resolve({ isError: false, content: { ok: true } })) {
    this.output.on('data', (bytes: Buffer) => {
      this.#answers.push(...this.#lines.push(bytes).map((line) => JSON.parse(line!) as Answer));
      this.#wake();
    });
    this.ended = new McpServer({
      input: this.input,
      output: this.output,
      tools: (agent) => {
        this.agent = agent;
        return { call } as unknown as AgentSession;
      },
      version: '1',
      log: silentLog,
      signal: new AbortController().signal,
    }).run();
  }

  async next(): Promise<Answer> {
    while (this.#answers.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#answers.shift()!;
  }

  say(message: unknown): void {
    this.input.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`);
  }

  ask(message: object | string): Promise<Answer> {
    this.say(typeof message === 'string' ? message : { jsonrpc: '2.0', id: 1, ...message });
    return this.next();
  }

  async initialize(): Promise<void> {
    await this.ask({ method: 'initialize', params: { protocolVersion: '2025-06-18', clientInfo: { name: 'test' } } });
  }

  async end(): Promise<void> {
    this.input.end();
    await this.ended;
  }
}

describe('the MCP server', () => {
  it('speaks the version of the client, or its own newest one', async () => {
    const client = new Client();
    const version = async (protocolVersion: unknown): Promise<unknown> =>
      (await client.ask({ method: 'initialize', params: { protocolVersion } })).result?.['protocolVersion'];
    assert.equal(await version('2024-11-05'), '2024-11-05');
    assert.equal(await version('1999-01-01'), '2025-11-25');
    assert.equal(await version({}), '2025-11-25');
    await client.end();
  });

  it('lists its tools, and calls them for who has said who it is', async () => {
    const client = new Client();
    assert.equal((await client.ask({ method: 'tools/list' })).error?.code, -32_600);
    await client.initialize();
    assert.equal(client.agent(), 'test');
    const { result } = await client.ask({ method: 'tools/list' });
    const tools = result?.['tools'] as readonly { readonly name: string; readonly inputSchema: object }[];
    assert.ok(tools.some(({ name }) => name === 'revert_vm'));
    assert.deepEqual((await client.ask({ method: 'tools/call', params: { name: 'list_vms' } })).result, {
      content: [{ type: 'text', text: '{"ok":true}' }],
      structuredContent: { ok: true },
      isError: false,
    });
    assert.deepEqual((await client.ask({ method: 'ping' })).result, {});
    await client.end();
  });

  it('says what is wrong with each line, and goes on', async () => {
    const client = new Client();
    await client.initialize();
    for (const [line, code] of [
      ['{', -32_700],
      ['null', -32_600],
      ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32_600],
      ['"ping"', -32_600],
      ['{"id":1,"method":"ping"}', -32_600],
      ['{"jsonrpc":"2.0","id":null,"method":"ping"}', -32_600],
      ['{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32_600],
      ['{"jsonrpc":"2.0","id":{},"method":"ping"}', -32_600],
      ['{"jsonrpc":"2.0","id":1,"method":7}', -32_600],
      ['{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}', -32_602],
      ['{"jsonrpc":"2.0","id":1,"method":"constructor"}', -32_601],
      ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"__proto__"}}', -32_602],
      ['{"jsonrpc":"2.0","id":1,"method":"tools/call"}', -32_602],
      [`{"jsonrpc":"2.0","id":1,"method":"${'m'.repeat(300)}"}`, -32_600],
      ['['.repeat(100_000), -32_700],
      ['\u0000\uFFFF', -32_700],
    ] as const) {
      assert.equal((await client.ask(line)).error?.code, code, line.slice(0, 80));
    }
    // Answers and notifications are heard in silence.
    client.say('{"jsonrpc":"2.0","id":9,"result":{}}');
    client.say('{"jsonrpc":"2.0","method":"notifications/initialized"}');
    client.say('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}');
    client.say('\n\n');
    assert.deepEqual((await client.ask({ id: 'after', method: 'ping' })).id, 'after');
    await client.end();
  });

  it('keeps nothing of a line that is too long', async () => {
    const client = new Client();
    for (let count = 0; count < 40; count++) {
      client.input.write('x'.repeat(100_000));
    }
    client.input.write('\n');
    assert.equal((await client.next()).error?.code, -32_600);
    assert.deepEqual((await client.ask({ method: 'ping' })).result, {});
    await client.end();
  });

  it('takes a flood of calls by its limit, each id once', async () => {
    const open: ((answer: ToolAnswer) => void)[] = [];
    const client = new Client(() => new Promise((resolve) => open.push(resolve)));
    await client.initialize();
    for (let id = 0; id < 100; id++) {
      client.say({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'list_vms' } });
    }
    for (let id = 32; id < 100; id++) {
      assert.deepEqual([(await client.next()).id], [id]);
    }
    assert.equal(open.length, 32);
    assert.equal(
      (await client.ask({ id: 5, method: 'tools/call', params: { name: 'list_vms' } })).error?.code,
      -32_600,
    );
    open.forEach((answer) => answer({ isError: false, content: {} }));
    for (let id = 0; id < 32; id++) {
      assert.equal((await client.next()).id, id);
    }
    await client.end();
  });

  it('answers, where nobody says how long, before a client of the protocol’s makers gives it up', async () => {
    const file = join(root, 'node_modules/@modelcontextprotocol/sdk/dist/esm/shared/protocol.js');
    const { DEFAULT_REQUEST_TIMEOUT_MSEC: theirs } = (await import(pathToFileURL(file).href)) as Record<string, number>;
    for (const [tool, seconds] of Object.entries(usualSeconds)) {
      // A checkpoint that is taken first needs some time, too.
      assert.ok(seconds * 1_000 <= theirs! * 0.8, `${tool} ${seconds}`);
    }
  });

  it('answers no call that was cancelled, and ends those that are open when the client goes', async () => {
    const signals: AbortSignal[] = [];
    const client = new Client(
      (_, __, signal) =>
        new Promise((resolve) => {
          signals.push(signal);
          signal.addEventListener('abort', () => resolve({ isError: true, content: {} }));
        }),
    );
    await client.initialize();
    client.say({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_vms' } });
    client.say({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'list_vms' } });
    client.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
    assert.equal((await client.ask({ id: 3, method: 'ping' })).id, 3);
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [true, false],
    );
    await client.end();
    assert.equal(signals[1]?.aborted, true);
  });
});
