// Makes a backup of a VM with its snapshots in a repository of restic's. It is listed when it is whole.
import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import type { Version } from '../../../domain/capabilities.js';
import { parseAs, parseSoundJson } from '../../../journal/json.js';
import { CopiesFault } from '../copiesFault.js';
import { type Backup, tagsOf } from './backups.js';
import { type LeftOut, manifestOf, type VmLook } from '../vm/lookAtVm.js';
import { manifestName, storedBytes, writeManifest } from '../vm/manifest.js';
import { type Restic, ResticFault, type ResticSnapshot } from './restic.js';
import type { BackupSet } from './sets.js';
import { backupIdOf, backupTag, finishedTag, unfinishedTag, vmTag } from './tags.js';

export interface BackupMade extends Backup {
  /** What the repository had not yet. */
  readonly addedBytes: number;
  /** Whether the current state of the VM is in it. */
  readonly present: boolean;
  readonly leftOut: readonly LeftOut[];
  /** Titles of snapshots that it does not have as they were created. */
  readonly altered: readonly string[];
}

export interface BackupWish {
  readonly libvirt: Version;
  /** A repository that is not there is made. */
  readonly create: boolean;
  /** Of several VMs. */
  readonly set?: BackupSet;
  readonly onProgress: (fraction: number) => void;
}

/**
 * Stored under a tag that nothing lists, then looked at, then stored again under the tag of a backup: that takes
 * seconds, as restic reads no file again that is the same. To change a tag, restic must be alone in the repository.
 * @throws CopiesFault, ResticFault: then the repository lists no more backups than before
 */
export async function backUp(look: VmLook, restic: Restic, wish: BackupWish): Promise<BackupMade> {
  const { vm, documents, files, leftOut, altered } = look;
  const earlier = await snapshotsOf(restic, vm.uuid, wish.create);
  const backup: Backup = {
    id: randomBytes(4).toString('hex'),
    vm: vm.name,
    uuid: vm.uuid,
    madeAt: Date.now(),
    restorePoints: documents.snapshots.length,
    bytes: storedBytes(files, 'allocatedBytes'),
    ...(wish.set !== undefined && { set: wish.set }),
  };
  const manifest = manifestOf(look, wish.libvirt, { madeAt: backup.madeAt });
  try {
    // Passwords are in the manifest.
    return await restic.withFile(manifestName, writeManifest(manifest), async (folder) => {
      const paths = [manifestName, ...new Set(files.flatMap((file) => file.stored ?? []))];
      const of = { restic, backup, folder, paths };
      const data = await store(of, { tag: unfinishedTag, parent: earlier.at(-1)?.id, onProgress: wish.onProgress });
      await look.requireUnchanged();
      const listing = { ...of, backup: { ...backup, addedBytes: data.bytes } };
      const listed = await store(listing, { tag: finishedTag, parent: data.snapshot, onProgress: () => undefined });
      if (listed.changed > 0) {
        throw new CopiesFault({ kind: 'changed' });
      }
      await forgetDone(restic, [data.snapshot, ...doneOf(earlier)]);
      return { ...backup, addedBytes: data.bytes + listed.bytes, present: manifest.present, leftOut, altered };
    });
  } catch (error) {
    await forgetAll(restic, backup, error);
    throw error;
  }
}

/** Before anything is done to a VM for its backup. @throws ResticFault where it could not be stored, as far as known */
export async function requireRepository(restic: Restic, create: boolean): Promise<void> {
  // It takes a lock, which it does not get beside a prune.
  await orCreated(restic, create, () => restic.run(['cat', 'config']));
}

/** Whether finished or not, the oldest first. */
async function snapshotsOf(restic: Restic, uuid: string, create: boolean): Promise<readonly ResticSnapshot[]> {
  return (await orCreated(restic, create, () => restic.snapshots([vmTag(uuid)]))) ?? [];
}

/** Undefined where the repository is new. */
async function orCreated<T>(restic: Restic, create: boolean, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!create || !(error instanceof ResticFault) || error.problem !== 'noRepository') {
      throw error;
    }
    await restic.run(['init']);
    return undefined;
  }
}

/** A first backup over a slow line takes days, and is as old as its beginning. */
const leftMs = 7 * 24 * 3_600_000;

/** Those under the other tag: of backups that are whole, and of those that were killed. */
function doneOf(snapshots: readonly ResticSnapshot[]): readonly string[] {
  const ids = snapshots.filter(({ tags }) => tags.includes(finishedTag)).map(({ tags }) => backupIdOf(tags));
  const finished = new Set(ids);
  const isLeft = ({ time }: ResticSnapshot): boolean => Math.abs(Date.now() - Date.parse(time)) > leftMs;
  return snapshots
    .filter((one) => one.tags.includes(unfinishedTag) && (finished.has(backupIdOf(one.tags)) || isLeft(one)))
    .map(({ id }) => id);
}

const summary = v.object({
  message_type: v.literal('summary'),
  data_added: v.number(),
  total_duration: v.number(),
  files_new: v.number(),
  files_changed: v.number(),
  snapshot_id: v.pipe(v.string(), v.regex(/^[\da-f]{8,64}$/u)),
});
const status = v.object({ message_type: v.literal('status'), percent_done: v.number() });

interface StoredFiles {
  readonly restic: Restic;
  readonly backup: Backup;
  readonly folder: string;
  readonly paths: readonly string[];
}

interface StoreWish {
  readonly tag: string;
  /** restic would look for one of the same files, and each new layer is one more. */
  readonly parent: string | undefined;
  readonly onProgress: (fraction: number) => void;
}

async function store(
  { restic, backup, folder, paths }: StoredFiles,
  { tag, parent, onProgress }: StoreWish,
): Promise<{ readonly snapshot: string; readonly bytes: number; readonly changed: number }> {
  let end: v.InferOutput<typeof summary> | undefined;
  await restic.run(
    [
      ...['backup', '--json', '--files-from-raw=-', `--host=${backup.vm}`],
      ...(await restic.connections.words()),
      `--tag=${[tag, ...tagsOf(backup)].join(',')}`,
      ...(parent === undefined ? [] : [`--parent=${parent}`]),
      // libvirt changes owners at each start, and no content by that.
      ...(tag === finishedTag ? ['--ignore-ctime'] : []),
    ],
    {
      folder,
      input: paths.map((path) => `${path}\0`).join(''),
      onLine: (line) => {
        const value = line.startsWith('{') ? parseSoundJson(line) : undefined;
        end = parseAs(summary, value) ?? end;
        const done = parseAs(status, value);
        if (done !== undefined) {
          onProgress(done.percent_done);
        }
      },
    },
  );
  if (end === undefined) {
    throw new ResticFault('failed', 'it did not say what it stored');
  }
  await restic.connections.measure({ bytes: end.data_added, seconds: end.total_duration });
  return { snapshot: end.snapshot_id, bytes: end.data_added, changed: end.files_new + end.files_changed };
}

/** Where another restic is at work they stay, until the next backup of this VM: all that is in them is listed too. */
async function forgetDone(restic: Restic, snapshots: readonly string[]): Promise<void> {
  try {
    await restic.run(['forget', ...snapshots], { goesOn: true });
  } catch (error) {
    if (!(error instanceof ResticFault) || error.problem !== 'locked') {
      throw error;
    }
  }
}

/** What a backup that failed has stored. @throws CopiesFault where it stays */
async function forgetAll(restic: Restic, { id }: Backup, why: unknown): Promise<void> {
  let left: string | undefined;
  try {
    const ids = (await restic.snapshots([backupTag(id)], { goesOn: true })).map((one) => one.id);
    if (ids.length > 0) {
      left = ids.join(' ');
      await restic.run(['forget', ...ids], { goesOn: true });
    }
  } catch {
    // Without an answer nothing was stored, and the first failure says why there is no backup.
    if (left !== undefined) {
      throw new CopiesFault({ kind: 'staysInRepository', snapshot: left }, why);
    }
  }
}
