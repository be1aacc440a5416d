// Why there is no backup, or why it cannot be restored.
import { posix } from 'node:path';
import { t } from '@vscode/l10n';
import { fullTime } from '../../domain/clockText.js';
import { displayLine } from '../../domain/plainText.js';
import { bytesText } from '../../text/bytesText.js';
import { type Of, wingFailures } from '../../text/failures/wingFailures.js';

export const copiesFailure = wingFailures('copies', {
  refused: {
    otherHost: () => t('Its VMs are on another computer, but this needs files on this computer.'),
    notQemu: () => t('Its VMs do not use QEMU.'),
    readOnly: () => t('The connection is read-only. Use a connection that can create VMs.'),
    nowKept: ({ id }: Of<'id'>) => t('The backup {0} is marked as kept now. Nothing was deleted. Prune again.', id),
    fromFuture: ({ id, madeAt, snapshot }: Of<'id' | 'snapshot'> & { readonly madeAt: number }) =>
      t(
        'The backup {0} is dated {1}, in the future, so a rule would keep it and delete newer ones. Nothing was deleted. Correct the clock, or delete that backup: restic forget {2}',
        ...[id, fullTime(madeAt), snapshot],
      ),
    hostDisk: ({ disk }: Of<'disk'>) =>
      t(
        'Disk {0} in the backup is not a file of the backup, so nothing was restored. No backup of Virt Rewind has such a disk: do not trust this one.',
        disk,
      ),
    hostFile: ({ file }: Of<'file'>) =>
      t(
        'The VM starts with {0} of the host, which not everyone may read, so it cannot be isolated. Nothing was restored. If you trust the backup, restore it without --isolated.',
        file,
      ),
    encrypted: ({ file }: Of<'file'>) =>
      t(
        '{0} is encrypted, so nothing in it can be taken out. Restore the whole VM, which opens it with its key.',
        file,
      ),
    ontoElsewhere: () =>
      t(
        'A disk is restored onto a device on this computer alone. Run Virt Rewind on the computer that has the device.',
      ),
    noSuchDisk: ({ disk, disks }: Of<'disk'> & { readonly disks: readonly string[] }) =>
      t('The VM in the backup has no disk {0}. It has: {1}', disk, disks.join(', ')),
    ontoFormat: ({ disk }: Of<'disk'>) =>
      t('Disk {0} is not raw in the backup, so it cannot be restored onto a device. Restore it as a file.', disk),
    ontoTwice: ({ device }: Of<'device'>) =>
      t('{0} is named for two disks, or a disk for two devices. Name one device for each disk.', device),
    noDevice: ({ device }: Of<'device'>) =>
      t('{0} is no block device. Give its whole path, which begins with /dev/: lsblk -p', device),
    deviceReadOnly: ({ device }: Of<'device'>) =>
      t('{0} is read-only, so nothing was written. If that is not wanted: blockdev --setrw {0}', device),
    deviceSmall: ({
      device,
      disk,
      has,
      needs,
    }: Of<'device' | 'disk'> & { readonly has: number; readonly needs: number }) =>
      t(
        '{0} has {1}, but disk {2} needs {3}, so nothing was written. Choose a larger device.',
        ...[device, bytesText(has), disk, bytesText(needs)],
      ),
    deviceBusy: ({ device }: Of<'device'>) =>
      t(
        '{0} is mounted, or is used as swap, by LVM, RAID or another program, so nothing was written. What uses it: lsblk {0}',
        device,
      ),
    deviceOther: ({ device }: Of<'device'>) =>
      t('{0} is another device than when it was confirmed, so nothing was written to it. Start again.', device),
    newerBackup: () => t('The backup was made by a newer version of Virt Rewind. Update it first.'),
    notUp: ({ seconds }: { readonly seconds: number }) => t('Its VM was not up within {0} s.', seconds),
    stillOn: ({ seconds, vm }: Of<'vm'> & { readonly seconds: number }) =>
      t(
        '{0} did not shut down within {1} s, so it was not backed up. It may still do that: then start it again. Or use --checkpoint.',
        vm,
        seconds,
      ),
    goesWhenOff: ({ vm }: Of<'vm'>) => t('{0} is temporary and would be gone when it is off. Use --checkpoint.', vm),
    noPresent: ({ snapshots }: { readonly snapshots: readonly string[] }) =>
      t('The backup does not have the current state of its VM. Name one of its snapshots: {0}', snapshots.join(', ')),
    unreadable: ({ file, said }: Of<'file' | 'said'>) => t('{0} cannot be read: {1}', file, said),
    badName: ({ vm }: Of<'vm'>) => t('{0} cannot be the name of a VM. Use letters, digits, dots and dashes.', vm),
    nameTaken: ({ vm }: Of<'vm'>) => t('There is a VM {0} already. Restore it under another name.', vm),
    uuidTaken: ({ vm }: Of<'vm'>) => t('There is a VM with the UUID of {0} already. Restore it as a new VM.', vm),
    amongDisks: ({ folder }: Of<'folder'>) =>
      t('{0} has a disk of the VM, so no repository was created there. Choose another folder.', folder),
    othersFiles: ({ folder, files }: Of<'folder'> & { readonly files: readonly string[] }) =>
      t('{0} Nothing was changed. Move them away, or choose another folder.', staysText(folder, files)),
    vmInUse: ({ folder }: Of<'folder'>) =>
      t(
        'A restore into {0} was interrupted, but the VM has been used since. Nothing was changed. Choose another folder.',
        folder,
      ),
    vmThere: ({ vm }: Of<'vm'>) =>
      t(
        'The other host has a VM {0} already. Do not start both. If that one was restored from the replica, undefine this one, then replicate from there. Otherwise, undefine that one.',
        vm,
      ),
    originalRuns: ({ vm, host }: Of<'vm' | 'host'>) =>
      t('{0} runs on {1}. Shut it down there and replicate it once more. Then nothing is lost.', vm, host),
    originalNewer: ({ vm, host }: Of<'vm' | 'host'>) =>
      t(
        '{0} was changed on {1} after the last replication. Replicate it once more. Without --original, the replica is restored as it is.',
        vm,
        host,
      ),
    originalSaved: ({ vm, host }: Of<'vm' | 'host'>) =>
      t(
        'The RAM of {0} is saved on {1} (virsh managedsave), and no replica has it. Start it there, shut it down and replicate it once more. Without --original, the replica is restored as it is.',
        vm,
        host,
      ),
    wrongOriginal: ({ vm, of, host, there }: Of<'vm' | 'of' | 'host' | 'there'>) =>
      t(
        'The original of {0} was on {1}, but {2} leads to {3}, which has no such VM. Nothing was restored. Use the URI of {1}. Without --original, the replica is restored as it is.',
        ...[vm, of, host, there],
      ),
  },
  notFound: {
    noBackup: ({ id }: Of<'id'>) => t('There is no backup {0}. List the backups again.', id),
    noCopy: ({ folder }: Of<'folder'>) =>
      t(
        '{0} is no export or replica: it has no virt-rewind-backup.json. For a backup in a repository, use --from.',
        folder,
      ),
  },
  busy: {
    restoreRuns: ({ folder }: Of<'folder'>) =>
      t(
        'Another restore is writing to {0}, or was interrupted on another computer. If it has ended, delete the folder. Or choose another one.',
        folder,
      ),
  },
  invalid: {
    notAbsolute: ({ target, host }: Of<'target' | 'host'>) => t('{0} is not an absolute path on {1}.', target, host),
  },
  failed: {
    staysInRepository: ({ snapshot }: Of<'snapshot'>) =>
      t(
        'There is no backup, but restic still has its incomplete snapshot {0}. Remove it with restic forget {0}.',
        snapshot,
      ),
    tornBackup: ({ id }: Of<'id'>) =>
      t(
        'There is no backup, but the lists may show {0}, which is not whole: restic could not remove it. Do not restore it. Find its snapshot with restic snapshots --tag backup:{0}, and remove it with restic forget.',
        id,
      ),
    brokenBackup: ({ file }: { readonly file?: string | undefined }) =>
      file === undefined
        ? t('The backup is not valid, so nothing was restored. Restore another one.')
        : t('{0} of the backup is missing or damaged. Use another backup.', file),
    halfWritten: ({ devices }: { readonly devices: readonly string[] }) =>
      t(
        'There is no restored VM, but {0} was written to: what was there is lost, and what is there is not whole. Restore onto it again.',
        devices.join(', '),
      ),
    noRoomWhole: ({ folder, free, bytes }: Of<'folder'> & { readonly free: number; readonly bytes: number }) =>
      t(
        '{0} has {1} free, but this restic would write {2}: it fills the holes in files with zeros. Nothing was restored. Install restic 0.15 or newer there, or choose a larger folder.',
        folder,
        bytesText(free),
        bytesText(bytes),
      ),
    wrongChecksum: ({ ofReplica, file }: Of<'file'> & { readonly ofReplica: boolean }) =>
      ofReplica
        ? t(
            '{0} is missing or damaged, so nothing was restored. Delete it, then replicate the VM again: that sends it once more.',
            file,
          )
        : t('{0} is missing or damaged, so nothing was restored. Copy the folder again.', file),
    notStarted: ({ said, vm }: Of<'said' | 'vm'>) => `${t('The backup is done.')} ${notStartedText(vm, said)}`,
    noMount: ({ said }: Of<'said'>) =>
      t(
        'restic could not show its repository as a folder, which needs FUSE (the package fuse3): {0} Or restore the backup as a new VM, and read the files of that.',
        said,
      ),
    staysMounted: ({ folder }: Of<'folder'>) =>
      t('{0} is still mounted. End what uses it, then run fusermount3 -u on it.', folder),
  },
});

/** In a folder from which we remove what we made. */
export function staysText(folder: string, files: readonly string[]): string {
  return t(
    'Files that stay in {0}, as no record here names them or a VM uses them: {1}.',
    displayLine(folder),
    partsText(files.map((file) => posix.relative(folder, posix.resolve(folder, file)))),
  );
}

const mostParts = 10;

export function partsText(parts: readonly string[]): string {
  const shown = parts.slice(0, mostParts).map((part) => displayLine(part));
  return [...shown, ...(parts.length > mostParts ? ['…'] : [])].join(', ');
}

export function notStartedText(vm: string, said: string): string {
  return t('{0} was shut down for its backup, and did not start again. Start it yourself. {1}', displayLine(vm), said);
}
