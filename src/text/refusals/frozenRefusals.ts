// The refusals that are about what a snapshot froze, and when, and what became of it, in the words of `refusalText`,
// of which they are a part.
import { t } from '@vscode/l10n';
import { shellWord } from '../../base/shellWord.js';
import { fullTime } from '../../domain/clockText.js';
import { isStateTarget, ramTarget, stateTargets } from '../../domain/frozenRecord.js';
import { inQuotes } from '../quotes.js';
import type { Sentences } from './refusalSentence.js';
import { wayTo } from '../ways.js';

export const frozenRefusals: Pick<
  Sentences,
  | 'datedAhead'
  | 'contentElsewhere'
  | 'frozenAgain'
  | 'contentChanged'
  | 'writtenByOther'
  | 'writtenSince'
  | 'frozenFileInUse'
> = {
  datedAhead: ({ vm, snapshot, at }) => [
    t('{0} of {1} is dated {2}, which is still to come: a clock is or was wrong.', snapshot, vm, fullTime(Number(at))),
    t('Set the clock right, or delete that snapshot.'),
  ],
  contentElsewhere: ({ snapshot, disk, file, overlay, other }) => [
    t(
      'According to libvirt, disk {1} of {0} is in “{2}”, but the next file, “{3}”, is built on “{4}”. Another program made libvirt forget a snapshot below it.',
      snapshot,
      disk,
      file,
      overlay,
      other,
    ),
    t('All data still exists. Keep these files, and read {0} from “{1}” (qemu-img convert).', snapshot, other),
  ],
  frozenAgain: ({ snapshot, disk, file, by }) => [
    t(
      '“{2}” no longer contains disk {1} of {0}: {3} was created from it later, so the VM was using it again.',
      snapshot,
      disk,
      file,
      by,
    ),
    t('It cannot be restored. Revert to {0} instead.', by),
  ],
  contentChanged: ({ vm, snapshot, disk, file, was, other, by, time }) => {
    if (time !== undefined) {
      return [
        t(
          '{0} was renamed, copied back, given attributes or written to after {1} froze it. Its old time does not tell which.',
          inQuotes(file),
          snapshot,
        ),
        t(
          'If you know that its content is the same, or have restored the original file: touch -d {0} {1}',
          was,
          shellWord(file),
        ),
      ];
    }
    if (isStateTarget(disk)) {
      return [
        disk === stateTargets.nvram
          ? t(
              '{0}, with the UEFI variables of {1}, has changed since that snapshot was created.',
              inQuotes(file),
              snapshot,
            )
          : t('{0}, with the TPM state of {1}, has changed since that snapshot was created.', inQuotes(file), snapshot),
        t('Restore the original file. Or move it to another folder: a revert then keeps the current one.'),
      ];
    }
    return [
      other !== undefined
        ? t('{0} names {1} as its RAM, but its RAM was in {2}.', snapshot, inQuotes(file), inQuotes(other))
        : by !== undefined
          ? t('{0} and {1} name the same file as their RAM: {2}.', snapshot, by, inQuotes(file))
          : t('{0} has changed since {1} froze it.', inQuotes(file), snapshot),
      withTouch(
        disk !== ramTarget
          ? t('Restore the original file, or let libvirt forget {0}: {1}', snapshot, wayTo('repair', vm))
          : other === undefined && by === undefined
            ? t('Restore the original file, or keep only the disks: {0}', wayTo('repair', vm))
            : t('Enter the right file (virsh snapshot-edit), or keep only the disks: {0}', wayTo('repair', vm)),
        file,
        was,
      ),
    ];
  },
  writtenByOther: ({ vm, snapshot = vm, disk, file, other }) => [
    t(
      '“{2}”, which disk {1} of {0} is built on, is also a disk of the VM {3}, which writes to it.',
      snapshot,
      disk,
      file,
      other,
    ),
    t('Shut down {0}, give it another disk, and compare “{1}” with a backup.', other, file),
  ],
  writtenSince: ({ file, overlay }) => [
    t('{0} was written to after {1} was created on it.', inQuotes(file), inQuotes(overlay)),
    t('If you know that its content did not change, give “{0}” a newer time (touch), then try again.', overlay),
  ],
  frozenFileInUse: ({ vm, snapshot, disk, file }) => [
    t('Disk {2} of {0} writes to {3}, which {1} needs unchanged.', vm, snapshot, disk, file),
    t('Move the disks of {0} to separate files, with all their current data: {1}', vm, wayTo('repair', vm)),
  ],
};

/** @param was empty: no time makes it the right one */
function withTouch(todo: string, file: string, was: string): string {
  return was === ''
    ? todo
    : t(
        '{0}. If only the file’s time, path or header (rebase -u) has changed: touch -d {1} {2}',
        todo,
        was,
        shellWord(file),
      );
}

export function perhapsOtherText(snapshot: string): string {
  return t(
    'A revert to {0} may restore other content. Operations that use it are rejected until you have decided.',
    snapshot,
  );
}

export function tagMissingText(snapshot: string, file: string, isOther: boolean): string {
  return isOther
    ? t('{1} contains another snapshot named {0}, created after the original was removed.', snapshot, file)
    : t('The data of {0} is no longer in {1}.', snapshot, file);
}

export function otherContentText(snapshot: string): string {
  return t('A revert to {0} would restore other content. Operations that use it are rejected.', snapshot);
}

export function putRamBack(vm: string | undefined): string {
  return t(
    'Restore a complete copy of the file, keep only the disks ({0}), or delete the snapshot.',
    wayTo('repair', vm),
  );
}
