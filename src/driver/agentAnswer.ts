// What it means when a call to a guest's agent is refused.
import { errorCodes as code, type LibvirtError } from '../libvirt/libvirtError.js';

export type AgentAnswer = 'answers' | 'silent' | 'frozen' | 'disabled';

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

/** What a refusal says of the agent; undefined where it is about something else. */
export function agentAnswerOf(error: LibvirtError): AgentAnswer | undefined {
  if (silentCodes.has(error.code)) {
    return 'silent';
  }
  if (!refusedCodes.has(error.code)) {
    return undefined;
  }
  return /frozen/i.test(error.message) ? 'frozen' : /disabled/i.test(error.message) ? 'disabled' : 'answers';
}
