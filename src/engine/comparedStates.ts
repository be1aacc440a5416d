// Two states of a VM held against each other: their hardware, and how far their disks are apart.
import type { Log } from '../base/log.js';
import { asFailure } from '../domain/asFailure.js';
import { compareHardware, type Hardware, type HardwareDifference } from '../domain/hardware.js';
import type { VmLayers } from '../domain/layers.js';
import { type DiskDistance, diskDistances } from '../domain/layerDistance.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { VmRef } from '../domain/vm.js';
import type { EnginePort } from './enginePort.js';

export interface ComparedStates {
  readonly left: Hardware;
  readonly right: Hardware;
  readonly differences: readonly HardwareDifference[];
  /** Undefined where the layers could not be read: the hardware can be compared without them. */
  readonly distances: readonly DiskDistance[] | undefined;
}

/**
 * The disks that have in both states one of the VM's own layers: another overlay is other content, and the same
 * hardware.
 */
function onOwnLayers({ disks, branches = [] }: VmLayers, left: Hardware, right: Hardware): ReadonlySet<string> {
  const files = (target: string): readonly string[] =>
    [...disks, ...branches].flatMap((chain) => (chain.target === target ? chain.layers.map(({ file }) => file) : []));
  const isOwn = ({ items }: Hardware, target: string): boolean =>
    items.some(({ part, id, facts }) => part === 'disk' && id === target && files(target).includes(facts.file ?? ''));
  return new Set(disks.flatMap(({ target }) => (isOwn(left, target) && isOwn(right, target) ? [target] : [])));
}

/** @param to the present where it is undefined */
export async function readStateComparison(
  engine: Pick<EnginePort, 'readHardware' | 'readLayers'>,
  ref: VmRef,
  from: Snapshot,
  to: Snapshot | undefined,
  log: Pick<Log, 'info'>,
): Promise<ComparedStates> {
  const [left, right, layers] = await Promise.all([
    engine.readHardware(ref, from.name),
    engine.readHardware(ref, to?.name),
    engine.readLayers(ref).catch((error: unknown) => {
      log.info(`The layers could not be read for a comparison: ${asFailure(error).message}`);
      return undefined;
    }),
  ]);
  return {
    left,
    right,
    differences: compareHardware(left, right, layers && onOwnLayers(layers, left, right)),
    distances: layers && diskDistances(layers, from, to),
  };
}
