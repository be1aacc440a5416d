// What the doctor found, for people: what it is, what it means, what to do about it. Plain text; knows nothing of the
// editor.
import { t } from '@vscode/l10n';
import type { Finding } from '../diagnosis/examination.js';
import type { Repair } from '../domain/operation.js';
import { displayLine } from '../domain/plainText.js';
import type { VmView } from '../inventory/views.js';
import { bytesText } from './bytesText.js';
import { lostRamSentences } from './lostRamSentences.js';
import { titleOf } from './operationProgress.js';
import { tagFinding } from './tagFinding.js';

export interface FindingText {
  /** One line. */
  readonly what: string;
  readonly means: string;
  /** What a person can do, whether or not there is a repair. */
  readonly todo: string;
}

/** More paths than this are counted. */
const longestList = 10;

export function findingText(finding: Finding, view: Pick<VmView, 'vm' | 'tree'>): FindingText {
  const vm = displayLine(view.vm.name);
  const title = (name: string): string => displayLine(titleOf(view, name));
  const [what, means, todo] = sentences(finding, vm, title);
  return { what, means, todo };
}

function sentences(
  finding: Finding,
  vm: string,
  title: (snapshot: string) => string,
): readonly [what: string, means: string, todo: string] {
  switch (finding.kind) {
    case 'orphanTag':
    case 'tagMissing':
    case 'tagWithoutRam':
    case 'nameIsTagId':
    case 'tagTwice':
      return tagFinding(finding, title, path);
    case 'memoryFileMissing':
      return [
        t('The RAM of {0} is gone: {1}.', title(finding.snapshot), path(finding.file)),
        t('Its disks are there, but the snapshot cannot be brought back as it was.'),
        t('Put the file back where it was, keep the disks alone, or delete the snapshot.'),
      ];
    case 'memoryFileBroken':
      return [
        t('The RAM of {0} is not whole: {1}.', title(finding.snapshot), path(finding.file)),
        t('Its disks are there, but the snapshot cannot be brought back as it was.'),
        t('Put a whole copy of the file back, keep the disks alone, or delete the snapshot.'),
      ];
    case 'overlayMissing':
      return finding.snapshot === undefined
        ? [
            t('A file that the disks of {0} are built on is gone: {1}.', vm, path(finding.file)),
            t('The VM cannot start without it. As long as it runs, it still holds the file open.'),
            t('Put the file back. If the VM runs, do not stop it: take an external snapshot or copy its disk first.'),
          ]
        : [
            t('A file that {0} needs is gone: {1}.', title(finding.snapshot), path(finding.file)),
            t('The snapshot cannot be brought back without it.'),
            t('Put the file back from a backup, or let libvirt forget the snapshot.'),
          ];
    case 'orphanFile':
      return [
        t('{0} is left over ({1}).', path(finding.file), bytesText(finding.bytes)),
        t(
          'It was made for a snapshot or a revert of {0}, and no VM on this connection names it or is built on it.',
          vm,
        ),
        t('Remove it, unless a VM of another host or a copy that libvirt does not know uses it.'),
      ];
    case 'unfinishedDelete':
      return [
        t(
          'A delete above {0} was interrupted while disk {1} was merged.',
          title(finding.snapshot),
          displayLine(finding.disk),
        ),
        t('The present of the VM is whole. The snapshot that was to go is half mixed with later data.'),
        t('Finish the delete; until then libvirt refuses to delete {0}.', title(finding.snapshot)),
      ];
    case 'noCurrent':
      return [
        t('None of the snapshots of {0} is the current one.', vm),
        t('libvirt 9.9 and newer crash on reverting to an external snapshot then.'),
        t('Make the snapshot current that the VM is built on, or take a new one.'),
      ];
    case 'mixedStyles':
      return [
        t('{0} has internal and external snapshots.', vm),
        t('Reverting to an internal one can damage the external ones above it without an error.'),
        t('Delete the snapshots of one of the two styles; what would do damage is refused here.'),
      ];
    case 'onFrozenFiles':
      return [
        t('Disk {0} of {1} writes into {2}.', displayLine(finding.disk), vm, path(finding.file)),
        t(
          '{0}, and all that is built on it, need that file unchanged: each write damages them.',
          title(finding.snapshot),
        ),
        t('Do not resume or start the VM before it has files of its own again.'),
      ];
    case 'namesOtherOverlay':
      return [
        t(
          'libvirt looks for “{0}” above what {1} holds of disk {2}, and {3} stands on another file there.',
          displayLine(finding.file),
          title(finding.snapshot),
          displayLine(finding.disk),
          vm,
        ),
        t('The VM got another file at a revert. Nothing is lost, and it can be reverted to.'),
        t('It can be deleted together with those after it, or when it is the current one.'),
      ];
    case 'staleMetadata':
      return [
        t(
          'Disk {0} of {1} is not built on {2} as libvirt has it.',
          displayLine(finding.disk),
          vm,
          title(finding.snapshot),
        ),
        t('Somebody merged files without libvirt’s snapshots, or the VM got other files at a revert.'),
        t(
          'libvirt can neither merge it nor be trusted to bring it back as it was: revert to it only after a checkpoint.',
        ),
      ];
    case 'startsElsewhere':
      return [
        t(
          'Disk {0} is {1} now, and would be {2} at the next start.',
          finding.disk,
          path(finding.file),
          path(finding.configured),
        ),
        t(
          'libvirt died before it wrote down the change, or somebody edited the VM. What the guest has written to {0} would be missing after the next start.',
          path(finding.file),
        ),
        t(
          'Before {0} is shut down, make its configuration name the file that it should go on with (“virsh edit”).',
          vm,
        ),
      ];
    case 'runsUnseen':
      return [
        t('A program has {1} open to write to, and libvirt says that {0} is off.', vm, path(finding.file)),
        t('libvirt lost its QEMU, as when it died while it merged files. A second one would damage the disk.'),
        t('Shut the guest down from inside, or end the QEMU process of {0}, and examine the VM again.', vm),
      ];
    case 'mergeLost':
      return [
        t(
          'Disk {0} stands on {1}, as libvirt says, and QEMU writes into {2} below it.',
          finding.disk,
          path(finding.said),
          path(finding.file),
        ),
        t(
          'A merge of them was interrupted. Which one QEMU stands on cannot be seen from here: what the guest writes may be in {0} alone, and a start on {1} would lose it.',
          path(finding.file),
          path(finding.said),
        ),
        t(
          'Leave the VM running, and let the delete that was interrupted be finished: where QEMU stands on the lower file it refuses, and nothing happens. Then “virsh qemu-monitor-command {0} --hmp info block” says which file it is; give the VM that one as its disk (“virsh edit”), then shut it down.',
          vm,
        ),
      ];
    case 'vanishes':
      return [
        t('{0} has no configuration of its own any more: it is there only as long as it runs.', vm),
        t(
          'Its configuration was removed while it ran. When it stops, libvirt forgets the VM and its {0} snapshots; their files stay.',
          finding.snapshots,
        ),
        t('Keep the VM before it is switched off.'),
      ];
    case 'pausedSaving':
      return [
        t('{0} is paused because its state is being saved.', vm),
        t('If no program saves it now, one that did has died, and the VM stands still for nothing.'),
        t('Resume it when nothing is saving it.'),
      ];
    case 'guestFrozen':
      return [
        t('The file systems in {0} are frozen.', vm),
        t('A program froze them for a snapshot and did not come back: nothing in the guest can write.'),
        t('Thaw them.'),
      ];
    case 'managedSave':
      return [
        t('{0} has a saved state.', vm),
        t('Its next start brings that RAM back, so its disks must not change before.'),
        t('Start the VM once to use it up; a revert asks before it drops it.'),
      ];
    case 'lostRam':
      return lostRamSentences(finding, vm, path(finding.file));
    case 'corruptImage':
      return [
        t('QEMU has marked {0} as damaged.', path(finding.file)),
        t('It is opened read-only, if at all. Snapshots that are built on it may be damaged as well.'),
        t('Look at it with “qemu-img check” while the VM is off, and copy what is needed.'),
      ];
    case 'backingChanged':
      return [
        t('{0} was written to after {1}, which is built on it.', path(finding.file), path(finding.overlay)),
        t('Whoever reads through both may see a mix of old and new data: file systems in it can be damaged.'),
        t('Find out who wrote to it (a VM started from it, a tool, a copy put back), and compare with a backup.'),
      ];
    case 'nvramNotHeld':
      return [
        t('{0} does not hold the UEFI variables.', title(finding.snapshot)),
        t('After a revert {0} keeps those of today: boot entries and Secure Boot keys may not fit its disks.', vm),
        t('Copy the file with the variables yourself, if they matter; newer snapshots taken here hold them.'),
      ];
    case 'usedByOtherVm':
      return [
        t('The VM {0} needs {1} too.', displayLine(finding.vm), path(finding.file)),
        t('It is a linked clone, or shares the disk. What would remove or change the file is refused here.'),
        t('Nothing is wrong with it, as long as other tools leave the file alone too.'),
      ];
    case 'knownBadVersion':
      return [
        t('libvirt {0}: {1}.', displayLine(finding.version), displayLine(finding.why)),
        t('Known from {0}; the distribution may have repaired it.', displayLine(finding.source)),
        t('A newer libvirt is free of it.'),
      ];
    case 'denied':
      return [
        t('Nothing may be done in {0}.', path(finding.file)),
        deniedMeaning(finding.by),
        t('External snapshots can be taken; what this libvirt cannot do with them cannot be done by us either.'),
      ];
    case 'notSeen':
      return [
        t('Files that could not be looked at: {0}.', list(finding.files)),
        t('Whether they are there and whole is not known, so nothing that rests on them is called wrong or right.'),
        t('Make their folder a storage pool of libvirt, or look on that host itself.'),
      ];
  }
}

function deniedMeaning(by: Extract<Finding, { kind: 'denied' }>['by']): string {
  switch (by) {
    case 'appArmor':
      return t('AppArmor forbids it, the host’s rules for which program may open which file.');
    case 'seLinux':
      return t('SELinux forbids it, the host’s rules for which program may open which file.');
    case 'permissions':
      return t('The owner and mode of the folder forbid it, or a policy of the host (AppArmor, SELinux).');
  }
}

/** What a repair does, in one sentence. */
export function repairText(repair: Repair, view: Pick<VmView, 'vm' | 'tree'>): string {
  const vm = displayLine(view.vm.name);
  const snapshot = 'snapshot' in repair ? displayLine(titleOf(view, repair.snapshot)) : '';
  switch (repair.kind) {
    case 'removeTag':
      return t('Remove “{0}” from {1}.', displayLine(repair.tag), path(repair.file));
    case 'removeFiles':
      return t('Clear {0} away.', list(repair.files));
    case 'forgetSnapshot':
      return t('Let libvirt forget {0}; no file is touched.', snapshot);
    case 'keepDisks':
      return t('Make {0} a disk-only snapshot, with the title that it has and another name in libvirt.', snapshot);
    case 'finishDelete':
      return t('Delete the snapshot above {0} again, so that its merge is finished.', snapshot);
    case 'makeCurrent':
      return t('Make {0} the current snapshot.', snapshot);
    case 'leaveFrozenFiles':
      return t('Give {0} new files on top of {1}; what is on its disks stays.', vm, snapshot);
    case 'keepVm':
      return t('Define {0} as it runs now, so that it and its snapshots stay when it stops.', vm);
    case 'configureDisks':
      return t('Let {0} start next time on the files that it runs on now.', vm);
    case 'resumeAfterSave':
      return t('Resume {0}.', vm);
    case 'thawGuest':
      return t('Thaw the file systems in {0}.', vm);
  }
}

function path(file: string): string {
  return `“${displayLine(file, 500)}”`;
}

function list(files: readonly string[]): string {
  const shown = files.slice(0, longestList).map(path).join(', ');
  return files.length <= longestList ? shown : t('{0} and {1} more', shown, files.length - longestList);
}
