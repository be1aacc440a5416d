// The commands for backups, loaded when one is called.
import { acting, seconds, vm } from '../../../cli/commandShape.js';
import type { Option } from '../../../cli/context.js';
import type { Wing } from '../../wing.js';

const heading = 'Files and copies';
const repository = 'a folder, or a restic repository such as sftp:user@host:/folder';
const from: Option = { type: 'string', value: 'TARGET', help: repository };
const passwordFile: Option = {
  type: 'string',
  value: 'FILE',
  help: 'the key of the repository, in a file that only you may read (default: RESTIC_PASSWORD_FILE or RESTIC_PASSWORD_COMMAND)',
};
/** What a running VM is kept by before its backup. */
const checkpointOptions = {
  checkpoint: { type: 'boolean', help: 'if a VM runs, create an external checkpoint first' },
  kind: {
    type: 'string',
    value: 'KIND',
    help: 'of that checkpoint: memory or disk',
    words: ['memory', 'disk'],
    needs: ['checkpoint'],
  },
  quiesce: {
    type: 'boolean',
    help: 'freeze the file systems for it, with the guest agent',
    needs: ['checkpoint'],
  },
  'keep-checkpoints': {
    type: 'string',
    value: 'N',
    help: 'then delete the checkpoints that earlier backups created, but the N newest',
    needs: ['checkpoint'],
  },
} as const satisfies Record<string, Option>;
/** The options of a rule: what it names stays, and all else is deleted. */
const keepOptions = {
  'keep-last': { type: 'string', value: 'N', help: 'keep the N newest' },
  'keep-hourly': { type: 'string', value: 'N', help: 'keep the last one of each of the N newest hours with a backup' },
  'keep-daily': { type: 'string', value: 'N', help: 'of days' },
  'keep-weekly': { type: 'string', value: 'N', help: 'of weeks' },
  'keep-monthly': { type: 'string', value: 'N', help: 'of months' },
} as const satisfies Record<string, Option>;
const more = 'Needs restic on the host of the VM. See docs/copies.md.';

export const copiesCommands = {
  backup: {
    heading,
    summary: 'back up VMs with all their snapshots, by restic',
    operands: [{ name: 'VM', kind: 'vm', needed: 'several' }],
    options: {
      to: from,
      system: { type: 'string', kind: 'system', value: 'SYSTEM', help: 'all VMs of this system' },
      create: { type: 'boolean', help: 'create the repository if there is none' },
      ...checkpointOptions,
      'shut-down': {
        type: 'boolean',
        help: 'if the VM runs, shut it down for the backup, and start it again',
        not: ['checkpoint', 'system'],
      },
      name: acting.name,
      'password-file': passwordFile,
    },
    more: `The VM may run if its snapshots are external: then its current state is not backed up, so create a checkpoint first. Each of several VMs gets a backup of its own. With --checkpoint they must be a system, and are of one moment. Layers that the repository has already are not transferred again. ${more}`,
    examples: [
      'virt-rewind backup web-test --to /mnt/backups --create --password-file ~/.backup-key',
      'virt-rewind backup web-test --to sftp:user@nas:/backups',
      'virt-rewind backup --system shop --to /mnt/backups --checkpoint',
    ],
    act: async () => (await import('./backUpSetCommand.js')).backup,
  },
  backups: {
    heading,
    summary: 'list the backups in a repository, or delete old ones by a rule',
    operands: [
      { name: 'ACTION', kind: 'text', needed: 'optional' },
      { name: 'VM|BACKUP', kind: 'text', needed: 'several' },
    ],
    options: {
      from,
      ...keepOptions,
      boot: {
        type: 'boolean',
        help: 'check: restore it as a new VM apart from all networks, start that, and remove it again',
      },
      folder: { type: 'string', value: 'FOLDER', help: 'check --boot: has room for all of the VM', needs: ['boot'] },
      seconds: { ...seconds, help: 'check --boot: what it waits for the guest agent (default: 120)', needs: ['boot'] },
      free: {
        type: 'boolean',
        help: 'prune: then free the space of what no backup needs, which reads and writes in the repository; without a --keep option, only that',
      },
      plan: { type: 'boolean', help: 'prune: show what would be deleted, and change nothing' },
      yes: acting.yes,
      'password-file': passwordFile,
    },
    more: `ACTION is check [BACKUP], prune [VM…|BACKUP], keep BACKUP or release BACKUP; BACKUP is the ID of a backup or of a set. check reads all data of a backup, or of the newest one of each VM, and compares checksums, which transfers all of it; the list shows the last result. prune deletes all backups of each VM that this computer made and no --keep option names, or the one BACKUP; keep marks one that no rule deletes. Other snapshots in the repository stay. ${more}`,
    examples: [
      'virt-rewind backups --from /mnt/backups',
      'virt-rewind backups prune --from /mnt/backups --keep-daily 7 --keep-weekly 4 --plan',
      'virt-rewind backups check --from /mnt/backups',
      'virt-rewind backups check 1f0c22ab --from /mnt/backups --boot --folder ~/vms',
      'virt-rewind backups keep 1f0c22ab --from /mnt/backups',
    ],
    act: async () => (await import('./backupsCommand.js')).backups,
  },
  export: {
    heading,
    summary: 'copy a VM with all its snapshots into a plain folder, for other people',
    operands: [vm],
    options: { to: { type: 'string', value: 'FOLDER', help: 'the VM gets a new folder there' } },
    more: 'The folder has the disks, a manifest, SHA256SUMS, and a README.txt that says how to bring the VM back without this program. Passwords that libvirt keeps are left out. virt-rewind restore FOLDER brings it back.',
    examples: ['virt-rewind export web-test --to /media/usb'],
    act: async () => (await import('./plainCommand.js')).exportVm,
  },
  replicate: {
    heading,
    summary: 'keep a copy of a VM with all its snapshots on another host',
    operands: [vm],
    options: {
      'to-host': { type: 'string', value: 'URI', help: 'the libvirt URI of the host' },
      folder: { type: 'string', value: 'FOLDER', help: 'the replica gets a folder of its own there' },
    },
    more: 'Files that the host has already are not transferred again. libvirt there does not know the replica. Where the VM is lost, run virt-rewind restore FOLDER on that host.',
    examples: ['virt-rewind replicate web-test --to-host qemu+ssh://root@other/system --folder /srv/replicas'],
    act: async () => (await import('./plainCommand.js')).replicate,
  },
  restore: {
    heading,
    summary: 'restore a VM with all its snapshots from a backup, an export or a replica',
    operands: [{ name: 'BACKUP', kind: 'text', needed: 'needed' }],
    options: {
      from,
      folder: { type: 'string', value: 'FOLDER', help: 'its files go into a new folder there' },
      as: { type: 'string', value: 'NAME', help: 'restore it as a new VM: another name, UUID and MAC addresses' },
      snapshot: {
        type: 'string',
        value: 'SNAPSHOT',
        help: 'only the state of this snapshot, by its name or title: the VM gets its disks, and no snapshots or RAM',
      },
      isolated: {
        type: 'boolean',
        help: 'with its network cables out, and without devices and folders of this computer',
      },
      'with-host-parts': {
        type: 'boolean',
        help: 'keep what the VM uses of this computer: devices, bridges, folders, media. Only if you trust the backup',
        not: ['isolated'],
      },
      onto: {
        type: 'string',
        multiple: true,
        value: 'DISK=DEVICE',
        help: 'write this raw disk onto a block device of this computer: vda=/dev/vg0/web. All that is on it is lost, so its name and size are asked for; may be repeated',
      },
      name: {
        type: 'string',
        value: 'TEXT',
        help: 'with --onto: the name and size in bytes of each device, typed',
        needs: ['onto'],
      },
      original: {
        type: 'string',
        value: 'URI',
        help: 'of a replica: the host of the original. Refused if the VM runs there, or has what the replica has not',
        not: ['from', 'as', 'snapshot'],
      },
      start: { type: 'boolean', help: 'start it afterwards' },
      plan: { type: 'boolean', help: 'show what goes where and what would be left out of the VM, and change nothing' },
      yes: acting.yes,
      'password-file': passwordFile,
    },
    more: `BACKUP is the ID that backups shows, of a backup or of a set of several VMs, or, without --from, the folder of an export or replica. The VM appears when all of it is restored, and is off. A new VM does not get the RAM of snapshots. ${more}`,
    examples: [
      'virt-rewind restore 1f0c22ab --from /mnt/backups --folder /var/lib/libvirt/images',
      'virt-rewind restore /media/usb/web-test --folder /var/lib/libvirt/images',
      'virt-rewind restore /srv/replicas/web-test --folder /var/lib/libvirt/images --original qemu+ssh://root@first/system',
      'virt-rewind restore set-53ab0c77 --from /mnt/backups --folder /var/lib/libvirt/images',
      'virt-rewind restore 1f0c22ab --from /mnt/backups --folder ~/vms --as web-again -c qemu:///session',
      'virt-rewind restore 1f0c22ab --from /mnt/backups --folder /var/lib/libvirt/images --onto vda=/dev/vg0/web --plan',
      'virt-rewind restore 1f0c22ab --from /mnt/backups --folder ~/vms --snapshot clean --as web-clean --isolated --start',
    ],
    act: async () => (await import('./restoreSetCommand.js')).restore,
  },
  schedule: {
    heading,
    summary: 'back up VMs, or take snapshots, by the clock; without a VM, list the schedules',
    operands: [{ name: 'VM', kind: 'vm', needed: 'several' }],
    options: {
      to: { ...from, help: `back up to ${repository}` },
      system: { type: 'string', kind: 'system', value: 'SYSTEM', help: 'all VMs of this system, as a set' },
      every: {
        type: 'string',
        value: 'WHEN',
        help: 'hour, day, week, or a calendar of systemd such as "Mon..Fri 22:30"',
      },
      ...checkpointOptions,
      checkpoint: {
        type: 'boolean',
        help: 'without --to: take a snapshot of each VM; with it: before the backup, if the VM runs',
      },
      ...keepOptions,
      'on-failure': {
        type: 'string',
        value: 'PROGRAM',
        help: 'call this program with the name of the schedule and the message',
      },
      as: { type: 'string', value: 'NAME', help: 'the name of the schedule' },
      replace: {
        type: 'boolean',
        help: 'change the schedule that --as names; its last run stays known',
        needs: ['as'],
      },
      remove: {
        type: 'string',
        value: 'NAME',
        help: 'remove a schedule; its backups and snapshots stay',
        alone: true,
      },
      run: { type: 'string', value: 'NAME', help: 'run it now, as systemd and cron do', alone: true },
      'if-due': {
        type: 'boolean',
        help: 'with --run: only if no run began since the last hour, day or week',
        needs: ['run'],
      },
      'password-file': passwordFile,
    },
    more: `Started by systemd, or cron; where neither runs, by an open editor. A run that was missed is made up for, once. The repository must be there. With --checkpoint, the backups of a system are of one moment. With a --keep option, a run then deletes old backups as backups prune does, and frees their space; or the old snapshots that this schedule took. No snapshot is taken where health finds the chain too deep or the disk too full. See docs/copies.md.`,
    examples: [
      'virt-rewind schedule web-test --to /mnt/backups --every day --keep-daily 7 --password-file ~/.backup-key',
      'virt-rewind schedule --system shop --to /mnt/backups --every day --checkpoint',
      'virt-rewind schedule web-test --checkpoint --every day --keep-last 7',
      'virt-rewind schedule',
      'virt-rewind schedule --remove web-test-day',
    ],
    act: async () => (await import('./scheduleCommand.js')).schedule,
  },
} as const satisfies Wing['commands'];

/** For who reads files in disks. */
export const copiedDisks = async () => (await import('./copiedFilesCommand.js')).withCopiedDisks;
