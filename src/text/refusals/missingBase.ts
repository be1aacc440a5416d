// What helps where a file below a disk is gone. A snapshot would not: its overlay needs the same file at each start.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { quoteForShell } from '../../domain/quoteForShell.js';
import type { WhyNoVolume } from '../../domain/vm.js';
import { quotedPath } from '../problems/problemSentence.js';
import { inQuotes } from '../quotes.js';

/** Says what a file is that is marked as damaged or is no image, and what helps. @param empty see `notMarked` */
export function brokenImageText(file: string, empty: 'yes' | 'other' | undefined): readonly [string, string] {
  switch (empty) {
    case 'yes':
      return [emptyFileText(file), putBackText()];
    case 'other':
      return [
        t('{0} is not an image of the format that it should have.', quotedPath(file)),
        t('Check what it is (“qemu-img info”), and restore it from a backup if it was replaced.'),
      ];
    case undefined:
      return [
        t('QEMU has marked {0} as damaged.', quotedPath(file)),
        t('Check it with “qemu-img check” while the VM is off, and copy the data you need.'),
      ];
  }
}

function emptyFileText(file: string): string {
  return t('{0} is an empty file (0 bytes) instead of an image.', quotedPath(file));
}

/** What it is, and what helps. */
export function noVolumeText(
  vm: string,
  disk: string,
  pool: string,
  volume: string,
  why: WhyNoVolume,
): readonly [string, string] {
  const named = [displayLine(disk), displayLine(vm), displayLine(pool)] as const;
  const shell = (action: string): string => `virsh ${action} ${quoteForShell(pool)}`;
  switch (why) {
    case 'notStarted':
      return [
        t('Disk {0} of {1} is in the pool {2}, which is not active.', ...named),
        t('Start it ({0}).', shell('pool-start')),
      ];
    case 'noPool':
      return [
        t('Disk {0} of {1} is in the pool {2}, which does not exist in libvirt.', ...named),
        t('Define that pool again, then start it ({0}).', shell('pool-start')),
      ];
    case 'noVolume':
      return [
        t(
          'Disk {0} of {1} is a volume that does not exist in the pool {2}: {3}.',
          ...named,
          inQuotes(displayLine(volume)),
        ),
        t('Put it back, and refresh the pool in libvirt ({0}).', shell('pool-refresh')),
      ];
  }
}

export function cannotStartText(): string {
  return t('The VM cannot start without it. While the VM runs, it keeps the file open.');
}

export function putBackText(): string {
  return t(
    'Put the file back. If the VM is running, do not stop it: copy its disks first ({0}).',
    'virsh blockcopy --transient-job --wait --finish',
  );
}
