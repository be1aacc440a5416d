// What the doctor found of snapshots inside images, in the words of `findingText`, of which it is a part.
import { t } from '@vscode/l10n';
import type { Finding } from '../diagnosis/examination.js';
import { displayLine } from '../domain/plainText.js';

export type TagFinding = Extract<
  Finding,
  { kind: 'orphanTag' | 'tagMissing' | 'tagWithoutRam' | 'nameIsTagId' | 'tagTwice' }
>;

export function tagFinding(
  finding: TagFinding,
  title: (snapshot: string) => string,
  path: (file: string) => string,
): readonly [what: string, means: string, todo: string] {
  switch (finding.kind) {
    case 'orphanTag':
      return [
        t('“{0}” is inside {1}, and libvirt does not know it.', displayLine(finding.tag), path(finding.file)),
        t(
          'A snapshot was interrupted while it was taken, or was made with qemu-img. It takes space and blocks its name.',
        ),
        t('Remove it if nobody made it on purpose: “qemu-img snapshot -d” does it while the VM is off.'),
      ];
    case 'tagMissing':
      return [
        t('The data of {0} is not in {1} any more.', title(finding.snapshot), path(finding.file)),
        t('Somebody removed it with another tool. Reverting to it would stop the VM and then fail.'),
        t('Let libvirt forget the snapshot; nothing else is lost by that.'),
      ];
    case 'tagWithoutRam':
      return [
        t('The RAM of {0} is gone; the images hold its disks alone.', title(finding.snapshot)),
        t('Somebody took its data away and made it anew with qemu-img. Reverting would stop the VM and then fail.'),
        t(
          'Let libvirt forget the snapshot. What it holds of the disks stays in the images: “qemu-img convert -l” reads it.',
        ),
      ];
    case 'nameIsTagId':
      return [
        t(
          'QEMU takes the name of {0} for the number of another snapshot inside {1}.',
          title(finding.snapshot),
          path(finding.file),
        ),
        t(
          'Any tool that reverts to it brings back {0} instead. It is not reverted to from here.',
          title(finding.other),
        ),
        t('Delete the one or the other, or copy the disk with “qemu-img convert -l snapshot.name=…”.'),
      ];
    case 'tagTwice':
      return [
        t('{1} holds two snapshots that are called {0}.', title(finding.snapshot), path(finding.file)),
        t('Which of them is reverted to or deleted is chance, so neither is done from here.'),
        t('Copy what is needed with “qemu-img convert -l snapshot.id=…”, then remove one with “qemu-img snapshot -d”.'),
      ];
  }
}
