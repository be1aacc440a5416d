// Backs up each of several VMs by itself, for every shell; one VM is several of one.
import type { NotedCopies } from '../../../engine/copies.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import type { VmView } from '../../../live/views.js';
import type { VmLook } from '../../../transfer/lookAtVm.js';
import { GuestCare } from '../../../transfer/guestCare.js';
import { backUp, type BackupMade, BackupsInTurn, type BackupWish } from './backUp.js';
import type { Restic } from './restic.js';

export interface VmToBackUp {
  readonly view: VmView;
  /** Just before its backup, unless all were looked at before. */
  readonly look: () => Promise<VmLook>;
}

interface BackupProgress {
  readonly onProgress: (vm: string, fraction: number) => void;
  readonly onMade: (made: BackupMade) => Promise<void> | void;
  /** Reports a failure of one VM. What it throws ends the whole. */
  readonly onFailure: (vm: string, error: unknown) => void;
}

/** Backs up several VMs. After a cancel, it returns the backups that were created before. */
export async function backUpVms(
  engine: Pick<EnginePort, 'connections' | 'withCopies'>,
  restic: Restic,
  vms: readonly VmToBackUp[],
  { create, signal, ...wish }: Pick<BackupWish, 'set'> & { readonly create: boolean; readonly signal: AbortSignal },
  { onProgress, onMade, onFailure }: BackupProgress,
): Promise<readonly BackupMade[]> {
  const all: BackupMade[] = [];
  const turns = new BackupsInTurn(restic, create, vms.length);
  try {
    for (const { view, look } of vms) {
      if (signal.aborted) {
        break;
      }
      const { name } = view.vm;
      const libvirt = engine.connections.find(({ uri }) => uri === view.ref.connection)?.capabilities?.libvirt ?? 0;
      const startedAt = Date.now();
      const read = (): ReturnType<NotedCopies['guestTimes']> =>
        engine.withCopies(view.ref.connection, (copies) => copies.guestTimes());
      try {
        onProgress(name, 0);
        const made = await backUp(await look(), turns, {
          ...{ libvirt, ...wish, care: new GuestCare({ read }) },
          onProgress: (fraction) => onProgress(name, fraction),
        });
        all.push(made);
        const took = Math.max(0, Date.now() - startedAt);
        // It is made, whether or not the connection is still there.
        await engine
          .withCopies(view.ref.connection, (copies) => copies.noteBackup(made, restic.connections.repository, took))
          .catch(() => undefined);
        await onMade(made);
      } catch (error) {
        onFailure(name, error);
      }
    }
  } finally {
    await turns.tidy();
  }
  return all;
}
