// Why a rule of ours refused, in two sentences: the reason, and what to do instead. Nothing has been touched when one
// of these is shown. Knows nothing of the editor.
import { waitOrForceOff } from './busyText.js';
import { inQuotes } from './quotes.js';
import { t } from '@vscode/l10n';
import { displayLine } from '../domain/plainText.js';
import type { Refusal, RefusalReason } from '../domain/refusal.js';
import { cloneRefusals } from './cloneRefusals.js';
import { consolidateRefusals } from './consolidateRefusals.js';
import { diskRefusals } from './diskRefusals.js';
import { fileRefusals } from './fileRefusals.js';
import { frozenRefusals } from './frozenRefusals.js';
import { recoveryRefusals } from './recoveryRefusals.js';
import type { Sentence, Sentences } from './refusalSentence.js';
import { repairRefusals } from './repairRefusals.js';
import { undoRefusals } from './undoRefusals.js';
import { stateWord } from './words.js';

/** The facts that are titles of snapshots: they may hold any words, so that a sentence is not read without quotes. */
const titles: ReadonlySet<string> = new Set(['snapshot', 'parent', 'child', 'by']);

export interface RefusalText {
  readonly reason: string;
  /** May be empty: there is nothing that would help. */
  readonly nextStep: string;
}

export function refusalText(refusal: Refusal): RefusalText {
  // `refuse` checked the facts against the row of this very reason.
  const sentence = sentences[refusal.reason] as Sentence<Readonly<Record<string, string>>>;
  const facts = Object.fromEntries(
    Object.entries(refusal.facts).map(([name, fact]) => {
      const words = displayLine(fact);
      return [name, titles.has(name) && words !== '' ? inQuotes(words) : words];
    }),
  );
  const [reason, nextStep] = sentence(facts);
  // The inner reason alone says what is the matter; what helps stands with the outer one.
  const because = refusal.because === undefined ? '' : ` ${refusalText(refusal.because).reason}`;
  return { reason: `${reason}${because}`, nextStep };
}

export function checkpointWithoutRamText(why: Refusal): string {
  return t('The checkpoint holds the disks alone, without RAM: {0}', refusalText(why).reason);
}

/** The doctor shows more of it, and may have a repair. */
export function isForTheDoctor({ reason, because }: Refusal): boolean {
  return examinableReasons.has(reason) || (because !== undefined && isForTheDoctor(because));
}

const examinableReasons: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  'tagMissing',
  'tagWithoutRam',
  'nameIsTagId',
  'tagTwice',
  'overlayMissing',
  'memoryFileMissing',
  'memoryFileBroken',
  'imageCorrupt',
  'mergedByHand',
  'notInChain',
  'frozenFileInUse',
  'unfinishedDelete',
  'unfinishedSave',
  'savedBelow',
  'filesOutOfReach',
]);

const sentences: Sentences = {
  ...diskRefusals,
  ...fileRefusals,
  ...frozenRefusals,
  ...cloneRefusals,
  ...consolidateRefusals,
  ...recoveryRefusals,
  ...repairRefusals,
  ...undoRefusals,
  otherStyle: ({ vm, own, asked }) =>
    own === 'mixed'
      ? [
          t('{0} already has internal and external snapshots, and libvirt cannot handle more of such a mix.', vm),
          t('Delete the snapshots of one of the two styles first.'),
        ]
      : [
          t('The snapshots of {0} are {1}; libvirt cannot handle {2} ones beside them.', vm, style(own), style(asked)),
          t('Take one of the style that the VM has, or delete its snapshots first.'),
        ],
  internalBaseInUse: ({ snapshot, by, file }) => [
    by === undefined
      ? t('Reverting to {0} would write into {1}, which later images of this VM are built on.', snapshot, image(file))
      : t('Reverting to {0} would write into {1}, which {2} is built on.', snapshot, image(file), by),
    t('Shut the VM down and make a full clone of {0} instead.', snapshot),
  ],
  blockJobRunning: ({ vm, disk }) => [
    t('A job works on disk {1} of {0}: it copies or merges an image.', vm, disk),
    t('Try again when it has ended.'),
  ],
  noCurrentSnapshot: ({ vm, snapshot, version }) => [
    t('{0} has no current snapshot, and libvirt {2} crashes on reverting to {1} then.', vm, snapshot, version),
    t(
      'Examine {0}: the doctor can make the snapshot current on which it stands. Where it stands on none, take a snapshot first.',
      vm,
    ),
  ],
  crashesOnBranch: ({ snapshot, by, disk, version, needed }) => [
    t(
      'libvirt {1} crashes when it deletes {0} beside {2}, whose disk {3} it cannot follow.',
      snapshot,
      version,
      by,
      disk,
    ),
    t('Delete {0} first, or update libvirt to {1} or newer.', by, needed),
  ],
  externalRevertUnsupported: ({ snapshot, version, needed }) => [
    snapshot === ''
      ? t('libvirt {0} cannot revert to external snapshots.', version)
      : t('{0} is an external snapshot, and libvirt {1} cannot revert to those.', snapshot, version),
    t('libvirt {0} and newer can.', needed),
  ],
  diskOnlyRevertUnsupported: ({ snapshot, version, needed }) => [
    t(
      '{0} was taken of a running VM without its RAM, and libvirt {1} cannot revert to such snapshots.',
      snapshot,
      version,
    ),
    t('libvirt {0} and newer can.', needed),
  ],
  externalDeleteUnsupported: ({ snapshot, version, needed }) => [
    snapshot === ''
      ? t('libvirt {0} cannot delete external snapshots.', version)
      : t('{0} is an external snapshot, and libvirt {1} cannot delete those.', snapshot, version),
    t('libvirt {0} and newer can.', needed),
  ],
  internalParent: ({ snapshot, parent }) => [
    t('{0} is external and stands on {1}, which is internal: libvirt can never delete it.', snapshot, parent),
    t('There is no way around this: it has to stay.'),
  ],
  severalChildren: ({ snapshot, count }) => [
    t('{0} snapshots are built on {1}, and its content can be merged into one only.', count, snapshot),
    t('Delete all but one of these branches first, or delete it with its descendants.'),
  ],
  notInActiveChain: ({ snapshot, child }) => [
    t('{1} is built on {0}, and the VM runs on another branch, so that libvirt cannot merge the two.', snapshot, child),
    t('Revert to {0} first where libvirt can, or delete it with its descendants.', child),
  ],
  currentHasChildren: ({ snapshot, child }) => [
    t('{1} is another branch that is built on {0}, where the VM is now.', snapshot, child),
    t('Delete {0} first.', child),
  ],
  leafOfOtherBranch: ({ snapshot, version, needed }) => [
    t('The VM runs on another branch than {0}, and libvirt {1} cannot delete it from there.', snapshot, version),
    t('libvirt {0} and newer can.', needed),
  ],
  mixedDescendants: ({ snapshot, child }) => [
    t('{1}, below {0}, is of the other style, and libvirt cannot delete the two together.', snapshot, child),
    t('Delete what libvirt can delete one by one, from the last one up.'),
  ],
  imageNotActive: ({ snapshot, disk, file }) => [
    t('{0} is kept inside {2}, and disk {1} of the running VM uses another image.', snapshot, disk, file),
    t('Shut the VM down, or revert to a snapshot of that image first.'),
  ],
  diskTypeUnsupported: ({ vm, disk, type }) => [
    t('Disk {1} of {0} is of the kind {2}, which libvirt’s own snapshots cannot handle.', vm, disk, type),
    t('Use the snapshots of the storage itself for this disk.'),
  ],
  notRunning: ({ vm, state, wanted }) =>
    wanted === 'shutDown' || wanted === 'forceOff'
      ? [t('{0} is {1} already.', vm, stateWord(state)), '']
      : [
          t('{0} is {1}; this needs it running.', vm, stateWord(state)),
          isKind(wanted) ? t('Start {0}, or choose another kind of snapshot.', vm) : t('Start {0} first.', vm),
        ],
  notOff: ({ vm, state, wanted }) =>
    isKind(wanted)
      ? [
          t('{0} is {1}; this needs it off.', vm, stateWord(state)),
          t('Shut {0} down, or choose another kind of snapshot.', vm),
        ]
      : [
          t('{0} is {1} already, so there is nothing to start.', vm, stateWord(state)),
          state === 'paused' ? t('Resume {0} to let it go on.', vm) : '',
        ],
  wrongState: ({ vm, state }) => [t('{0} is {1}, so this cannot be done now.', vm, stateWord(state)), ''],
  transientVm: ({ vm, snapshot }) => [
    t('{0} is transient: on the way back to {1} it would be off for a moment, and be gone.', vm, snapshot),
    t('Define the VM permanently first.'),
  ],
  crashedVm: ({ vm }) => [t('{0} has crashed.', vm), t('Force it off and start it again.')],
  asleepVm: ({ vm }) => [
    t('The guest in {0} sleeps (suspended to RAM), and libvirt cannot do this until it wakes.', vm),
    t('Wake it, or force it off.'),
  ],
  badName: ({ problem }) => [
    problem === 'empty'
      ? t('A snapshot needs a title.')
      : problem === 'tooLong'
        ? t('This title is too long.')
        : problem === 'descriptionTooLong'
          ? t('The description is too long.')
          : t('This title holds a control character.'),
    problem === 'descriptionTooLong' ? t('Shorten it.') : t('Choose another title.'),
  ],
  nameTaken: ({ title }) => [t('A snapshot called {0} exists already.', title), t('Choose another title.')],
  unsafeSnapshotName: ({ snapshot, version }) => [
    t('The name of {0} holds a character that libvirt {1} cannot handle while the VM runs.', snapshot, version),
    t('Shut the VM down first.'),
  ],
  readOnlyConnection: ({ vm }) => [
    t('The connection of {0} is read-only.', vm),
    t('Connect by an address that may change things.'),
  ],
  driverCannot: ({ driver }) => [
    driver === 'test'
      ? t("libvirt's test driver cannot do this.")
      : t('The hypervisor behind this connection cannot do this; only QEMU and KVM are known here.'),
    '',
  ],
  snapshotBeingWritten: ({ vm, snapshot }) => [
    t('libvirt is still writing the snapshot {0} of {1}.', snapshot, vm),
    waitOrForceOff(vm),
  ],
  unfinishedSave: ({ vm }) => [
    t('{0} is paused because its state is being saved, by another program or by one that died meanwhile.', vm),
    t('Wait until it has ended; if nothing saves it, resume {0}.', vm),
  ],
  imagesLetGo: ({ vm, snapshot, wanted }) => [
    wanted === 'merge'
      ? t('{0} may have stood still since its memory snapshot {1}, and QEMU merges no files of it then.', vm, snapshot)
      : t('{0} may have stood still since its memory snapshot {1}, and QEMU writes its memory but once.', vm, snapshot),
    wanted === 'merge'
      ? t('Resume {0} and delete while it runs, or turn it off first.', vm)
      : t('Resume {0} first, or take a disk-only snapshot.', vm),
  ],
  stateNotReachable: ({ snapshot, state }) => [
    t('{0} was taken while the VM was {1}, and that state cannot be brought back.', snapshot, stateWord(state)),
    '',
  ],
  agentMissing: ({ vm }) => [
    t('No guest agent answers in {0}, and without it the file systems cannot be frozen.', vm),
    t('Install and start qemu-guest-agent in the guest, or take the snapshot without freezing.'),
  ],
  snapshotMissing: ({ vm, snapshot }) => [
    t('{0} has no snapshot {1} any more.', vm, snapshot),
    t('Another program deleted or renamed it; look again at what is there.'),
  ],
  noDescendants: ({ snapshot }) => [t('Nothing is built on {0}.', snapshot), ''],
  layoutLeafNeeded: ({ snapshot, parent, by }) => [
    t(
      '{0} tells which file the VM is on. Without it, a newer libvirt would remove at a revert the file of {1} that {2} is built on.',
      snapshot,
      parent,
      by,
    ),
    t('Take another snapshot first, which then stands in its place, or delete {0} first.', by),
  ],
  notInChain: ({ vm, snapshot, disk, file }) => [
    t(
      'Disk {2} of {0} is not built on {3} as {1} has it: after a revert the VM has another file, or somebody merged files without libvirt’s snapshots.',
      vm,
      snapshot,
      disk,
      file,
    ),
    t('Delete the snapshots above {0} first. If somebody merged files, Examine tells what is left of {0}.', snapshot),
  ],
  usedByOtherVm: ({ other, file }) => [
    t('The VM {0} needs {1} as it is: its own disk is built on that file, or is that file.', other, file),
    t('Delete {0} first, or give it a disk of its own (qemu-img rebase or convert, while it is off).', other),
  ],
  otherVmUnread: ({ others }) => [
    t('It cannot be seen whether these VMs are built on the files that would go or change: {0}.', others),
    t('Make their disks readable or their storage active. If none of them is, type the name of the VM to go on.'),
  ],
  notAllSeen: ({ vm, fact }) => [
    t(
      'Not everything that this rests on could be looked at for {0} ({1}), and what is not seen does not count as safe.',
      vm,
      fact,
    ),
    t('Nothing was done. Try again; if it stays so, examine {0}.', vm),
  ],
  stalePlan: ({ vm }) => [
    t('{0} was changed meanwhile: what you agreed to would do or lose something else now.', vm),
    t('Look at the view and try again.'),
  ],
  namedTwice: ({ vm, file, other }) => [
    t(
      '{0} or its snapshots name one file in two ways: “{1}” and “{2}”. What uses it cannot be told for certain.',
      vm,
      file,
      other,
    ),
    t('Shut {0} down and let its disks name the file as its snapshots do (virsh edit), then try again.', vm),
  ],
};

function isKind(wanted: string): boolean {
  return wanted === 'memory' || wanted === 'disk' || wanted === 'offline';
}

function style(word: string): string {
  return word === 'internal' ? t('internal') : t('external');
}

function image(file: string | undefined): string {
  return file ?? t('an image');
}
