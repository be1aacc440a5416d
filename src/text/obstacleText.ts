// Why the lesson cannot be given on a connection, and what to do about it. Knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { DemoVmObstacle } from '../domain/demoVm.js';

export function obstacleText(obstacle: DemoVmObstacle): string {
  switch (obstacle) {
    case 'notQemu':
      return t('Its VMs are not run by QEMU, and the lesson’s VM needs that.');
    case 'readOnly':
      return t('The connection may only look. Connect with the right to make VMs.');
    case 'otherHost':
      return t('Its VMs are on another computer, and the lesson’s VM needs files on this one.');
    case 'systemWithoutRoot':
      return t(
        'There QEMU runs as another user, who may not read your files. Take your own session instead: add the connection qemu:///session.',
      );
    case 'noQemuImg':
      return t(
        'The program qemu-img is not installed here. Install it: on Debian and Ubuntu it is in the package qemu-utils.',
      );
    case 'noEmulator':
      return t(
        'There is no QEMU for x86 on it. Install it: on Debian and Ubuntu it is in the package qemu-system-x86.',
      );
    case 'noGuest':
      return t(
        'This build of Virt Rewind lacks the guest of the lesson. Install the packaged extension, or nasm, and build it again.',
      );
  }
}
