// Why the VMs of a lab cannot be made on a connection, and what to do about it. Knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { LabVmObstacle } from '../domain/labVm.js';

export function labObstacleText(obstacle: LabVmObstacle): string {
  switch (obstacle) {
    case 'notQemu':
      return t('Its VMs are not run by QEMU.');
    case 'readOnly':
      return t('The connection may only look. Connect with the right to make VMs.');
    case 'otherHost':
      return t('Its VMs are on another computer, and a lab needs files on this one.');
    case 'systemWithoutRoot':
      return t(
        'There QEMU runs as another user, who may not read your files. Take your own session instead: write {0} into the file.',
        'connection: qemu:///session',
      );
    case 'noQemuImg':
      return t(
        'The program qemu-img is not installed here. Install it: on Debian and Ubuntu it is in the package qemu-utils.',
      );
    case 'noEmulator':
      return t(
        'There is no QEMU for x86 on it. Install it: on Debian and Ubuntu it is in the package qemu-system-x86.',
      );
  }
}
