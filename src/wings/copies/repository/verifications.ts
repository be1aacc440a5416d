// Whether a backup could be read, or its VM started: seen by a check, and kept beside the backup in the repository.
// A small snapshot of restic's holds it, as restic must be alone in a repository to change a tag.
import { type Restic, ResticFault, type ResticSnapshot } from './restic.js';
import { backupIdOf, backupTag, verifiedTag } from './tags.js';

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

/** In place of the earlier one. @throws ResticFault */
export async function recordVerification(
  restic: Restic,
  { id, vm }: { readonly id: string; readonly vm: string },
  { how, passed }: Omit<Verification, 'at'>,
): Promise<void> {
  const earlier = await restic.snapshots([verifiedTag, backupTag(id)], { goesOn: true });
  const tags = [verifiedTag, backupTag(id), `by:${how}`, `result:${passed ? 'passed' : 'failed'}`].join(',');
  const words = ['backup', '--json', '--stdin', '--stdin-filename=virt-rewind-verified', `--host=${vm}`];
  await restic.run([...words, `--tag=${tags}`], { input: '\n', goesOn: true });
  if (earlier.length > 0) {
    try {
      await restic.run(['forget', ...earlier.map((one) => one.id)], { goesOn: true });
    } catch (error) {
      // It is hidden by the new one, and the next check tries again.
      if (!(error instanceof ResticFault) || error.problem !== 'locked') {
        throw error;
      }
    }
  }
}
