// Why a VM's RAM cannot be saved, or not while its guest runs on, and the one line that mends it.
import { t } from '@vscode/l10n';
import { wayTo } from '../ways.js';

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

/** @param why a NotSeamlessReason */
export function notSeamless(vm: string, why: string, said: string): readonly [string, string] {
  switch (why) {
    case 'tooOld':
      return [
        t('libvirt or QEMU is too old.'),
        t('Update to libvirt 9.9 and QEMU 10.0. Then shut down {0} and start it again.', vm),
      ];
    case 'elsewhere':
      return [t('QEMU needs a file on the host of {0}, to which no login leads.', vm), t('Connect over ssh.')];
    case 'noVirsh':
      return [
        t('Only virsh 8.2 or newer can pass a file to QEMU.'),
        t('Install libvirt-clients on the host of {0}.', vm),
      ];
    case 'folder':
      return [
        t('You do not have permission to write the RAM to the folder of the disks: “{0}”.', said),
        t('Give your user write permission there.'),
      ];
    case 'memory':
      return [t('A device or the memory type of {0} lets other programs write to its RAM.', vm), ''];
    case 'kernel':
      return [
        t('The user that runs QEMU does not have permission to track its RAM.'),
        t('Run this on the host: {0}', 'sudo sysctl vm.unprivileged_userfaultfd=1'),
      ];
    case 'device':
      return [
        t('Everyone on the host can open “{0}”, but QEMU does not see it.', '/dev/userfaultfd'),
        t(
          'Add it to {0} in {1} and restart libvirt, or run this on the host: {2}',
          'cgroup_device_acl',
          '/etc/libvirt/qemu.conf',
          'sudo sysctl vm.unprivileged_userfaultfd=1',
        ),
      ];
    case 'busy':
      return [t('{0} is not running, or an operation is running on it.', vm), t('Check again when it is running.')];
    case 'refused':
      return [t('QEMU rejected it: {0}', said), policyInLogText()];
    default:
      return [t('The reason is unknown.'), t('Details: {0}', wayTo('log', vm))];
  }
}

/** Words of the kernel never name the policy. */
export function policyInLogText(): string {
  return t(
    'If AppArmor or SELinux denied it, the host’s log shows it: {0}, or {1}.',
    'sudo journalctl -k --grep "apparmor|avc"',
    '/var/log/audit/audit.log',
  );
}
