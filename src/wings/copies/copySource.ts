// Where a restore gets a backup from: a repository of restic's.
import { requireBackup } from './backups.js';
import { type CopiedFile, manifestName, mostManifestBytes } from './manifest.js';
import type { Restic } from './restic.js';

export interface CopySource {
  /** Whether holes in files take no room where it writes them. */
  readonly keepsHoles: boolean;
  /** Text of the manifest, which nobody has looked at. */
  readManifest(): Promise<string>;
  /** Writes what is stored of these files below a folder, each under its stored path. */
  fetch(files: readonly CopiedFile[], into: string): Promise<void>;
}

/** @throws CopiesFault `noBackup`; ResticFault */
export async function resticSource(restic: Restic, id: string): Promise<CopySource> {
  const snapshot = await requireBackup(restic, id);
  // restic has it since 0.15.
  const keepsHoles = (await restic.run(['restore', '--help'])).includes('--sparse');
  return {
    keepsHoles,
    readManifest: () => restic.run(['dump', snapshot, `/${manifestName}`], { mostBytes: mostManifestBytes }),
    fetch: async (_files, into) => {
      await restic.run(['restore', snapshot, `--target=${into}`, ...(keepsHoles ? ['--sparse'] : [])]);
    },
  };
}
