// `virt-rewind hook pre-tool`: an agent asks before it uses a tool, and goes on when what the VMs are is kept.
import { keepBeforeTool, type KeptCheckpoints } from '../../agents/beforeTool.js';
import type { AgentReaders } from '../../agents/toolCall.js';
import type { Log } from '../../base/log.js';
import { asFailure } from '../../domain/asFailure.js';
import { Failure } from '../../domain/failure.js';
import type { Session } from '../../session/session.js';
import { sessionFolder } from '../../session/sessionFolder.js';
import { SharedSettings } from '../../session/sharedSettings.js';
import { wantedConnections } from '../../session/wantedConnections.js';
import { failureMessage } from '../../text/failures/failureMessage.js';
import type { Call } from '../context.js';
import { CliError } from '../commandError.js';
import { exitCode } from '../exitCodes.js';
import type { Terminal } from '../terminal.js';
import { untrustedLine } from '../../agents/guestText.js';

/** What agents understand as: do not. Any other number is an error of the hook, and they go on. */
const stopCode = 2;
const mostInputBytes = 16 * 1024 * 1024;

interface HookOptions {
  readonly call: Call;
  readonly readers: AgentReaders;
  readonly terminal: Terminal;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: Log;
}

/** Resolves to the exit code. */
export async function hook(options: HookOptions): Promise<number> {
  const { call, terminal } = options;
  const [event, ...vms] = call.operands;
  if (event !== 'pre-tool' || (terminal.stdin.isTTY as boolean | undefined) === true) {
    throw new CliError(
      'usage',
      'It is called as: virt-rewind hook pre-tool [VM]…, by an agent that writes to its input.',
    );
  }
  const input = await inputOf(terminal);
  const hookCall = input === undefined ? ({ kind: 'notUnderstood' } as const) : hookCallOf(input);
  if (hookCall.kind === 'other') {
    return exitCode('done');
  }
  const { kept, notKept } =
    hookCall.kind === 'notUnderstood'
      ? { kept: [], notKept: ['The hook does not understand what it was told.'] }
      : await keepBefore(hookCall.tool, vms, options).catch((error: unknown) => ({
          kept: [],
          notKept: [failureMessage(asFailure(error))],
        }));
  const goesOn = call.flags.has('go-on');
  if (notKept.length > 0) {
    const heading = goesOn
      ? 'There is no way back from this step:'
      : 'The command was not run, because there would be no way back:';
    terminal.tell([heading, ...notKept].join(' '));
  }
  if (notKept.length > 0 && !goesOn) {
    return stopCode;
  }
  const told = [...kept, ...notKept.map((why) => `Not kept: ${why}`)];
  if (told.length > 0) {
    const answer = { hookEventName: 'PreToolUse', additionalContext: told.join('\n') };
    terminal.say(JSON.stringify({ hookSpecificOutput: answer }));
  }
  return exitCode('done');
}

async function keepBefore(
  tool: string,
  vms: readonly string[],
  { call, readers, environment, log }: HookOptions,
): Promise<KeptCheckpoints> {
  const folder = sessionFolder(environment);
  const { settings, doubt } = await new SharedSettings(folder, log).read();
  if (doubt !== undefined) {
    throw new Failure('refused', { refusal: doubt });
  }
  const { connect } = call.texts;
  const asked = connect === undefined ? [] : [{ uri: connect }];
  const connections = wantedConnections(asked, { environment, known: settings.connections }).map(({ uri }) => uri);
  let session: Session | undefined;
  try {
    return await keepBeforeTool({
      connections,
      vms,
      settings,
      environment,
      folder,
      log,
      tool,
      tools: async () => {
        const [{ Session: Opened }, { AgentSession }] = await Promise.all([
          import('../../session/session.js'),
          import('../../agents/agentSession.js'),
        ]);
        const opened = (session ??= await Opened.open({ connections, environment, log, shell: 'virt-rewind hook' }));
        const agent = (): string => 'an agent with a hook';
        return new AgentSession({ session: () => Promise.resolve(opened), readers, agent, log });
      },
    });
  } finally {
    await session?.close();
  }
}

/** Undefined where it is too long. */
async function inputOf({ stdin }: Terminal): Promise<string | undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of stdin as AsyncIterable<Uint8Array>) {
    pieces.push(piece);
    size += piece.length;
    if (size > mostInputBytes) {
      return undefined;
    }
  }
  return Buffer.concat(pieces).toString('utf8');
}

/**
 * What an agent's hook tells before a tool is used: JSON on standard input, as Claude Code, VS Code and GitHub Copilot
 * write it. Anybody may have written it. Pure.
 */
type HookCall =
  /** Its tool runs what it is told in a shell. */
  { readonly kind: 'shell'; readonly tool: string } | { readonly kind: 'other' } | { readonly kind: 'notUnderstood' };

const longestTool = 60;

/** As the agents call them, in small letters and without what stands between words. */
const shells = new Set([
  'bash',
  'powershell',
  'shell',
  'localshell',
  'shellcommand',
  'runinterminal',
  'runshellcommand',
  'runterminalcommand',
  'runcommand',
  'execcommand',
  'executecommand',
  'terminal',
]);

/**
 * | who            | calls the tool                  |
 * |----------------|---------------------------------|
 * | Claude Code    | `tool_name`: Bash               |
 * | VS Code        | `tool_name`: run_in_terminal    |
 * | GitHub Copilot | `toolName`: bash, powershell    |
 */
export function hookCallOf(text: string): HookCall {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'notUnderstood' };
  }
  if (typeof value !== 'object' || value === null) {
    return { kind: 'notUnderstood' };
  }
  const { tool_name: one, toolName: other } = value as { readonly tool_name?: unknown; readonly toolName?: unknown };
  const tool = one ?? other;
  if (typeof tool !== 'string') {
    return { kind: 'notUnderstood' };
  }
  return shells.has(tool.toLowerCase().replaceAll(/[^a-z0-9]/gu, ''))
    ? { kind: 'shell', tool: untrustedLine(tool, longestTool) }
    : { kind: 'other' };
}
