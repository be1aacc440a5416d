// Two states of a VM held against each other: their hardware, and how far their disks are apart.
import type { Log } from '../base/log.js';
import { asFailure } from '../domain/asFailure.js';
import { compareHardware, type Hardware, type HardwareDifference } from '../domain/hardware.js';
import type { VmLayers } from '../domain/layers.js';
import { type DiskDistance, diskDistances } from '../domain/layerDistance.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { VmRef } from '../domain/vm.js';
import type { StateDifference } from '../domain/vmFiles.js';
import type { EnginePort } from './enginePort.js';

export interface ComparedStates {
  readonly left: Hardware;
  readonly right: Hardware;
  readonly differences: readonly HardwareDifference[];
  /** Undefined where the layers could not be read: the hardware can be compared without them. */
  readonly distances: readonly DiskDistance[] | undefined;
  /** The differences of a VM that has such states. */
  readonly states: readonly StateDifference[];
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

export type ComparisonEngine = Pick<EnginePort, 'findVm' | 'readHardware' | 'readLayers' | 'readFiles'>;

/** @param to the current state where it is undefined */
export async function readStateComparison(
  engine: ComparisonEngine,
  ref: VmRef,
  from: Snapshot,
  to: Snapshot | undefined,
  log: Pick<Log, 'info'>,
): Promise<ComparedStates> {
  const [left, right, layers, states] = await Promise.all([
    engine.readHardware(ref, from.name),
    engine.readHardware(ref, to?.name),
    engine.readLayers(ref).catch((error: unknown) => {
      log.info(`The layers could not be read for a comparison: ${asFailure(error).message}`);
      return undefined;
    }),
    compareStates(engine, ref, from.name, to?.name),
  ]);
  return {
    left,
    right,
    differences: compareHardware(left, right, layers && onOwnLayers(layers, left, right)),
    distances: layers && diskDistances(layers, from, to),
    states,
  };
}

/** A snapshot with RAM has its TPM's state in there: then it is not known. */
async function compareStates(
  engine: ComparisonEngine,
  ref: VmRef,
  ...pair: readonly [string, string | undefined]
): Promise<readonly StateDifference[]> {
  const { nvram, tpmState } = engine.findVm(ref)?.vm ?? {};
  const roles: readonly StateDifference['role'][] = [
    ...(nvram === undefined ? [] : (['uefiVariables'] as const)),
    ...(tpmState === undefined ? [] : (['tpmState'] as const)),
  ];
  const { files } = roles.length === 0 ? { files: [] } : await engine.readFiles(ref, pair).catch(() => ({ files: [] }));
  return roles.map((role) => {
    const [one, other] = pair.map(
      (name) =>
        files.find((file) => file.role === role && (name === undefined ? file.present : file.snapshots.includes(name)))
          ?.sum,
    );
    const isKnown = one !== undefined && other !== undefined;
    return { role, how: !isKnown ? 'unknown' : one === other ? 'same' : 'differs' };
  });
}
