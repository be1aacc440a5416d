// What an agent's hook tells before a tool is used: JSON on standard input, as Claude Code, VS Code and GitHub Copilot
// write it. Anybody may have written it. Pure.
import { untrustedLine } from './guestText.js';

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
