// What the trash of a VM takes and until when, as health tells it. Pure.
import { type Bytes, sumOf } from '../domain/layers.js';
import type { HealthFacts } from './healthFacts.js';
import type { Problem, TrashUsage } from './problem.js';

type TrashFacts = Pick<HealthFacts, 'trash' | 'layers'>;

export function trashProblems({ trash = [], layers }: TrashFacts): readonly Problem[] {
  const taken = trashUsage({ trash, layers });
  return taken === undefined
    ? []
    : [{ kind: 'inTrash', ...taken, until: Math.min(...trash.map(({ until }) => until)) }];
}

/** Undefined: nothing is in it. */
export function trashUsage({ trash = [], layers }: TrashFacts): TrashUsage | undefined {
  const sizes = trash.map(
    ({ name }): Bytes => layers?.snapshots.find(({ snapshot }) => snapshot === name)?.bytes ?? 'unknown',
  );
  return trash.length === 0 ? undefined : { snapshots: trash.length, bytes: sumOf(sizes) };
}
