// What the layers, the RAM and the tags of each snapshot were when it was seen first, and whether they still are. The
// time of a last write tells nothing where the layer above is written to as well, or where a file came with its old
// time.
import { imageOf, overlayOf, slackMs } from './frozenContent.js';
import { backingFileOf, chainOfFrozen, isInside, takesPart } from './fileUse.js';
import { hasOldTime, isChanging, isSame, tookOtherName, vouchedTime, withoutMerge } from './layerIdentity.js';
import { writersInto } from './frozenWriters.js';
import { type FrozenChain, type FrozenRecord, type LayerIdentity, ramTarget } from '../frozenRecord.js';
import { changedStates, stateChains, stateFilesOf } from './stateNotes.js';
import type { ImageFacts } from '../hostFiles.js';
import type { Facts } from '../facts.js';
import { type RefusedDecision, refuse } from '../refusal.js';
import type { Snapshot, SnapshotTree } from '../snapshot.js';
import { parentOf } from '../snapshotTree.js';

/** What a plan does to layers of disks: see `layersUsedBy`. */
export interface LayersUsed {
  readonly read: ReadonlySet<string>;
  readonly written: ReadonlySet<string>;
  readonly givenUp: ReadonlySet<string>;
}

interface ChangedLayer {
  /** A disk, or `ramTarget`. */
  readonly target: string;
  readonly file: string;
  /** Absent for RAM of which nothing was noted, and that another snapshot, `by`, names too. */
  readonly was?: LayerIdentity;
  readonly by?: string;
  /** See `hasOldTime`: whether its content is the same is not known. */
  readonly isOldTime?: true;
}

/**
 * The layers of the snapshot that are not what they were; none too where nothing was noted, or nobody looked. Its RAM
 * is one file: another name of it is compared with what was noted, too.
 *
 * | a layer that is not as noted                                     | → |
 * |------------------------------------------------------------------|---|
 * | rests on one that was noted further below, and has the same data, as far as is noted | as it was: a merge took out what was between |
 * | rests on any other file                                          | changed: the time does not tell whether only its header was written |
 */
export function changedLayers(snapshot: Snapshot, facts: Facts): readonly ChangedLayer[] {
  const record = recordOf(snapshot, facts.frozenRecords ?? [], facts.tree);
  const changed = (record?.chains ?? []).flatMap(({ target, layers }) => {
    const chain = target === ramTarget ? [] : chainOfFrozen(snapshot, target, facts);
    return chain.flatMap((file, depth): readonly ChangedLayer[] => {
      const at = layers.findIndex((layer) => layer.file === file);
      const was = layers[at];
      const now = seenAs(target, file, facts);
      const above = { before: layers[at - 1]?.file, now: chain[depth - 1] };
      return was === undefined ||
        was.writing === true ||
        now === undefined ||
        isSame(was, now) ||
        (tookOtherName(was, now) && layers.slice(at + 2).some(({ file: below }) => below === now.backing?.file)) ||
        tookMerge(now, above, facts) ||
        (depth > 0 && tookAllAbove(file, overlayOf(snapshot, target), facts))
        ? []
        : [{ target, file, was, ...(hasOldTime(was, now) && { isOldTime: true as const }) }];
    });
  });
  return [...changed, ...changedRam(snapshot, ramOf(record), facts), ...changedStates(snapshot, record, facts)];
}

function changedRam(snapshot: Snapshot, was: LayerIdentity | undefined, facts: Facts): readonly ChangedLayer[] {
  return chainOfFrozen(snapshot, ramTarget, facts).flatMap((file): readonly ChangedLayer[] => {
    const now = seenAs(ramTarget, file, facts);
    if (was === undefined) {
      const by = otherOfRam(file, snapshot, facts)?.title;
      return by === undefined ? [] : [{ target: ramTarget, file, by }];
    }
    return was.writing === true || now === undefined || isSame(was, now) ? [] : [{ target: ramTarget, file, was }];
  });
}

/** A second name of one snapshot, as a rename makes it, has its second and its overlays. */
function otherOfRam(file: string, snapshot: Snapshot, { tree }: Facts): Snapshot | undefined {
  const momentOf = ({ createdAt, disks }: Snapshot): string =>
    JSON.stringify([createdAt, disks.map((disk) => disk.file ?? '')]);
  return tree.snapshots.find((one) => one.memory.file === file && momentOf(one) !== momentOf(snapshot));
}

function ramOf(record: FrozenRecord | undefined): LayerIdentity | undefined {
  return record?.chains.find(({ target }) => target === ramTarget)?.layers[0];
}

/** Files that hold the RAM of snapshots, as noted, whatever these name now. */
export function notedRam({ tree, frozenRecords = [] }: Facts): ReadonlySet<string> {
  const external = tree.snapshots.filter(({ memory }) => memory.location === 'external');
  return new Set(external.flatMap((one) => ramOf(recordOf(one, frozenRecords, tree))?.file ?? []));
}

/** The second that the snapshot names, and QEMU's last words into a base. */
const lastWordsMs = 3_000;

/**
 * Nobody has written into this layer since the snapshot froze it. What was noted may be younger than a damage, and a
 * time of a last write may be set back: together they tell.
 *
 * | what was noted of the layer | its last write                     | → |
 * |-----------------------------|------------------------------------|---|
 * | is what it is now           | was before the snapshot was there  | yes |
 * | any other, or nothing       | any                                | no |
 */
export function isAsFrozen(file: string, snapshot: Snapshot, facts: Facts): boolean {
  const now = imageOf(file, facts);
  const noted = recordOf(snapshot, facts.frozenRecords ?? [], facts.tree)?.chains.flatMap(({ layers }) => layers);
  const was = noted?.find((layer) => layer.file === file);
  const isOld = (now?.modifiedAt ?? Infinity) <= snapshot.createdAt + lastWordsMs;
  return was?.modifiedAt !== undefined && now !== undefined && isOld && !isChanging(was) && isSame(was, now);
}

/** Nobody writes to RAM once it is there, so it is known by its size and time. What is torn is told as that. */
function seenAs(target: string, file: string, facts: Facts): ImageFacts | undefined {
  if (target !== ramTarget) {
    return imageOf(file, facts);
  }
  const ram = facts.files?.files.get(file);
  const isTorn = facts.savedRam?.get(file) === 'broken';
  if (typeof ram !== 'object' || ram.bytes === 0 || isTorn) {
    return undefined;
  }
  // libvirt gives it to QEMU's user and back each time that it loads it.
  const { change: _, ...seen } = ram;
  return { ...seen, format: 'raw', virtualBytes: ram.bytes };
}

/** Somebody removed the tag that was noted, and made another of its name. */
export function isOtherTag(snapshot: Snapshot, target: string, facts: Facts): boolean {
  const record = recordOf(snapshot, facts.frozenRecords ?? [], facts.tree);
  const was = record?.chains.find((chain) => chain.target === target)?.tagAt;
  const now = tagTime(snapshot, target, facts);
  return was !== undefined && now !== undefined && was !== now;
}

/**
 * The time of the tag. Where the frozen file is not known, the VM's own disk counts. Undefined where it cannot be seen,
 * or where there are two.
 */
function tagTime(snapshot: Snapshot, target: string, facts: Facts): number | undefined {
  const { name } = snapshot;
  const file = backingFileOf(facts, name, target) ?? facts.vm.disks.find((disk) => disk.target === target)?.source;
  const image = isInside(snapshot, target) ? imageOf(file, facts) : undefined;
  return image?.tags?.filter((tag) => tag === name).length === 1 ? image.takenAt?.get(name) : undefined;
}

/** Its layers are asked first. */
export function isRamChanged(snapshot: Snapshot, facts: Facts): boolean {
  return changedLayers(snapshot, facts)[0]?.target === ramTarget;
}

/**
 * | of what the snapshot rests on                     | → |
 * |---------------------------------------------------|---|
 * | a layer or the RAM is not what it was when it was noted | contentChanged |
 * | all are, or nothing was noted, or it is not seen  | ok |
 */
export function contentChangedRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  const [changed] = changedLayers(snapshot, facts);
  return changed && refuseChanged(snapshot, changed);
}

function refuseChanged({ title }: Snapshot, { target, file, was, by, isOldTime }: ChangedLayer): RefusedDecision {
  return refuse('contentChanged', {
    ...{ snapshot: title, disk: target, file },
    was: was === undefined ? '' : vouchedTime(was),
    ...(was === undefined || was.file === file ? {} : { other: was.file }),
    ...(by === undefined ? {} : { by }),
    ...(isOldTime && { time: 'old' as const }),
  });
}

/**
 * What an overlay holds belongs to the layers that it was made over. Merged while another file stands there, it can be
 * put together with them no more; clusters that it has in part are filled up from below. What goes may be somebody's
 * work, and a name written into a layer hides that it was changed.
 *
 * | a layer that is used, and that a snapshot froze | was changed by                              | → |
 * |-------------------------------------------------|---------------------------------------------|---|
 * | of any snapshot                                 | somebody else                               | contentChanged |
 * | the same, and it is only read                   | the same, before a younger snapshot froze it as it is | ok: that one is whole |
 * | the same                                        | a merge of ours, or of libvirt, which is to end | ok |
 */
export function changedLayerRefusal({ read, written, givenUp }: LayersUsed, facts: Facts): RefusedDecision | undefined {
  const used = new Set([...read, ...written, ...givenUp]);
  if (used.size === 0 || facts.frozenRecords === undefined) {
    return undefined;
  }
  const isKept = ({ target, file }: ChangedLayer): boolean =>
    !written.has(file) && !givenUp.has(file) && isNotedNow(target, file, facts);
  const merging = filesTakingMerge(facts);
  for (const snapshot of facts.tree.snapshots) {
    const changed = changedLayers(snapshot, facts).find(
      (one) => one.was?.merging !== true && used.has(one.file) && !merging.has(one.file) && !isKept(one),
    );
    if (changed !== undefined) {
      return refuseChanged(snapshot, changed);
    }
  }
  return undefined;
}

/** One of the snapshots that it is noted for found it as it is. */
function isNotedNow(target: string, file: string, facts: Facts): boolean {
  const now = seenAs(target, file, facts);
  const { tree, frozenRecords = [] } = facts;
  const chains = tree.snapshots.flatMap((snapshot) => recordOf(snapshot, frozenRecords, tree)?.chains ?? []);
  return (
    now !== undefined &&
    chains.some(({ layers }) => layers.some((was) => was.file === file && !isChanging(was) && isSame(was, now)))
  );
}

/** libvirt marks the parent of the snapshot whose overlay it merges. */
function filesTakingMerge(facts: Facts): ReadonlySet<string> {
  const { tree } = facts;
  const files = tree.snapshots.flatMap(({ name }) => {
    const marked = parentOf(tree, name)?.disks.filter(({ deleteInProgress }) => deleteInProgress) ?? [];
    return marked.flatMap(({ target }) => backingFileOf(facts, name, target) ?? []);
  });
  return new Set(files);
}

/**
 * What is to be noted from now on: of each snapshot that is there. One of which a layer changed keeps what was noted;
 * of one into whose layers another VM writes, nothing vouches for what is there now. Undefined where that is what is
 * noted already.
 */
export function recordsToKeep(facts: Facts): readonly FrozenRecord[] | undefined {
  const { tree, frozenRecords = [] } = facts;
  const records = tree.snapshots.flatMap((snapshot): readonly FrozenRecord[] => {
    const known = recordOf(snapshot, frozenRecords, tree);
    const isSpoilt =
      changedLayers(snapshot, facts).length > 0 ||
      snapshot.disks.some(({ target }) => isOtherTag(snapshot, target, facts)) ||
      (known === undefined && writersInto(snapshot, facts).length > 0);
    const seen = isSpoilt ? undefined : recordNow(snapshot, known, facts);
    const { name, createdAt } = snapshot;
    return seen !== undefined ? [seen] : known === undefined ? [] : [{ ...known, name, createdAt }];
  });
  return JSON.stringify(records) === JSON.stringify(frozenRecords) ? undefined : records;
}

/**
 * Before we write into these: whatever they become, it is noted anew, and nobody is blamed for it meanwhile. What
 * somebody else has changed already stays as it was noted. Below what is to go it is no longer what it was, by our own
 * merge.
 */
export function recordsWhileWritten(
  written: ReadonlySet<string>,
  doomed: readonly string[],
  facts: Facts,
): readonly FrozenRecord[] {
  const { tree, frozenRecords = [] } = facts;
  return tree.snapshots.flatMap((snapshot) => {
    const known = recordOf(snapshot, frozenRecords, tree);
    const changed = new Set(changedLayers(snapshot, facts).map(({ was }) => was));
    const { name, createdAt } = snapshot;
    const how = doomed.includes(name) ? { merging: true as const } : { writing: true as const };
    const mark = (layer: LayerIdentity): LayerIdentity =>
      written.has(layer.file) && !changed.has(layer) ? { ...withoutMerge(layer), ...how } : layer;
    return known === undefined
      ? []
      : [{ name, createdAt, chains: known.chains.map((chain) => ({ ...chain, layers: chain.layers.map(mark) })) }];
  });
}

/** Finds the record of a snapshot. A renamed one is found by its second, where no other has the same. */
function recordOf(
  { name, createdAt }: Pick<Snapshot, 'name' | 'createdAt'>,
  records: readonly FrozenRecord[],
  tree: SnapshotTree,
): FrozenRecord | undefined {
  const exact = records.find((one) => one.name === name && one.createdAt === createdAt);
  const ofSecond = (one: { readonly createdAt: number }): boolean => one.createdAt === createdAt;
  if (exact !== undefined || tree.snapshots.filter(ofSecond).length !== 1) {
    return exact;
  }
  const [renamed, ...more] = records.filter(ofSecond);
  return more.length === 0 ? renamed : undefined;
}

/** Undefined where a layer is not seen. RAM may be gone alone. */
function recordNow(snapshot: Snapshot, known: FrozenRecord | undefined, facts: Facts): FrozenRecord | undefined {
  const { name, createdAt } = snapshot;
  const chains: FrozenChain[] = [];
  const disks = facts.frozenDisks?.get(name)?.filter(({ target }) => takesPart(snapshot, target));
  if (disks === undefined) {
    return undefined;
  }
  for (const target of [...disks.map((disk) => disk.target), ramTarget]) {
    const noted = known?.chains.find((chain) => chain.target === target);
    const layers = chainOfFrozen(snapshot, target, facts).flatMap((file) => {
      const was = target === ramTarget ? noted?.layers[0] : noted?.layers.find((layer) => layer.file === file);
      const now = identityNow(file, was, seenAs(target, file, facts));
      return now ?? (target === ramTarget ? (was ?? []) : undefined);
    });
    if (!layers.every((layer) => layer !== undefined)) {
      return undefined;
    }
    const tagAt = tagTime(snapshot, target, facts) ?? noted?.tagAt;
    if (layers.length > 0 || tagAt !== undefined) {
      chains.push({ target, layers, ...(tagAt === undefined ? {} : { tagAt }) });
    }
  }
  chains.push(...stateChains(snapshot, known, facts));
  return chains.length === 0 ? undefined : { name, createdAt, chains };
}

/** @param was what was noted stays so where it still holds: another way to the file may tell less of it */
function identityNow(
  file: string,
  was: LayerIdentity | undefined,
  image: ImageFacts | undefined,
): LayerIdentity | undefined {
  if (image === undefined || image.corrupt === true) {
    return undefined;
  }
  const { format, bytes, virtualBytes, modifiedAt, change, tables, sample, backing } = image;
  // Who vouched for it did so for the time and the change that it has now.
  const times = { ...(modifiedAt !== undefined && { modifiedAt }), ...(change !== undefined && { change }) };
  return {
    file,
    format,
    bytes,
    virtualBytes,
    ...times,
    ...(tables === undefined ? {} : { tables }),
    ...(sample === undefined ? {} : { sample }),
    ...(backing === undefined ? {} : { backing: backing.file }),
    ...(was !== undefined && was.writing !== true && isSame(was, image)
      ? { ...withoutMerge(was), file, ...(change === undefined ? {} : times) }
      : {}),
  };
}

/**
 * Whether this is the layer that was noted under that name, wherever it is now; undefined: none was noted. `alike`: its
 * head was written since, so that the time tells nothing.
 */
export function isNotedAs(
  file: string,
  now: ImageFacts | undefined,
  { frozenRecords = [] }: Pick<Facts, 'frozenRecords'>,
): 'same' | 'alike' | 'other' | undefined {
  // A file that moves changes by that.
  const noted = frozenRecords.flatMap(({ chains }) =>
    chains.flatMap(({ layers }) =>
      layers.filter((layer) => layer.file === file).map(({ change: _, ...layer }): LayerIdentity => layer),
    ),
  );
  const isTimed = (was: LayerIdentity): boolean => was.modifiedAt !== undefined && now?.modifiedAt !== undefined;
  if (noted.length === 0) {
    return undefined;
  }
  if (now === undefined || noted.some((was) => was.format !== now.format || isChanging(was))) {
    return 'other';
  }
  return noted.every((was) => isTimed(was) && isSame(was, now))
    ? 'same'
    : noted.every((was) => isSame(was, now) || tookOtherName(was, now))
      ? 'alike'
      : 'other';
}

/**
 * A merge takes a layer out of the chain, and what stood on that stands on this one from then on: its name is written
 * last. On top it is the snapshot itself that is given the name of this one.
 */
function tookMerge(
  image: ImageFacts,
  above: { readonly before: string | undefined; readonly now: string | undefined },
  facts: Facts,
): boolean {
  if (above.before === above.now) {
    return false;
  }
  const renamedAt = above.now === undefined ? undefined : imageOf(above.now, facts)?.modifiedAt;
  return renamedAt === undefined || image.modifiedAt === undefined || image.modifiedAt - renamedAt <= slackMs;
}

/**
 * What the snapshot made stood on its own layers, and stands on this one now: those above went into it, and hide what
 * they wrote.
 */
function tookAllAbove(file: string, overlay: string | undefined, facts: Facts): boolean {
  const [above, now] = [imageOf(overlay, facts), imageOf(file, facts)];
  return above?.backing?.file === file && (now?.modifiedAt ?? 0) - (above.modifiedAt ?? Infinity) <= slackMs;
}

/** Those of which nothing is noted, or not all, or not what we made of them. */
export function unnotedSnapshots(facts: Facts): readonly string[] {
  const { tree, frozenRecords = [] } = facts;
  return tree.snapshots.flatMap((snapshot) => {
    const { chains } = recordOf(snapshot, frozenRecords, tree) ?? {};
    const isNoted =
      chains?.every(({ layers }) => layers.every((one) => !isChanging(one))) === true &&
      chainOfFrozen(snapshot, ramTarget, facts).every((file) =>
        chains.some(({ layers }) => layers.some((layer) => layer.file === file)),
      ) &&
      snapshot.disks.every(
        ({ target }) =>
          !isInside(snapshot, target) || chains.some((chain) => chain.target === target && chain.tagAt !== undefined),
      ) &&
      stateFilesOf(snapshot, facts).every(({ target }) => chains.some((chain) => chain.target === target));
    return isNoted ? [] : [snapshot.name];
  });
}
