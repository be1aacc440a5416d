// Where a restore gets a backup from: a repository of restic's.
import { type FileHandle, readFile } from 'node:fs/promises';
import type { HostLogin } from '../../../hosts/hostLogin.js';
import { requireBackup } from '../repository/backups.js';
import { copiesFailure } from '../copiesFailure.js';
import { type CopiedFile, manifestName, mostManifestBytes } from '../../../transfer/manifest.js';
import type { Restic } from '../repository/restic.js';
import { backupTag, deviceTag } from '../repository/tags.js';

export interface CopySource {
  /** To the computer that it writes on; undefined: this one. */
  readonly login: HostLogin | undefined;
  /** Whether holes in files take no room where it writes them. */
  readonly keepsHoles: boolean;
  /** Text of the manifest, which nobody has looked at. */
  readManifest(): Promise<string>;
  /** Writes what is stored of these files below a folder, each under its stored path. */
  fetch(files: readonly CopiedFile[], into: string): Promise<void>;
  /** Writes all bytes of one of them into an open file of this process. Not where a login leads to its computer. */
  writeInto(file: CopiedFile, to: FileHandle): Promise<void>;
}

export interface ResticSource extends CopySource {
  /** What restic calls the backup. */
  readonly snapshot: string;
  /** What it calls the snapshot that has this file. @throws Failure `brokenBackup` */
  readonly snapshotOf: (file: CopiedFile) => Promise<string>;
}

/** @throws Failure `noBackup`; Failure of restic */
export async function resticSource(restic: Restic, id: string): Promise<ResticSource> {
  const snapshot = await requireBackup(restic, id);
  // restic has it since 0.15.
  const keepsHoles = (await restic.run(['restore', '--help'])).includes('--sparse');
  const sparse = keepsHoles ? ['--sparse'] : [];
  let devices: ReturnType<Restic['snapshots']> | undefined;
  const snapshotOf = async ({ device, tree }: CopiedFile): Promise<string> => {
    if (device !== true) {
      return snapshot;
    }
    devices ??= restic.snapshots([backupTag(id), deviceTag]);
    const found = (await devices).find((one) => one.tree === tree);
    if (found === undefined) {
      throw copiesFailure('brokenBackup');
    }
    return found.id;
  };
  return {
    login: restic.login,
    snapshot,
    snapshotOf,
    keepsHoles,
    readManifest: () => restic.run(['dump', snapshot, `/${manifestName}`], { mostBytes: mostManifestBytes }),
    fetch: async (files, into) => {
      const devicesOf = new Map(files.flatMap((file) => (file.device === true ? [[file.stored, file]] : [])));
      const snapshots = new Set<string>();
      for (const file of devicesOf.values()) {
        snapshots.add(await snapshotOf(file));
      }
      const plain = files.filter(({ device }) => device !== true);
      if (plain.length > 0 || files.length === 0) {
        await restic.run(['restore', snapshot, `--target=${into}`, ...sparse, ...includesOf(plain)]);
      }
      for (const one of snapshots) {
        await restic.run(['restore', one, `--target=${into}`, ...sparse]);
      }
    },
    writeInto: async (file, to) => {
      await restic.run(['dump', await snapshotOf(file), file.stored ?? ''], { outputTo: to.fd });
      // Both processes have one place in it, which Node.js does not tell.
      const [, written = ''] = /^pos:\s*(\d+)$/mu.exec(await readFile(`/proc/self/fdinfo/${to.fd}`, 'utf8')) ?? [];
      if (Number(written) !== file.bytes) {
        throw copiesFailure('brokenBackup');
      }
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
