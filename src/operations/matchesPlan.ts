// Whether the current state is what a plan left when it broke off, or somebody has used the VM since: what they did
// must not go, for they were never asked. Knows no way on or back.
import { snapshotsIn } from '../domain/chains/fileUse.js';
import type { PlannedWork } from './plan.js';
import type { Facts } from '../domain/facts.js';
import type { Step, TargetFile } from '../steps/step.js';
import type { Snapshot, SnapshotDisk } from '../domain/snapshot.js';
import { findSnapshot, parentOf } from '../domain/snapshotTree.js';
import { isMissing } from '../domain/chains/standsOn.js';
import { isActive, snapshotableDisks } from '../domain/vm.js';

/** `unknown`: nothing tells. Before something is destroyed, it counts as `used`. */
type OverlayUse = 'untouched' | 'used' | 'unknown';

function checkpointStep({ steps }: PlannedWork): Extract<Step, { kind: 'createSnapshot' }> | undefined {
  return steps.find(
    (step): step is Extract<Step, { kind: 'createSnapshot' }> =>
      step.kind === 'createSnapshot' && step.auto === 'revert',
  );
}

/** Each of the VM's disks is that very file, and no overlay of it. */
export function standsExactlyOn(disks: readonly TargetFile[], { vm }: Facts): boolean {
  return disks.every(({ target, file }) => vm.disks.some((disk) => disk.target === target && disk.source === file));
}

/**
 * Whether a VM was used after a plan put it on these overlays.
 *
 * | the VM           | its disks           | the overlays            | → |
 * |------------------|---------------------|-------------------------|---|
 * | any              | others              | any                     | used |
 * | active           | these               | any                     | used |
 * | off              | these               | one is not empty        | used |
 * | off              | these               | one is not known        | unknown |
 * | off              | these               | all known to be empty, or gone | untouched: nothing is in them |
 */
export function useOfOverlays(disks: readonly TargetFile[], facts: Facts): OverlayUse {
  if (isActive(facts.vm.power) || !standsExactlyOn(disks, facts)) {
    return 'used';
  }
  const known = disks.map(({ file }) => isMissing(file, facts) || emptiness(file, facts));
  return known.includes(false) ? 'used' : known.includes(undefined) || known.length === 0 ? 'unknown' : 'untouched';
}

/**
 * What of these a VM that is off has: a disk that only what ran had then is not in its configuration, and comes back
 * with the RAM alone.
 */
export function withoutPluggedIn<T extends TargetFile>(
  disks: readonly T[],
  snapshot: string,
  facts: Facts,
): readonly T[] {
  const frozen = facts.frozenDisks?.get(snapshot) ?? [];
  const pluggedIn = new Set(frozen.flatMap(({ target, only }) => (only === 'running' ? [target] : [])));
  return disks.filter(({ target }) => !pluggedIn.has(target));
}

/** Whether nothing was written to an overlay; undefined: not known. */
export function emptiness(file: string, { files }: Facts): boolean | undefined {
  const facts = files?.images.get(file);
  return typeof facts === 'object' ? facts.empty : undefined;
}

/**
 * Whether a VM was used that a revert was about to leave, and that still stands where it stood.
 *
 * | before the revert            | what tells                                                         |
 * |------------------------------|--------------------------------------------------------------------|
 * | an external checkpoint       | the overlays that it made                                          |
 * | an internal checkpoint       | the images: whether each is as when it was taken, or as the target: libvirt changes one after another |
 * | none, but a recovery took one that broke off itself | as of these              |
 * | none, nothing had changed    | the overlays that the VM stood on                                  |
 * | none, the changes were given up | the same; those that are not empty may hold more than was given up: unknown |
 */
export function useOfAbandoned(plan: PlannedWork, facts: Facts): OverlayUse {
  const { vm } = facts;
  const own = new Set(snapshotableDisks(vm).map(({ target }) => target));
  const leaves = plan.before.disks.flatMap(({ target, file }) =>
    own.has(target) && file !== undefined ? [{ target, file }] : [],
  );
  const checkpoint = checkpointOf(plan, facts);
  const taking = checkpoint?.disks.filter(({ location }) => location !== 'no') ?? [];
  const made = taking.flatMap(({ target, file }) => (file === undefined ? [] : [{ target, file }]));
  const overlays = checkpoint === undefined ? made : withoutPluggedIn(made, checkpoint.name, facts);
  const others = leaves.filter(({ target }) => overlays.every((one) => one.target !== target));
  if (isActive(vm.power) || !standsExactlyOn([...overlays, ...others], facts) || !isCurrentAsPlanned(plan, facts)) {
    return 'used';
  }
  if (checkpoint?.style === 'internal') {
    return useOfImages([checkpoint.name, targetOf(plan)], taking, facts);
  }
  const use = useOfOverlays(overlays.length > 0 ? overlays : leaves, facts);
  return checkpoint !== undefined || use === 'untouched' ? use : 'unknown';
}

function checkpointOf(plan: PlannedWork, facts: Facts): Snapshot | undefined {
  return findSnapshot(facts.tree, checkpointStep(plan)?.name ?? '') ?? checkpointOfRecovery(plan, facts);
}

/** The current state, as a recovery kept it that broke off itself. */
export function checkpointOfRecovery(plan: PlannedWork, { tree }: Facts): Snapshot | undefined {
  const own = ownNames(plan);
  const current = findSnapshot(tree, tree.current ?? '');
  const parent = current === undefined ? undefined : parentOf(tree, current.name)?.name;
  const ours =
    current?.trailers.auto === 'revert' && !own.has(current.name) && (parent === undefined || own.has(parent));
  return ours ? current : undefined;
}

function targetOf({ request }: PlannedWork): string {
  return request.kind === 'revert' ? request.snapshot : '';
}

function useOfImages(names: readonly string[], disks: readonly SnapshotDisk[], { vm, files }: Facts): OverlayUse {
  const same = disks.map(({ target }) => {
    const source = vm.disks.find((disk) => disk.target === target)?.source ?? '';
    const facts = files?.images.get(source);
    const same = typeof facts === 'object' ? facts.unchangedSince : undefined;
    return same?.some((name) => names.includes(name));
  });
  return same.includes(false) ? 'used' : same.includes(undefined) ? 'unknown' : 'untouched';
}

/**
 * Whether the snapshot that is current is one that the plan can have left so: the one before it, or one that it makes
 * or was to make current. libvirt has none while it reverts. A checkpoint of ours above one of these is a recovery's.
 * A repair does not know which one was current before it: there the VM's files alone tell.
 */
export function isCurrentAsPlanned(plan: PlannedWork, facts: Facts): boolean {
  const { tree } = facts;
  if (tree.current === undefined || plan.request.kind === 'repair') {
    return true;
  }
  return ownNames(plan).has(tree.current) || checkpointOfRecovery(plan, facts) !== undefined;
}

function ownNames({ request, before, steps, checkpoint, deletes = [] }: PlannedWork): ReadonlySet<string> {
  const names = new Set(deletes);
  for (const step of steps) {
    if (step.kind === 'createSnapshot' || step.kind === 'redefineAs') {
      names.add(step.name);
    }
    if (step.kind === 'makeCurrent' || step.kind === 'redefineAs' || step.kind === 'revert') {
      names.add(step.snapshot);
    }
  }
  if (request.kind === 'revert') {
    names.add(request.snapshot);
    // Where a checkpoint takes its place, it is that one which is left.
    if (checkpoint === undefined && before.current !== undefined) {
      names.add(before.current);
    }
  }
  return names;
}

/**
 * | step makeCurrent             | what the VM must stand on                            |
 * |------------------------------|------------------------------------------------------|
 * | names overlays               | these                                                |
 * | does not, of a revert        | the overlays that it is defined with                 |
 * | does not, of anything else   | anything                                             |
 *
 * And nobody may have made another one current. Overlays that a snapshot froze are
 * not the VM's own any more.
 */
export function mayMakeCurrent(step: Extract<Step, { kind: 'makeCurrent' }>, plan: PlannedWork, facts: Facts): boolean {
  const define = plan.steps.find((one) => one.kind === 'defineFromSnapshot');
  const disks = step.disks ?? define?.disks ?? [];
  return (
    standsExactlyOn(isActive(facts.vm.power) ? disks : withoutPluggedIn(disks, step.snapshot, facts), facts) &&
    snapshotsIn(facts, new Set(disks.map(({ file }) => file))).length === 0 &&
    isCurrentAsPlanned(plan, facts)
  );
}

/** RAM that the VM had, and that no checkpoint was to keep. */
export function losesRam(plan: PlannedWork): boolean {
  return isActive(plan.before.power) && checkpointStep(plan)?.snapshotKind !== 'memory';
}
