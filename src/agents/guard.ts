// What an agent may do with a VM, decided by us: editors and agents let people switch every dialog off. Pure.
import { isNameOnly, protectionMatcher } from '../domain/protection.js';
import type { Vm } from '../domain/vm.js';
import { type AgentPermission as Permission, agentPermissions } from '../manifest/settings.js';

/** In bytes, as everywhere here: powers of 1,024. */
export const gigabyte = 1024 ** 3;

interface GuardLimits {
  /** How many checkpoints of agents a VM may have. */
  readonly checkpoints: number;
  /** How much they may take, in bytes. */
  readonly bytes: number;
}

/** Checkpoints of agents that a VM has, all agents together. */
interface CheckpointUsage {
  readonly checkpoints: number;
  /** At most, as it was planned. */
  readonly bytes: number;
}

interface Wish {
  readonly vm: string;
  readonly needs: Permission;
  /** What the owner of the VM allows. */
  readonly allowed: Permission;
  readonly isProtected: boolean;
}

/** Why an agent is refused, and what to do next. Its sentence is for a model, so it is in English. */
export interface Denial {
  readonly reason: 'permission' | 'protected' | 'tooMany' | 'tooLarge' | 'loses';
  readonly sentence: string;
}

const usual: Permission = 'look';

/**
 * The row that names the VM, else the longest pattern that fits; of several the one that allows least.
 *
 * @param rows by name, pattern or UUID, as the setting has them
 */
export function permissionFor(vm: Pick<Vm, 'name' | 'uuid'>, rows: Readonly<Record<string, Permission>>): Permission {
  const fits = Object.entries(rows).filter(([pattern]) => protectionMatcher([pattern])(vm));
  const weight = ([pattern]: readonly [string, Permission]): number =>
    isNameOnly(pattern, vm) ? Number.POSITIVE_INFINITY : pattern.length;
  const most = Math.max(...fits.map(weight));
  const chosen = fits.filter((row) => weight(row) === most).map(([, permission]) => permission);
  return agentPermissions.find((permission) => chosen.includes(permission)) ?? usual;
}

/**
 * | VM            | wanted           | allowed             | → |
 * |---------------|------------------|---------------------|---|
 * | any           | any              | less                | permission |
 * | protected     | checkpoint, act  | any                 | protected |
 * | any           | any              | as much, or more    | may |
 */
export function denialOf({ vm, needs, allowed, isProtected }: Wish): Denial | undefined {
  if (allowed === 'none') {
    return unknownVmDenial(vm);
  }
  if (isProtected && rank(needs) > rank('look')) {
    return {
      reason: 'protected',
      sentence: `${vm} is protected: no tool can change it, even with a confirmation. Use another VM, or ask the user to do it.`,
    };
  }
  if (rank(allowed) < rank(needs)) {
    return {
      reason: 'permission',
      sentence: `Agents may only ${may[allowed]} ${vm}, and this needs "${needs}". Ask the user to set virtRewind.agents.permissions for it.`,
    };
  }
  return undefined;
}

const may: Readonly<Record<Permission, string>> = {
  none: 'ignore',
  look: 'look at',
  checkpoint: 'look at and checkpoint',
  act: 'act on',
};

/** The same for one that is not there: an agent learns nothing of VMs that it may not see. */
export function unknownVmDenial(vm: string): Denial {
  return {
    reason: 'permission',
    sentence: `There is no VM ${vm} that agents may see. The tool "list_vms" lists the others.`,
  };
}

/** Before another checkpoint of `bytes`. No tool deletes one: an agent could delete what its person needs. */
export function limitDenial(
  vm: string,
  taken: CheckpointUsage,
  bytes: number,
  limits: GuardLimits,
): Denial | undefined {
  const advice =
    'No tool deletes them: ask the user to delete some, or to raise the limit. Until then agents cannot act, because each step needs a checkpoint.';
  if (taken.checkpoints >= limits.checkpoints) {
    return {
      reason: 'tooMany',
      sentence: `${vm} has ${taken.checkpoints} agent checkpoints, but only ${limits.checkpoints} are allowed (virtRewind.agents.checkpoints). ${advice}`,
    };
  }
  return taken.bytes + bytes > limits.bytes
    ? {
        reason: 'tooLarge',
        sentence: `With this checkpoint, the agent checkpoints of ${vm} could use ${gigabytes(taken.bytes + bytes)} GB, but only ${gigabytes(limits.bytes)} GB are allowed (virtRewind.agents.spaceGb). ${advice}`,
      }
    : undefined;
}

/** @param losses their kinds */
export function lossDenial(vm: string, losses: readonly string[]): Denial | undefined {
  return losses.length === 0
    ? undefined
    : {
        reason: 'loses',
        sentence: `This would lose data of ${vm} that no checkpoint saves (${losses.join(', ')}), so agents are not allowed to do it. Ask the user to do it.`,
      };
}

function rank(permission: Permission): number {
  return agentPermissions.indexOf(permission);
}

function gigabytes(bytes: number): string {
  return (bytes / gigabyte).toFixed(1);
}
