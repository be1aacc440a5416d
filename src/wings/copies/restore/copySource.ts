// Where a restore gets a backup from: a repository of restic's.
import type { HostLogin } from '../../../hosts/hostLogin.js';
import { requireBackup } from '../repository/backups.js';
import { type CopiedFile, manifestName, mostManifestBytes } from '../../../transfer/manifest.js';
import type { Restic } from '../repository/restic.js';

export interface CopySource {
  /** To the computer that it writes on; undefined: this one. */
  readonly login: HostLogin | undefined;
  /** Whether holes in files take no room where it writes them. */
  readonly keepsHoles: boolean;
  /** Text of the manifest, which nobody has looked at. */
  readManifest(): Promise<string>;
  /** Writes what is stored of these files below a folder, each under its stored path. */
  fetch(files: readonly CopiedFile[], into: string): Promise<void>;
}

export interface ResticSource extends CopySource {
  /** What restic calls the backup. */
  readonly snapshot: string;
}

/** @throws Failure `noBackup`; ResticFault */
export async function resticSource(restic: Restic, id: string): Promise<ResticSource> {
  const snapshot = await requireBackup(restic, id);
  // restic has it since 0.15.
  const keepsHoles = (await restic.run(['restore', '--help'])).includes('--sparse');
  return {
    login: restic.login,
    snapshot,
    keepsHoles,
    readManifest: () => restic.run(['dump', snapshot, `/${manifestName}`], { mostBytes: mostManifestBytes }),
    fetch: async (files, into) => {
      const sparse = keepsHoles ? ['--sparse'] : [];
      await restic.run(['restore', snapshot, `--target=${into}`, ...sparse, ...includesOf(files)]);
    },
  };
}

/** As words of restic's, each an exact name. Too long for a command: all files are restored, of which some are used. */
function includesOf(files: readonly CopiedFile[]): readonly string[] {
  const words = [...new Set(files.flatMap(({ stored }) => stored ?? []))].map(
    (path) => `--include=${path.replaceAll(/[\\*?[\]]/gu, (letter) => `\\${letter}`)}`,
  );
  const tooLong = words.reduce((sum, word) => sum + Buffer.byteLength(word), 0) > 500_000;
  return tooLong || words.length === 0 ? [] : words;
}
