// The refusals that are about what a snapshot froze and what became of it, in the words of `refusalText`, of which they are a part.
import { t } from '@vscode/l10n';
import type { Sentences } from './refusalSentence.js';

export const frozenRefusals: Pick<
  Sentences,
  'contentElsewhere' | 'frozenAgain' | 'contentChanged' | 'writtenByOther' | 'writtenSince' | 'frozenFileInUse'
> = {
  contentElsewhere: ({ snapshot, disk, file, overlay, other }) => [
    t(
      'libvirt’s notes name “{2}” for disk {1} of {0}, but what came after it, “{3}”, is built on “{4}”: a snapshot below was forgotten by another program, and the notes with it.',
      snapshot,
      disk,
      file,
      overlay,
      other,
    ),
    t('All data is still there. Keep these files, and read {0} from “{1}” (qemu-img convert).', snapshot, other),
  ],
  frozenAgain: ({ snapshot, disk, file, by }) => [
    t(
      '“{2}” holds disk {1} of {0} no more: “{3}” was taken of it later, so the VM had been put on it again.',
      snapshot,
      disk,
      file,
      by,
    ),
    t('It cannot be brought back. Revert to {0} instead.', by),
  ],
  contentChanged: ({ snapshot, disk, file, was }) => [
    t(
      '“{2}”, on which disk {1} of {0} rests, is no longer what it was: somebody wrote to it, or replaced it.',
      snapshot,
      disk,
      file,
    ),
    was === ''
      ? t('Put the file back as it was, or let the doctor forget {0}.', snapshot)
      : t(
          'Put the file back as it was, or let the doctor forget {0}. If only the file’s time is new: touch -d {1}',
          snapshot,
          was,
        ),
  ],
  writtenByOther: ({ snapshot, disk, file, other }) => [
    t(
      '“{2}”, on which disk {1} of {0} rests, is a disk of the VM {3} too, which writes into it.',
      snapshot,
      disk,
      file,
      other,
    ),
    t('Shut {0} down, give it another disk, and compare “{1}” with a backup.', other, file),
  ],
  writtenSince: ({ snapshot, disk, file, overlay }) => [
    t(
      'Somebody wrote to “{2}” after “{3}” was made over it, so disk {1} of {0} may hold something else than it did.',
      snapshot,
      disk,
      file,
      overlay,
    ),
    t('If you know that its content is as it was, give “{0}” a newer time (touch), then try again.', overlay),
  ],
  frozenFileInUse: ({ vm, snapshot, disk, file }) => [
    t('Disk {2} of {0} writes into {3}, which {1} needs unchanged.', vm, snapshot, disk, file),
    t('Examine {0}: the doctor can put its disks on files of their own, with all that they hold now.', vm),
  ],
};
