// Why there is no backup, or why it cannot be restored, as sentences.
import { t } from '@vscode/l10n';
import { fullTime } from '../../domain/clockText.js';
import { displayLine } from '../../domain/plainText.js';
import { bytesText } from '../../text/bytesText.js';
import { brokenImageText } from '../../text/refusals/missingBase.js';
import { CopiesFault, type CopiesProblem } from './copiesFault.js';
import { notStartedText, staysText } from './doneText.js';
import { ResticFault } from './repository/restic.js';
import { wayTo } from '../../text/ways.js';
import { resticText } from './resticText.js';

/** With what failed before it. */
export function faultText(fault: CopiesFault | ResticFault, target: string, vm: string): string {
  if (fault instanceof ResticFault) {
    return resticText(fault, target);
  }
  const { cause, problem } = fault;
  const before = cause instanceof CopiesFault || cause instanceof ResticFault ? [faultText(cause, target, vm)] : [];
  return [...before, problemText(problem, vm)].join(' ');
}

/** @param vm its name; of a restore, that of the backup */
export function problemText(problem: CopiesProblem, vm: string): string {
  const name = displayLine(vm);
  switch (problem.kind) {
    case 'elsewhere':
      return t('Its VMs are on another computer. Connect to it by ssh (qemu+ssh://), or run Virt Rewind there.');
    case 'otherHost':
      return t('Its VMs are on another computer, but this needs files on this computer.');
    case 'noLogin':
      return t(
        'This computer has no login to the host of {0}, which this needs. Nothing was written. Use a connection by ssh: {1}',
        displayLine(problem.connection),
        'qemu+ssh://user@host/system',
      );
    case 'notQemu':
      return t('Its VMs do not use QEMU.');
    case 'readOnly':
      return t('The connection is read-only. Use a connection that can create VMs.');
    case 'unfinished':
      return t('An operation on {0} was interrupted. Finish it first: {1}', name, wayTo('finish', name));
    case 'busy':
      return `${t('Another operation is running on {0}.', name)} ${t('Try again when it has finished.')}`;
    case 'running':
      return t('{0} runs and has no snapshots. Create a checkpoint first.', name);
    case 'internalRunning':
      return t(
        '{0} cannot be backed up while it runs: its snapshots are inside the image it writes to. Shut it down first.',
        name,
      );
    case 'changed':
      return t(
        'The files or snapshots of {0} changed during the backup, so the backup was discarded. Try again.',
        name,
      );
    case 'oddDisk':
      return t(
        'Disk {0} of {1} cannot be backed up: it is not just a file of qcow2 or raw.',
        displayLine(problem.disk),
        name,
      );
    case 'notFrozen':
      return t(
        '{0} writes to its disk {1}, of which no snapshot holds the content. Create a checkpoint with all disks, or shut it down.',
        name,
        displayLine(problem.disk),
      );
    case 'missing':
      return t('{0} is missing or cannot be read. What helps: {1}', displayLine(problem.file), wayTo('examine', name));
    case 'unknownFile':
      return t(
        '{0} is named by a snapshot of {1}, but is no part of its disks. What helps: {2}',
        displayLine(problem.file),
        name,
        wayTo('examine', name),
      );
    case 'unknownFormat':
      return t('{0} cannot be backed up: only images of qcow2 and raw can.', displayLine(problem.file));
    case 'damaged':
      return brokenImageText(problem.file, problem.empty).join(' ');
    case 'staysInRepository':
      return t(
        'There is no backup, but restic still has its incomplete snapshot {0}. Remove it with restic forget {0}.',
        displayLine(problem.snapshot),
      );
    case 'tornBackup':
      return t(
        'There is no backup, but the lists may show {0}, which is not whole: restic could not remove it. Do not restore it. Find its snapshot with restic snapshots --tag backup:{0}, and remove it with restic forget.',
        displayLine(problem.id),
      );
    case 'nowKept':
      return t('The backup {0} is marked as kept now. Nothing was deleted. Prune again.', displayLine(problem.id));
    case 'noBackup':
      return t('There is no backup {0}. List the backups again.', displayLine(problem.id));
    case 'fromFuture':
      return t(
        'The backup {0} is dated {1}, in the future, so a rule would keep it and delete newer ones. Nothing was deleted. Correct the clock, or delete that backup: restic forget {2}',
        ...[displayLine(problem.id), fullTime(problem.madeAt), displayLine(problem.snapshot)],
      );
    case 'brokenBackup':
      return problem.file === undefined
        ? t('The backup is not valid, so nothing was restored. Restore another one.')
        : t('{0} of the backup is missing or damaged. Use another backup.', displayLine(problem.file));
    case 'hostDisk':
      return t(
        'Disk {0} in the backup is not a file of the backup, so nothing was restored. No backup of Virt Rewind has such a disk: do not trust this one.',
        displayLine(problem.disk),
      );
    case 'hostFile':
      return t(
        'The VM starts with {0} of the host, which not everyone may read, so it cannot be isolated. Nothing was restored. If you trust the backup, restore it without --isolated.',
        displayLine(problem.file),
      );
    case 'newerBackup':
      return t('The backup was made by a newer version of Virt Rewind. Update it first.');
    case 'notUp':
      return t('Its VM was not up within {0} s.', problem.seconds);
    case 'stillOn':
      return t(
        '{0} did not shut down within {1} s, so it was not backed up. It may still do that: then start it again. Or use --checkpoint.',
        name,
        problem.seconds,
      );
    case 'goesWhenOff':
      return t('{0} is temporary and would be gone when it is off. Use --checkpoint.', name);
    case 'notStarted':
      return `${t('The backup is done.')} ${notStartedText(vm, problem.said)}`;
    case 'noPresent':
      return t(
        'The backup does not have the current state of its VM. Name one of its snapshots: {0}',
        displayLine(problem.snapshots.join(', ')),
      );
    case 'unreadable':
      return t('{0} cannot be read: {1}', displayLine(problem.file), displayLine(problem.said));
    case 'noMount':
      return t(
        'restic could not show its repository as a folder, which needs FUSE (the package fuse3): {0} Or restore the backup as a new VM, and read the files of that.',
        displayLine(problem.said),
      );
    case 'staysMounted':
      return t('{0} is still mounted. End what uses it, then run fusermount3 -u on it.', displayLine(problem.folder));
    case 'badName':
      return t('{0} cannot be the name of a VM. Use letters, digits, dots and dashes.', displayLine(problem.name));
    case 'nameTaken':
      return t('There is a VM {0} already. Restore it as a new VM.', displayLine(problem.name));
    case 'uuidTaken':
      return t('There is a VM with the UUID of {0} already. Restore it as a new VM.', displayLine(problem.name));
    case 'folderTaken':
      return t('{0} exists already. Nothing was replaced.', displayLine(problem.folder));
    case 'amongDisks':
      return t(
        '{0} has a disk of the VM, so no repository was created there. Choose another folder.',
        displayLine(problem.folder),
      );
    case 'restoreRuns':
      return t(
        'Another restore is writing to {0}, or was interrupted on another computer. If it has ended, delete the folder. Or choose another one.',
        displayLine(problem.folder),
      );
    case 'othersFiles':
      return t('{0} Nothing was changed. Move them away, or choose another folder.', staysText(problem));
    case 'vmInUse':
      return t(
        'A restore into {0} was interrupted, but the VM has been used since. Nothing was changed. Choose another folder.',
        displayLine(problem.folder),
      );
    case 'noRoom':
      return t(
        '{0} has {1} free, but the VM needs {2}.',
        displayLine(problem.folder),
        bytesText(problem.free),
        bytesText(problem.bytes),
      );
    case 'noRoomWhole':
      return t(
        '{0} has {1} free, but this restic would write {2}: it fills the holes in files with zeros. Nothing was restored. Install restic 0.15 or newer there, or choose a larger folder.',
        displayLine(problem.folder),
        bytesText(problem.free),
        bytesText(problem.bytes),
      );
    case 'copyRuns':
      return t(
        'Another replication is using {0}, or updated it meanwhile. Nothing was changed. Try again when it has finished.',
        displayLine(problem.folder),
      );
    case 'noCopy':
      return t(
        '{0} is no export or replica: it has no virt-rewind-backup.json. For a backup in a repository, use --from.',
        displayLine(problem.folder),
      );
    case 'copyCut':
      return t('The copy was interrupted: {0}. An earlier replica is as it was. Try again.', problem.said);
    case 'noTool':
      return t('{0} is needed on {1}. Install it there.', displayLine(problem.tool), displayLine(problem.host));
    case 'wrongChecksum':
      return problem.ofReplica
        ? t(
            '{0} is missing or damaged, so nothing was restored. Delete it, then replicate the VM again: that sends it once more.',
            displayLine(problem.file),
          )
        : t('{0} is missing or damaged, so nothing was restored. Copy the folder again.', displayLine(problem.file));
    case 'vmThere':
      return t(
        'The other host has a VM {0} already. Do not start both. If that one was restored from the replica, undefine this one, then replicate from there. Otherwise, undefine that one.',
        displayLine(problem.name),
      );
    case 'originalRuns':
      return t(
        '{0} runs on {1}. Shut it down there and replicate it once more. Then nothing is lost.',
        displayLine(problem.name),
        displayLine(problem.host),
      );
    case 'originalNewer':
      return t(
        '{0} was changed on {1} after the last replication. Replicate it once more. Without --original, the replica is restored as it is.',
        displayLine(problem.name),
        displayLine(problem.host),
      );
    case 'originalSaved':
      return t(
        'The RAM of {0} is saved on {1} (virsh managedsave), and no replica has it. Start it there, shut it down and replicate it once more. Without --original, the replica is restored as it is.',
        displayLine(problem.name),
        displayLine(problem.host),
      );
    case 'wrongOriginal':
      return t(
        'The original of {0} was on {1}, but {2} leads to {3}, which has no such VM. Nothing was restored. Use the URI of {1}. Without --original, the replica is restored as it is.',
        ...[problem.name, problem.of, problem.host, problem.there].map((text) => displayLine(text)),
      );
    case 'cannotWrite':
      return t('{0} cannot be written: {1}', displayLine(problem.folder), problem.said);
  }
}
