// What the doctor says of RAM that stays in an image although no snapshot has it. A part of findingText; knows nothing of
// the editor.
import { t } from '@vscode/l10n';
import type { Finding } from '../diagnosis/examination.js';
import { bytesText } from './bytesText.js';
import { refusalText } from './refusalText.js';

type LostRam = Extract<Finding, { kind: 'lostRam' }>;

/** What it is, what it means, what to do. @param file quoted, as the VM's name for one line */
export function lostRamSentences(finding: LostRam, vm: string, file: string): readonly [string, string, string] {
  return [
    t('{0} holds {1} of RAM that no snapshot has any more.', file, bytesText(finding.bytes)),
    t('A snapshot with RAM failed, or was deleted after a revert to it. Nothing is damaged, and space is wasted.'),
    finding.cure === 'nextSnapshot'
      ? t('Let {0} run, take a snapshot with RAM inside its image, and delete it: QEMU then gives the space back.', vm)
      : withoutCure(finding),
  ];
}

/** Only QEMU gives it back, with a snapshot that cannot be taken; what is copied anew leaves it behind. */
function withoutCure({ why }: LostRam): string {
  const copy = t(
    'A copy made with “qemu-img convert” while the VM is off is without it, and without the snapshots inside the file.',
  );
  return why === undefined
    ? t('It stays as long as the file does. {0}', copy)
    : t(
        'A snapshot with RAM inside the image would take it along, and cannot be taken: {0} {1}',
        refusalText(why).reason,
        copy,
      );
}
