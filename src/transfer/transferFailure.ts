// Why a VM's files are not looked at as they should be, or not sent to a host.
import { t } from '@vscode/l10n';
import { bytesText } from '../text/bytesText.js';
import { type Of, wingFailures } from '../text/failures/wingFailures.js';
import { brokenImageText } from '../text/refusals/missingBase.js';
import { wayTo } from '../text/ways.js';

export const transferFailure = wingFailures('transfer', {
  refused: {
    elsewhere: () =>
      t('Its VMs are on another computer. Connect to it by ssh (qemu+ssh://), or run Virt Rewind there.'),
    noLogin: ({ connection }: Of<'connection'>) =>
      t(
        'This computer has no login to the host of {0}, which this needs. Nothing was written. Use a connection by ssh: {1}',
        connection,
        'qemu+ssh://user@host/system',
      ),
    unfinished: ({ vm }: Of<'vm'>) =>
      t('An operation on {0} was interrupted. Finish it first: {1}', vm, wayTo('finish', vm)),
    running: ({ vm }: Of<'vm'>) => t('{0} runs and has no snapshots. Create a checkpoint first.', vm),
    internalRunning: ({ vm }: Of<'vm'>) =>
      t(
        '{0} cannot be backed up while it runs: its snapshots are inside the image it writes to. Shut it down first.',
        vm,
      ),
    oddDisk: ({ disk, vm }: Of<'disk' | 'vm'>) =>
      t(
        'Disk {0} of {1} cannot be copied: it is on a network, passed through, or in a format other than qcow2 and raw. Copy it where it is stored, or from inside the guest.',
        disk,
        vm,
      ),
    encryptedRuns: ({ disk, vm }: Of<'disk' | 'vm'>) =>
      t(
        '{0} runs, and no snapshot can hold its encrypted disk {1}. Shut it down for the backup: {2}',
        vm,
        disk,
        '--shut-down',
      ),
    notFrozen: ({ disk, vm }: Of<'disk' | 'vm'>) =>
      t(
        '{0} writes to its disk {1}, of which no snapshot holds the content. Create a checkpoint with all disks, or shut it down.',
        vm,
        disk,
      ),
    missing: ({ file, vm }: Of<'file' | 'vm'>) =>
      t('{0} is missing or cannot be read. What helps: {1}', file, wayTo('examine', vm)),
    unknownFile: ({ file, vm }: Of<'file' | 'vm'>) =>
      t(
        '{0} is named by a snapshot of {1}, but is no part of its disks. What helps: {2}',
        file,
        vm,
        wayTo('examine', vm),
      ),
    unknownFormat: ({ file }: Of<'file'>) => t('{0} cannot be backed up: only images of qcow2 and raw can.', file),
    damaged: ({ file, empty }: Of<'file'> & { readonly empty?: 'yes' | 'other' }) =>
      brokenImageText(file, empty).join(' '),
    folderTaken: ({ folder }: Of<'folder'>) => t('{0} exists already. Nothing was replaced.', folder),
    noTool: ({ tool, host }: Of<'tool' | 'host'>) => t('{0} is needed on {1}. Install it there.', tool, host),
  },
  busy: {
    copyRuns: ({ folder }: Of<'folder'>) =>
      t(
        'Another replication is using {0}, or updated it meanwhile. Nothing was changed. Try again when it has finished.',
        folder,
      ),
  },
  failed: {
    changed: ({ vm }: Of<'vm'>) =>
      t('The files or snapshots of {0} changed during the backup, so the backup was discarded. Try again.', vm),
    cannotWrite: ({ folder, said }: Of<'folder' | 'said'>) => t('{0} cannot be written: {1}', folder, said),
    noRoom: ({ folder, free, bytes }: Of<'folder'> & { readonly free: number; readonly bytes: number }) =>
      t('{0} has {1} free, but the VM needs {2}.', folder, bytesText(free), bytesText(bytes)),
    copyCut: ({ said }: Of<'said'>) =>
      t('The copy was interrupted: {0}. An earlier replica is as it was. Try again.', said),
  },
});
