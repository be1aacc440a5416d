// Before a tool of an agent that no guard of ours sees: has a checkpoint taken of each VM that it is about, where the
// guest can have done anything since the last one. Loads what takes checkpoints only when one is due: an agent waits
// for this before each step.
import type { Log } from '../base/log.js';
import { protectionMatcher } from '../domain/protection.js';
import { asFailure } from '../domain/asFailure.js';
import type { Vm } from '../domain/vm.js';
import { readStandstills, type StoppedVm } from '../driver/connection/standstill.js';
import { AgentCheckpoints } from '../journal/agentCheckpoints.js';
import type { Settings } from '../manifest/settings.js';
import { failureMessage } from '../text/failures/failureMessage.js';
import type { AgentSession } from './agentSession.js';
import { permissionFor } from './guard.js';
import { untrustedLine } from './guestText.js';

const longestReason = 1_000;

interface BeforeToolOptions {
  readonly connections: readonly string[];
  /** By name or UUID; none: those that agents may checkpoint. */
  readonly vms: readonly string[];
  readonly settings: Settings;
  readonly environment: NodeJS.ProcessEnv;
  /** The folder of the journal. */
  readonly folder: string;
  readonly log: Log;
  readonly tools: () => Promise<AgentSession>;
  readonly tool: string;
}

/** Sentences for a model, in English. */
export interface KeptCheckpoints {
  readonly kept: readonly string[];
  readonly notKept: readonly string[];
}

interface FoundVm extends StoppedVm {
  readonly connection: string;
}

/** Never rejects. */
export async function keepBeforeTool(options: BeforeToolOptions): Promise<KeptCheckpoints> {
  const { vms, connections } = options;
  const kept: string[] = [];
  const notKept: string[] = [];
  const found: FoundVm[] = [];
  for (const connection of connections) {
    try {
      found.push(...(await findStoppedVms(options, connection, (vm) => isMeant(vm, options))));
    } catch (error) {
      notKept.push(failureMessage(asFailure(error)));
    }
  }
  // One of several connections that is away is nobody's concern, as long as the VMs are elsewhere.
  const unknown = vms.filter((name) => !found.some((vm) => isNamed(vm, name)));
  if (unknown.length === 0 && notKept.length < connections.length) {
    notKept.length = 0;
  }
  notKept.push(...unknown.map((name) => `There is no VM ${name}.`));
  for (const vm of found) {
    try {
      kept.push((await findFreshCheckpoint(options, vm)) ?? (await takeCheckpoint(options, vm)));
    } catch (error) {
      notKept.push(error instanceof CheckpointNotTaken ? error.message : failureMessage(asFailure(error)));
    }
  }
  return { kept, notKept: notKept.map((why) => untrustedLine(why, longestReason)) };
}

class CheckpointNotTaken extends Error {}

function isNamed({ name, uuid }: Pick<Vm, 'name' | 'uuid'>, wanted: string): boolean {
  return name === wanted || uuid === wanted.toLowerCase();
}

function isMeant(vm: Pick<Vm, 'name' | 'uuid'>, { vms, settings }: BeforeToolOptions): boolean {
  return vms.length > 0
    ? vms.some((name) => isNamed(vm, name))
    : ['checkpoint', 'act'].includes(permissionFor(vm, settings.agentPermissions)) &&
        !protectionMatcher(settings.protectedVms)(vm);
}

async function findStoppedVms(
  { environment, log }: BeforeToolOptions,
  connection: string,
  wanted: (vm: Pick<Vm, 'name' | 'uuid'>) => boolean,
): Promise<readonly FoundVm[]> {
  return (await readStandstills(connection, { environment, log, wanted })).map((one) => ({ ...one, connection }));
}

/** It stands on a checkpoint of ours, and has done nothing since that was taken. */
async function findFreshCheckpoint(
  { folder, log }: BeforeToolOptions,
  { connection, uuid, name, current, mark }: FoundVm,
): Promise<string | undefined> {
  if (current === undefined || mark === undefined) {
    return undefined;
  }
  const records = await new AgentCheckpoints(folder, log).of({ connection, uuid });
  const record = records.findLast((one) => one.name === current && one.mark === mark);
  return record && checkpointSentence(name, record.name, record.last);
}

/** By the same guard as a tool of ours. */
async function takeCheckpoint(options: BeforeToolOptions, vm: FoundVm): Promise<string> {
  const { folder, log, tool } = options;
  const { connection, uuid, name } = vm;
  const tools = await options.tools();
  const description = `Created before a command of an agent (${tool}).`;
  const { content, isError } = await tools.call(
    'checkpoint_vm',
    { vm: uuid, description },
    new AbortController().signal,
  );
  if (isError) {
    throw new CheckpointNotTaken((content['error'] as { readonly message: string }).message);
  }
  const { snapshot, step } = content as { readonly snapshot: string; readonly step: number };
  const [now] = await findStoppedVms(options, connection, (one) => one.uuid === uuid);
  if (now?.mark !== undefined && now.current === snapshot) {
    const checkpoints = new AgentCheckpoints(folder, log);
    const record = (await checkpoints.of({ connection, uuid })).findLast((one) => one.name === snapshot);
    if (record !== undefined) {
      await checkpoints.add({ connection, uuid }, { ...record, mark: now.mark });
    }
  }
  return checkpointSentence(name, snapshot, step);
}

function checkpointSentence(vm: string, snapshot: string, step: number): string {
  return `The current state of ${untrustedLine(vm)} was saved as ${untrustedLine(snapshot)}: revert_vm with before_step ${step} goes back to it.`;
}
