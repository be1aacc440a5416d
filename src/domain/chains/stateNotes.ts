// What was noted of the UEFI variables and of the TPM's state that a snapshot keeps beside its disks, and whether they
// are still that.
import { type FrozenChain, type FrozenRecord, type LayerIdentity, stateTargets } from '../frozenRecord.js';
import type { Facts } from '../facts.js';
import type { FileFacts } from '../hostFiles.js';
import type { Snapshot } from '../snapshot.js';
import { isSameState } from './layerIdentity.js';
import { stateCopy, stateThen } from './stateCopies.js';

interface StateFile {
  readonly target: string;
  readonly file: string;
}

interface ChangedState extends StateFile {
  readonly was?: LayerIdentity;
}

/** The copies of state that belong to the snapshot, whether they exist or not. RAM holds the state of the TPM. */
export function stateFilesOf(snapshot: Snapshot, { vm }: Pick<Facts, 'vm'>): readonly StateFile[] {
  const { name, trailers, kind } = snapshot;
  const then = stateThen(vm, snapshot);
  const files = trailers.createdBy === undefined ? [] : (['nvram', 'tpmState'] as const);
  return files.flatMap((of) => {
    const file = then[of];
    const isInRam = of === 'tpmState' && kind === 'memory';
    return file === undefined || isInRam ? [] : [{ target: stateTargets[of], file: stateCopy(file, name) }];
  });
}

/**
 * | the copy of the variables, or of the TPM's state | what was noted of it    | → |
 * |--------------------------------------------------|-------------------------|---|
 * | a link: we make none                             | any                     | changed |
 * | another size or digest; where no digest was noted, another time | all      | changed |
 * | any                                              | nothing                 | not known |
 * | gone, or not seen                                | any                     | told elsewhere |
 */
export function changedStates(
  snapshot: Snapshot,
  record: FrozenRecord | undefined,
  facts: Facts,
): readonly ChangedState[] {
  return stateFilesOf(snapshot, facts).flatMap(({ target, file }): readonly ChangedState[] => {
    const was = noteOf(target, record);
    const now = facts.files?.files.get(file);
    if (typeof now !== 'object') {
      return [];
    }
    return now.isLink === true || (was !== undefined && !isSameState(was, asLayer(file, now)))
      ? [{ target, file, ...(was === undefined ? {} : { was }) }]
      : [];
  });
}

/** One for each copy that was looked for, without a layer where there is none. */
export function stateChains(snapshot: Snapshot, known: FrozenRecord | undefined, facts: Facts): readonly FrozenChain[] {
  return stateFilesOf(snapshot, facts).flatMap(({ target, file }): readonly FrozenChain[] => {
    const was = noteOf(target, known);
    const seen = facts.files?.files.get(file);
    const now = typeof seen === 'object' ? asLayer(file, seen) : undefined;
    const isKnown = was !== undefined && (now === undefined || (was.sample !== undefined && isSameState(was, now)));
    const layer = isKnown ? { ...was, file } : now;
    return layer === undefined && seen !== 'missing' ? [] : [{ target, layers: layer === undefined ? [] : [layer] }];
  });
}

function noteOf(target: string, record: FrozenRecord | undefined): LayerIdentity | undefined {
  return record?.chains.find((chain) => chain.target === target)?.layers[0];
}

function asLayer(file: string, { bytes, modifiedAt, sum }: FileFacts): LayerIdentity {
  return {
    file,
    format: 'raw',
    bytes,
    virtualBytes: bytes,
    ...(modifiedAt === undefined ? {} : { modifiedAt }),
    ...(sum === undefined ? {} : { sample: sum }),
  };
}
