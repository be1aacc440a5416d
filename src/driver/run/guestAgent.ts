// What is asked of the guest agent, through libvirt's own calls alone: commands of one's own would mark the VM as
// tampered with. Whatever an agent says comes out of the guest and is believed no further than its code.
import type { Connection } from '../../libvirt/connection.js';
import { errorCodes as code, LibvirtError } from '../../libvirt/libvirtError.js';
import type { Domain } from '../../libvirt/structs.js';

export type AgentState = 'answers' | 'silent' | 'frozen';

export interface Agent {
  readonly connection: Connection;
  readonly dom: Domain;
}

/** libvirt itself waits for five seconds, or for as long as another client has set for all. */
const patienceMs = 3_000;

/** Nobody is there, or not in time; not configured; the VM does not run. */
const silentCodes: ReadonlySet<number> = new Set([
  code.VIR_ERR_AGENT_UNRESPONSIVE,
  code.VIR_ERR_AGENT_UNSYNCED,
  code.VIR_ERR_AGENT_COMMAND_TIMEOUT,
  code.VIR_ERR_ARGUMENT_UNSUPPORTED,
  code.VIR_ERR_OPERATION_INVALID,
]);

/** The agent itself said no: before libvirt 11.2 under the code of everything. */
const refusedCodes: ReadonlySet<number> = new Set([code.VIR_ERR_AGENT_COMMAND_FAILED, code.VIR_ERR_INTERNAL_ERROR]);

/**
 * No call asks whether the guest's file systems stand still. An agent that froze them refuses nearly all else until
 * they are thawed: newer ones say that this is why, older ones that the command is disabled, as they say of commands
 * that somebody switched off. So of those a second one is asked.
 *
 * | guest-get-time         | guest-get-fsinfo       | the agent |
 * |------------------------|------------------------|-----------|
 * | answered               | –                      | answers   |
 * | nobody, or too late    | –                      | silent    |
 * | refused: frozen        | –                      | frozen    |
 * | refused: disabled      | refused: disabled      | frozen    |
 * | refused: disabled      | anything else          | answers   |
 * | refused otherwise      | –                      | answers   |
 *
 * On a connection of its own, for a daemon that waits for the agent goes on after we have given up.
 */
export async function readAgent(agent: Agent, waitMs = patienceMs): Promise<AgentState> {
  const { connection, dom } = agent;
  const signal = AbortSignal.timeout(waitMs);
  const time = await answerTo(connection.call('domainGetTime', { dom, flags: 0 }, { signal }), signal);
  if (time !== 'disabled') {
    return time;
  }
  const second = await answerTo(connection.call('domainGetFsinfo', { dom, flags: 0 }, { signal }), signal);
  return second === 'disabled' || second === 'frozen' ? 'frozen' : 'answers';
}

async function answerTo(call: Promise<unknown>, signal: AbortSignal): Promise<AgentState | 'disabled'> {
  try {
    await call;
    return 'answers';
  } catch (error) {
    if (signal.aborted && error === signal.reason) {
      return 'silent';
    }
    if (!(error instanceof LibvirtError)) {
      throw error;
    }
    if (silentCodes.has(error.code)) {
      return 'silent';
    }
    if (!refusedCodes.has(error.code)) {
      throw error;
    }
    return /frozen/i.test(error.message) ? 'frozen' : /disabled/i.test(error.message) ? 'disabled' : 'answers';
  }
}

/** All file systems. Idempotent: thawing what is not frozen does nothing. */
export async function thawGuest({ connection, dom }: Agent): Promise<void> {
  await connection.call('domainFsthaw', { dom, mountpoints: [], flags: 0 });
}
