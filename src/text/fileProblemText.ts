// What can be wrong with the files of a VM, its chains and the space for them, in the words of `problemText`, of which this is a part.
import { t } from '@vscode/l10n';
import { cannotStartText, emptyFileText, noVolumeText, putBackText } from './missingBase.js';
import type { ProblemOf, TrashUsage } from '../diagnosis/problem.js';
import { displayLine } from '../domain/plainText.js';
import { quoteForShell } from '../steps/virshCommand.js';
import { bytesText } from './bytesText.js';
import { inQuotes } from './quotes.js';
import { type ProblemSentences, quotedPath, quotedPaths } from './problemSentence.js';
import { refusalText } from './refusalText.js';
import { relativeAge } from './relativeAge.js';

export const fileProblems = {
  orphanFile: ({ file, bytes }, { vm }) => [
    t('{0} is left over ({1}).', quotedPath(file), bytesText(bytes)),
    t('It was made for a snapshot or a revert of {0}, and no VM on this connection names it or is built on it.', vm),
    t('Remove it, unless a VM of another host or a copy that libvirt does not know uses it.'),
  ],
  fileMoved: ({ file, found, overlays, snapshots, isSame }, { vm }) => [
    isSame
      ? t('{0} is not there; the same file lies at {1}.', quotedPath(file), quotedPath(found))
      : t('{0} is not there, and a file of its name is {1}.', quotedPath(file), quotedPath(found)),
    t('Somebody moved files of {0}. Overlays and snapshots still name the old place; nothing of them is lost.', vm),
    t(
      'Do not let libvirt forget snapshots. Switch {0} off, see that it is the same file, then make all of them name it: “{1}”.',
      vm,
      [
        ...overlays.map(({ file: overlay, backingFormat }) => [
          'qemu-img',
          'rebase',
          '-u',
          '-f',
          'qcow2',
          '-F',
          backingFormat,
          '-b',
          found,
          overlay,
        ]),
        ...snapshots.map((name) => ['virsh', 'snapshot-edit', '--domain', vm, '--snapshotname', name]),
      ]
        .map((words) => words.map(quoteForShell).join(' '))
        .join('; '),
    ),
  ],
  unusedOverlay: ({ disk, file, overlay, isNewer }, { vm }) => [
    t(
      '{0} rests on {1} of disk {2}, and no VM and no snapshot on this connection names it.',
      quotedPath(overlay),
      quotedPath(file),
      displayLine(disk),
    ),
    isNewer
      ? t(
          'It holds data that {0} does not have: the newest, if {0} was defined again on an older file. Each write to {1} damages it.',
          vm,
          quotedPath(file),
        )
      : t(
          '{1} was written to since. Either another tool has merged both, or {0} was defined again on an older file, and each write to it damages what is newer.',
          vm,
          quotedPath(file),
        ),
    t(
      'Keep it. To go on with it, switch {0} off and make it the file of the disk (“virsh edit”). Else copy what you need out of it, then move it away.',
      vm,
    ),
  ],
  onFrozenFiles: ({ disk, file, snapshot }, { vm, title }) => [
    t('Disk {0} of {1} writes into {2}.', displayLine(disk), vm, quotedPath(file)),
    t('{0}, and all that is built on it, need that file unchanged: each write damages them.', title(snapshot)),
    t('Do not resume or start the VM before it has files of its own again.'),
  ],
  startsElsewhere: ({ disk, file, configured }, { vm }) => [
    t('Disk {0} is {1} now, and would be {2} at the next start.', disk, quotedPath(file), quotedPath(configured)),
    t(
      'libvirt died before it wrote down the change, or somebody edited the VM. What the guest has written to {0} would be missing after the next start.',
      quotedPath(file),
    ),
    t('Before {0} is shut down, make its configuration name the file that it should go on with (“virsh edit”).', vm),
  ],
  runsUnseen: ({ file }, { vm }) => [
    t('A program has {1} open to write to, and libvirt says that {0} is off.', vm, quotedPath(file)),
    t('libvirt lost its QEMU, as when it died while it merged files. A second one would damage the disk.'),
    t('Shut the guest down from inside, or end the QEMU process of {0}, and examine the VM again.', vm),
  ],
  mergeLost: ({ disk, said, file }, { vm }) => [
    t(
      'Disk {0} stands on {1}, as libvirt says, and QEMU writes into {2} below it.',
      disk,
      quotedPath(said),
      quotedPath(file),
    ),
    t(
      'A merge of them was interrupted. Which one QEMU stands on cannot be seen from here: what the guest writes may be in {0} alone, and a start on {1} would lose it.',
      quotedPath(file),
      quotedPath(said),
    ),
    t(
      'Leave the VM running, and let the delete that was interrupted be finished: where QEMU stands on the lower file it refuses, and nothing happens. Then “virsh qemu-monitor-command {0} --hmp info block” says which file it is. Give the VM that file as its disk (“virsh edit”), then shut it down.',
      vm,
    ),
  ],
  lostRam: ({ file, bytes, cure, why }, { vm }) => [
    t('{0} holds {1} of RAM that no snapshot has any more.', quotedPath(file), bytesText(bytes)),
    t('A snapshot with RAM failed, or was deleted after a revert to it. Nothing is damaged, and space is wasted.'),
    cure === 'nextSnapshot'
      ? t('Let {0} run, take a snapshot with RAM inside its image, and delete it: QEMU then gives the space back.', vm)
      : withoutCure(why),
  ],
  corruptImage: ({ file, empty }) =>
    empty === true
      ? [emptyFileText(file), cannotStartText(), putBackText()]
      : [
          t('QEMU has marked {0} as damaged.', quotedPath(file)),
          t('It is opened read-only, if at all. Snapshots that are built on it may be damaged as well.'),
          t('Look at it with “qemu-img check” while the VM is off, and copy what is needed.'),
        ],
  volumeNotThere: ({ disk, pool, volume, why }, { vm }) => {
    const [what, todo] = noVolumeText(vm, disk, pool, volume, why);
    return [what, cannotStartText(), todo];
  },
  backingChanged: ({ file, overlay }) => [
    t('{0} was written to after {1}, which is built on it.', quotedPath(file), quotedPath(overlay)),
    t('A program that reads through both may see a mix of old and new data: file systems in it can be damaged.'),
    t('Find out who wrote to it (a VM started from it, a tool, a copy put back), and compare with a backup.'),
  ],
  contentChanged: ({ snapshot, disk, file }, { title }) => [
    t('{0} is no longer what it was when {1} froze it.', quotedPath(file), title(snapshot)),
    t(
      'A revert to {0} would bring back something else on disk {1}, and a merge would mix both: they are refused.',
      title(snapshot),
      displayLine(disk),
    ),
    t(
      'Find out who wrote to it, and put a copy of before back. Where there is none, forget {0}: then its layers can be merged.',
      title(snapshot),
    ),
  ],
  frozenFileShared: ({ file, writer, owner, title }) => [
    t(
      '{0} is a disk of {1}, and {2} of {3} needs it unchanged.',
      quotedPath(file),
      displayLine(writer),
      inQuotes(displayLine(title)),
      displayLine(owner),
    ),
    t('What the guest of {0} writes damages that snapshot, and all that is built on the file.', displayLine(writer)),
    t('Do not start {0} before it has a disk of its own: an overlay of the file, or a copy.', displayLine(writer)),
  ],
  usedByOtherVm: ({ vm, file }) => [
    t('The VM {0} needs {1} too.', displayLine(vm), quotedPath(file)),
    t('It is a linked clone, or shares the disk. What would remove or change the file is refused here.'),
    t('Nothing is wrong with it, as long as other tools leave the file alone too.'),
  ],
  denied: ({ file, by }) => [
    t('Nothing may be done in {0}.', quotedPath(file)),
    deniedMeaning(by),
    t('External snapshots can be taken; what this libvirt cannot do with them cannot be done by us either.'),
  ],
  notSeen: ({ files }) => [
    t('Files that could not be looked at: {0}.', quotedPaths(files)),
    t('Whether they are there and whole is not known, so nothing that rests on them is called wrong or right.'),
    t('Make their folder a storage pool of libvirt, or look on that host itself.'),
  ],
  chainTooDeep: ({ disk, deltas, limit }, { vm }) => [
    t('Disk {0} of {1} is built of {2} deltas, more than the limit of {3}.', displayLine(disk), vm, deltas, limit),
    t('Each delta makes reading slower, and one file that is lost or damaged takes all above it with it.'),
    consolidate(),
  ],
  chainTooDeepToStart: ({ disk, files, version }, { vm }) => [
    t('Disk {0} of {1} is built of {2} files, more than libvirt {3} can start.', displayLine(disk), vm, files, version),
    t('libvirt 10.8 to 11.10 fail to start a VM with more than about 25. As long as it runs, it goes on.'),
    t('Consolidate the chain before the VM is stopped, or use libvirt 12.0 or newer.'),
  ],
  deltaTooOld: ({ snapshot, since, limitHours }, { vm, title, now }) => [
    snapshot === undefined
      ? t('The oldest delta of {0} is {1} old.', vm, relativeAge(since, now))
      : t('{0} has been written beside “{1}” for {2}.', vm, title(snapshot), relativeAge(since, now)),
    t(
      'A snapshot is no backup: its delta grows with each write, and the longer it stands the more a revert loses. {0} h are meant to be enough.',
      limitHours,
    ),
    t('Consolidate, delete the snapshot, or mark it as one to keep.'),
  ],
  deltaTooLarge: ({ limit, disk, bytes, file }, { vm }) => [
    'bytes' in limit
      ? t(
          'A delta of disk {0} of {1} takes {2}, more than {3}.',
          displayLine(disk),
          vm,
          bytesText(bytes),
          bytesText(limit.bytes),
        )
      : t(
          'A delta of disk {0} of {1} takes {2}, more than {3} % of the size of the disk’s base image.',
          displayLine(disk),
          vm,
          bytesText(bytes),
          limit.percent,
        ),
    t('It is {0}. To merge it takes as long as writing it again.', quotedPath(file)),
    consolidate(),
  ],
  deltasTooLarge: ({ bytes, limitBytes }, { vm }) => [
    t('All deltas of {0} together take {1}, more than {2}.', vm, bytesText(bytes), bytesText(limitBytes)),
    t('They hold what was written since the snapshots that they came after.'),
    consolidate(),
  ],
  freeSpaceLow: ({ folder, freeBytes, totalBytes, trash }, { vm }) => [
    t('In {0} only {1} of {2} are free.', quotedPath(folder), bytesText(freeBytes), bytesText(totalBytes)),
    t('When it is full, every VM that writes there stops, and snapshots can neither be taken nor merged.'),
    makeRoom(trash, vm),
  ],
  freeSpaceRunsOut: ({ days, folder, freeBytes, bytesPerDay, trash }, { vm }) => [
    days < 1
      ? t('{0} will be full within a day if it goes on like this.', quotedPath(folder))
      : days < 2
        ? t('{0} will be full in about a day if it goes on like this.', quotedPath(folder))
        : t('{0} will be full in about {1} days if it goes on like this.', quotedPath(folder), Math.floor(days)),
    t('{0} are free, and {1} a day were used in the last days.', bytesText(freeBytes), bytesText(bytesPerDay)),
    makeRoom(trash, vm),
  ],
  backingMissing: ({ disk, file }, { vm }) => [
    t('A file that disk {0} of {1} is built on is gone: {2}.', displayLine(disk), vm, quotedPath(file)),
    cannotStartText(),
    putBackText(),
  ],
} satisfies Partial<ProblemSentences>;

function makeRoom(trash: TrashUsage | undefined, vm: string): string {
  const room = t('Make room: delete snapshots and files that nobody needs, or make the file system larger.');
  if (trash === undefined) {
    return room;
  }
  const first =
    trash.bytes === 'unknown'
      ? t('First empty the trash of {0}.', vm)
      : t('First empty the trash of {0}, which takes {1}.', vm, bytesText(trash.bytes));
  return `${first} ${room}`;
}

function consolidate(): string {
  return t('Consolidate the chain, or delete snapshots that nobody needs.');
}

function deniedMeaning(by: ProblemOf<'denied'>['by']): string {
  switch (by) {
    case 'appArmor':
      return t('AppArmor forbids it, the host’s rules for which program may open which file.');
    case 'seLinux':
      return t('SELinux forbids it, the host’s rules for which program may open which file.');
    case 'permissions':
      return t('The owner and mode of the folder forbid it, or a policy of the host (AppArmor, SELinux).');
  }
}

/** Only QEMU gives it back, with a snapshot that cannot be taken; what is copied anew leaves it behind. */
function withoutCure(why: ProblemOf<'lostRam'>['why']): string {
  const copy = t(
    'A copy made with “qemu-img convert” while the VM is off is without it, and without the snapshots inside the file.',
  );
  return why === undefined
    ? t('It stays as long as the file does. {0}', copy)
    : t(
        'A snapshot with RAM inside the image would take it along, and cannot be taken: {0} {1}',
        refusalText(why).reason,
        copy,
      );
}
