// A file or folder of a restore point back into the VM that runs: looked at and agreed to first, then packed here, then
// the current state of the VM is saved as a snapshot, then it is written.
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VmView } from '../../../live/views.js';
import { requireAgent } from '../../../session/copyFile.js';
import { CopyStopped } from '../../../session/copyStopped.js';
import { GuestFiles, type GuestFilesOptions } from '../../../session/guestFiles.js';
import { withHostFault } from '../../../session/hostFault.js';
import type { GuestFileSystem } from '../read/guestFileSystem.js';
import { type GuestTarget, isTargetPath, lookAtTarget } from './guestTarget.js';
import { packNode, type Survey, surveyNode } from './packNode.js';
import { RestoreFault } from './restoreFault.js';
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
  /** Saves the current state of the VM; resolves with the name of the snapshot. */
  readonly takeCheckpoint: () => Promise<string>;
}

/** Changes nothing. Rejects with `RestoreFault` or CopyStopped where it is not possible. */
export async function planRestore(
  { view, system, node, target }: RestoreWish,
  options: GuestFilesOptions & Pick<WriteOptions, 'signal'>,
): Promise<PlannedRestore> {
  if (!isTargetPath(target)) {
    throw new RestoreFault('noFolder', target);
  }
  requireAgent(view.vm);
  const survey = await surveyNode(system, node, options.signal);
  return { survey, target: await withGuest(view, options, (files) => lookAtTarget(files, target, survey)) };
}

/**
 * Rejects with `RestoreFault`, CopyStopped, or what saving the current state rejects with; unless they say what is
 * left, the guest is as it was.
 */
export async function runRestore(
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
      const checkpoint = await options.takeCheckpoint();
      const { left } = await withGuest(view, options, async (files) => {
        const now = await lookAtTarget(files, target, survey);
        if (now.path !== planned.target.path || now.kind !== planned.target.kind || now.way !== planned.target.way) {
          throw new RestoreFault('changed', now.path);
        }
        return writeIntoGuest(files, archive, { survey, packed, target: now }, options);
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

async function withGuest<T>(
  { ref }: VmView,
  options: GuestFilesOptions & Pick<WriteOptions, 'signal'>,
  work: (files: GuestFiles) => Promise<T>,
): Promise<T> {
  if (options.signal.aborted) {
    throw new CopyStopped({ kind: 'cancelled' });
  }
  const files = await GuestFiles.open(ref, options);
  try {
    return await work(files);
  } finally {
    files.close();
  }
}
