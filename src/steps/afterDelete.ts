// The facts as they will be when a delete is done, so that the next one of a series can be decided before anything is
// touched. As measured: libvirt puts the metadata of the others on the merged files. Knows no rule.
import { deletedFiles, externalTargets, overlayAbove } from '../domain/chains/deletedFiles.js';
import { backingFileOf } from '../domain/chains/fileUse.js';
import type { ImageFacts, Seen } from '../domain/hostFiles.js';
import type { Facts } from '../domain/facts.js';
import type { Step } from './step.js';
import type { Snapshot, SnapshotTree } from '../domain/snapshot.js';
import { isOnActivePath } from '../domain/snapshotTree.js';
import type { VmDisk } from '../domain/vm.js';

/** @param plan of the delete of that one snapshot */
export function afterDelete(snapshot: Snapshot, plan: { readonly steps: readonly Step[] }, facts: Facts): Facts {
  const merges = snapshot.style === 'external' && isOnActivePath(facts.tree, snapshot.name);
  const merged = merges ? mergesOf(snapshot, facts) : new Map<string, string>();
  const gone = new Set([
    ...merged.keys(),
    ...(snapshot.style === 'external' ? deletedFiles([snapshot], facts).removed : []),
    ...plan.steps.flatMap((step) => (step.kind === 'removeFiles' ? step.files : [])),
  ]);
  const { vm, tree, frozenDisks, files } = facts;
  const onBase = (disk: VmDisk): VmDisk => onMerged(disk, merged);
  return {
    ...facts,
    vm: { ...vm, disks: vm.disks.map(onBase) },
    tree: plan.steps.reduce(withNames, without(snapshot, tree)),
    ...(frozenDisks === undefined
      ? {}
      : {
          frozenDisks: new Map(
            [...frozenDisks]
              .filter(([name]) => name !== snapshot.name)
              .map(([name, disks]) => [name, disks.map(onBase)]),
          ),
        }),
    ...(files === undefined ? {} : { files: { ...files, images: imagesAfter(files.images, merged, gone) } }),
  };
}

/** By overlay: the file that it is merged into. */
function mergesOf(snapshot: Snapshot, facts: Facts): ReadonlyMap<string, string> {
  return new Map(
    externalTargets(snapshot).flatMap((target): readonly [string, string][] => {
      const into = backingFileOf(facts, snapshot.name, target);
      const overlay = overlayAbove(snapshot, target, facts);
      return into === undefined || overlay === undefined ? [] : [[overlay, into]];
    }),
  );
}

function onMerged(disk: VmDisk, merged: ReadonlyMap<string, string>): VmDisk {
  const { source, backing } = disk;
  const into = source === undefined ? undefined : merged.get(source);
  if (into !== undefined) {
    // What the file below was written as is not told here; nobody asks for the format of a simulated disk.
    return { ...disk, source: into, ...(backing === undefined ? {} : { backing: backing.slice(1) }) };
  }
  return backing === undefined ? disk : { ...disk, backing: backing.filter((file) => !merged.has(file)) };
}

/** What was above a merged overlay stands on the file that took it, which has grown by as much at most. */
function imagesAfter(
  images: ReadonlyMap<string, Seen<ImageFacts>>,
  merged: ReadonlyMap<string, string>,
  gone: ReadonlySet<string>,
): ReadonlyMap<string, Seen<ImageFacts>> {
  const after = new Map(images);
  for (const [overlay, into] of merged) {
    const [above, below] = [images.get(overlay), after.get(into)];
    if (typeof above === 'object' && typeof below === 'object') {
      const allocatedBytes = below.allocatedBytes + above.allocatedBytes;
      after.set(into, { ...below, allocatedBytes, empty: below.empty === true && above.empty === true });
    }
  }
  for (const [file, facts] of after) {
    const into = typeof facts === 'object' ? merged.get(facts.backing?.file ?? '') : undefined;
    if (typeof facts === 'object' && into !== undefined) {
      after.set(file, { ...facts, backing: { ...facts.backing, file: into } });
    }
  }
  gone.forEach((file) => after.has(file) && after.set(file, 'missing'));
  return after;
}

/** Its children become its parent's; if it was the current one, its parent is now. */
function without({ name, parent }: Snapshot, { snapshots, current }: SnapshotTree): SnapshotTree {
  const now = current === name ? parent : current;
  return {
    snapshots: snapshots
      .filter((one) => one.name !== name)
      .map((one): Snapshot => {
        const { parent: above, ...rest } = one;
        return above !== name ? one : { ...rest, ...(parent === undefined ? {} : { parent }) };
      }),
    ...(now === undefined ? {} : { current: now }),
  };
}

function withNames(tree: SnapshotTree, step: Step): SnapshotTree {
  if (step.kind !== 'makeCurrent') {
    return tree;
  }
  const files = new Map(step.disks?.map(({ target, file }) => [target, file]));
  return {
    ...tree,
    snapshots: tree.snapshots.map((one): Snapshot => {
      const disks = one.disks.map((disk) => {
        const file = files.get(disk.target);
        return file === undefined ? disk : { ...disk, file };
      });
      return one.name === step.snapshot ? { ...withoutRevertDisks(one), disks } : one;
    }),
  };
}

function withoutRevertDisks({ revertDisks, ...rest }: Snapshot): Snapshot {
  return revertDisks === undefined ? { ...rest } : rest;
}
