// What can be wrong with the files of a VM, its chains and the space for them, in the words of `problemText`, of which
// this is a part.
import { t } from '@vscode/l10n';
import { perhapsOtherText, otherContentText } from '../refusals/frozenRefusals.js';
import { endHostUseText, usedByHostText } from '../refusals/hostUseText.js';
import { unclosedText } from '../refusals/diskRefusals.js';
import { brokenImageText, cannotStartText, noVolumeText, putBackText } from '../refusals/missingBase.js';
import type { ProblemOf, TrashUsage } from '../../diagnosis/problem.js';
import { displayLine } from '../../domain/plainText.js';
import { quoteForShell } from '../../domain/quoteForShell.js';
import { bytesText } from '../bytesText.js';
import { inQuotes } from '../quotes.js';
import { type ProblemSentences, quotedPath, quotedPaths } from './problemSentence.js';
import { refusalText } from '../refusals/refusalText.js';
import { relativeAge } from '../relativeAge.js';
import { isIn, wayTo } from '../ways.js';

export const fileProblems = {
  orphanFile: ({ file, bytes }, { vm }) => [
    t('{0} is a leftover file ({1}).', quotedPath(file), bytesText(bytes)),
    t('It was created for a snapshot or a revert of {0}. No VM on this connection uses it.', vm),
    t('Delete it, unless a VM of another host or a copy outside libvirt uses it.'),
  ],
  fileMoved: ({ file, found, overlays, snapshots, isSame }, { vm }) => [
    isSame
      ? t('{0} is missing. The same file is at {1}.', quotedPath(file), quotedPath(found))
      : t('{0} is missing, and there is a file with the same name: {1}.', quotedPath(file), quotedPath(found)),
    t('Files of {0} were moved. Overlays and snapshots still name the old place. No data is lost.', vm),
    t(
      'Do not make libvirt forget snapshots. Shut down {0}, check that it is the same file, then run: “{1}”.',
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
      '{0} is built on {1} of disk {2}, but no VM and no snapshot on this connection uses it.',
      quotedPath(overlay),
      quotedPath(file),
      displayLine(disk),
    ),
    isNewer
      ? t(
          'It contains data that {0} does not have. If {0} was defined again on an older file, that data is the newest. Each write to {1} damages it.',
          vm,
          quotedPath(file),
        )
      : t(
          '{1} was written to after that. Either another tool merged both files, or {0} was defined again on an older file. In the second case each write damages the newer data.',
          vm,
          quotedPath(file),
        ),
    t(
      'Keep it. To continue with it, shut down {0} and set it as the file of the disk (“virsh edit”). Otherwise copy the data you need, then move the file away.',
      vm,
    ),
  ],
  onFrozenFiles: ({ disk, file, snapshot }, { vm, title }) => [
    t('Disk {0} of {1} writes to {2}.', displayLine(disk), vm, quotedPath(file)),
    t('{0}, and everything built on it, needs that file unchanged. Each write damages the data.', title(snapshot)),
    t('Do not resume or start the VM before it has separate files again.'),
  ],
  startsElsewhere: ({ disk, file, configured }, { vm }) => [
    t('Disk {0} is now {1}, but would be {2} at the next start.', disk, quotedPath(file), quotedPath(configured)),
    t(
      'libvirt crashed before it saved the change, or the VM was edited. Data that the guest has written to {0} would be missing after the next start.',
      quotedPath(file),
    ),
    t('Before you shut down {0}, set the correct file in its configuration (“virsh edit”).', vm),
  ],
  runsUnseen: ({ file }, { vm }) => [
    t('A program has {1} open for writing, but libvirt reports that {0} is off.', vm, quotedPath(file)),
    t(
      'libvirt may have lost the QEMU process, for example in a crash while it merged files. A second QEMU would damage the disk.',
    ),
    t(
      '“fuser -v” names the program. If it is the QEMU process of {0}, shut down the guest from inside, otherwise end it. Then try again.',
      vm,
    ),
  ],
  mergeLost: ({ disk, said, file }, { vm }) => [
    t(
      'libvirt reports that disk {0} uses {1}, but QEMU writes to {2} below it.',
      disk,
      quotedPath(said),
      quotedPath(file),
    ),
    t(
      'A merge of these files was interrupted. Virt Rewind cannot see which file QEMU uses. New data of the guest may be only in {0}, and a start with {1} would lose it.',
      quotedPath(file),
      quotedPath(said),
    ),
    t(
      'Leave the VM running, and finish the interrupted delete. If QEMU uses the lower file, the delete fails and nothing changes. Then “virsh qemu-monitor-command {0} --hmp info block” shows the file in use. Set that file as the disk of the VM (“virsh edit”), then shut down the VM.',
      vm,
    ),
  ],
  lostRam: ({ file, bytes, cure, why }, { vm }) => [
    t('{0} contains {1} of RAM that belongs to no snapshot.', quotedPath(file), bytesText(bytes)),
    t('A snapshot with RAM failed, or was deleted after a revert to it. Nothing is damaged, but the space is wasted.'),
    cure === 'nextSnapshot'
      ? t('Start {0}, create a snapshot with RAM inside its image, and delete it. QEMU then frees the space.', vm)
      : withoutCure(why),
  ],
  imageUnclosed: ({ file, isTop }, { vm }) => [
    unclosedText(file),
    isTop === true
      ? t('QEMU repairs it at the next start, and Virt Rewind before the next external snapshot.')
      : t('An overlay is built on it. QEMU would crash when it saves or restores RAM of {0}.', vm),
    t('Shut down {0}, then repair the image.', vm),
  ],
  corruptImage: ({ file, empty }) => {
    const [what, todo] = brokenImageText(file, empty);
    return [
      what,
      empty === undefined
        ? t('It can be opened read-only at most. Snapshots that are built on it may also be damaged.')
        : cannotStartText(),
      todo,
    ];
  },
  volumeNotThere: ({ disk, pool, volume, why }, { vm }) => {
    const [what, todo] = noVolumeText(vm, disk, pool, volume, why);
    return [what, cannotStartText(), todo];
  },
  backingChanged: ({ file, overlay }) => [
    t('{0} was written to after {1} was created on it.', quotedPath(file), quotedPath(overlay)),
    t('Programs that read both files may see a mix of old and new data. File systems in it can be damaged.'),
    t('Find out what wrote to it (a VM started from it, a tool, a restored copy), and compare it with a backup.'),
  ],
  contentChanged: ({ snapshot, why }, { vm, title }) => {
    const { reason, nextStep } = refusalText(why, vm);
    return [reason, (why.facts['time'] === undefined ? otherContentText : perhapsOtherText)(title(snapshot)), nextStep];
  },
  frozenFileShared: ({ file, writer, owner, title }) => [
    t(
      '{0} is a disk of {1}, but {2} of {3} needs it unchanged.',
      quotedPath(file),
      displayLine(writer),
      inQuotes(displayLine(title)),
      displayLine(owner),
    ),
    t('Writes of the guest of {0} damage that snapshot and everything built on the file.', displayLine(writer)),
    t('Do not start {0} before it has a separate disk: an overlay of the file, or a copy.', displayLine(writer)),
  ],
  usedByHost: ({ file, how, where }, { vm }) => [
    usedByHostText(file, how, where),
    t('When {0} and the host both write to it, its file systems are damaged.', vm),
    endHostUseText(how, where),
  ],
  baseOfOtherVm: ({ vm, file, owner }) => [
    t('A disk of {0} is built on {1}, which is a disk of {2}.', displayLine(vm), quotedPath(file), displayLine(owner)),
    t('If {0} starts, it changes that file and damages the disk of {1}.', displayLine(owner), displayLine(vm)),
    t('Do not start {0}, or give {1} a separate disk (qemu-img convert).', displayLine(owner), displayLine(vm)),
  ],
  usedByOtherVm: ({ vm, file }) => [
    t('The VM {0} also needs {1}.', displayLine(vm), quotedPath(file)),
    t('It is a linked clone, or shares the disk. Operations that would delete or change the file are rejected here.'),
    t('This is not a problem, as long as other tools do not change the file either.'),
  ],
  writtenByOtherVm: ({ vm, file, owner }) => [
    t(
      'The VM {0} is on and writes to {1}, which belongs to the disks of {2} too.',
      displayLine(vm),
      quotedPath(file),
      displayLine(owner),
    ),
    t('A backup of {0} made meanwhile would mix old and new data.', displayLine(owner)),
    t('Shut down {0}, or give it a separate disk.', displayLine(vm)),
  ],
  denied: ({ file }) => [
    t('No access to {0}.', quotedPath(file)),
    t('The owner and mode of the folder deny it, or a policy of the host (AppArmor, SELinux).'),
    t('You can create external snapshots. Virt Rewind cannot do more with them than this libvirt can.'),
  ],
  notSeen: ({ files }) => [
    t('Files that could not be read: {0}.', quotedPaths(files)),
    t(
      'Virt Rewind does not know whether they exist and are intact, so it does not judge anything that depends on them.',
    ),
    t('Add their folder to libvirt as a storage pool, or check on that host itself.'),
  ],
  chainTooDeep: ({ disk, deltas, limit }, { vm }) => [
    t('Disk {0} of {1} consists of {2} deltas, more than the limit of {3}.', displayLine(disk), vm, deltas, limit),
    t('Each delta slows down reading. If one file is lost or damaged, everything above it is lost too.'),
    consolidate(),
  ],
  chainTooDeepToStart: ({ disk, files, version }, { vm }) => [
    t('Disk {0} of {1} consists of {2} files, more than libvirt {3} can start.', displayLine(disk), vm, files, version),
    t('libvirt 10.8 to 11.10 cannot start a VM with more than about 25. While the VM runs, it continues to run.'),
    t('Consolidate the chain before you stop the VM, or use libvirt 12.0 or newer.'),
  ],
  deltaTooOld: ({ snapshot, since, limitHours }, { vm, title, now }) => [
    snapshot === undefined
      ? t('The oldest delta of {0} is {1} old.', vm, relativeAge(since, now))
      : t('{0} has been writing to the delta after {1} for {2}.', vm, title(snapshot), relativeAge(since, now)),
    t(
      'A snapshot is not a backup: its delta grows with each write, and the older it is, the more a revert loses. {0} h should be enough.',
      limitHours,
    ),
    isIn('library') || snapshot === undefined
      ? consolidate()
      : t('Consolidate the chain, delete the snapshot, or mark it as kept: {0}', wayTo('mark', vm)),
  ],
  deltaTooLarge: ({ limit, disk, bytes, file }, { vm }) => [
    'bytes' in limit
      ? t(
          'A delta of disk {0} of {1} uses {2}, more than {3}.',
          displayLine(disk),
          vm,
          bytesText(bytes),
          bytesText(limit.bytes),
        )
      : t(
          'A delta of disk {0} of {1} uses {2}, more than {3} % of the size of the disk’s base image.',
          displayLine(disk),
          vm,
          bytesText(bytes),
          limit.percent,
        ),
    t('It is {0}. A merge takes as long as writing it again.', quotedPath(file)),
    consolidate(),
  ],
  deltasTooLarge: ({ bytes, limitBytes }, { vm }) => [
    t('All deltas of {0} together use {1}, more than {2}.', vm, bytesText(bytes), bytesText(limitBytes)),
    t('They contain the data written since their snapshots.'),
    consolidate(),
  ],
  freeSpaceLow: ({ folder, freeBytes, totalBytes, trash }, { vm }) => [
    t('Only {1} of {2} are free in {0}.', quotedPath(folder), bytesText(freeBytes), bytesText(totalBytes)),
    t('When it is full, every VM that writes there stops, and snapshots cannot be created or merged.'),
    makeRoom(trash, vm),
  ],
  freeSpaceRunsOut: ({ days, folder, freeBytes, bytesPerDay, trash }, { vm }) => [
    days < 1
      ? t('{0} will be full within a day at the current rate.', quotedPath(folder))
      : days < 2
        ? t('{0} will be full in about a day at the current rate.', quotedPath(folder))
        : t('{0} will be full in about {1} days at the current rate.', quotedPath(folder), Math.floor(days)),
    t('{0} are free. In the last days, {1} per day were used.', bytesText(freeBytes), bytesText(bytesPerDay)),
    makeRoom(trash, vm),
  ],
  backingMissing: ({ disk, file }, { vm }) => [
    t('A file that disk {0} of {1} depends on is missing: {2}.', displayLine(disk), vm, quotedPath(file)),
    cannotStartText(),
    putBackText(),
  ],
} satisfies Partial<ProblemSentences>;

function makeRoom(trash: TrashUsage | undefined, vm: string): string {
  const room = t('Free some space: delete snapshots and files that you do not need, or enlarge the file system.');
  if (trash === undefined) {
    return room;
  }
  const first =
    trash.bytes === 'unknown'
      ? t('First empty the trash of {0}.', vm)
      : t('First empty the trash of {0}, which uses {1}.', vm, bytesText(trash.bytes));
  return `${first} ${room}`;
}

function consolidate(): string {
  return t('Consolidate the chain, or delete snapshots that you do not need.');
}

/** Only QEMU gives it back, with a snapshot that cannot be taken; what is copied anew leaves it behind. */
function withoutCure(why: ProblemOf<'lostRam'>['why']): string {
  const copy = t(
    'A copy made with “qemu-img convert” while the VM is off does not contain it, and does not contain the snapshots inside the file.',
  );
  return why === undefined
    ? t('It stays as long as the file exists. {0}', copy)
    : t(
        'A snapshot with RAM inside the image would remove it, but cannot be created: {0} {1}',
        refusalText(why).reason,
        copy,
      );
}
