// What is known of a VM → what the library and `--json` tell of it. Pure.
import { type GuestRun } from '../domain/guestCommand.js';
import type { OperationResult } from '../domain/operation.js';
import { sortSnapshots } from '../domain/snapshotTree.js';
import type { Vm } from '../domain/vm.js';
import type { VmView } from '../live/views.js';
import type { OperationOutcome, ProgramOutcome, SnapshotInfo, VmInfo } from './publicTypes.js';

export function vmInfo({ ref, vm, tree, snapshotCount }: VmView, isProtected: (vm: Vm) => boolean): VmInfo {
  const snapshots = tree?.snapshots.length ?? snapshotCount;
  return {
    name: vm.name,
    uuid: ref.uuid,
    connection: ref.connection,
    state: vm.power,
    ...(snapshots !== undefined && { snapshots }),
    protected: isProtected(vm),
  };
}

/** The oldest first. */
export function snapshotInfos({ tree, auto = [], kept = [], favourite, layers }: VmView): readonly SnapshotInfo[] {
  return (tree === undefined ? [] : sortSnapshots(tree, 'time')).map((snapshot) => {
    const { name, title, description, parent, createdAt, kind, style } = snapshot;
    const bytes = layers?.snapshots.find((size) => size.snapshot === name)?.bytes;
    return {
      name,
      title,
      description,
      ...(parent !== undefined && { parent }),
      createdAt: new Date(createdAt).toISOString(),
      kind,
      style,
      current: tree?.current === name,
      favourite: favourite === name,
      kept: kept.includes(name),
      automatic: auto.includes(name),
      ...(tree?.beingWritten === name && { beingWritten: true }),
      ...(typeof bytes === 'number' && { bytes }),
    };
  });
}

export function operationOutcome(result: OperationResult): OperationOutcome {
  const { snapshot, checkpoint, state, durationMs, guestPausedMs, notSeamless, clockBehindMs, left } = result;
  return {
    ...(snapshot !== undefined && { snapshot }),
    ...(checkpoint !== undefined && { checkpoint }),
    state,
    durationMs: Math.round(durationMs),
    ...(guestPausedMs !== undefined && { guestPausedMs: Math.round(guestPausedMs) }),
    ...(notSeamless !== undefined && { notSeamless }),
    ...(clockBehindMs !== undefined && { clockBehindMs }),
    ...(left !== undefined && { left }),
  };
}

export function programOutcome({
  exitCode,
  signal,
  stdout,
  stderr,
}: Extract<GuestRun, { kind: 'ended' }>): ProgramOutcome {
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return {
    ...(exitCode !== undefined && { exitCode }),
    ...(signal !== undefined && { signal }),
    stdout: text(stdout.bytes),
    stderr: text(stderr.bytes),
    cut: stdout.isCut || stderr.isCut,
  };
}
