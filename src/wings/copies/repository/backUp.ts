// Makes a backup of a VM with its snapshots in a repository of restic's. It is listed when it is whole.
import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { isOfWing } from '../../../domain/failure.js';
import type { Version } from '../../../domain/capabilities.js';
import type { Vm, VmDisk } from '../../../domain/vm.js';
import { transferFailure } from '../../../transfer/transferFailure.js';
import { copiesFailure } from '../copiesFailure.js';
import type { GuestCare, GuestWaits } from '../../../transfer/guestCare.js';
import type { Backup } from './backups.js';
import { type LeftOut, manifestOf, type VmLook } from '../../../transfer/lookAtVm.js';
import { type CopiedFile, manifestName, storedBytes, writeManifest } from '../../../transfer/manifest.js';
import { type Restic, type ResticSnapshot } from './restic.js';
import type { BackupSet } from './sets.js';
import { backupIdOf, backupTag, deviceTag, finishedTag, unfinishedTag, vmTag } from './tags.js';
import { proveBackups } from './provenBackups.js';
import { storeFiles, treeOf } from './storeFiles.js';
import { isRecordOfTorn, recordTorn, tornIn } from './verifications.js';

export interface BackupMade extends Backup {
  /** What the repository had not yet. */
  readonly addedBytes: number;
  /** Whether the current state of the VM is in it. */
  readonly present: boolean;
  readonly leftOut: readonly LeftOut[];
  /** Titles of snapshots that it does not have as they were created. */
  readonly altered: readonly string[];
  readonly felt: GuestWaits;
}

export interface BackupWish {
  readonly libvirt: Version;
  /** The set of several VMs. */
  readonly set?: BackupSet;
  readonly care: Pick<GuestCare, 'during' | 'felt'>;
  readonly onProgress: (fraction: number) => void;
}

/** A parent may be pruned meanwhile. */
const listedMs = 60_000;

/**
 * What backups in a row share: each start of restic derives the key anew, which takes longer than most of what is
 * asked.
 */
export class BackupsInTurn {
  readonly restic: Restic;
  readonly #create: boolean;
  readonly #tags: (vm: Vm) => readonly string[];
  #listed: { readonly at: number; readonly snapshots: readonly ResticSnapshot[] } | undefined;
  readonly #done: string[] = [];
  readonly #ended: string[] = [];

  /** @param create a repository that is not there is made. @param vms how many there will be */
  constructor(restic: Restic, create: boolean, vms: number) {
    this.restic = restic;
    this.#create = create;
    this.#tags = (vm) => (vms === 1 ? [vmTag(vm.uuid)] : []);
  }

  /** Whether finished or not, the oldest first. @throws Failure `amongDisks`, Failure of restic */
  async snapshotsOf(vm: Vm): Promise<readonly ResticSnapshot[]> {
    const at = Date.now();
    if (this.#listed === undefined || Math.abs(at - this.#listed.at) > listedMs) {
      // A repository that was there before the first is not made anew.
      const isFirst = this.#listed === undefined;
      const list = (): Promise<readonly ResticSnapshot[]> => this.restic.snapshots(this.#tags(vm));
      const snapshots = (await orCreated(this.restic, this.#create && isFirst, [vm], list)) ?? [];
      this.#listed = { at, snapshots };
    }
    return this.#listed.snapshots.filter(({ tags }) => tags.includes(vmTag(vm.uuid)));
  }

  /** @param snapshots of restic's, that the backup makes needless */
  tidyLater(backup: string, snapshots: readonly string[]): void {
    this.#ended.push(backup);
    this.#done.push(...snapshots);
  }

  /** Where it is killed before, the next backup of each VM does it. */
  async tidy(): Promise<void> {
    if (this.#ended.length === 0) {
      return;
    }
    await this.restic.tryForget(this.#done.splice(0));
    for (const backup of this.#ended.splice(0)) {
      await this.restic.own.end(backup);
    }
  }
}

/**
 * Stored under a tag that nothing lists, then looked at, then stored again under the tag of a backup: that takes
 * seconds, as restic reads no file again that is the same. To change a tag, restic must be alone in the repository.
 * @throws Failure: then the repository lists no more backups than before, unless it is `tornBackup`
 */
export async function backUp(look: VmLook, turns: BackupsInTurn, wish: BackupWish): Promise<BackupMade> {
  const { restic } = turns;
  const { vm, documents, files, leftOut, altered } = look;
  const found = await turns.snapshotsOf(vm);
  const { isRecorded, unknown } = await proveBackups(restic, found);
  const earlier = isRecorded ? await restic.snapshots([vmTag(vm.uuid)]) : found;
  const backup: Backup = {
    id: randomBytes(4).toString('hex'),
    vm: vm.name,
    uuid: vm.uuid,
    madeAt: Date.now(),
    restorePoints: documents.snapshots.length,
    bytes: storedBytes(files, 'allocatedBytes'),
    ...(wish.set !== undefined && { set: wish.set }),
  };
  const devices = unique(files.flatMap(({ device, ...file }) => (device === true ? file : [])));
  const progress = ofWhole(storedBytes(files, 'bytes'), wish.onProgress);
  await restic.own.begin(backup.id);
  /** Then it may have the tag of a backup that is whole. */
  let isListing = false;
  let made: BackupMade | undefined;
  try {
    const trees = new Map<string, string>();
    let ofDevices = 0;
    for (const { stored = '', bytes } of devices) {
      const of = { restic, backup, paths: [stored], care: wish.care };
      const wanted = { tag: deviceTag, parent: undefined, device: bytes, onProgress: progress.of(bytes) };
      const { snapshot, bytes: added } = await sayingWhatChanged(look, () => storeFiles(of, wanted));
      trees.set(stored, await treeOf(restic, backup, snapshot));
      ofDevices += added;
      progress.end(bytes);
    }
    const manifest = manifestOf(look, wish.libvirt, {
      madeAt: backup.madeAt,
      files: files.map((file) => {
        const tree = trees.get(file.stored ?? '');
        return { ...file, ...(tree !== undefined && { tree }) };
      }),
    });
    // Passwords are in the manifest.
    return await restic.withFile(manifestName, writeManifest(manifest), async (folder) => {
      const plain = files.filter(({ device }) => device !== true);
      const paths = [manifestName, ...new Set(plain.flatMap((file) => file.stored ?? []))];
      const of = { restic, backup, folder, paths, care: wish.care };
      const wanted = {
        tag: unfinishedTag,
        parent: parentIn(earlier),
        onProgress: progress.of(storedBytes(plain, 'bytes')),
      };
      const data = await sayingWhatChanged(look, () => storeFiles(of, wanted));
      await look.requireUnchanged();
      const listing = { ...of, backup: { ...backup, addedBytes: ofDevices + data.bytes } };
      isListing = true;
      const again = { tag: finishedTag, parent: data.snapshot, onProgress: () => undefined };
      const listed = await sayingWhatChanged(look, () => storeFiles(listing, again));
      if (listed.changed > 0) {
        throw transferFailure('changed');
      }
      // Where they stay, the next backup of this VM removes them: all that is in them is listed too.
      const done = await restic.own.filter(doneOf(earlier, unknown));
      turns.tidyLater(backup.id, [data.snapshot, ...done.map(({ id }) => id)]);
      made = {
        ...{
          ...backup,
          addedBytes: ofDevices + data.bytes + listed.bytes,
          present: manifest.present,
          leftOut,
          altered,
        },
        felt: wish.care.felt,
      };
      return made;
    });
  } catch (error) {
    if (made !== undefined) {
      // The next backup removes what is left of the folder.
      return made;
    }
    await forgetAll(restic, backup, { error, isListing });
    throw error;
  }
}

/** Files with a content, each once. */
function unique<T extends Pick<CopiedFile, 'stored'>>(files: readonly T[]): readonly T[] {
  return [...new Map(files.map((file) => [file.stored, file])).values()];
}

/** How far parts are that are read one after the other. */
function ofWhole(
  bytes: number,
  tell: (fraction: number) => void,
): { readonly of: (part: number) => (fraction: number) => void; readonly end: (part: number) => void } {
  let done = 0;
  return {
    of: (part) => (fraction) => tell((done + part * fraction) / Math.max(1, bytes)),
    end: (part) => void (done += part),
  };
}

/** Where a merge took a file away meanwhile, restic says that it cannot be read. @throws Failure */
async function sayingWhatChanged<T>({ requireUnchanged }: VmLook, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isOfWing(error, 'restic', 'failed')) {
      await requireUnchanged().catch((other: unknown) => {
        // Where nobody can look, as the connection is lost, restic's words tell.
        throw isOfWing(other, 'transfer') ? other : error;
      });
    }
    throw error;
  }
}

/** Before anything is done to a VM for its backup. @throws Failure where it could not be stored, as far as known */
export async function requireRepository(restic: Restic, create: boolean, vms: readonly Vm[]): Promise<void> {
  // It takes a lock, which it does not get beside a prune.
  await orCreated(restic, create, vms, () => restic.run(['cat', 'config']));
}

/** Undefined where the repository is new. @throws Failure `amongDisks` */
async function orCreated<T>(
  restic: Restic,
  create: boolean,
  vms: readonly Vm[],
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!create || !isOfWing(error, 'restic', 'noRepository')) {
      throw error;
    }
    requireApart(restic, vms);
    await restic.run(['init']);
    return undefined;
  }
}

/** @throws Failure `amongDisks` */
export function requireApart({ folder = '' }: Pick<Restic, 'folder'>, vms: readonly Vm[]): void {
  const isThere = ({ source }: VmDisk): boolean => source !== undefined && posix.dirname(source) === folder;
  if (vms.some(({ disks }) => disks.some(isThere))) {
    throw copiesFailure('amongDisks', { folder });
  }
}

/** A first backup over a slow line takes days, and is as old as its beginning. */
const leftMs = 7 * 24 * 3_600_000;

/**
 * Those under the other tag, of backups that are whole or were killed; what killed ones have of devices; and all of
 * those that are torn.
 *
 * @param unknown IDs of backups that may be torn, of which the one under the other tag tells later
 */
function doneOf(snapshots: readonly ResticSnapshot[], unknown: ReadonlySet<string>): readonly ResticSnapshot[] {
  const ids = snapshots.filter(({ tags }) => tags.includes(finishedTag)).map(({ tags }) => backupIdOf(tags));
  const [finished, torn] = [new Set(ids), tornIn(snapshots)];
  const isLeft = ({ time }: ResticSnapshot): boolean => Math.abs(Date.now() - Date.parse(time)) > leftMs;
  return snapshots.filter((one) => {
    const id = backupIdOf(one.tags);
    return isRecordOfTorn(one)
      ? // Without it, the backup would be listed if restic were killed between the two.
        !finished.has(id)
      : torn.has(id) ||
          (one.tags.includes(deviceTag) && !finished.has(id) && isLeft(one)) ||
          (one.tags.includes(unfinishedTag) && !unknown.has(id) && (finished.has(id) || isLeft(one)));
  });
}

/** restic reads no file again that this one has. In a torn one, a file may be other than its time says. */
function parentIn(snapshots: readonly ResticSnapshot[]): string | undefined {
  const torn = tornIn(snapshots);
  return snapshots.findLast(({ tags }) => !tags.includes(deviceTag) && !torn.has(backupIdOf(tags)))?.id;
}

/** What a backup that failed has stored. @throws Failure where it stays */
async function forgetAll(
  restic: Restic,
  backup: Backup,
  { error, isListing }: { readonly error: unknown; readonly isListing: boolean },
): Promise<void> {
  let left: string | undefined;
  let mayBeListed = isListing;
  try {
    const stored = await restic.own.filter(await restic.snapshots([backupTag(backup.id)], { goesOn: true }));
    mayBeListed = stored.some(({ tags }) => tags.includes(finishedTag));
    if (stored.length > 0) {
      const ids = stored.map(({ id }) => id);
      left = ids.join(' ');
      await restic.run(['forget', ...ids], { goesOn: true });
    }
    await restic.own.end(backup.id);
  } catch {
    if (mayBeListed) {
      await hide(restic, backup, error);
    }
    // Without an answer nothing is listed, and the first failure says why there is no backup.
    if (left !== undefined) {
      throw copiesFailure('staysInRepository', { snapshot: left, cause: error });
    }
  }
}

/** For this, another restic may be at work in the repository. @throws Failure where the backup may be listed */
async function hide(restic: Restic, backup: Backup, why: unknown): Promise<void> {
  try {
    await recordTorn(restic, backup);
  } catch {
    throw copiesFailure('tornBackup', { id: backup.id, cause: why });
  }
}
