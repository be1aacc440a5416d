// Whether layers of a disk can be merged into the one below: what is wrong with the files, who else stands on them, and
// whether they are ours to change. Knows neither what is merged nor why.
import { restingOn, snapshotsIn, snapshotsNaming } from '../domain/chains/fileUse.js';
import { tagRefusal } from '../domain/chains/doomedTags.js';
import { otherVmRefusal } from '../domain/chains/otherVms.js';
import { folderOf } from '../domain/chains/overlayFiles.js';
import type { Facts } from '../domain/facts.js';
import type { ImageFacts } from '../domain/hostFiles.js';
import { type RefusedDecision, refuse } from '../domain/refusal.js';
import { isActive } from '../domain/vm.js';
import type { CommittedDisk } from '../steps/step.js';
import { baseRefusal, brokenLayerRefusal } from './diskRefusals.js';

/** What else rests on one of the files, what is wrong with them, and whether they are ours to change. */
export function commitRefusal(commits: readonly CommittedDisk[], facts: Facts): RefusedDecision | undefined {
  for (const commit of commits) {
    const obstacle = imageRefusal(commit, facts) ?? neededRefusal(commit, facts) ?? tagRefusal(commit.merged, facts);
    if (obstacle !== undefined) {
      return obstacle;
    }
  }
  const touched = commits.flatMap(({ merged, base }) => [...merged, base]);
  return otherVmRefusal(touched, facts, 'refuse') ?? reachRefusal(commits, facts);
}

function imageRefusal({ target, base, merged }: CommittedDisk, facts: Facts): RefusedDecision | undefined {
  const { vm, files } = facts;
  const factsOf = (file: string): ImageFacts | undefined => {
    const image = files?.images.get(file);
    return typeof image === 'object' ? image : undefined;
  };
  const broken = brokenLayerRefusal(target, [...merged, base], facts);
  if (broken !== undefined) {
    return broken;
  }
  const below = factsOf(base);
  const smaller = merged.find((file) => (factsOf(file)?.virtualBytes ?? Infinity) < (below?.virtualBytes ?? 0));
  if (smaller !== undefined) {
    return refuse('layerSmaller', { vm: vm.name, disk: target, file: smaller });
  }
  return baseRefusal([base], facts);
}

/**
 * The content of the base changes, and the others go.
 *
 * | who stands on one of the files            | the disk stands on top | it stands further up |
 * |-------------------------------------------|------------------------|----------------------|
 * | on the base alone                         | layerNeeded            | layerNeeded          |
 * | on what is merged                         | layerNeeded            | ok: an image that is put on the base, or whatever rests on one |
 */
function neededRefusal({ base, merged, above }: CommittedDisk, facts: Facts): RefusedDecision | undefined {
  const { vm } = facts;
  const own = new Set([...merged, base]);
  const carried = above === undefined ? new Set<string>() : restingOn(facts, [...merged, ...above]);
  const resting = new Set([...restingOn(facts, own)].filter((file) => !carried.has(file)));
  const [user] = above === undefined ? snapshotsNaming(facts, resting) : snapshotsIn(facts, resting);
  if (user !== undefined) {
    return refuse('layerNeeded', { vm: vm.name, file: user.file, by: user.snapshot.title });
  }
  const file = [...resting].find((one) => !own.has(one) && facts.files?.images.get(one) !== 'missing');
  return file === undefined ? undefined : refuse('layerNeeded', { vm: vm.name, file: base, by: file });
}

function reachRefusal(commits: readonly CommittedDisk[], { vm, files }: Facts): RefusedDecision | undefined {
  if (isActive(vm.power) || files?.canChange === undefined) {
    return undefined;
  }
  for (const file of commits.flatMap(({ top, base, above = [] }) => [base, top, ...above])) {
    const can = files.canChange.get(file);
    if (can !== 'yes') {
      return refuse('filesOutOfReach', { folder: folderOf(file), why: can?.why ?? 'notLookedAt' });
    }
  }
  return undefined;
}
