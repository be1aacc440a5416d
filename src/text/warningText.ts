// What a person should know before an operation, a sentence for each warning of a plan. Knows nothing of the editor.
import { knownFaultText } from './knownFaultText.js';
import { t } from '@vscode/l10n';
import type { VmView } from '../live/views.js';
import type { Plan } from '../operations/plan.js';
import type { Warning } from '../domain/consequences.js';
import { displayLine } from '../domain/plainText.js';
import { changesText } from './comparisonText.js';
import { bytesText } from './bytesText.js';
import { mostFreedText } from './freedText.js';
import { mergeTargets } from './mergeTargets.js';
import { titleOf } from './operationProgress.js';
import { checkpointWithoutRamText, refusalText } from './refusalText.js';
import { estimateText } from './relativeAge.js';

export function warningText(warning: Warning, plan: Plan, target: VmView): string {
  switch (warning.kind) {
    case 'guestStandsStill':
      return warning.estimateMs === undefined
        ? t('The guest stands still while it is done.')
        : t('The guest stands still for about {0}.', estimateText(warning.estimateMs));
    case 'mayBeStopped':
      return t(
        'How fast the guest writes to its RAM cannot be known before. If it is faster than its RAM is saved, it is stopped so that the snapshot comes to its end: for about {0}, with at most {1} written.',
        estimateText(warning.estimateMs),
        bytesText(warning.bytes),
      );
    case 'keptWhileRunning':
      return t(
        'The guest runs on while its RAM is written. QEMU is asked for that through its monitor, so libvirt marks the VM as tainted (custom-monitor) until it is off; nothing else changes.',
      );
    case 'mayBeKeptWhileRunning':
      if (warning.only === 'thenRam') {
        return t(
          'If QEMU can write the RAM while the guest runs on, the snapshot holds the RAM too, and the guest stands still for about {0}. This is tried when the snapshot is taken; libvirt then marks the VM as tainted (custom-monitor) until it is off.',
          estimateText(warning.estimateMs),
        );
      }
      return t(
        'If QEMU can write the RAM while the guest runs on, the guest stands still for about {0} only. This is tried when the snapshot is taken; libvirt then marks the VM as tainted (custom-monitor) until it is off.',
        estimateText(warning.estimateMs),
      );
    case 'notKeptWhileRunning': {
      const { reason, nextStep } = refusalText(warning.why);
      return t('A stop of milliseconds is not possible here. {0}', `${reason} ${nextStep}`.trim());
    }
    case 'freezesForClone':
      return t(
        'A snapshot of {0} is made first: the clone stands on what its disks hold now, so {0} itself goes on above it. As long as the clone is there, that snapshot cannot be deleted.',
        displayLine(target.vm.name),
      );
    case 'cloneWithoutRam':
      return t(
        'The snapshot was taken while the VM ran. The clone has the disks alone, and starts as after a power cut.',
      );
    case 'cloneWithoutTpm':
      return t('The clone gets an empty TPM: keys that the TPM holds, of an encrypted disk for one, are not there.');
    case 'cloneKeepsIdentity':
      return t(
        'Inside, the clone is what the VM is: its machine ID, SSH host keys, passwords and tokens, and an address that is set by hand.',
      );
    case 'crashConsistent':
      return t('The guest will find its disks as after a power cut.');
    case 'merges': {
      if (plan.request.kind === 'consolidate' || plan.request.kind === 'prune') {
        return downwardsText(warning, plan);
      }
      const from = displayLine(titleOf(target, plan.snapshot ?? ''));
      const into = mergedInto(warning, plan);
      return warning.bytes === undefined
        ? t('What was written after “{0}” is merged into {1}; nothing of it is lost.', from, into)
        : t(
            'What was written after “{0}” is merged into {1}, {2} at most; nothing of it is lost.',
            from,
            into,
            bytesText(warning.bytes),
          );
    }
    case 'frees': {
      if (warning.how === 'atMost') {
        return mostFreedText(warning.bytes);
      }
      const bytes = bytesText(warning.bytes);
      return warning.how === 'exact'
        ? t('The host gets {0} back.', bytes)
        : warning.how === 'estimate'
          ? t('The host gets about {0} back.', bytes)
          : t('The host gets {0} back, or more.', bytes);
    }
    case 'startsQemu':
      return t('The VM is off: for a moment it is started without running, to change its image.');
    case 'knownBadVersion':
      return t('libvirt {0} is known to be bad at this: {1}', warning.version, knownFaultText(warning.why));
    case 'agentMissing':
      return t('No guest agent answers, so the guest’s file systems are not frozen.');
    case 'cannotRevertHere':
      return t(
        'libvirt {0} makes this snapshot and cannot revert to it; libvirt {1} can.',
        warning.version,
        warning.needed,
      );
    case 'nvramNotCaptured':
      return t('The UEFI variables are not in the snapshot: they stay as they are.');
    case 'vanishesWhenStopped':
      return t('The VM is transient: it and its snapshots are gone when it stops.');
    case 'leavesFile':
      return t('This libvirt leaves the file {0} behind.', warning.file);
    case 'doneByUs':
      return t(
        'libvirt cannot do this here, so Virt Rewind does it in steps of its own: {0}',
        refusalText(warning.why).reason,
      );
    case 'makesLeaf':
      return t('One more snapshot is made, which the files of the VM need: “{0}”.', displayLine(warning.title));
    case 'noCheckpointNeeded': {
      const since = displayLine(titleOf(target, warning.since));
      return t('Nothing changed since “{0}”, so no checkpoint is taken.', since);
    }
    case 'checkpointWithoutRam':
      return checkpointWithoutRamText(warning.why);
    case 'runsOnAfterCheckpoint':
      return t(
        'The guest runs on for some seconds after the checkpoint, until it is stopped: what it writes then is lost.',
      );
    case 'needsSpace':
      return warning.free === undefined
        ? t('It takes up to {0} in {1}.', bytesText(warning.bytes), warning.folder)
        : t(
            'It takes up to {0} in {1}, where {2} are free.',
            bytesText(warning.bytes),
            warning.folder,
            bytesText(warning.free),
          );
    case 'notChecked':
      return t(
        'Whether these files are whole could not be seen from here: {0}',
        warning.files.map((file) => displayLine(file)).join(', '),
      );
    case 'tagsNotSeen':
      return t(
        'These files go. Whether somebody made snapshots inside of them with other tools than libvirt could not be seen from here: {0}',
        warning.files.map((file) => displayLine(file)).join(', '),
      );
    case 'unreadVms':
      return t(
        'Other VMs may use these files, for theirs could not be read: {0}',
        warning.vms.map((vm) => displayLine(vm)).join(', '),
      );
    case 'filesStay':
      return t(
        'These files stay, for no record here tells that Virt Rewind made them: {0}. Remove them by hand if nobody needs them.',
        warning.files.map((file) => displayLine(file)).join(', '),
      );
    case 'cloneGoes':
      return t('The clone is disposable: once it is off, it goes with its files, unless a setting protects it.');
    case 'goesToTrash':
      return t(
        'Virt Rewind did not make these files for certain, so they are moved, not removed: to {0}, each with a note of where it was. To have one back, move it there (mv). Nothing empties that folder.',
        warning.folders.map((folder) => displayLine(folder)).join(', '),
      );
    case 'unaskedConnections':
      return t(
        'VMs of these connections could not be asked whether they use the files: {0}',
        warning.connections.map((uri) => displayLine(uri)).join(', '),
      );
    case 'otherHostsUnseen':
      return t('Whether VMs of other hosts use these files cannot be seen from here.');
    case 'tpmNotCaptured':
      return t('The state of the TPM is in no snapshot: it stays as it is.');
    case 'titleOnly':
      return warning.why === 'internal'
        ? t('The name inside the image cannot be changed; the new one is kept as a title.')
        : warning.why === 'files'
          ? t('Its copy of the UEFI variables cannot be renamed with it; the new name is kept as a title.')
          : t('libvirt would lose its place if the current snapshot were renamed; the new name is kept as a title.');
    case 'skipped':
      return t('“{0}” stays: {1}', displayLine(titleOf(target, warning.snapshot)), refusalText(warning.why).reason);
    case 'changesBase':
      return t(
        '{0} gets the content of the layers above it. If you use that file as a template, it is another one then.',
        warning.file,
      );
    case 'ownerLeftOut':
      return t('Left out, as the configuration says (snapshot="no"): {0}', warning.disks.join(', '));
    case 'notInSnapshot':
      return t(
        'Not in the snapshot, stays as it is: {0}',
        warning.devices.map((device) => partWord(device)).join(', '),
      );
    case 'bitmapsStayBehind':
      return t(
        'Notes of changed blocks do not hear of what is written from now on, so the next backup has to be a full one: {0}',
        warning.files.map((file) => displayLine(file)).join(', '),
      );
    case 'bitmapsStopRevert':
      return t(
        'Backups note changed blocks in the image. A revert needs these notes removed first (qemu-img bitmap --remove): {0}',
        warning.files.map((file) => displayLine(file)).join(', '),
      );
    case 'hardwareChanges':
      return t('The VM gets back the hardware that it had then: {0}', changesText(warning.what));
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
      return t('a drive that libvirt does not know (qemu:commandline)');
    case 'hostDevice':
      return t('the state of devices of the host');
  }
}

type MergesWarning = Extract<Warning, { kind: 'merges' }>;

/** Of each disk the file that takes it, where there are several disks. */
function mergedInto({ into }: MergesWarning, plan: Plan): string {
  const files = mergeTargets(plan);
  return files.length > 1 ? files.map((file) => displayLine(file)).join(', ') : (into ?? t('the image below it'));
}

function downwardsText(warning: MergesWarning, plan: Plan): string {
  const { bytes } = warning;
  const file = mergedInto(warning, plan);
  return bytes === undefined
    ? t('The layers above are merged down into {0}; nothing of the present is lost.', file)
    : t(
        'The layers above are merged down into {0}, {1} at most; nothing of the present is lost.',
        file,
        bytesText(bytes),
      );
}
