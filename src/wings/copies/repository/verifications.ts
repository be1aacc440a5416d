// Whether a backup could be read, or its VM started: seen by a check, and kept beside the backup in the repository.
// A small snapshot of restic's holds it, as restic must be alone in a repository to change a tag.
import type { Restic, ResticSnapshot } from './restic.js';
import { backupIdOf, backupTag, unfinishedTag, verifiedTag, vmTag } from './tags.js';

/** `read`: all of its data; `started`: its VM ran for a while; `agent`: the guest agent of its VM answered. */
export const waysToVerify = ['read', 'started', 'agent'] as const;

export interface Verification {
  readonly how: (typeof waysToVerify)[number];
  readonly passed: boolean;
  /** In milliseconds since 1970. */
  readonly at: number;
}

/** By the ID of the backup, the last one of each. */
export function verificationsIn(snapshots: readonly ResticSnapshot[]): ReadonlyMap<string, Verification> {
  const found = new Map<string, Verification>();
  for (const { tags, time } of snapshots) {
    const how = waysToVerify.find((way) => tags.includes(`by:${way}`));
    if (tags.includes(verifiedTag) && how !== undefined) {
      found.set(backupIdOf(tags), { how, passed: tags.includes('result:passed'), at: Date.parse(time) });
    }
  }
  return found;
}

/** In place of the earlier one. @throws Failure of restic */
export async function recordVerification(
  restic: Restic,
  { id, vm }: { readonly id: string; readonly vm: string },
  { how, passed }: Omit<Verification, 'at'>,
): Promise<void> {
  const earlier = await restic.own.filter(await restic.snapshots([verifiedTag, backupTag(id)], { goesOn: true }));
  await store(restic, vm, id, [verifiedTag, `by:${how}`, `result:${passed ? 'passed' : 'failed'}`]);
  if (earlier.length > 0) {
    // Where one stays, it is hidden by the new one, and the next check tries again.
    await restic.tryForget(earlier.map((one) => one.id));
  }
}

/**
 * Records that a backup with the tag of a whole one is incomplete. No list shows it from then on.
 * @throws Failure of restic
 */
export async function recordTorn(
  restic: Restic,
  { id, vm, uuid }: { readonly id: string; readonly vm: string; readonly uuid: string },
): Promise<void> {
  await store(restic, vm, id, [verifiedTag, unfinishedTag, vmTag(uuid), 'by:read', 'result:failed']);
}

/** Whether the snapshot is the record of a torn backup. */
export function isRecordOfTorn({ tags }: ResticSnapshot): boolean {
  return tags.includes(verifiedTag) && tags.includes(unfinishedTag);
}

/** The IDs of the backups. */
export function tornIn(snapshots: readonly ResticSnapshot[]): ReadonlySet<string> {
  return new Set(snapshots.filter(isRecordOfTorn).map(({ tags }) => backupIdOf(tags)));
}

async function store(restic: Restic, vm: string, id: string, more: readonly string[]): Promise<void> {
  const tags = [backupTag(id), ...more];
  const words = ['backup', '--json', '--stdin', '--stdin-filename=virt-rewind-verified', `--host=${vm}`];
  const said = await restic.run([...words, `--tag=${tags.join(',')}`], { input: '\n', goesOn: true });
  const [, own = ''] = /"snapshot_id":"([\da-f]+)"/u.exec(said) ?? [];
  await restic.own.add([own]);
}
