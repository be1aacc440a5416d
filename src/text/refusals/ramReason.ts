// Why a VM's RAM cannot be saved: by a device of it, or in QEMU's own words.
import { t } from '@vscode/l10n';

export function ramReason(vm: string, device: string, said: string): string {
  switch (device) {
    case 'qemu':
      return t('QEMU cannot save the RAM of {0}: “{1}”.', vm, said);
    case 'drive':
      return t('{0} has a drive outside libvirt (qemu:commandline). A snapshot with RAM cannot include it.', vm);
    case 'hostDevice':
      return t('{0} uses a host device, so its RAM cannot be saved.', vm);
    case 'nvdimm':
      return t('{0} has an NVDIMM. A revert with RAM would overwrite its file.', vm);
    case 'shmem':
      return t('{0} shares memory with other programs, so its RAM cannot be saved.', vm);
    default:
      return t('{0} shares a folder with its host ({1}), so its RAM cannot be saved.', vm, device);
  }
}
