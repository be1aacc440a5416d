// Keeps this program from changing files that libvirt does not see: in a container or another mount namespace the same
// path may lead to another file, though the daemon answers on a socket of this very machine.
import { dirname } from 'node:path';
import type { FileSystem } from '../../base/fileSystem.js';
import type { HostFiles } from '../../domain/hostFiles.js';
import { Failure } from '../../domain/failure.js';
import { refuse } from '../../domain/refusal.js';
import type { StorageFiles } from './storageFiles.js';
import type { FileAccess } from './composedFiles.js';

/** Times of one file, read by two programs. */
const closeMs = 1;

/**
 * The files as this program sees them; what changes one is done only where libvirt sees the same, as far as it tells.
 */
export function sameFiles(
  local: FileAccess,
  storage: Pick<StorageFiles, 'changedAt'>,
  files: Pick<FileSystem, 'stat'>,
): FileAccess {
  const isOther = async (path: string): Promise<boolean> => {
    const before = await changedAt(path, files);
    const theirs = before === undefined ? 'unknown' : await storage.changedAt(path);
    const after = await changedAt(path, files);
    return (
      before !== undefined &&
      after !== undefined &&
      theirs !== 'unknown' &&
      (theirs === 'missing' || theirs < before - closeMs || theirs > after + closeMs)
    );
  };
  const requireSame = async (...paths: readonly string[]): Promise<void> => {
    for (const path of paths) {
      if (await isOther(path)) {
        throw otherFolder(path);
      }
    }
  };
  return {
    ...local,
    canChange: async (path) => {
      const can = await local.canChange(path);
      const isElsewhere =
        can === 'yes'
          ? await isOther(path)
          : can.why === 'failed' && typeof (await storage.changedAt(path)) === 'number';
      return isElsewhere ? { why: 'otherFolder' } : can;
    },
    createOverlay: async (overlay, onMade) => {
      await requireSame('bytes' in overlay ? overlay.like : overlay.backing);
      await local.createOverlay(overlay, onMade);
    },
    copy: async (from, to, existing, onMade) => {
      await requireSame(from);
      await local.copy(from, to, existing, onMade);
    },
    writeSeed: async (seed, onMade) => {
      await requireSame(seed.from);
      await local.writeSeed(seed, onMade);
    },
    removeTag: async (file, tag) => {
      await requireSame(file);
      await local.removeTag(file, tag);
    },
    repair: async (file) => {
      await requireSame(file);
      await local.repair(file);
    },
    resize: async (file, format, bytes) => {
      await requireSame(file);
      await local.resize(file, format, bytes);
    },
    rebase: async (overlay) => {
      await requireSame(overlay.file, overlay.backing);
      await local.rebase(overlay);
    },
    commit: async (commit, signal, onFraction) => {
      await requireSame(commit.base, commit.top);
      await local.commit(commit, signal, onFraction);
    },
    copyImage: async (copy, signal, onFraction, onMade) => {
      await requireSame(copy.from);
      await local.copyImage(copy, signal, onFraction, onMade);
    },
    trash: async (path, from) => {
      await requireSame(from ?? path);
      await local.trash(path, from);
    },
  };
}

/** What libvirt has made where this program, which sees the folder, does not see it: taken away again. */
export async function requireVisible(file: string, local: HostFiles, storage: HostFiles): Promise<void> {
  if ((await local.file(file)) === 'missing') {
    await storage.remove(file);
    throw otherFolder(file);
  }
}

function otherFolder(path: string): Failure {
  const { refusal } = refuse('filesOutOfReach', { folder: dirname(path), why: 'otherFolder' });
  return new Failure('refused', { path, refusal });
}

async function changedAt(path: string, files: Pick<FileSystem, 'stat'>): Promise<number | undefined> {
  try {
    return (await files.stat(path)).ctimeMs;
  } catch {
    return undefined;
  }
}
