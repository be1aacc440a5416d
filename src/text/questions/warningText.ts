// What a person should know before an operation, a sentence for each warning of a plan.
import { knownFaultText } from '../problems/knownFaultText.js';
import { t } from '@vscode/l10n';
import type { VmView } from '../../live/views.js';
import type { Plan } from '../../operations/plan.js';
import type { Warning } from '../../domain/consequences.js';
import { displayLine } from '../../domain/plainText.js';
import { changesText } from '../rows/hardwareText.js';
import { bytesText } from '../bytesText.js';
import { freesText } from '../operations/freedText.js';
import { brokenImageText } from '../refusals/missingBase.js';
import { mergeTargets } from '../operations/mergeTargets.js';
import { titleOf } from '../operations/operationProgress.js';
import { checkpointWithoutRamText, refusalText } from '../refusals/refusalText.js';
import { estimateText } from '../relativeAge.js';

/** Says how fast a guest writes that runs on while its RAM is saved. Less than a megabyte is not measured. */
export function ramRateText(bytesPerSecond: number): string {
  return bytesPerSecond === 0
    ? t('The guest writes little to its RAM now.')
    : t(
        'The guest writes about {0} a second to its RAM now. If the save is slower, the VM is paused for it.',
        bytesText(bytesPerSecond),
      );
}

export function warningText(warning: Warning, plan: Plan, target: VmView): string {
  switch (warning.kind) {
    case 'guestStandsStill':
      return warning.estimateMs === undefined
        ? t('The VM pauses during this operation.')
        : t('Pauses the VM for about {0}.', estimateText(warning.estimateMs));
    case 'mayBeStopped':
      return t(
        'The speed at which the guest writes to its RAM is unknown in advance. If it is faster than the save, the VM is paused so that the snapshot can finish: for about {0}, while at most {1} is written.',
        estimateText(warning.estimateMs),
        bytesText(warning.bytes),
      );
    case 'keptWhileRunning':
      return t(
        'The VM keeps running while its RAM is written. Virt Rewind asks QEMU for that through its monitor, so libvirt marks the VM as tainted (custom-monitor) until it is off. Nothing else changes.',
      );
    case 'mayBeKeptWhileRunning':
      return t(
        'If QEMU can write the RAM while the VM runs, the snapshot includes the RAM, and the VM pauses for about {0}. Virt Rewind tries this when it creates the snapshot. libvirt then marks the VM as tainted (custom-monitor) until it is off.',
        estimateText(warning.estimateMs),
      );
    case 'notKeptWhileRunning': {
      const { reason, nextStep } = refusalText(warning.why);
      return t('A seamless snapshot is not possible: {0}', `${reason} ${nextStep}`.trim());
    }
    case 'freezesForClone':
      return t(
        'A snapshot of {0} is created first. The clone uses its files, and {0} continues above it. While the clone exists, that snapshot cannot be deleted.',
        displayLine(target.vm.name),
      );
    case 'imageDamaged':
      return brokenImageText(warning.file, undefined).join(' ');
    case 'cloneWithoutRam':
      return t(
        'The snapshot was created while the VM was running. The clone gets only the disks, and starts as after a power cut.',
      );
    case 'cloneWithoutDisks':
      return t(
        'The clone does not get these disks, because they were attached only to the running VM: {0}',
        warning.disks.map((disk) => displayLine(disk)).join(', '),
      );
    case 'cloneWithoutTpm':
      return t(
        'The clone gets an empty TPM, without the keys in the TPM of the VM (for example, of an encrypted disk).',
      );
    case 'cloneKeepsTpm':
      return t('The clone gets a copy of the TPM, with its keys.');
    case 'cloneKeepsIdentity':
      return t('The clone has the same machine ID, SSH host keys, passwords, tokens and static addresses as the VM.');
    case 'crashConsistent':
      return t('The guest will find its disks as after a power cut.');
    case 'merges': {
      if (plan.request.kind === 'consolidate' || plan.request.kind === 'prune') {
        return downwardsText(warning, plan);
      }
      const from = displayLine(titleOf(target, plan.snapshot ?? ''));
      const into = mergedInto(warning, plan);
      return warning.bytes === undefined
        ? t('Data written after “{0}” is merged into {1}. None of it is lost.', from, into)
        : t(
            'Data written after “{0}” is merged into {1}, at most {2}. None of it is lost.',
            from,
            into,
            bytesText(warning.bytes),
          );
    }
    case 'frees':
      return freesText(warning.bytes, warning.how);
    case 'startsQemu':
      return t('The VM is off. To change its image, it is started for a moment without running the guest.');
    case 'knownBadVersion':
      return t('libvirt {0} has a known bug here: {1}', warning.version, knownFaultText(warning.why));
    case 'agentMissing':
      return t('The guest agent does not respond, so the guest’s file systems are not frozen.');
    case 'cannotRevertHere':
      return t(
        'libvirt {0} can create this snapshot, but cannot revert to it. libvirt {1} can.',
        warning.version,
        warning.needed,
      );
    case 'cannotBeDeleted':
      return t(
        'Disk {0} is named as a volume of a pool, and libvirt cannot merge into such a disk: this snapshot can never be deleted. Name the disk by its path (virsh edit) to avoid that.',
        warning.disk,
      );
    case 'nvramNotCaptured':
      return warning.file === undefined
        ? t('The snapshot does not include the UEFI variables. A revert does not change them.')
        : t('“{0}” cannot be replaced here, so the UEFI variables are not reverted.', warning.file);
    case 'vanishesWhenStopped':
      return t('The VM is transient: the VM and its snapshots no longer exist when it stops.');
    case 'leavesFile':
      return t('Not deleted by libvirt: {0}.', warning.file);
    case 'doneByUs':
      return t(
        'libvirt cannot do this here, so Virt Rewind does it in its own steps: {0}',
        refusalText(warning.why).reason,
      );
    case 'makesLeaf':
      return t('Another snapshot is created, because the files of the VM need it: “{0}”.', displayLine(warning.title));
    case 'noCheckpointNeeded': {
      const since = displayLine(titleOf(target, warning.since));
      return t('Nothing has changed since “{0}”, so no checkpoint is created.', since);
    }
    case 'checkpointWithoutRam':
      return checkpointWithoutRamText(warning.why);
    case 'runsOnAfterCheckpoint':
      return t(
        'The guest keeps running for a few seconds after the checkpoint. Anything it writes before it is stopped is lost.',
      );
    case 'needsSpace':
      return warning.free === undefined
        ? t('Uses up to {0} in {1}.', bytesText(warning.bytes), warning.folder)
        : t(
            'Uses up to {0} in {1}, where {2} are free.',
            bytesText(warning.bytes),
            warning.folder,
            bytesText(warning.free),
          );
    case 'notChecked':
      return t(
        'Virt Rewind could not check whether these files are intact: {0}',
        warning.files.map((file) => displayLine(file)).join(', '),
      );
    case 'tagsNotSeen':
      return t(
        'These files are deleted. Virt Rewind cannot see whether other tools than libvirt created snapshots in them: {0}',
        warning.files.map((file) => displayLine(file)).join(', '),
      );
    case 'unreadVms':
      return t(
        'Other VMs whose files could not be read may use these files: {0}',
        warning.vms.map((vm) => displayLine(vm)).join(', '),
      );
    case 'filesStay':
      return t(
        'These files are not deleted, because no record here shows that Virt Rewind created them: {0}. Delete them manually if nothing uses them.',
        warning.files.map((file) => displayLine(file)).join(', '),
      );
    case 'cloneGoes':
      return t('The clone is temporary: when it is off, it is deleted with its files, unless a setting protects it.');
    case 'goesToTrash':
      return t(
        'It is not certain that Virt Rewind created these files, so they are moved to {0} instead of deleted. Each gets a note with its original location. To restore a file, move it back (mv). That folder is never emptied automatically.',
        warning.folders.map((folder) => displayLine(folder)).join(', '),
      );
    case 'unaskedConnections':
      return t(
        'VMs of these connections may use the files; Virt Rewind could not ask them: {0}',
        warning.connections.map((uri) => displayLine(uri)).join(', '),
      );
    case 'leftByCluster':
      return warning.then === 'starts'
        ? t(
            'The cluster, which calls the VM “{0}”, leaves it alone until the end, and starts it again then.',
            warning.resource,
          )
        : warning.then === 'stops'
          ? t(
              'The cluster, which calls the VM “{0}”, leaves it alone until the end, and stops it then: somebody has told it to ({1}).',
              warning.resource,
              'target-role=Stopped',
            )
          : t('The cluster, which calls the VM “{0}”, leaves it alone until the end.', warning.resource);
    case 'clusterUnseen':
      return clusterUnseenText();
    case 'otherHostsUnseen':
      return t('Virt Rewind cannot see whether VMs of other hosts use these files.');
    case 'tpmNotCaptured':
      return warning.file === undefined
        ? t('The snapshot does not include the state of the TPM. A revert does not change it.')
        : t('“{0}” cannot be replaced here, so the TPM is not reverted.', warning.file);
    case 'titleOnly':
      return warning.why === 'internal'
        ? t('The name in the image cannot be changed. The new name is saved as a title.')
        : warning.why === 'files'
          ? t('The snapshot’s copy of the UEFI variables cannot be renamed. The new name is saved as a title.')
          : t(
              'If the current snapshot were renamed, libvirt would no longer know which one is current. The new name is saved as a title.',
            );
    case 'skipped':
      return t(
        '“{0}” is not deleted: {1}',
        displayLine(titleOf(target, warning.snapshot)),
        refusalText(warning.why).reason,
      );
    case 'changesBase':
      return t(
        'The content of the layers above is merged into {0}. If you use that file as a template, the template changes.',
        warning.file,
      );
    case 'ownerLeftOut':
      return t('Excluded by the configuration (snapshot="no"): {0}', warning.disks.join(', '));
    case 'notInSnapshot':
      return t('Not in the snapshot, not reverted: {0}', warning.devices.map((device) => partWord(device)).join(', '));
    case 'repairsImages':
      return t(
        'A program that wrote to it was killed. QEMU repairs it first, as it does at a start: {0}',
        warning.files.map((file) => displayLine(file)).join(', '),
      );
    case 'bitmapsStayBehind':
      return t(
        'The bitmaps of changed blocks do not record writes from now on. The next backup must be a full one: {0}',
        warning.files.map((file) => displayLine(file)).join(', '),
      );
    case 'bitmapsStopRevert':
      return t(
        'Backup bitmaps record changed blocks in the image. Remove them before a revert (qemu-img bitmap --remove): {0}',
        warning.files.map((file) => displayLine(file)).join(', '),
      );
    case 'mediaChanged':
      return t(
        'Changed since the snapshot, which does not include it: {0}. The VM gets the new content.',
        warning.files.map((file) => displayLine(file)).join(', '),
      );
    case 'configuredAsNow':
      return warning.memory
        ? t('The hardware of that time is not known. With other hardware than now, its RAM cannot be loaded.')
        : t('The hardware of that time is not known. A revert to it uses the current hardware.');
    case 'hardwareChanges':
      return t('The VM gets back the hardware of that time: {0}', changesText(warning.what));
  }
}

function partWord(device: Extract<Warning, { kind: 'notInSnapshot' }>['devices'][number]): string {
  switch (device) {
    case 'virtiofs':
    case '9p':
      return t('folders shared with the host ({0})', device);
    case 'nvdimm':
      return t('the content of the NVDIMM');
    case 'shmem':
      return t('memory shared with others');
    case 'drive':
      return t('a drive outside libvirt (qemu:commandline)');
    case 'hostDevice':
      return t('the state of host devices');
  }
}

type MergesWarning = Extract<Warning, { kind: 'merges' }>;

/** Names the file of each disk that takes the merge, where there are several disks. */
function mergedInto({ into }: MergesWarning, plan: Plan): string {
  const files = mergeTargets(plan);
  return files.length > 1 ? files.map((file) => displayLine(file)).join(', ') : (into ?? t('the image below it'));
}

function downwardsText(warning: MergesWarning, plan: Plan): string {
  const { bytes } = warning;
  const file = mergedInto(warning, plan);
  return bytes === undefined
    ? t('The layers above are merged down into {0}. Nothing of the current state is lost.', file)
    : t(
        'The layers above are merged down into {0}, at most {1}. Nothing of the current state is lost.',
        file,
        bytesText(bytes),
      );
}

export function clusterUnseenText(): string {
  return t(
    'A cluster runs on the host and does not answer this user (group {0}): if it keeps the VM, it may start it in the middle.',
    'haclient',
  );
}
