// The tools of agents through the editor's own API, called as another extension calls them: no question is asked of a
// model that may do nothing, and nothing is changed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import * as vscode from 'vscode';
import { languageTools } from '../../src/ui/agents/languageTools.js';
import { silentLog } from '../silentLog.js';
import { call as command, CommandRig, type Guest, rejects } from './commandRig.js';
import { type Asked, Person } from './person.js';
import { readers } from '../readers.js';

interface Told {
  readonly vms?: readonly { readonly vm: string; readonly you_may: string }[];
  readonly error?: { readonly kind: string };
  readonly snapshots?: readonly unknown[];
  readonly snapshot?: string;
}

/** What the types of the oldest editor do not have. */
interface McpServer {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

interface McpProvider {
  provideMcpServerDefinitions(): readonly McpServer[];
}

/**
 * Another registration of all tools, of which the editor hears nothing: what each is, by its name, and what the log
 * says.
 */
async function registered(
  rig: CommandRig,
  registerMcp: (id: string, provider: McpProvider) => vscode.Disposable,
): Promise<{
  readonly tools: ReadonlyMap<string, vscode.LanguageModelTool<object>>;
  readonly warned: readonly string[];
}> {
  const extension = vscode.extensions.getExtension<unknown>('virt-rewind.virt-rewind');
  assert.ok(extension !== undefined);
  const { engine, journal } = await rig.api();
  const tools = new Map<string, vscode.LanguageModelTool<object>>();
  const warned: string[] = [];
  const replaced = {
    registerTool: (name: string, tool: vscode.LanguageModelTool<object>) => {
      tools.set(name, tool);
      return new vscode.Disposable(() => undefined);
    },
    registerMcpServerDefinitionProvider: registerMcp,
  };
  const originals = Object.keys(replaced).map((name) => [name, Reflect.get(vscode.lm, name) as unknown] as const);
  try {
    for (const [name, replacement] of Object.entries(replaced)) {
      assert.ok(Reflect.set(vscode.lm, name, replacement));
    }
    const log = { ...silentLog, warn: (line: string) => warned.push(line) };
    languageTools({ engine, folder: journal, log, extension, readers: () => Promise.resolve(readers) }).dispose();
  } finally {
    for (const [name, original] of originals) {
      Reflect.set(vscode.lm, name, original);
    }
  }
  return { tools, warned };
}

describe('tools for language models', () => {
  let rig: CommandRig;
  let guest: Guest;

  const call = async (tool: string, input: object): Promise<Told> => {
    const { content } = await vscode.lm.invokeTool(`virtRewind_${tool}`, { input, toolInvocationToken: undefined });
    const [part] = content;
    assert.ok(part instanceof vscode.LanguageModelTextPart);
    return JSON.parse(part.value) as Told;
  };

  /** A person sees the steps, the newest first, and goes back to before the first one, after the usual question. */
  const undone = async (): Promise<void> => {
    const person = new Person();
    const undo = (): Thenable<unknown> => command('virtRewind.undo', { vm: guest.name });
    const first = ({ choices }: Asked): string | undefined => choices.at(-1);
    const agree = ({ how, question, choices }: Asked): string | undefined => {
      assert.equal(how, 'modal');
      assert.match(question, /first/u);
      return choices[0];
    };
    try {
      person.will(({ choices, text }) => {
        assert.deepEqual(
          choices
            .slice(choices.indexOf('Steps of agents') + 1)
            .map((one) => /step (\d) of .*: (\w+)/u.exec(one)?.slice(1)),
          [
            ['3', 'revert_vm'],
            ['2', 'revert_vm'],
            ['1', 'checkpoint_vm'],
          ],
        );
        assert.match(text, /done/u);
        return undefined;
      });
      await undo();
      person.will(first, agree);
      await undo();
      assert.match(await rig.virsh('snapshot-current', guest.name, '--name'), /^first\s*$/u);
      await rig.virsh('snapshot-delete', guest.name, 'first');
      await command('virtRewind.refresh');
      person.will(first);
      await rejects(undo(), 'notFound');
    } finally {
      person.leave();
    }
  };

  before(async () => {
    rig = new CommandRig();
    await rig.api();
    guest = await rig.guest({ name: 'for-agents', agent: false });
  });
  after(() => rig.stop());

  it('are there, each with its name in a prompt', () => {
    const names = vscode.lm.tools.flatMap(({ name }) => (name.startsWith('virtRewind_') ? [name] : []));
    assert.equal(names.length, 16);
  });

  it('are there, and the log says why, where the editor takes no MCP server', async () => {
    const taken = await registered(rig, () => new vscode.Disposable(() => undefined));
    assert.deepEqual([taken.tools.size, taken.warned], [16, []]);
    const { tools, warned } = await registered(rig, () => {
      throw new Error('CANNOT use API proposal');
    });
    assert.equal(tools.size, 16);
    assert.equal(warned.length, 1);
    assert.match(warned[0] ?? '', /CANNOT use API proposal.*virt-rewind mcp/u);
  });

  it('come with an MCP server that starts as the editor is told to start it', async () => {
    const definitions: McpServer[] = [];
    await registered(rig, (_, provider) => {
      definitions.push(...provider.provideMcpServerDefinitions());
      return new vscode.Disposable(() => undefined);
    });
    const [server] = definitions;
    assert.ok(server !== undefined);
    const env = { ...process.env, ...server.env };
    const child = spawn(server.command, server.args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = once(child, 'close');
    const hello = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: hello })}\n`);
    const told = once(createInterface(child.stdout), 'line') as Promise<[string]>;
    const [line] = await Promise.race([told, ended.then(() => assert.fail('it ended'))]);
    const { id, result } = JSON.parse(line) as {
      readonly id: number;
      readonly result: { readonly serverInfo: object };
    };
    assert.deepEqual([id, 'name' in result.serverInfo], [1, true]);
    child.stdin.end();
    assert.deepEqual(await ended, [0, null]);
  });

  it('say before an act what it does, and do nothing for it', async () => {
    const { tools } = await registered(rig, () => new vscode.Disposable(() => undefined));
    const { token } = new vscode.CancellationTokenSource();
    const question = async (tool: string, more: object): Promise<string | undefined> => {
      const prepared = await tools
        .get(`virtRewind_${tool}`)
        ?.prepareInvocation?.({ input: { vm: guest.name, ...more } }, token);
      const { message, title } = prepared?.confirmationMessages ?? {};
      return message === undefined
        ? undefined
        : `${title ?? ''}\n${typeof message === 'string' ? message : message.value}`;
    };
    await rig.virsh('snapshot-create-as', guest.name, 'asked');
    await command('virtRewind.refresh');
    const state = async (): Promise<string> =>
      [await rig.virsh('dumpxml', guest.name), await rig.virsh('snapshot-list', guest.name, '--tree')].join('\n');
    const before_ = await state();
    assert.equal(await question('revert_vm', { snapshot: 'asked' }), undefined, 'it will be refused');
    await rig.withSettings({ 'agents.permissions': { [guest.name]: 'act' } }, async () => {
      assert.match((await question('revert_vm', { snapshot: 'asked' })) ?? '', /^Revert.*asked.*\n[^]*\w/u);
      assert.match((await question('checkpoint_vm', { title: 'never' })) ?? '', /never/u);
      assert.equal(await question('describe_vm', {}), undefined);
    });
    assert.equal(await state(), before_);
    await rig.virsh('snapshot-delete', guest.name, 'asked');
    await command('virtRewind.refresh');
  });

  it('look, and change nothing that the settings do not allow', async () => {
    const { vms } = await call('list_vms', {});
    assert.ok(vms?.some(({ vm, you_may }) => vm === guest.name && you_may === 'look'));
    for (const [tool, more] of [
      ['checkpoint_vm', {}],
      ['revert_vm', { snapshot: 'any' }],
      ['undo_revert', {}],
      ['run_in_guest', { program: 'true' }],
    ] as const) {
      assert.equal((await call(tool, { vm: guest.name, ...more })).error?.kind, 'permission', tool);
    }
    assert.deepEqual((await call('describe_vm', { vm: guest.name })).snapshots, []);
  });

  it('act where they may and are refused elsewhere, and nothing is destroyed, though nobody is asked', async () => {
    const { name: vm } = guest;
    const set = async (values: Readonly<Record<string, unknown>>): Promise<void> => {
      for (const [key, value] of Object.entries(values)) {
        await vscode.workspace.getConfiguration('virtRewind').update(key, value, vscode.ConfigurationTarget.Global);
      }
    };
    const refused = async (kind: string, tool: string, more: object = {}): Promise<void> =>
      assert.equal((await call(tool, { vm, ...more })).error?.kind, kind, tool);
    await set({ 'agents.permissions': { [vm]: 'act' } });
    try {
      await rejects(command('virtRewind.undo', { vm }), 'notFound');
      const first = await call('checkpoint_vm', { vm, title: 'first' });
      assert.deepEqual([first.error, first.snapshot], [undefined, 'first']);
      const back = await call('revert_vm', { vm, snapshot: 'first' });
      assert.equal(back.error, undefined, JSON.stringify(back));
      assert.equal((await call('revert_vm', { vm, before_step: 1 })).error, undefined);
      const made = await rig.snapshots(vm);
      assert.equal(made.length, 3);
      await refused('notRunning', 'run_in_guest', { program: 'true' });
      await refused('notFound', 'revert_vm', { snapshot: 'nope' });
      await refused('invalid', 'revert_vm', { snapshot: 'first', checkpointFirst: false });
      await set({ 'agents.checkpoints': 1 });
      await refused('tooMany', 'checkpoint_vm');
      await set({ 'agents.checkpoints': undefined, protectedVms: [vm] });
      await refused('protected', 'checkpoint_vm');
      await refused('protected', 'revert_vm', { before_step: 1 });
      await set({ protectedVms: undefined, 'agents.permissions': { [vm]: 'none' } });
      await refused('permission', 'describe_vm');
      assert.deepEqual(await rig.snapshots(vm), made);
      await undone();
    } finally {
      await set({ 'agents.permissions': undefined, 'agents.checkpoints': undefined, protectedVms: undefined });
    }
  });
});
