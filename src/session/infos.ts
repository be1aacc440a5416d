// What is known of a VM → what the library and `--json` tell of it. Pure.
import type { Log } from '../base/log.js';
import { asFailure } from '../domain/asFailure.js';
import { type GuestRun } from '../domain/guestCommand.js';
import type { OperationResult } from '../domain/operation.js';
import { sortSnapshots } from '../domain/snapshotTree.js';
import type { Vm } from '../domain/vm.js';
import type { EnginePort } from '../engine/enginePort.js';
import { countSnapshots, type VmView } from '../live/views.js';
import type { OperationOutcome, ProgramOutcome, SnapshotInfo, VmInfo } from './publicTypes.js';

export function vmInfo(view: VmView, isProtected: (vm: Vm) => boolean): VmInfo {
  const { ref, vm } = view;
  const snapshots = countSnapshots(view);
  return {
    name: vm.name,
    uuid: ref.uuid,
    connection: ref.connection,
    state: vm.power,
    ...(snapshots !== undefined && { snapshots }),
    protected: isProtected(vm),
  };
}

/** Reads several VMs, whose snapshots may be counted and not read: the trash is read first. */
export async function readInfos(
  session: { readonly engine: Pick<EnginePort, 'trashedSnapshots'>; infoOf(view: VmView): VmInfo },
  views: readonly VmView[],
  log: Log,
): Promise<readonly VmInfo[]> {
  const infos = views.map(async ({ trash: _, ...view }) => {
    const info = session.infoOf(view);
    const { snapshots: all = 0 } = info;
    if (all === 0) {
      return info;
    }
    const trash = await session.engine.trashedSnapshots(view.ref).catch((error: unknown) => {
      log.warn(`the trash of ${view.vm.name} is counted: ${asFailure(error).line}`);
      return [];
    });
    return { ...info, snapshots: all - trash.length };
  });
  return Promise.all(infos);
}

/** The oldest first. */
export function snapshotInfos({
  tree,
  auto = [],
  kept = [],
  keptUntil = [],
  favourite,
  layers,
}: VmView): readonly SnapshotInfo[] {
  return (tree === undefined ? [] : sortSnapshots(tree, 'time')).map((snapshot) => {
    const { name, title, description, parent, createdAt, kind, style } = snapshot;
    const bytes = layers?.snapshots.find((size) => size.snapshot === name)?.bytes;
    const until = keptUntil.find((dated) => dated.name === name)?.until;
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
      ...(until !== undefined && { keptUntil: new Date(until).toISOString() }),
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
