// Disks that are named by pool and volume, and of which libvirt tells no path now: what needs their images is refused.
import type { Facts } from '../domain/facts.js';
import type { OperationRequest } from '../domain/operation.js';
import { type RefusedDecision, refuse } from '../domain/refusal.js';
import { snapshotableDisks, type VmDisk } from '../domain/vm.js';

/**
 * | request                          | disks that it needs                                       |
 * |----------------------------------|-----------------------------------------------------------|
 * | create                           | those that are not left out                               |
 * | revert, with a checkpoint        | the snapshot's, and the current ones                      |
 * | revert, clone from a snapshot    | the snapshot's                                            |
 * | clone of the current state, consolidate | the current ones                                         |
 * | delete, prune                    | the current ones, and the snapshots'                      |
 * | disk                             | that one                                                  |
 * | start of a VM that is off        | all that libvirt does not leave out by itself             |
 * | any other                        | none                                                      |
 */
export function volumeRefusal(request: OperationRequest, facts: Facts): RefusedDecision | undefined {
  for (const { target: disk, volume } of disksFor(request, facts)) {
    if (volume?.notThere !== undefined) {
      const { pool, name, notThere: why } = volume;
      return refuse('volumeNotThere', { vm: facts.vm.name, disk, pool, volume: name, why });
    }
  }
  return undefined;
}

function disksFor(request: OperationRequest, { vm, frozenDisks }: Facts): readonly VmDisk[] {
  const present = snapshotableDisks(vm);
  const heldBy = (...names: readonly string[]): readonly VmDisk[] =>
    snapshotableDisks({ disks: names.flatMap((name) => frozenDisks?.get(name) ?? []) });
  switch (request.kind) {
    case 'create':
      return present.filter(({ target }) => request.without?.includes(target) !== true);
    case 'revert':
      return [...heldBy(request.snapshot), ...(request.checkpointFirst === true ? present : [])];
    case 'clone':
      return request.snapshot === undefined ? present : heldBy(request.snapshot);
    case 'consolidate':
      return present;
    case 'disk':
      return request.change.do === 'add' ? [] : present.filter(({ target }) => target === request.change.target);
    case 'delete':
      return [...present, ...heldBy(request.snapshot)];
    case 'prune':
      return [...present, ...heldBy(...request.snapshots)];
    case 'power':
      return request.action === 'start' && vm.power === 'off' ? disksToStart(vm.disks) : [];
    case 'describe':
    case 'speed':
    case 'debug':
    case 'rename':
    case 'repair':
    case 'discard':
      return [];
  }
}

/** libvirt goes without the others where they are missing. */
export function disksToStart(disks: readonly VmDisk[]): readonly VmDisk[] {
  return disks.filter(({ whenMissing }) => whenMissing === undefined);
}
