// Backups of several VMs that belong together: their common tags, and whether they are of one moment. Pure.
import { isMember, type SystemPoint } from '../../../domain/system.js';
import type { VmRef } from '../../../domain/vm.js';

/** Each VM of a set has a backup of its own. */
export interface BackupSet {
  readonly id: string;
  /** How many VMs were to be backed up. */
  readonly vms: number;
  /** In milliseconds since 1970; absent where they are not of one moment. */
  readonly moment?: number;
}

/** Unlike the ID of a backup, so that nobody takes one for the other. */
export function isSetId(text: string): boolean {
  return /^set-[\da-f]{8}$/u.test(text);
}

export function setTag(id: string): string {
  return `set:${id}`;
}

export function tagsOfSet({ id, vms, moment }: BackupSet): readonly string[] {
  return [setTag(id), `vms:${vms}`, ...(moment === undefined ? [] : [`moment:${moment}`])];
}

/** @param valueOf a tag by its key; empty where there is none */
export function setOf(valueOf: (key: string) => string): BackupSet | undefined {
  const [id, moment] = [valueOf('set'), Number(valueOf('moment')) || 0];
  return isSetId(id) ? { id, vms: Number(valueOf('vms')) || 0, ...(moment > 0 && { moment }) } : undefined;
}

/** A VM as its backup will have it. */
export interface SetMember extends VmRef {
  /** It has only what snapshots hold. */
  readonly isActive: boolean;
  /** The current snapshot. */
  readonly current?: { readonly name: string; readonly createdAt: number };
}

/**
 * | VMs                                                              | of one moment |
 * |------------------------------------------------------------------|---------------|
 * | all off                                                          | `now`         |
 * | each runs, at its snapshot of one restore point                  | that of it    |
 * | some were off when this command created it, and have not started | that of it    |
 * | else                                                             | no            |
 *
 * @param now when all had been looked at; each backup fails if its VM has changed since it was looked at
 * @param made the restore point that was created for these backups
 */
export function momentOf(
  vms: readonly SetMember[],
  { points, made, now }: { readonly points: readonly SystemPoint[]; readonly made?: SystemPoint; readonly now: number },
): number | undefined {
  if (made === undefined && vms.every(({ isActive }) => !isActive)) {
    return now;
  }
  const point = [...(made === undefined ? points : [made])].reverse().find(({ members }) =>
    vms.every((vm) => {
      const own = members.find(isMember(vm));
      const isAt = own !== undefined && own.snapshot === vm.current?.name && own.createdAt === vm.current.createdAt;
      return isAt && (vm.isActive || (made !== undefined && own.state === 'off'));
    }),
  );
  return point?.createdAt;
}
