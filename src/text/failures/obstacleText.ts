// Why no VMs can be made on a connection, and what to do about it.
import { t } from '@vscode/l10n';
import type { DemoVmObstacle } from '../../domain/demoVm.js';
import type { LabVmObstacle } from '../../domain/labVm.js';

export function notInstalledText(program: string, debianPackage = program): string {
  return t('{0} is not installed here. Install it (Debian and Ubuntu: package {1}).', program, debianPackage);
}

function lacksText(what: string, debianPackage: string): string {
  return t('It has no {0}. Install it there (Debian and Ubuntu: package {1}).', what, debianPackage);
}

export function obstacleText(obstacle: DemoVmObstacle | LabVmObstacle): string {
  switch (obstacle) {
    case 'notQemu':
      return t('Its VMs do not use QEMU.');
    case 'readOnly':
      return t('The connection is read-only. Use a connection that can create VMs.');
    case 'otherHost':
      return t('Its VMs are on another computer, but this needs files on this computer.');
    case 'systemWithoutRoot':
      return t(
        'QEMU runs there as another user and cannot read your files. Connect to your own session: {0}',
        'qemu:///session',
      );
    case 'noQemuImg':
      return notInstalledText('qemu-img', 'qemu-utils');
    case 'noEmulator':
      return lacksText('QEMU (x86)', 'qemu-system-x86');
    case 'noUefi':
      return lacksText('UEFI (OVMF)', 'ovmf');
    case 'noGuest':
      return t(
        'This build of Virt Rewind does not contain the guest of the lesson. Install the packaged extension. Or install nasm and build again.',
      );
  }
}

/** Of VMs of labs and new ones, which may be made on another computer. */
export function labObstacleText(obstacle: LabVmObstacle): string {
  return obstacle === 'otherHost'
    ? t('Its VMs are on another computer. Connect to it as root: {0}', 'qemu+ssh://root@HOST/system')
    : obstacleText(obstacle);
}
