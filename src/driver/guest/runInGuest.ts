// A program inside of a guest, by commands of the guest agent (qapi-schema.json: guest-exec, guest-exec-status).
// libvirt passes them on as they are, and notes of a VM that was asked so that it is "tainted", until it is off: it has
// no call of its own for it.
import { setTimeout as wait } from 'node:timers/promises';
import * as v from 'valibot';
import { Failure, type FailureDetails } from '../../domain/failure.js';
import { type GuestCommand, type GuestOutputBytes, type GuestRun, mostGuestOutput } from '../../domain/guestCommand.js';
import type { Connection } from '../../libvirt/connection.js';
import { errorCodes as code, LibvirtError } from '../../libvirt/libvirtError.js';
import { agentAnswerOf } from '../agentAnswer.js';

const betweenLooksMs = 100;
/** libvirt's patience with one answer, in seconds: the last one holds all that the program wrote, and comes once. */
const answerSeconds = 20;

const started = v.object({ return: v.object({ pid: v.pipe(v.number(), v.integer()) }) });
const status = v.object({
  return: v.object({
    exited: v.boolean(),
    exitcode: v.optional(v.number()),
    signal: v.optional(v.number()),
    'out-data': v.optional(v.string()),
    'err-data': v.optional(v.string()),
    'out-truncated': v.optional(v.boolean()),
    'err-truncated': v.optional(v.boolean()),
  }),
});

/** No agent is configured, or nobody answers behind it. */
export const noAgentCodes: ReadonlySet<number> = new Set([
  code.VIR_ERR_AGENT_UNRESPONSIVE,
  code.VIR_ERR_AGENT_UNSYNCED,
  code.VIR_ERR_AGENT_COMMAND_TIMEOUT,
  code.VIR_ERR_ARGUMENT_UNSUPPORTED,
]);

export async function runInGuest(
  connection: Connection,
  uuid: string,
  { program, args, input, atMostMs }: GuestCommand,
  signal: AbortSignal,
): Promise<GuestRun> {
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  const ask = async <S extends v.GenericSchema>(
    shape: S,
    execute: string,
    given: object,
  ): Promise<v.InferOutput<S>> => {
    try {
      const cmd = JSON.stringify({ execute, arguments: given });
      const { result } = await connection.call(
        'qemuDomainAgentCommand',
        { dom, cmd, timeout: answerSeconds, flags: 0 },
        { signal },
      );
      return v.parse(shape, JSON.parse(result ?? 'null'));
    } catch (error) {
      throw signal.aborted ? new Failure('cancelled', { vm: uuid, byUs: true, doing: 'running a program' }) : error;
    }
  };
  let wasUnheard = false;
  /** Undefined: nobody answered, and the program is there all the same. */
  const look = async (pid: number): Promise<v.InferOutput<typeof status>['return'] | undefined> => {
    try {
      return (await ask(status, 'guest-exec-status', { pid })).return;
    } catch (error) {
      // If the VM is off or was reverted, the process is gone or belongs to another QEMU.
      if (isForNow(error) && (await connection.call('domainLookupByUuid', { uuid })).dom.id === dom.id) {
        wasUnheard = true;
        return undefined;
      }
      // The agent tells once how a program ended. libvirt drops what comes after it has given up waiting for it.
      throw wasUnheard && error instanceof LibvirtError && agentAnswerOf(error) === 'answers'
        ? outputLost(error, 'unheard')
        : asAgentFailure(error);
    }
  };
  const until = performance.now() + atMostMs;
  const { pid } = (
    await ask(started, 'guest-exec', {
      path: program,
      arg: args,
      'capture-output': true,
      ...(input !== undefined && { 'input-data': Buffer.from(input).toString('base64') }),
    }).catch((error: unknown) => {
      throw asAgentFailure(error);
    })
  ).return;
  for (;;) {
    const now = await look(pid);
    if (now?.exited === true) {
      return {
        kind: 'ended',
        ...(now.exitcode !== undefined && { exitCode: now.exitcode }),
        ...(now.signal !== undefined && { signal: now.signal }),
        stdout: limitOutput(now['out-data'], now['out-truncated']),
        stderr: limitOutput(now['err-data'], now['err-truncated']),
      };
    }
    if (performance.now() >= until) {
      return { kind: 'late', pid };
    }
    await wait(Math.min(betweenLooksMs, Math.max(1, until - performance.now())), undefined, { signal }).catch(() => {
      throw new Failure('cancelled', { vm: uuid, byUs: true, doing: 'running a program' });
    });
  }
}

/**
 * A guest stands still while its RAM is saved, its agent while the disks are frozen, and another client may be at the
 * agent.
 */
function isForNow(error: unknown): boolean {
  if (!(error instanceof LibvirtError)) {
    return false;
  }
  const told = agentAnswerOf(error);
  return error.code === code.VIR_ERR_OPERATION_TIMEOUT || (told !== undefined && told !== 'answers');
}

function asAgentFailure(error: unknown): unknown {
  if (!(error instanceof LibvirtError)) {
    return error;
  }
  if (noAgentCodes.has(error.code)) {
    return new Failure('unsupported', { ...libvirtDetails(error), noAgent: true }, { cause: error });
  }
  // The daemon has the answer and cannot send it on; the agent has forgotten the program by then.
  return error.code === code.VIR_ERR_RPC ? outputLost(error, 'tooLarge') : error;
}

function outputLost(cause: LibvirtError, why: 'tooLarge' | 'unheard'): Failure {
  return new Failure('failed', { ...libvirtDetails(cause), outputLost: why }, { cause });
}

function libvirtDetails({ message, code }: LibvirtError): Pick<FailureDetails, 'libvirtMessage' | 'libvirtCode'> {
  return { libvirtMessage: message, libvirtCode: code };
}

function limitOutput(data = '', wasCut = false): GuestOutputBytes {
  const bytes = Buffer.from(data, 'base64');
  return { bytes: bytes.subarray(0, mostGuestOutput), isCut: wasCut || bytes.length > mostGuestOutput };
}
