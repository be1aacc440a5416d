// Which layers of a VM's disks are deltas, and which is the base, as far as it is known. Pure; judges nothing.
import type { DiskChain, Layer, VmLayers } from '../domain/layers.js';
import { activePath } from '../domain/snapshotTree.js';
import { snapshotableDisks, xmlChain } from '../domain/vm.js';
import type { HealthFacts } from './healthFacts.js';

interface Deltas {
  readonly target: string;
  /** Top first. */
  readonly deltas: readonly Layer[];
  readonly base: Layer | undefined;
}

type Chain = Deltas & Pick<DiskChain, 'whole'>;

/** Most checks ask for them, and layers stay the same value as long as they are the same. */
const chainsOfLayers = new WeakMap<VmLayers, readonly Chain[]>();

export function chains({ layers, vm }: HealthFacts): readonly Chain[] {
  if (layers !== undefined && layers.disks.length > 0) {
    const known = chainsOfLayers.get(layers) ?? layers.disks.map(deltasOf);
    chainsOfLayers.set(layers, known);
    return known;
  }
  // While a VM runs, libvirt's XML lists the chain, but not the sizes.
  return snapshotableDisks(vm).flatMap((disk) =>
    disk.source === undefined || disk.backing === undefined
      ? []
      : [
          {
            target: disk.target,
            deltas: xmlChain(disk).slice(0, -1).map(unknownLayer),
            base: unknownLayer(disk.backing.at(-1) ?? disk.source),
            whole: true,
          },
        ],
  );
}

/** The last that was seen of a chain is a delta only where it is known to have begun after a snapshot. */
function deltasOf({ target, layers: all, whole }: DiskChain): Chain {
  return {
    target,
    deltas: all.filter(({ since }, at) => at < all.length - 1 || (!whole && since !== undefined)),
    base: whole ? all.at(-1) : undefined,
    whole,
  };
}

function unknownLayer(file: string): Layer {
  return { file, virtualBytes: 'unknown', allocatedBytes: 'unknown', seen: 'unknown', snapshots: [], sharedWith: [] };
}

export function isDepthKnown(facts: HealthFacts): boolean {
  const known = chains(facts);
  return known.length > 0
    ? facts.tree !== undefined || known.every(({ whole }) => whole)
    : snapshotableDisks(facts.vm).length === 0;
}

/**
 * While a VM is off, libvirt lists what its configuration names: the top file alone, or what was opened when it last
 * ran, without the files below that (9.0 to 12.8 alike). Then each external snapshot that the VM stands on counts: a
 * delta came after it.
 */
export function depths(facts: HealthFacts): readonly { readonly target: string; readonly deltas: number }[] {
  const taken = facts.tree === undefined ? [] : activePath(facts.tree).flatMap(({ disks }) => disks);
  return chains(facts).map(({ target, deltas, whole }) => {
    const told = taken.filter((disk) => disk.target === target && disk.location === 'external').length;
    return { target, deltas: whole ? deltas.length : Math.max(deltas.length, told) };
  });
}
