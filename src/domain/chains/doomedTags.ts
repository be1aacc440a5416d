// What goes with an image that is merged away or removed: the snapshots inside of it, which are in no other file. Knows
// those that libvirt knows, and those that the image itself tells of; decides nothing.
import type { Facts } from '../facts.js';
import type { Warning } from '../consequences.js';
import { type RefusedDecision, refuse } from '../refusal.js';
import { takesPart } from './fileUse.js';

/** By name, of one image. */
export function tagsIn(file: string, facts: Facts): readonly string[] {
  const { tree, frozenDisks, files } = facts;
  const image = files?.images.get(file);
  const told = tree.snapshots.filter(
    (snapshot) =>
      snapshot.style === 'internal' &&
      frozenDisks?.get(snapshot.name)?.some(({ target, source }) => source === file && takesPart(snapshot, target)) ===
        true,
  );
  const seen = typeof image === 'object' ? (image.tags ?? []) : [];
  return [...new Set([...told.map(({ name }) => name), ...seen])];
}

/**
 * | one of the files that go            | → |
 * |-------------------------------------|---|
 * | holds a snapshot                    | tagInLayer |
 * | could not be seen                   | ok; see `unknownTagsWarning` |
 * | otherwise                           | ok |
 */
export function tagRefusal(files: Iterable<string>, facts: Facts): RefusedDecision | undefined {
  for (const file of files) {
    const [tag] = tagsIn(file, facts);
    if (tag !== undefined) {
      return refuse('tagInLayer', { vm: facts.vm.name, file, tag });
    }
  }
  return undefined;
}

/**
 * Those of the files that nobody here could look into, as of every host but this one: snapshots that libvirt knows are
 * known all the same, and only tags that another tool made by itself would go unseen.
 */
export function filesWithUnknownTags(going: Iterable<string>, { files }: Facts): readonly string[] {
  return [...new Set(going)].filter((file) => {
    // What was not looked at yet is looked at before anything is done.
    const facts = files?.images.get(file);
    return facts === 'unknown' || (typeof facts === 'object' && facts.format === 'qcow2' && facts.tags === undefined);
  });
}

export function unknownTagsWarning(going: Iterable<string>, facts: Facts): readonly Warning[] {
  const unseen = filesWithUnknownTags(going, facts);
  return unseen.length === 0 ? [] : [{ kind: 'tagsNotSeen', files: unseen }];
}
