// A program inside of a guest whose agent does not answer each look at it, as answers of a daemon that is pretended.
import assert from 'node:assert/strict';
import { Failure, type FailureDetails } from '../../../src/domain/failure.js';
import type { GuestRun } from '../../../src/domain/guestCommand.js';
import { runInGuest } from '../../../src/driver/guest/runInGuest.js';
import { toFailure } from '../../../src/driver/toFailure.js';
import type { Connection } from '../../../src/libvirt/connection.js';
import { ConnectionLost, errorCodes, LibvirtError } from '../../../src/libvirt/libvirtError.js';

const uuid = '6f0a0f8e-0b6e-4c57-9d0e-6a1f3a2f5b10';
const pid = 7;
const runs = { exited: false };
const ended = { exited: true, exitcode: 3 };

function refusal(code: keyof typeof errorCodes, message = ''): LibvirtError {
  const net = { code: errorCodes[code], domain: 10, message, level: 2, dom: undefined, net: undefined };
  return new LibvirtError('x', { ...net, str1: undefined, str2: undefined, str3: undefined, int1: 0, int2: 0 });
}

/** Gives each look the next answer; `id` is that of the VM once the program runs. */
function runWith(looks: readonly (object | Error)[], { id = 4, atMostMs = 60_000 } = {}): Promise<GuestRun> {
  const answers = [{ pid }, ...looks];
  let asked = 0;
  const call = (procedure: string): Promise<unknown> => {
    if (procedure === 'domainLookupByUuid') {
      return Promise.resolve({ dom: { name: 'vm', uuid, id: asked === 0 ? 4 : id } });
    }
    const answer = answers[asked++];
    assert.ok(answer !== undefined, 'there is one look too many');
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ result: json(answer) });
  };
  const command = { program: 'make', args: [], atMostMs };
  return runInGuest({ call } as unknown as Connection, uuid, command, new AbortController().signal);
}

const json = (answer: object): string => JSON.stringify({ return: answer });

describe('a program in a guest', () => {
  const frozen = 'Command guest-exec-status has been disabled: the agent is in frozen state';
  const forNow: readonly (readonly [what: string, error: LibvirtError])[] = [
    ['the VM stands still', refusal('VIR_ERR_OPERATION_INVALID')],
    ['nobody is connected', refusal('VIR_ERR_AGENT_UNRESPONSIVE')],
    ['the agent is out of step', refusal('VIR_ERR_AGENT_UNSYNCED')],
    ['the agent is slow', refusal('VIR_ERR_AGENT_COMMAND_TIMEOUT')],
    ['another client keeps the agent', refusal('VIR_ERR_OPERATION_TIMEOUT')],
    ['the disks are frozen', refusal('VIR_ERR_AGENT_COMMAND_FAILED', frozen)],
    ['the disks are frozen, before libvirt 11.2', refusal('VIR_ERR_INTERNAL_ERROR', frozen)],
    ['an old agent has frozen them', refusal('VIR_ERR_INTERNAL_ERROR', 'guest-exec-status has been disabled')],
  ];
  for (const [what, error] of forNow) {
    it(`is looked at again where ${what}`, async () => {
      const ran = await runWith([runs, error, ended]);
      assert.deepEqual([ran.kind, ran.kind === 'ended' && ran.exitCode], ['ended', 3]);
    });
  }

  it('is late when nobody has answered until its time is over', async () => {
    assert.deepEqual(await runWith([refusal('VIR_ERR_OPERATION_INVALID')], { atMostMs: 0 }), { kind: 'late', pid });
  });

  const stopped = refusal('VIR_ERR_OPERATION_INVALID');
  const unknown = refusal('VIR_ERR_AGENT_COMMAND_FAILED', "Invalid parameter 'pid'");
  const forGood: readonly (readonly [what: string, error: Error, kind: string, id?: number])[] = [
    ['the VM is off', stopped, 'failed', -1],
    ['another QEMU runs, as after a revert', refusal('VIR_ERR_AGENT_UNRESPONSIVE'), 'unsupported', 5],
    ['the agent knows no such program, as after a revert of RAM alone', unknown, 'failed'],
    ['the daemon is gone', new ConnectionLost('ended'), 'lost'],
    ['the user may not ask', refusal('VIR_ERR_ACCESS_DENIED'), 'denied'],
  ];
  for (const [what, error, kind, id] of forGood) {
    it(`is given up where ${what}`, async () => {
      await assert.rejects(runWith([runs, error], { id }), (reason) => toFailure(reason).kind === kind);
    });
  }

  const lost = (why: FailureDetails['outputLost']) => (reason: unknown) =>
    reason instanceof Failure && reason.kind === 'failed' && reason.details.outputLost === why;

  it('that wrote more than libvirt passes on is told as such', async () => {
    await assert.rejects(runWith([runs, refusal('VIR_ERR_RPC')]), lost('tooLarge'));
  });

  it('whose end was told when libvirt waited no more is told as such', async () => {
    await assert.rejects(runWith([runs, refusal('VIR_ERR_AGENT_COMMAND_TIMEOUT'), unknown]), lost('unheard'));
    await assert.rejects(runWith([runs, unknown]), (reason) => !lost('unheard')(reason));
  });

  it('is not waited for where it could not be started', async () => {
    const call = (procedure: string): Promise<unknown> =>
      procedure === 'domainLookupByUuid'
        ? Promise.resolve({ dom: { name: 'vm', uuid, id: 4 } })
        : Promise.reject(refusal('VIR_ERR_AGENT_UNRESPONSIVE'));
    await assert.rejects(
      runInGuest(
        { call } as unknown as Connection,
        uuid,
        { program: 'make', args: [], atMostMs: 60_000 },
        new AbortController().signal,
      ),
      (reason) => reason instanceof Failure && reason.kind === 'unsupported' && reason.details.noAgent === true,
    );
  });
});
