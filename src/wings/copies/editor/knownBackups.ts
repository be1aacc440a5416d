// What this user backed up to, and what was there when it was read last. No list reads a repository unasked.
import type { Memento } from 'vscode';
import * as v from 'valibot';
import { Emitter } from '../../../base/emitter.js';
import { parseAs } from '../../../journal/json.js';
import type { Backup } from '../repository/backups.js';
import { waysToVerify } from '../repository/verifications.js';
import type { VmView } from '../../../live/views.js';
import type { SeenBackup } from '../backupsOfVm.js';
import { type BackupHost, hostOfConnection } from './backupHost.js';

/** Backups were read or made in this window, or a schedule has run. */
export const backupsChanged = new Emitter<void>();

const place = 'virtRewind.backups';
const mostTargets = 20;
const mostBackups = 500;

const backup = v.object({
  id: v.string(),
  vm: v.string(),
  uuid: v.string(),
  madeAt: v.number(),
  restorePoints: v.number(),
  bytes: v.number(),
  set: v.exactOptional(v.object({ id: v.string(), vms: v.number(), moment: v.exactOptional(v.number()) })),
  verified: v.exactOptional(v.object({ how: v.picklist(waysToVerify), passed: v.boolean(), at: v.number() })),
});
const shape = v.array(
  v.object({
    target: v.string(),
    host: v.exactOptional(v.string()),
    readAt: v.number(),
    backups: v.array(backup),
  }),
);

/** A repository; its name has no password. */
interface KnownTarget {
  readonly target: string;
  /** The connection to the host whose folder it is. Absent: this computer. */
  readonly host?: string;
  /** In milliseconds since 1970. */
  readonly readAt: number;
  /** The oldest first. */
  readonly backups: readonly Backup[];
}

/** Those of one host: the one that was used last first. */
export function knownTargets(remembered: Pick<Memento, 'get'>, { uri }: BackupHost): readonly KnownTarget[] {
  return allTargets(remembered).filter(({ host }) => host === uri);
}

/** The backups of a VM as the repositories were read last. */
export function backupsSeen({ ref }: VmView, remembered: Pick<Memento, 'get'>): readonly SeenBackup[] {
  return knownTargets(remembered, hostOfConnection(ref.connection)).flatMap(({ target, backups }) =>
    backups.filter(({ uuid }) => uuid === ref.uuid).map((backup) => ({ ...backup, target })),
  );
}

function allTargets(remembered: Pick<Memento, 'get'>): readonly KnownTarget[] {
  return parseAs(shape, remembered.get(place)) ?? [];
}

export async function rememberBackups(
  remembered: Memento,
  { target, host: { uri } }: { readonly target: string; readonly host: BackupHost },
  backups: readonly Backup[],
): Promise<void> {
  const others = allTargets(remembered).filter((one) => one.target !== target || one.host !== uri);
  const known = backups.slice(-mostBackups).map(({ id, vm, uuid, madeAt, restorePoints, bytes, set, verified }) => ({
    ...{ id, vm, uuid, madeAt, restorePoints, bytes },
    ...(set !== undefined && { set }),
    ...(verified !== undefined && { verified }),
  }));
  const read = { target, ...(uri !== undefined && { host: uri }), readAt: Date.now(), backups: known };
  await remembered.update(place, [read, ...others].slice(0, mostTargets));
  backupsChanged.fire();
}
