// What can be written down of a snapshot only when it is there: how long the guest stood still, and what it became.
// Pure; it refuses to know how that is read or written.
import { type Consistency, parseDescription, writeDescription } from '../domain/description.js';
import type { Step } from '../steps/step.js';
import type { Snapshot, SnapshotKind } from '../domain/snapshot.js';

type CreateStep = Extract<Step, { kind: 'createSnapshot' }>;

/**
 * The kind that it became, if that is another than it was to be: libvirt decides by the VM's state at its own moment,
 * and another client can have switched the VM on or off since we looked.
 */
export function otherKind(
  { snapshotKind: kind }: CreateStep,
  made: Pick<Snapshot, 'kind'> | undefined,
): SnapshotKind | undefined {
  return made === undefined || made.kind === kind ? undefined : made.kind;
}

/** The description that is true of it; undefined when the one that it was made with is. */
export function trueDescription(
  step: CreateStep,
  kind: SnapshotKind | undefined,
  guestPausedMs: number | undefined,
): string | undefined {
  if (kind === undefined && guestPausedMs === undefined) {
    return undefined;
  }
  const { text, trailers } = parseDescription(step.description);
  return writeDescription(text, {
    ...trailers,
    ...(kind === undefined ? {} : { consistency: consistencyOf(kind) }),
    ...(guestPausedMs === undefined ? {} : { guestPausedMs }),
  });
}

function consistencyOf(kind: SnapshotKind): Consistency {
  return kind === 'disk' ? 'crash-consistent' : kind;
}
