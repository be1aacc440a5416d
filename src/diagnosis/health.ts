// What health tells of a VM: what its own rules find, limit by limit, and those of the doctor's problems that are a
// matter of health. Pure; no sentence, and no reading of anything.
import * as deltas from './deltaProblems.js';
import { isDepthKnown } from './deltas.js';
import { problemsWithoutFiles } from './examine.js';
import { type HealthFacts, isTreeKnown } from './healthFacts.js';
import type { CheckId, HealthKind, Problem, TrashUsage } from './problem.js';
import { checkOf, checksBy, isSeenInTree, worstFirst } from './problemTable.js';
import { unquiescedSnapshots, undeletableSnapshots } from './snapshotProblems.js';
import { type Bytes, sumOf } from '../domain/layers.js';

interface HealthRule {
  /** False: what it rests on is not known. */
  readonly knows: (facts: HealthFacts) => boolean;
  readonly find: (facts: HealthFacts) => readonly Problem[];
}

/**
 * | problem             | is found when                                                                   | by          |
 * |---------------------|---------------------------------------------------------------------------------|-------------|
 * | chainTooDeep        | a disk has more deltas over its base than the limit                              | sweep       |
 * | chainTooDeepToStart | libvirt 10.8 to 11.10 and a disk of more than 25 files                           | sweep       |
 * | deltaTooOld         | the oldest delta in use is older than the limit, those after a kept snapshot not counted | sweep, tree |
 * | deltaTooLarge       | a delta takes more than the limit, or than the share of the base where it takes 1 GB at all | sweep |
 * | deltasTooLarge      | all deltas of the VM together take more than the limit                           | sweep       |
 * | freeSpaceLow        | of a file system or pool less than the share is free                             | sweep       |
 * | freeSpaceRunsOut    | at the growth measured it is full within the days                                | sweeps      |
 * | backingMissing      | a file of a disk is certainly not there                                          | sweep       |
 * | mixedUndeletable    | the VM has both styles, and the planner refuses to delete some snapshot          | tree        |
 * | notQuiesced         | we noted that the guest ran and was not frozen; whether it wrote then nobody knows | tree      |
 * | inTrash             | something is in the trash; where space is short, it is the first advice of that too | tree     |
 */
const rules: Readonly<Record<HealthKind, HealthRule>> = {
  chainTooDeep: { knows: isDepthKnown, find: deltas.chainsTooDeep },
  chainTooDeepToStart: { knows: isDepthKnown, find: deltas.chainsTooDeepToStart },
  deltaTooOld: { knows: (facts) => deltas.oldest(facts) !== 'unknown', find: deltas.deltasTooOld },
  deltaTooLarge: { knows: deltas.areSizesKnown, find: deltas.deltasTooLarge },
  deltasTooLarge: { knows: deltas.areSizesKnown, find: deltas.deltasTooLargeTogether },
  freeSpaceLow: { knows: isRoomKnown, find: spaceLow },
  freeSpaceRunsOut: { knows: isGrowthKnown, find: spaceRunsOut },
  backingMissing: { knows: deltas.isPresenceKnown, find: deltas.missingLayers },
  mixedUndeletable: { knows: isTreeKnown, find: undeletableSnapshots },
  notQuiesced: { knows: isTreeKnown, find: unquiescedSnapshots },
  inTrash: { knows: isTreeKnown, find: trashProblems },
};
const kinds = Object.keys(rules) as readonly HealthKind[];

export interface Health {
  /** The worst first. */
  readonly found: readonly Problem[];
  /** What could not be judged, because what it rests on is not known. */
  readonly unjudged: readonly CheckId[];
}

export function healthOf(facts: HealthFacts): Health {
  if (facts.capabilities !== undefined && facts.capabilities.driver !== 'qemu') {
    return { found: [], unjudged: [] };
  }
  const judged = kinds.filter((kind) => rules[kind].knows(facts));
  return {
    found: worstFirst([...judged.flatMap((kind) => rules[kind].find(facts)), ...fromDoctor(facts)]),
    unjudged: [
      ...kinds.filter((kind) => !judged.includes(kind)),
      ...(facts.examined !== undefined
        ? []
        : isTreeKnown(facts)
          ? checksBy('examination')
          : checksBy('tree', 'examination')),
    ],
  };
}

/** Without an examination, what the tree alone tells. */
function fromDoctor({ vm, tree, capabilities, examined, now }: HealthFacts): readonly Problem[] {
  const seen =
    examined ??
    (tree === undefined || capabilities === undefined
      ? []
      : problemsWithoutFiles({ vm, tree, capabilities, now }).filter(isSeenInTree));
  return seen.filter((problem) => checkOf(problem) !== undefined);
}

/** The health checks on the space that is left where a VM's files are. Pure. */
function isRoomKnown({ layers }: HealthFacts): boolean {
  return layers?.rooms.some(({ freeBytes }) => freeBytes !== 'unknown') === true;
}

function spaceLow({ layers, thresholds, trash }: HealthFacts): readonly Problem[] {
  const { freePercent: limitPercent } = thresholds;
  return (layers?.rooms ?? []).flatMap(({ folder, freeBytes, totalBytes }): readonly Problem[] =>
    freeBytes !== 'unknown' && totalBytes !== 'unknown' && 100 * freeBytes < limitPercent * totalBytes
      ? [{ kind: 'freeSpaceLow', folder, freeBytes, totalBytes, limitPercent, ...toEmpty({ layers, trash }) }]
      : [],
  );
}

function isGrowthKnown(facts: HealthFacts): boolean {
  return isRoomKnown(facts) && facts.forecasts !== undefined;
}

function spaceRunsOut({ layers, forecasts, thresholds, trash }: HealthFacts): readonly Problem[] {
  const { fullInDays: limitDays } = thresholds;
  return (layers?.rooms ?? []).flatMap(({ folder, freeBytes }): readonly Problem[] => {
    const seen = forecasts?.get(folder);
    return freeBytes !== 'unknown' && seen !== undefined && seen.days < limitDays
      ? [{ kind: 'freeSpaceRunsOut', folder, freeBytes, ...seen, limitDays, ...toEmpty({ layers, trash }) }]
      : [];
  });
}

/** What is the first to go. */
function toEmpty(known: Pick<HealthFacts, 'trash' | 'layers'>): { readonly trash?: TrashUsage } {
  const trash = trashUsage(known);
  return trash === undefined ? {} : { trash };
}

/** What the trash of a VM takes and until when, as health tells it. Pure. */
type TrashFacts = Pick<HealthFacts, 'trash' | 'layers'>;

function trashProblems({ trash = [], layers }: TrashFacts): readonly Problem[] {
  const taken = trashUsage({ trash, layers });
  return taken === undefined
    ? []
    : [{ kind: 'inTrash', ...taken, until: Math.min(...trash.map(({ until }) => until)) }];
}

/** Undefined: nothing is in it. */
function trashUsage({ trash = [], layers }: TrashFacts): TrashUsage | undefined {
  const sizes = trash.map(
    ({ name }): Bytes => layers?.snapshots.find(({ snapshot }) => snapshot === name)?.bytes ?? 'unknown',
  );
  return trash.length === 0 ? undefined : { snapshots: trash.length, bytes: sumOf(sizes) };
}
