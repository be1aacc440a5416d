// By how many bytes the disks of two states of a VM differ, from the layers between them. Pure.
import { type Bytes, type DiskChain, sumOf, type VmLayers } from './layers.js';
import type { Snapshot } from './snapshot.js';

/** Why a distance is not known. */
type NoDistance = 'insideImage' | 'otherBranch' | 'notRead';

export interface DiskDistance {
  readonly target: string;
  /** At most so many: what the layers between the two take, in whole clusters, whether their content differs or not. */
  readonly bytes: Bytes;
  readonly why?: NoDistance;
}

/**
 * | the two states                              | distance of a disk                            |
 * |---------------------------------------------|-----------------------------------------------|
 * | on the chain that the VM stands on          | the layers above the lower one, up to the upper |
 * | one on another branch                       | unknown: that branch's layers are in no chain |
 * | an internal snapshot                        | unknown: it shares its file with the current state |
 * | a layer between them could not be looked at | unknown                                       |
 *
 * @param to the current state where it is undefined
 */
export function diskDistances(layers: VmLayers, from: Snapshot, to: Snapshot | undefined): readonly DiskDistance[] {
  return layers.disks.map((chain) => {
    if ([from, to].some((snapshot) => snapshot !== undefined && isInside(snapshot, chain.target))) {
      return { target: chain.target, bytes: 'unknown', why: 'insideImage' };
    }
    const [one, other] = [place(chain, from), place(chain, to)];
    if (one === undefined || other === undefined) {
      return { target: chain.target, bytes: 'unknown', why: chain.whole ? 'otherBranch' : 'notRead' };
    }
    const between = chain.layers.slice(Math.min(one, other), Math.max(one, other));
    const bytes = sumOf(between.map(({ allocatedBytes }) => allocatedBytes));
    return { target: chain.target, bytes, ...(bytes === 'unknown' && { why: 'notRead' as const }) };
  });
}

function isInside(snapshot: Snapshot, target: string): boolean {
  return snapshot.disks.some((disk) => disk.target === target && disk.location === 'internal');
}

/** Where in the chain the state's content ends; the current state ends with the top. */
function place(chain: DiskChain, snapshot: Snapshot | undefined): number | undefined {
  const at = snapshot === undefined ? 0 : chain.layers.findIndex(({ snapshots }) => snapshots.includes(snapshot.name));
  return at < 0 ? undefined : at;
}
