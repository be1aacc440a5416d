// The tags by which restic's snapshots tell what they are of a backup. Pure.

/** A backup that is whole. */
export const finishedTag = 'virt-rewind';
/** A backup that is being made, or that never became whole. */
export const unfinishedTag = 'virt-rewind-unfinished';
/** The content of a block device, which restic reads from its input alone: beside the backup that names it. */
export const deviceTag = 'virt-rewind-device';
/** No rule deletes the backup. */
export const keptTag = 'virt-rewind-kept';
/** What a check of a backup found. */
export const verifiedTag = 'virt-rewind-verified';

export function vmTag(uuid: string): string {
  return `vm:${uuid}`;
}

export function backupTag(id: string): string {
  return `backup:${id}`;
}

/** The ID of the backup; empty where there is none. */
export function backupIdOf(tags: readonly string[]): string {
  const start = backupTag('');
  return tags.find((tag) => tag.startsWith(start))?.slice(start.length) ?? '';
}
