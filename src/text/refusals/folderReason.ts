// Why nothing can be made or changed in a folder of the host.
import { t } from '@vscode/l10n';

export function folderReason(folder: string, why: string): string {
  switch (why) {
    case 'noStorageDriver':
      return t('Cannot create files in “{0}”: this libvirt has no storage driver.', folder);
    case 'otherHost':
      return t('Cannot create files in “{0}”: the folder is on another host and in no storage pool.', folder);
    case 'noSession':
      return t(
        'Cannot create files in “{0}”: its host allows no further session in one login ({1}).',
        folder,
        'MaxSessions',
      );
    case 'otherFolder':
      return t(
        'Cannot create files in “{0}”: libvirt sees another folder at this path, for example because this program runs in a container.',
        folder,
      );
    case 'noQemuImg':
      return t('Cannot create files in “{0}”: qemu-img is not installed.', folder);
    case 'denied':
      return t('Cannot create files in “{0}”: permission denied.', folder);
    case 'folderMissing':
      return t('Cannot create files in “{0}”: the folder does not exist.', folder);
    case 'silent':
      return t(
        'Cannot create files in “{0}”: libvirt does not respond. The storage of this folder or of another pool may hang.',
        folder,
      );
    default:
      return t('Cannot create files in “{0}”.', folder);
  }
}
