// What a tool is given to do its work, and the VM that it is about. Does nothing.
import type { Log } from '../base/log.js';
import { asFailure } from '../domain/asFailure.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { VmView } from '../live/views.js';
import type { AgentCheckpoints } from '../journal/agentCheckpoints.js';
import type { Audit } from '../journal/audit.js';
import type { AgentPermission } from '../manifest/settings.js';
import type { Readers, ReadVmNotes } from '../session/readers.js';
import type { Session } from '../session/session.js';
import { permissionFor, denialOf, unknownVmDenial } from './guard.js';
import { readAs } from './guestText.js';
import { requireAllowed, ToolRefusal } from './refusal.js';

/**
 * How long a call takes at most unless its caller says. Clients of MCP give a call up after 60 s unless somebody sets
 * more (`DEFAULT_REQUEST_TIMEOUT_MSEC` of its SDKs), and `run_in_guest` takes a checkpoint first: an answer has to be
 * there by then.
 */
export const usualSeconds = { run_in_guest: 45, read_console: 5, wait_for_vm: 45 } as const;
/** The last checkpoint of a VM, as long as nothing was done since. */
export interface FreshCheckpoint {
  readonly name: string;
  readonly at: number;
}

/** The state of a VM when an agent saw its display. */
export interface LookedAt {
  /** Its current snapshot. */
  readonly current: string | undefined;
  /** The last revert in the log, by its id. */
  readonly revert: string | undefined;
}

/** What is handed in at the door. */
export interface AgentReaders extends Pick<Readers, 'files'> {
  readonly notes: ReadVmNotes;
}

/** What is the same for all calls of one agent. */
export interface AgentTools {
  readonly log: Log;
  /** The agent's name, fit to be shown. */
  readonly agent: string;
  /** By the UUID of the VM. */
  readonly fresh: Map<string, FreshCheckpoint>;
  /** By the UUID of the VM; not after a revert of the agent's own. */
  readonly looked: Map<string, LookedAt>;
  readonly readers: AgentReaders;
  checkpoints(session: Session): AgentCheckpoints;
  audit(session: Session): Audit;
}

export type ToolInput = Readonly<Record<string, string | number | readonly string[] | undefined>>;

export interface ToolCall {
  readonly session: Session;
  readonly tools: AgentTools;
  readonly input: ToolInput;
  readonly signal: AbortSignal;
}

export type ToolHandler = (
  work: ToolCall,
) => Promise<Readonly<Record<string, unknown>> | { readonly picture: Uint8Array }>;

export interface ToolQuestion {
  readonly title: string;
  /** Lines of plain text. */
  readonly details: string;
}

/** The VM that a tool is about, read afresh, if the agent may do so much with it. @throws ToolRefusal, Failure */
export async function requirePermittedVm(
  { session, input }: Pick<ToolCall, 'session' | 'input'>,
  needs: AgentPermission,
): Promise<VmView> {
  const wanted = String(input['vm']);
  const found = await findVmForAgent(session, wanted);
  await session.engine.refresh({ vm: found.ref });
  const view = session.view(found);
  const allowed = permissionFor(view.vm, session.settings.agentPermissions);
  const vm = allowed === 'none' ? wanted : view.vm.name;
  requireAllowed(denialOf({ vm, needs, allowed, isProtected: session.isProtected(view.vm) }));
  return view;
}

/** By its name, its title, or its name as the answers tell it. @throws ToolRefusal, Failure */
export async function findSnapshotForAgent(
  { session }: Pick<ToolCall, 'session'>,
  view: VmView,
  name: string,
): Promise<Snapshot> {
  try {
    return await session.snapshot(view, name);
  } catch (error) {
    const { snapshots } = await session.engine.readTree(view.ref);
    const [snapshot, ...others] =
      asFailure(error).kind === 'notFound' ? readAs(snapshots, name, (one) => one.name) : [];
    if (others.length > 0) {
      const sentence = `Several snapshots of ${view.vm.name} are called ${name}, but for characters that are not shown. Ask the person to rename one.`;
      throw new ToolRefusal('ambiguous', sentence);
    }
    if (snapshot === undefined) {
      throw error;
    }
    return snapshot;
  }
}

async function findVmForAgent(session: Session, wanted: string): Promise<VmView> {
  try {
    return await session.vm(wanted);
  } catch (error) {
    const { kind } = asFailure(error);
    if (kind === 'notFound') {
      const [view, ...others] = readAs((await session.reachAll()).views, wanted, ({ vm }) => vm.name);
      if (view !== undefined && others.length === 0) {
        return view;
      }
      requireAllowed(unknownVmDenial(wanted));
    }
    throw kind === 'ambiguous'
      ? new ToolRefusal('ambiguous', `Several VMs are called ${wanted}. Name it by its uuid; list_vms tells it.`)
      : error;
  }
}
