// The tools of agents for the language models of the editor, and the same as an MCP server for its clients, where the
// editor has such. What there is, the manifest says; the rest is loaded when a model calls.
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { AgentSession } from '../../agents/agentSession.js';
import type { AgentReaders } from '../../agents/toolCall.js';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import type { Log } from '../../base/log.js';
import type { Engine } from '../../engine/engine.js';
import { markdownText } from '../../text/markdown.js';
import { readSettings } from '../readSettings.js';

interface LanguageToolsOptions {
  readonly engine: Engine;
  /** The folder of the journal. */
  readonly folder: string;
  readonly log: Log;
  readonly extension: vscode.Extension<unknown>;
  readonly readers: () => Promise<AgentReaders>;
}

/** The part of newer editors that the types lack. */
interface NewerLanguageModelApi {
  readonly lm?: {
    registerMcpServerDefinitionProvider?(id: string, provider: object): vscode.Disposable;
  };
  readonly McpStdioServerDefinition?: new (
    label: string,
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ) => object;
  readonly LanguageModelDataPart?: { image(data: Uint8Array, mime: string): vscode.LanguageModelTextPart };
}

export function languageTools(options: LanguageToolsOptions): Disposable {
  const store = new DisposableStore();
  let tools: Promise<AgentSession> | undefined;
  const agentSessionOf = (): Promise<AgentSession> => (tools ??= openDesk(options));
  for (const name of namesIn(options.extension)) {
    store.add(vscode.lm.registerTool(name, new LanguageTool(name, agentSessionOf)));
  }
  const server = mcpServer(options);
  if (server !== undefined) {
    store.add(server);
  }
  return store;
}

async function openDesk({ engine, folder, log, readers }: LanguageToolsOptions): Promise<AgentSession> {
  const [{ AgentSession: Desk }, { Session }, given] = await Promise.all([
    import('../../agents/agentSession.js'),
    import('../../session/session.js'),
    readers(),
  ]);
  return new Desk({
    session: () => Promise.resolve(Session.within(engine, readSettings(), folder)),
    agent: () => `the chat of ${vscode.env.appName}`,
    log,
    readers: given,
  });
}

class LanguageTool implements vscode.LanguageModelTool<object> {
  readonly #name: string;
  readonly #tools: () => Promise<AgentSession>;

  constructor(name: string, tools: () => Promise<AgentSession>) {
    this.#name = name;
    this.#tools = tools;
  }

  async prepareInvocation(
    { input }: vscode.LanguageModelToolInvocationPrepareOptions<object>,
    token: vscode.CancellationToken,
  ): Promise<vscode.PreparedToolInvocation | undefined> {
    const { toolOfEditor } = await import('../../agents/toolTable.js');
    const tool = toolOfEditor(this.#name);
    const tools = await this.#tools();
    const question = tool && (await untilCancelled(token, (signal) => tools.question(tool, input, signal)));
    return question === undefined
      ? undefined
      : {
          confirmationMessages: {
            title: markdownText(question.title),
            message: question.details.split('\n').map(markdownText).join('  \n'),
          },
        };
  }

  async invoke(
    { input }: vscode.LanguageModelToolInvocationOptions<object>,
    token: vscode.CancellationToken,
  ): Promise<vscode.LanguageModelToolResult> {
    const { toolOfEditor } = await import('../../agents/toolTable.js');
    const tool = toolOfEditor(this.#name);
    if (tool === undefined) {
      throw new Error(`There is no tool ${this.#name}.`);
    }
    const tools = await this.#tools();
    const { content, picture } = await untilCancelled(token, (signal) => tools.call(tool, input, signal));
    if (picture === undefined) {
      return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(JSON.stringify(content))]);
    }
    const { LanguageModelDataPart: parts } = vscode as unknown as NewerLanguageModelApi;
    return new vscode.LanguageModelToolResult([
      parts?.image(picture, 'image/png') ??
        new vscode.LanguageModelTextPart('This editor gives language models no pictures. Use read_console instead.'),
    ]);
  }
}

async function untilCancelled<T>(
  token: vscode.CancellationToken,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  if (token.isCancellationRequested) {
    controller.abort();
  }
  const listening = token.onCancellationRequested(() => controller.abort());
  try {
    return await act(controller.signal);
  } finally {
    listening.dispose();
  }
}

function namesIn({ packageJSON }: vscode.Extension<unknown>): readonly string[] {
  const { contributes } = packageJSON as {
    readonly contributes: { readonly languageModelTools: readonly { readonly name: string }[] };
  };
  return contributes.languageModelTools.map(({ name }) => name);
}

/** Run by the editor's own Node.js. Undefined where the editor knows of no such servers, or takes none. */
function mcpServer({
  extension: { extensionPath },
  log,
}: Pick<LanguageToolsOptions, 'extension' | 'log'>): vscode.Disposable | undefined {
  const { lm, McpStdioServerDefinition: Definition } = vscode as unknown as NewerLanguageModelApi;
  if (Definition === undefined) {
    return undefined;
  }
  try {
    return lm?.registerMcpServerDefinitionProvider?.('virtRewind.mcp', {
      provideMcpServerDefinitions: () => [
        new Definition('Virt Rewind', process.execPath, [join(extensionPath, 'dist', 'commandLine.js'), 'mcp'], {
          ELECTRON_RUN_AS_NODE: '1',
        }),
      ],
    });
  } catch (error) {
    // 1.100 has it for extensions of its own alone, and throws. All else is there without it.
    log.warn(
      `This editor takes no MCP server of ours: ${String(error)}. To use it, write "virt-rewind mcp" into the editor's own list of MCP servers.`,
    );
    return undefined;
  }
}
