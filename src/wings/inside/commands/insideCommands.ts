// The commands for files in restore points, loaded when one is called.
import { acting, snapshot, vm } from '../../../cli/commandShape.js';
import type { Wing } from '../../wing.js';
import type { WithBackup } from './filesCommand.js';

/** @param withBackup opens the disks of a backup, where another wing makes such */
export function insideCommands(withBackup: () => Promise<WithBackup>) {
  return {
    files: {
      heading: 'Files and copies',
      summary: 'read the files in a snapshot or in a VM that is off, or restore them',
      operands: [
        { name: 'VM[@SNAPSHOT]', kind: 'vm', needed: 'needed' },
        { name: 'ACTION', kind: 'text', needed: 'optional' },
        { name: 'PATH', kind: 'text', needed: 'optional' },
        { name: 'TO', kind: 'text', needed: 'optional' },
      ],
      options: {
        from: {
          type: 'string',
          value: 'TARGET',
          help: 'read a backup in this repository: BACKUP[@SNAPSHOT] in place of VM',
        },
        'password-file': { type: 'string', value: 'FILE', help: 'the key of the repository', needs: ['from'] },
        now: { type: 'boolean', help: 'of a VM that runs: read a snapshot of this moment, and delete it afterwards' },
        yes: acting.yes,
        name: acting.name,
      },
      more: 'ACTION is ls [FOLDER], cat FILE, copy PATH TO, find TEXT [FOLDER] or restore PATH [TARGET]; without one, lists the file systems. A path such as vda1:/etc names the file system, /etc means the root of the guest. Nothing is mounted, and the VM may run. Reads ext2, ext3, ext4, NTFS, FAT and ISO 9660; XFS, Btrfs and LVM by guestfish. Needs qemu-nbd on this computer; for a VM on a host behind ssh, qemu-nbd and netcat there. FOLDER[@SNAPSHOT] reads an export or a replica on this computer; a backup in a repository is read by restic mount, which needs FUSE. restore saves the current state of the VM first, and then puts the file or folder into it with the guest agent.',
      examples: [
        'virt-rewind files web-test@clean',
        'virt-rewind files web-test@clean ls /etc',
        'virt-rewind files web-test@clean cat /etc/fstab',
        'virt-rewind files web-test@clean copy /etc ./etc-of-clean',
        'virt-rewind files web-test --now cat /var/log/syslog',
        'virt-rewind files web-test@clean restore /etc/fstab',
        'virt-rewind files 1f0c22ab@clean --from /mnt/backups copy /etc ./etc-of-clean',
      ],
      act: async () => (await import('./filesCommand.js')).filesCommand(withBackup),
    },
    changed: {
      heading: 'Files and copies',
      summary: 'show which files and packages changed between two snapshots, or since one',
      operands: [
        vm,
        { ...snapshot, name: 'A', needed: 'optional' },
        { name: 'B', kind: 'snapshot', needed: 'optional' },
        { name: 'PATH', kind: 'text', needed: 'optional' },
      ],
      options: {
        stat: { type: 'boolean', help: 'only how many changed in each folder of the root' },
        when: { type: 'string', value: 'PATH', help: 'in place of A: between which snapshots that file changed' },
      },
      more: 'Without B, compares with the current state of a VM that is off. PATH has a slash: a folder, or a text file, of which it prints a unified diff. A: added, D: removed, M: content, link, mode, owner or type changed; times and extended attributes are not compared. Reads only what changed on the disks. Needs qemu-nbd and qemu-img on this computer.',
      examples: [
        'virt-rewind changed web-test clean',
        'virt-rewind changed web-test clean upgraded --stat',
        'virt-rewind changed web-test clean upgraded /etc',
        'virt-rewind changed web-test clean /etc/fstab',
        'virt-rewind changed web-test --when /etc/fstab',
      ],
      act: async () => (await import('./changedCommand.js')).showChanges,
    },
  } as const satisfies Wing['commands'];
}
