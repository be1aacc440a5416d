// Why nothing can be made or changed in a folder of the host.
import { t } from '@vscode/l10n';

export function folderReason(folder: string, why: string): string {
  switch (why) {
    case 'noStorageDriver':
      return t('No files can be made in “{0}”: this libvirt has no storage driver.', folder);
    case 'otherHost':
      return t('No files can be made in “{0}”: it is on another host, and no storage pool has it.', folder);
    case 'otherFolder':
      return t(
        'No files can be made in “{0}”: this program sees another folder there than libvirt, as in a container.',
        folder,
      );
    case 'noQemuImg':
      return t('No files can be made in “{0}”: qemu-img is not installed.', folder);
    case 'denied':
      return t('No files can be made in “{0}”: permission denied.', folder);
    case 'folderMissing':
      return t('No files can be made in “{0}”: there is no such folder.', folder);
    case 'silent':
      return t(
        'No files can be made in “{0}”: libvirt does not answer. The storage of this folder, or of another pool, may hang.',
        folder,
      );
    default:
      return t('No files can be made in “{0}”, as far as is known.', folder);
  }
}
