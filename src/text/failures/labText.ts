// Why the VMs of a lab cannot be made on a connection, and what to do about it.
import { t } from '@vscode/l10n';
import type { LabVmObstacle } from '../../domain/labVm.js';

export function labObstacleText(obstacle: LabVmObstacle): string {
  switch (obstacle) {
    case 'notQemu':
      return t('Its VMs do not use QEMU.');
    case 'readOnly':
      return t('The connection is read-only. Use a connection that can create VMs.');
    case 'otherHost':
      return t(
        'Its VMs are on another computer, and a lab creates its images on this one. Run Virt Rewind on that computer.',
      );
    case 'systemWithoutRoot':
      return t(
        'QEMU runs there as another user and cannot read your files. Use your own session: write {0} into the file.',
        'connection: qemu:///session',
      );
    case 'noQemuImg':
      return t('qemu-img is not installed here. Install it (Debian and Ubuntu: package qemu-utils).');
    case 'noEmulator':
      return t('It has no QEMU for x86. Install it (Debian and Ubuntu: package qemu-system-x86).');
  }
}
