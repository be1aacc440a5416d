// What helps where a file below a disk is gone. A snapshot would not: its overlay needs the same file at each start.
import { t } from '@vscode/l10n';
import { displayLine } from '../domain/plainText.js';
import { quoteForShell } from '../steps/virshCommand.js';
import type { WhyNoVolume } from '../domain/vm.js';
import { quotedPath } from './problemSentence.js';
import { inQuotes } from './quotes.js';

export function emptyFileText(file: string): string {
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
