// The health checks on the space that is left where a VM's files are. Pure.
import type { HealthFacts } from './healthFacts.js';
import type { Problem, TrashUsage } from './problem.js';
import { trashUsage } from './trashProblems.js';

export function isRoomKnown({ layers }: HealthFacts): boolean {
  return layers?.rooms.some(({ freeBytes }) => freeBytes !== 'unknown') === true;
}

export function spaceLow({ layers, thresholds, trash }: HealthFacts): readonly Problem[] {
  const { freePercent: limitPercent } = thresholds;
  return (layers?.rooms ?? []).flatMap(({ folder, freeBytes, totalBytes }): readonly Problem[] =>
    freeBytes !== 'unknown' && totalBytes !== 'unknown' && 100 * freeBytes < limitPercent * totalBytes
      ? [{ kind: 'freeSpaceLow', folder, freeBytes, totalBytes, limitPercent, ...toEmpty({ layers, trash }) }]
      : [],
  );
}

export function isGrowthKnown(facts: HealthFacts): boolean {
  return isRoomKnown(facts) && facts.forecasts !== undefined;
}

export function spaceRunsOut({ layers, forecasts, thresholds, trash }: HealthFacts): readonly Problem[] {
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
