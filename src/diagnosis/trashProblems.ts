// What the trash of a VM takes and until when, as health tells it. Pure.
import { type Bytes, sumOf } from '../domain/layers.js';
import type { HealthFacts } from './healthFacts.js';
import type { Problem, TrashTaken } from './problem.js';

type Known = Pick<HealthFacts, 'trash' | 'layers'>;

export function inTrash({ trash = [], layers }: Known): readonly Problem[] {
  const taken = takenByTrash({ trash, layers });
  return taken === undefined
    ? []
    : [{ kind: 'inTrash', ...taken, until: Math.min(...trash.map(({ until }) => until)) }];
}

/** Undefined: nothing is in it. */
export function takenByTrash({ trash = [], layers }: Known): TrashTaken | undefined {
  const sizes = trash.map(
    ({ name }): Bytes => layers?.snapshots.find(({ snapshot }) => snapshot === name)?.totalBytes ?? 'unknown',
  );
  return trash.length === 0 ? undefined : { snapshots: trash.length, bytes: sumOf(sizes) };
}
