// Why a VM's RAM cannot be kept while its guest runs on, and the one line that mends it. A part of `fileRefusals`.
import { t } from '@vscode/l10n';

/** @param why a NotSeamlessReason */
export function notSeamless(vm: string, why: string, said: string): readonly [string, string] {
  switch (why) {
    case 'tooOld':
      return [
        t('libvirt or QEMU is too old for it.'),
        t('Update to libvirt 9.9 and QEMU 10.0, then switch {0} off and on.', vm),
      ];
    case 'elsewhere':
      return [t('QEMU has to be given a file of this computer, and {0} runs elsewhere.', vm), t('Work on its host.')];
    case 'noVirsh':
      return [t('Only virsh 8.2 or newer can give QEMU a file.'), t('Install libvirt-clients on this computer.')];
    case 'folder':
      return [
        t('The RAM is written into the folder of the disks, and you may not write to it: “{0}”.', said),
        t('Give your user the right to write there.'),
      ];
    case 'memory':
      return [t('A device or the kind of memory of {0} lets others write to its RAM.', vm), ''];
    case 'kernel':
      return [
        t('The user that QEMU runs as may not guard its RAM.'),
        t('Run this on the host: {0}', 'sudo sysctl vm.unprivileged_userfaultfd=1'),
      ];
    case 'device':
      return [
        t('“{0}” is open to everybody on the host, and QEMU does not see it.', '/dev/userfaultfd'),
        t(
          'Add it to {0} in {1} and restart libvirt, or run this on the host: {2}',
          'cgroup_device_acl',
          '/etc/libvirt/qemu.conf',
          'sudo sysctl vm.unprivileged_userfaultfd=1',
        ),
      ];
    case 'busy':
      return [t('{0} does not run, or something is done to it.', vm), t('Look again when it runs.')];
    case 'refused':
      return [
        t('QEMU says no: {0}', said),
        t(
          'Where AppArmor or SELinux forbids it, the host’s log says so: {0}, or {1}.',
          'sudo journalctl -k --grep "apparmor|avc"',
          '/var/log/audit/audit.log',
        ),
      ];
    default:
      return [t('It could not be found out.'), t('The log has the reason.')];
  }
}
