// A snapshot goes, by libvirt: its tag, its files, or a merge of the overlay above it into what it froze.
import { versionOf } from '../domain/capabilities.js';
import { deletedFiles } from '../domain/chains/deletedFiles.js';
import { backingFileOf, chainOfFrozen } from '../domain/chains/fileUse.js';
import type { Facts } from '../domain/facts.js';
import { ramTarget } from '../domain/frozenRecord.js';
import type { Snapshot } from '../domain/snapshot.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import { withImage, withoutFile } from './changedFacts.js';
import { forgetSnapshotIn } from './changedTree.js';
import { withMerges } from './merges.js';
import { doneWhen, never, nothingTouched, type StepDefinition } from './stepDefinition.js';
import { withoutTag } from './fileSteps.js';

/**
 * | the snapshot                   | goes                                                                    |
 * |--------------------------------|-------------------------------------------------------------------------|
 * | internal                       | its tag in each image                                                   |
 * | external, the VM runs on it    | the overlay above it, into what it froze: who stood on that is put below |
 * | external, of another branch    | what it froze                                                           |
 * | any, with RAM in a file        | that file, with libvirt ≥ 9.1                                           |
 */
export const deleteSnapshot: StepDefinition<'deleteSnapshot'> = {
  touches: nothingTouched,
  layers: ({ snapshot: name }, facts) => {
    const snapshot = findSnapshot(facts.tree, name);
    if (snapshot === undefined) {
      return {};
    }
    if (snapshot.style === 'internal') {
      return { writes: imagesWithTag(snapshot, facts) };
    }
    const { removed, mergedAway, changed } = deletedFiles([snapshot], facts);
    const ram = chainOfFrozen(snapshot, ramTarget, facts);
    const above = [...(facts.files?.images ?? [])].flatMap(([file, image]) =>
      typeof image === 'object' && mergedAway.has(image.backing?.file ?? '') ? [file] : [],
    );
    return {
      reads: [...mergedAway, ...changed],
      writes: [...changed, ...above],
      givesUp: [...removed, ...mergedAway, ...ram],
    };
  },
  apply: ({ snapshot: name }, facts) => {
    const snapshot = findSnapshot(facts.tree, name);
    if (snapshot === undefined) {
      return facts;
    }
    if (snapshot.style === 'internal') {
      return forgetSnapshotIn(name, withoutTags(snapshot, facts));
    }
    const { removed, merges: all } = deletedFiles([snapshot], facts);
    // After a delete that was half done, the VM may stand on the base of the merge already.
    const merges = all.filter(({ overlay, base }) => overlay !== base);
    const { file } = snapshot.memory;
    const memory = file === undefined || facts.capabilities.libvirt < versionOf(9, 1) ? [] : [file];
    const gone = [...removed, ...merges.map(({ overlay }) => overlay), ...memory];
    return gone.reduce(withoutFile, forgetSnapshotIn(name, withMerges(merges, facts)));
  },
  isDone: ({ snapshot }, { tree }) => doneWhen(findSnapshot(tree, snapshot) === undefined),
  byHand: ({ snapshot }, by) => [by.ofSnapshot('snapshot-delete', snapshot)],
  isHarmless: never,
  canBreakOff: true,
};

function imagesWithTag({ name, disks }: Snapshot, facts: Facts): readonly string[] {
  const inside = disks.filter(({ location }) => location === 'internal');
  return inside.flatMap(({ target }) => backingFileOf(facts, name, target) ?? []);
}

function withoutTags(snapshot: Snapshot, facts: Facts): Facts {
  const { name } = snapshot;
  return imagesWithTag(snapshot, facts).reduce((at, file) => {
    const image = at.files?.images.get(file);
    return typeof image === 'object' ? withImage(at, file, withoutTag(image, name)) : at;
  }, facts);
}
