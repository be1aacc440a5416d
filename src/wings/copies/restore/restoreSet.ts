// Restores each VM of a set by itself. A second run leaves those that are there.
import { posix } from 'node:path';
import type { Backup } from '../repository/backups.js';
import type { Restic } from '../repository/restic.js';
import { folderNameOf } from '../../../transfer/manifest.js';
import { bringBack, type VmRestored } from './bringBack.js';
import type { RestoreWish } from './planRestore.js';
import { resticSource } from './copySource.js';
import type { RestoreEngine } from './leftRestores.js';
import { readMark } from './readFolder.js';
import { isMarkedRestored, unmarkRestored } from './setMarks.js';

type SetWish = Pick<RestoreWish, 'connection' | 'host' | 'folder' | 'isolated' | 'keepsHostParts' | 'agree' | 'signal'>;

interface SetProgress {
  readonly onBegin: (vm: string) => void;
  readonly onRestored: (restored: VmRestored) => void;
  /** Reports a failure of one VM. What it throws ends the whole. */
  readonly onFailure: (vm: string, error: unknown) => void;
}

interface SetRestored {
  readonly restored: readonly VmRestored[];
  /** VMs that an earlier run restored. */
  readonly there: readonly string[];
}

export async function restoreSet(
  engine: RestoreEngine,
  restic: Restic,
  backups: readonly Backup[],
  wish: SetWish,
  { onBegin, onRestored, onFailure }: SetProgress,
): Promise<SetRestored> {
  const { host, folder, signal } = wish;
  const restored: VmRestored[] = [];
  const there: string[] = [];
  for (const { id, vm, uuid } of backups) {
    signal.throwIfAborted();
    onBegin(vm);
    try {
      if (await isThere(engine, wish, { id, vm, uuid })) {
        there.push(vm);
        continue;
      }
      const one = await bringBack(engine, await resticSource(restic, id), { ...wish, ofSet: id });
      restored.push(one);
      onRestored(one);
    } catch (error) {
      onFailure(vm, error);
    }
  }
  if (restored.length + there.length === backups.length) {
    for (const { vm: name, uuid } of backups) {
      await unmarkRestored(host.files, posix.join(folder, folderNameOf({ name, uuid })));
    }
  }
  return { restored, there };
}

/** Whether an earlier run has restored it from this backup. */
async function isThere(
  engine: Pick<RestoreEngine, 'withCopies'>,
  { connection, host: { files }, folder }: SetWish,
  { id, vm: name, uuid }: Pick<Backup, 'id' | 'vm' | 'uuid'>,
): Promise<boolean> {
  const own = posix.join(folder, folderNameOf({ name, uuid }));
  if (!(await isMarkedRestored(files, own, id)) || (await readMark(files, own)) !== undefined) {
    return false;
  }
  const obstacle = await engine.withCopies(connection, (copies) => copies.obstacle({ name, uuid }));
  return obstacle === 'nameTaken' || obstacle === 'uuidTaken';
}
