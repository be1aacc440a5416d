// The table of health checks: what is known of a VM → what is wrong with it, with the values. Pure; no sentence, and no
// reading of anything.
import * as chain from './chainChecks.js';
import { depthKnown } from './deltas.js';
import { diagnosedChecks, examinedChecks, fromDoctor } from './diagnosedChecks.js';
import { type HealthFacts, treeKnown } from './healthFacts.js';
import type { CheckId, Found, HealthFinding, Severity } from './healthFinding.js';
import { notQuiesced, undeletable } from './snapshotChecks.js';
import * as space from './spaceChecks.js';

interface Check {
  readonly id: CheckId;
  readonly severity: Severity;
  /** False: what it rests on is not known. */
  readonly knows: (facts: HealthFacts) => boolean;
  readonly test: (facts: HealthFacts) => readonly HealthFinding[];
}

/**
 * | check               | severity | is found when                                                                   | by          |
 * |---------------------|----------|---------------------------------------------------------------------------------|-------------|
 * | chainTooDeep        | warning  | a disk has more deltas over its base than the limit                              | sweep       |
 * | chainTooDeepToStart | error    | libvirt 10.8 to 11.10 and a disk of more than 25 files                           | sweep       |
 * | deltaTooOld         | warning  | the oldest delta in use is older than the limit, those after a kept snapshot not counted | sweep, tree |
 * | deltaTooLarge       | warning  | a delta takes more than the limit, or than the share of the base where it takes 1 GB at all | sweep |
 * | deltasTooLarge      | warning  | all deltas of the VM together take more than the limit                           | sweep       |
 * | freeSpaceLow        | error    | of a file system or pool less than the share is free                             | sweep       |
 * | freeSpaceRunsOut    | warning  | at the growth measured it is full within the days                                | sweeps      |
 * | backingMissing      | error    | a file of a disk is certainly not there                                          | sweep       |
 * | mixedUndeletable    | warning  | the VM has both styles, and the planner refuses to delete some snapshot          | tree        |
 * | notQuiesced         | note     | we noted that the guest ran and was not frozen; whether it wrote then nobody knows | tree      |
 * | the rest            | doctor's | the doctor finds it                                                              | tree, or an examination |
 */
const checks: readonly Check[] = [
  { id: 'chainTooDeep', severity: 'warning', knows: depthKnown, test: chain.tooDeep },
  { id: 'chainTooDeepToStart', severity: 'error', knows: depthKnown, test: chain.tooDeepToStart },
  { id: 'deltaTooOld', severity: 'warning', knows: (facts) => chain.oldest(facts) !== 'unknown', test: chain.tooOld },
  { id: 'deltaTooLarge', severity: 'warning', knows: chain.sizesKnown, test: chain.tooLarge },
  { id: 'deltasTooLarge', severity: 'warning', knows: chain.sizesKnown, test: chain.allTooLarge },
  { id: 'freeSpaceLow', severity: 'error', knows: space.roomKnown, test: space.spaceLow },
  { id: 'freeSpaceRunsOut', severity: 'warning', knows: space.growthKnown, test: space.spaceRunsOut },
  { id: 'backingMissing', severity: 'error', knows: chain.presenceKnown, test: chain.missing },
  { id: 'mixedUndeletable', severity: 'warning', knows: treeKnown, test: undeletable },
  { id: 'notQuiesced', severity: 'note', knows: treeKnown, test: notQuiesced },
];

export const checkIds: readonly CheckId[] = [...checks.map(({ id }) => id), ...diagnosedChecks];

export interface Health {
  /** The worst first. */
  readonly found: readonly Found[];
  /** What could not be judged, because what it rests on is not known. */
  readonly unjudged: readonly CheckId[];
}

const severities: readonly Severity[] = ['error', 'warning', 'note'];

export function healthOf(facts: HealthFacts): Health {
  if (facts.capabilities !== undefined && facts.capabilities.driver !== 'qemu') {
    return { found: [], unjudged: [] };
  }
  const judged = checks.filter(({ knows }) => knows(facts));
  const found = [
    ...judged.flatMap(({ severity, test }) => test(facts).map((finding): Found => ({ finding, severity }))),
    ...fromDoctor(facts),
  ];
  return {
    found: severities.flatMap((severity) => found.filter((one) => one.severity === severity)),
    unjudged: [
      ...checks.filter((check) => !judged.includes(check)).map(({ id }) => id),
      ...(facts.diagnoses !== undefined ? [] : treeKnown(facts) ? examinedChecks : diagnosedChecks),
    ],
  };
}
