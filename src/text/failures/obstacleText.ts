// Why the lesson cannot be given on a connection, and what to do about it.
import { t } from '@vscode/l10n';
import type { DemoVmObstacle } from '../../domain/demoVm.js';

export function obstacleText(obstacle: DemoVmObstacle): string {
  switch (obstacle) {
    case 'notQemu':
      return t('Its VMs do not use QEMU.');
    case 'readOnly':
      return t('The connection is read-only. Use a connection that can create VMs.');
    case 'otherHost':
      return t('Its VMs are on another computer, but this needs files on this computer.');
    case 'systemWithoutRoot':
      return t(
        'QEMU runs there as another user and cannot read your files. Use your own session: add the connection qemu:///session.',
      );
    case 'noQemuImg':
      return t('qemu-img is not installed here. Install it (Debian and Ubuntu: package qemu-utils).');
    case 'noEmulator':
      return t('It has no QEMU for x86. Install it (Debian and Ubuntu: package qemu-system-x86).');
    case 'noGuest':
      return t(
        'This build of Virt Rewind does not contain the guest of the lesson. Install the packaged extension. Or install nasm and build again.',
      );
  }
}
