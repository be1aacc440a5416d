// What can be written down of a snapshot only when it is there: how long the guest stood still, and what it became.
// Pure; it refuses to know how that is read or written.
import { type Consistency, parseDescription, type RamWritten, writeDescription } from '../../domain/description.js';
import type { StepOutcome } from '../../driver/hypervisor.js';
import type { Step } from '../../steps/step.js';
import type { Snapshot, SnapshotKind } from '../../domain/snapshot.js';

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
  outcome: StepOutcome,
): string | undefined {
  const { guestPausedMs } = outcome;
  if (kind === undefined && guestPausedMs === undefined) {
    return undefined;
  }
  const { text, trailers } = parseDescription(step.description);
  return writeDescription(text, {
    ...trailers,
    ...(kind === undefined ? {} : { consistency: consistencyOf(kind) }),
    ...(guestPausedMs === undefined ? {} : { guestPausedMs, ...ramWritten(step, kind, outcome) }),
  });
}

/** Of a stop that was measured: the next one of the same way is expected to be as long. */
function ramWritten(
  { snapshotKind, style, live }: CreateStep,
  kind: SnapshotKind | undefined,
  { seamless, notSeamless }: StepOutcome,
): { readonly ramWritten?: RamWritten } {
  if (snapshotKind !== 'memory' || kind !== undefined || style !== 'external') {
    return {};
  }
  return {
    ramWritten: seamless === true ? 'seamless' : live === true || notSeamless !== undefined ? 'live' : 'stopped',
  };
}

function consistencyOf(kind: SnapshotKind): Consistency {
  return kind === 'disk' ? 'crash-consistent' : kind;
}
