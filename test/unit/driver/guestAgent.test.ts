// What answers of a guest agent mean. Agents of other releases, and those with commands switched off, are pretended.
import assert from 'node:assert/strict';
import { readAgent } from '../../../src/driver/run/guestAgent.js';
import type { Connection } from '../../../src/libvirt/connection.js';
import { ConnectionLost, errorCodes, LibvirtError } from '../../../src/libvirt/libvirtError.js';

const dom = { name: 'vm', uuid: '6f0a0f8e-0b6e-4c57-9d0e-6a1f3a2f5b10', id: 1 };

type Answer = Error | 'answer' | 'never';

/** Answers each call with the next one; a call more than there are answers fails the test. */
function agentThat(...answers: readonly Answer[]): { readonly connection: Connection; readonly asked: string[] } {
  const asked: string[] = [];
  const call = (procedure: string, _args: unknown, { signal }: { signal?: AbortSignal } = {}): Promise<unknown> => {
    const answer = answers[asked.push(procedure) - 1];
    assert.ok(answer !== undefined, `${procedure} is asked unexpectedly`);
    if (answer === 'never') {
      return new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error));
      });
    }
    return answer === 'answer' ? Promise.resolve({}) : Promise.reject(answer);
  };
  const on = (): Promise<unknown> => Promise.resolve({ dispose: () => undefined });
  return { connection: { call, on } as unknown as Connection, asked };
}

function refusal(code: keyof typeof errorCodes, message = ''): LibvirtError {
  const net = { code: errorCodes[code], domain: 10, message, level: 2, dom: undefined, net: undefined };
  return new LibvirtError('x', { ...net, str1: undefined, str2: undefined, str3: undefined, int1: 0, int2: 0 });
}

const cannot = (command: string, why: string): string => `unable to execute QEMU agent command '${command}': ${why}`;
const frozen = cannot('guest-get-time', 'Command guest-get-time has been disabled: the agent is in frozen state');
const disabled = cannot('guest-get-time', 'The command guest-get-time has been disabled for this instance');
const disabledToo = cannot('guest-get-fsinfo', 'The command guest-get-fsinfo has been disabled for this instance');
const unknown = cannot('guest-get-time', 'The command guest-get-time has not been found');

describe('a guest agent', () => {
  const rows: readonly (readonly [what: string, answers: readonly Answer[], state: string])[] = [
    ['answers', ['answer'], 'answers'],
    ['is not connected', [refusal('VIR_ERR_AGENT_UNRESPONSIVE')], 'silent'],
    ['is out of step', [refusal('VIR_ERR_AGENT_UNSYNCED')], 'silent'],
    ['lets the daemon wait', [refusal('VIR_ERR_AGENT_COMMAND_TIMEOUT')], 'silent'],
    ['is not configured', [refusal('VIR_ERR_ARGUMENT_UNSUPPORTED')], 'silent'],
    ['stands in a VM that is off', [refusal('VIR_ERR_OPERATION_INVALID')], 'silent'],
    ['says nothing in time', ['never'], 'silent'],
    ['has frozen the disks', [refusal('VIR_ERR_AGENT_COMMAND_FAILED', frozen)], 'frozen'],
    ['has frozen the disks, before libvirt 11.2', [refusal('VIR_ERR_INTERNAL_ERROR', frozen)], 'frozen'],
    [
      'refuses all, as an old one does that has frozen them',
      [refusal('VIR_ERR_INTERNAL_ERROR', disabled), refusal('VIR_ERR_INTERNAL_ERROR', disabledToo)],
      'frozen',
    ],
    ['has one command switched off', [refusal('VIR_ERR_AGENT_COMMAND_FAILED', disabled), 'answer'], 'answers'],
    [
      'has one switched off and lacks the other',
      [refusal('VIR_ERR_INTERNAL_ERROR', disabled), refusal('VIR_ERR_INTERNAL_ERROR', unknown)],
      'answers',
    ],
    ['is a simple one', [refusal('VIR_ERR_INTERNAL_ERROR', unknown)], 'answers'],
  ];
  for (const [what, answers, state] of rows) {
    it(`that ${what} is told as ${state}`, async () => {
      const { connection, asked } = agentThat(...answers);
      assert.equal(await readAgent({ connection, dom }, 20), state);
      assert.equal(asked.length, answers.length);
    });
  }

  it('is not told at all when the daemon refuses the question or is gone', async () => {
    for (const error of [refusal('VIR_ERR_OPERATION_DENIED'), new ConnectionLost('ended')]) {
      await assert.rejects(readAgent({ connection: agentThat(error).connection, dom }), (reason) => reason === error);
    }
  });
});
