// What an agent's hook is told: which tools run a shell, for any caller.
import assert from 'node:assert/strict';
import { hookCallOf } from '../../../src/cli/commands/hook.js';

describe('the call of a hook', () => {
  const kindOf = (value: unknown): string => hookCallOf(JSON.stringify(value)).kind;

  it('is known from each agent', () => {
    const claude = { session_id: 'a', hook_event_name: 'PreToolUse', tool_name: 'Bash', tool_input: { command: 'ls' } };
    const code = { sessionId: 'a', hookEventName: 'PreToolUse', tool_name: 'run_in_terminal', tool_input: {} };
    const copilot = { timestamp: 1, cwd: '/', toolName: 'bash', toolArgs: '{}' };
    for (const call of [claude, code, copilot, { tool_name: 'runInTerminal' }, { tool_name: 'PowerShell' }]) {
      assert.equal(kindOf(call), 'shell', JSON.stringify(call));
    }
  });

  it('of another tool is nothing', () => {
    for (const name of ['Read', 'editFiles', 'mcp__virt-rewind__run_in_guest', '', 'constructor']) {
      assert.equal(kindOf({ tool_name: name }), 'other', name);
    }
  });

  it('that nobody understands is told so, and is not taken for another tool', () => {
    for (const text of ['', '{', 'null', '[]', '7', '"Bash"', '{"tool_name":7}', '{"tool_input":{}}']) {
      assert.equal(hookCallOf(text).kind, 'notUnderstood', text);
    }
  });
});
