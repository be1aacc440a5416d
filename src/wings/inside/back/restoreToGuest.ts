// A file or folder of a restore point back into the VM that runs: looked at and agreed to first, then packed here, then
// the current state of the VM is saved as a snapshot, then it is written.
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { orNamed, withFacts } from '../../../domain/asFailure.js';
import { Failure, isOfWing } from '../../../domain/failure.js';
import type { VmView } from '../../../live/views.js';
import { requireAgent } from '../../../session/copyFile.js';
import { GuestFiles, type GuestFilesOptions } from '../../../session/guestFiles.js';
import { withHostFault } from '../../../session/hostFault.js';
import { copyFailure } from '../../../text/guests/copyFailure.js';
import { insideFailure } from '../insideFailure.js';
import type { GuestFileSystem } from '../read/guestFileSystem.js';
import { type GuestTarget, isTargetPath, lookAtTarget } from './guestTarget.js';
import { packNode, type Survey, surveyNode } from './packNode.js';
import { type WriteOptions, writeIntoGuest } from './writeIntoGuest.js';

export interface RestoreWish {
  readonly view: VmView;
  readonly system: GuestFileSystem;
  readonly node: number;
  /** In the guest. */
  readonly target: string;
  /** Rejects where what was read may be wrong. */
  readonly requireUnchanged: () => Promise<void>;
}

/** What a person agrees to. */
export interface PlannedRestore {
  readonly survey: Survey;
  readonly target: GuestTarget;
}

export interface RestoreResult {
  /** In the guest. */
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
  readonly leftOut: number;
  readonly way: GuestTarget['way'];
  readonly replaced: boolean;
  /** The snapshot that holds what the VM was before. */
  readonly checkpoint: string;
  /** In the guest: what was there before and could not be deleted. */
  readonly left?: string;
}

interface RunOptions extends GuestFilesOptions, WriteOptions {
  /** Saves the current state of the VM. `called`: as people are told. */
  readonly takeCheckpoint: () => Promise<{ readonly snapshot: string; readonly called: string }>;
}

/** Changes nothing. @throws Failure where it is not possible */
export function planRestore(
  { view, system, node, target }: RestoreWish,
  options: GuestFilesOptions & Pick<WriteOptions, 'signal'>,
): Promise<PlannedRestore> {
  return orNamed({ vm: view.vm.name }, async () => {
    if (!isTargetPath(target)) {
      throw insideFailure('noFolder', { path: target });
    }
    requireAgent(view.vm);
    const survey = await surveyNode(system, node, options.signal);
    return { survey, target: await withGuest(view, options, (files) => lookAtTarget(files, target, survey)) };
  });
}

/** @throws Failure; unless it says what is left, the guest is as it was */
export function runRestore(wish: RestoreWish, planned: PlannedRestore, options: RunOptions): Promise<RestoreResult> {
  return orNamed({ vm: wish.view.vm.name }, () => packAndWrite(wish, planned, options));
}

async function packAndWrite(
  { view, system, target, requireUnchanged }: RestoreWish,
  planned: PlannedRestore,
  options: RunOptions,
): Promise<RestoreResult> {
  const { survey } = planned;
  const folder = await withHostFault(tmpdir(), () => mkdtemp(join(tmpdir(), 'virt-rewind-')));
  try {
    const archive = await open(join(folder, 'archive'), 'wx+', 0o600);
    try {
      const packed = await withHostFault(folder, () => packNode(system, survey, archive, options.signal));
      await requireUnchanged();
      const { snapshot: checkpoint, called } = await options.takeCheckpoint();
      const { left } = await withGuest(view, options, async (files) => {
        const now = await lookAtTarget(files, target, survey);
        if (now.path !== planned.target.path || now.kind !== planned.target.kind || now.way !== planned.target.way) {
          throw insideFailure('targetChanged', { path: now.path });
        }
        return writeIntoGuest(files, archive, { survey, packed, target: now }, options);
      }).catch((error: unknown) => {
        throw afterCheckpoint(error, called);
      });
      const { files, bytes, leftOut } = survey;
      const { path, kind, way } = planned.target;
      const replaced = kind !== 'none';
      return { path, files, bytes, leftOut, way, replaced, checkpoint, ...(left !== undefined && { left }) };
    } finally {
      await archive.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A snapshot was taken: that is no refusal any more. */
function afterCheckpoint(error: unknown, saved: string): unknown {
  if (!(error instanceof Failure)) {
    return error;
  }
  const told = withFacts(error, { saved });
  return isOfWing(told, 'inside') ? new Failure('failed', told.details, { cause: error }) : told;
}

async function withGuest<T>(
  { ref }: VmView,
  options: GuestFilesOptions & Pick<WriteOptions, 'signal'>,
  work: (files: GuestFiles) => Promise<T>,
): Promise<T> {
  if (options.signal.aborted) {
    throw copyFailure('cancelled');
  }
  const files = await GuestFiles.open(ref, options);
  try {
    return await work(files);
  } finally {
    files.close();
  }
}
