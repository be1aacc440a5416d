// All that changed between two restore points that are open: files and packages, by file system.
import type { GuestDisks } from '../guestFiles.js';
import type { FolderChanges } from './compareFolders.js';
import { changesBelow, type CompareOptions, compareVolumes, type VolumePair } from './compareVolumes.js';
import { packageChanges, type PackageChanges } from './packages.js';

export interface VolumeChanges {
  readonly pair: VolumePair;
  readonly files: FolderChanges;
  readonly packages: PackageChanges;
}

/** More are only counted. */
const mostChanges = 100_000;
const noFiles: FolderChanges = { changes: [], leftOut: 0, unreadable: [] };
const noPackages: PackageChanges = { packages: [], rpm: false };
const root = '/';

/** @param path from the root of each file system that is compared; packages are told of a whole one */
export async function readChanges(
  before: GuestDisks,
  after: GuestDisks,
  options: CompareOptions,
  path = root,
): Promise<readonly VolumeChanges[]> {
  const found: VolumeChanges[] = [];
  for (const pair of await compareVolumes(before, after, options)) {
    const { comparison } = pair;
    found.push({
      pair,
      files: comparison === undefined ? noFiles : await changesBelow(comparison, path, mostChanges),
      packages: comparison === undefined || path !== root ? noPackages : await packageChanges(comparison),
    });
  }
  return found;
}
