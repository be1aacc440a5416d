// What is asked of the guest agent, through libvirt's own calls alone: commands of one's own would mark the VM as
// tampered with. Whatever an agent says comes out of the guest and is believed no further than its code.
import { Failure } from '../../domain/failure.js';
import type { Connection } from '../../libvirt/connection.js';
import { LibvirtError } from '../../libvirt/libvirtError.js';
import type { Domain } from '../../libvirt/structs.js';
import { type AgentAnswer, agentAnswerOf } from '../agentAnswer.js';
import type { StepContext } from './stepContext.js';

export type AgentState = Exclude<AgentAnswer, 'disabled'>;

export interface Agent {
  readonly connection: Connection;
  readonly dom: Domain;
}

/** libvirt itself waits for five seconds, or for as long as another client has set for all, or for ever. */
const patienceMs = 10_000;

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

async function answerTo(call: Promise<unknown>, signal: AbortSignal): Promise<AgentAnswer> {
  try {
    await call;
    return 'answers';
  } catch (error) {
    if (signal.aborted && error === signal.reason) {
      return 'silent';
    }
    const told = error instanceof LibvirtError ? agentAnswerOf(error) : undefined;
    if (told === undefined) {
      throw error;
    }
    return told;
  }
}

/**
 * All file systems. Idempotent: thawing what is not frozen does nothing. libvirt waits for ever for an agent that takes
 * part in its handshake and then does not answer: we do not.
 */
export async function thawGuest({ connection, dom, guestPatienceMs: silentMs }: ThawContext): Promise<void> {
  const signal = AbortSignal.timeout(silentMs);
  try {
    await connection.call('domainFsthaw', { dom, mountpoints: [], flags: 0 }, { signal });
  } catch (error) {
    throw error === signal.reason
      ? new Failure('failed', { vm: dom.name, silentMs, noAgent: true, left: [{ kind: 'frozen' }] })
      : error;
  }
}

type ThawContext = Agent & Pick<StepContext, 'guestPatienceMs'>;
