// What a plan was decided on, as far as somebody may have to compare it later. Decides nothing.
import { backingFileOf } from '../domain/chains/fileUse.js';
import { lastWrites } from '../domain/chains/lastWrites.js';
import type { Facts } from '../domain/facts.js';
import type { Before } from '../domain/origin.js';
import type { PlannedMerge } from '../domain/plannedMerge.js';
import { findSnapshot, parentOf } from '../domain/snapshotTree.js';
import { snapshotableDisks } from '../domain/vm.js';
import type { DraftPlan } from './plan.js';

/**
 * More do not fit into an entry beside the plan: then nothing shows later that a VM is as it was, and a person is
 * asked.
 */
const mostSnapshots = 2_000;

export function captureBefore(draft: Pick<DraftPlan, 'steps' | 'merges'>, facts: Facts): Before {
  const { vm, tree } = facts;
  const { power, powerReason, managedSave } = vm;
  const half = new Set(draft.merges?.flatMap((merge) => (isHalfMerged(merge, facts) ? [merge.base] : [])));
  const writes = lastWrites(watchedFiles(draft, facts), facts).map((write) =>
    half.has(write.file) ? { ...write, halfMerged: true as const } : write,
  );
  return {
    power,
    powerReason,
    managedSave,
    disks: snapshotableDisks(vm).map(({ target, source }) => ({
      target,
      ...(source === undefined ? {} : { file: source }),
    })),
    ...(tree.current === undefined ? {} : { current: tree.current }),
    ...(tree.snapshots.length > mostSnapshots
      ? {}
      : {
          snapshots: tree.snapshots.map(({ name, createdAt, parent }) => ({
            name,
            createdAt,
            ...(parent === undefined ? {} : { parent }),
          })),
        }),
    ...(writes.length === 0 ? {} : { lastWrites: writes }),
  };
}

/**
 * Whether anybody wrote to them tells how far a merge came, and whether RAM still fits. libvirt starts QEMU on the
 * files that the snapshot froze, before it puts overlays on them.
 */
function watchedFiles({ steps, merges = [] }: Pick<DraftPlan, 'steps' | 'merges'>, facts: Facts): ReadonlySet<string> {
  const ram = steps.flatMap((step) => (step.kind === 'revert' ? (findSnapshot(facts.tree, step.snapshot) ?? []) : []));
  return new Set([
    ...merges.map(({ base }) => base),
    ...ram
      .filter(({ style, memory }) => style === 'external' && memory.file !== undefined)
      .flatMap(({ name, disks }) =>
        disks.flatMap(({ location, target }) =>
          location === 'external' ? (backingFileOf(facts, name, target) ?? []) : [],
        ),
      ),
  ]);
}

function isHalfMerged({ snapshot, target }: PlannedMerge, { tree }: Facts): boolean {
  const marked = parentOf(tree, snapshot)?.disks ?? [];
  return marked.some((disk) => disk.target === target && disk.deleteInProgress);
}
