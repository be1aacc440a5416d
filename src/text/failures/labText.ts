// Why the VMs of a lab cannot be made on a connection, and what to do about it.
import { t } from '@vscode/l10n';
import type { LabVmObstacle } from '../../domain/labVm.js';
import { obstacleText } from './obstacleText.js';

export function labObstacleText(obstacle: LabVmObstacle): string {
  switch (obstacle) {
    case 'otherHost':
      return t('Its VMs are on another computer. Connect to it as root: {0}', 'qemu+ssh://root@HOST/system');
    case 'systemWithoutRoot':
      return t(
        'QEMU runs there as another user and cannot read your files. Use your own session: write {0} into the file.',
        'connection: qemu:///session',
      );
    case 'notQemu':
    case 'readOnly':
    case 'noQemuImg':
    case 'noEmulator':
      return obstacleText(obstacle);
  }
}
