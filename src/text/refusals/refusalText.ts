// Why a rule of ours refused, in two sentences: the reason, and what to do instead. Nothing was touched then.
import { waitOrForceOff } from './busyText.js';
import { inQuotes } from '../quotes.js';
import { t } from '@vscode/l10n';
import { isOffAfter } from '../../domain/operation.js';
import { snapshotKinds } from '../../domain/snapshot.js';
import { longestTitle } from '../../domain/snapshotName.js';
import { displayLine } from '../../domain/plainText.js';
import type { Refusal, RefusalReason } from '../../domain/refusal.js';
import { cloneRefusals } from './cloneRefusals.js';
import { clusterRefusals } from './clusterRefusals.js';
import { consolidateRefusals } from './consolidateRefusals.js';
import { diskRefusals } from './diskRefusals.js';
import { factWords } from './factWords.js';
import { fileRefusals } from './fileRefusals.js';
import { frozenRefusals } from './frozenRefusals.js';
import { recoveryRefusals, undoRefusals } from './recoveryRefusals.js';
import type { Sentence, Sentences } from './refusalSentence.js';
import { repairRefusals } from './repairRefusals.js';
import { stateWord } from '../words.js';
import { lookAgain, repairBy, wayTo } from '../ways.js';

/** The facts that are titles of snapshots: they may hold any words, so that a sentence is not read without quotes. */
const titles: ReadonlySet<string> = new Set(['snapshot', 'parent', 'child', 'by']);

const isKind = (wanted: string): boolean => snapshotKinds.some((kind) => kind === wanted);

interface RefusalText {
  readonly reason: string;
  /** May be empty: there is nothing that would help. */
  readonly nextStep: string;
}

/** @param vm its name, for what to do, where the facts do not have it */
export function refusalText(refusal: Refusal, vm?: string): RefusalText {
  // `refuse` checked the facts against the row of this very reason.
  const sentence = sentences[refusal.reason] as Sentence<Readonly<Record<string, string>>>;
  const facts = Object.fromEntries(
    Object.entries({ ...(vm !== undefined && { vm }), ...refusal.facts }).map(([name, fact]) => {
      const words = displayLine(fact);
      return [name, titles.has(name) && words !== '' ? inQuotes(words) : words];
    }),
  );
  const [reason, nextStep] = sentence(facts);
  // The inner reason alone says what is the matter; what helps stands with the outer one.
  const because = refusal.because === undefined ? '' : ` ${refusalText(refusal.because, vm).reason}`;
  return { reason: `${reason}${because}`, nextStep };
}

export function checkpointWithoutRamText(why: Refusal): string {
  return t('The checkpoint contains only the disks, without RAM: {0}', refusalText(why).reason);
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
  ...clusterRefusals,
  ...consolidateRefusals,
  ...recoveryRefusals,
  ...repairRefusals,
  ...undoRefusals,
  otherStyle: ({ vm, own, asked }) =>
    own === 'mixed'
      ? [
          t('{0} already has internal and external snapshots, and libvirt cannot handle more of this mix.', vm),
          t('Delete the snapshots of one of the two styles first.'),
        ]
      : [
          t('{0} has {1} snapshots, and libvirt cannot mix them with {2} ones.', vm, style(own), style(asked)),
          t('Use the style that the VM already has, or delete its snapshots first.'),
        ],
  internalBaseInUse: ({ snapshot, by, file }) => [
    by === undefined
      ? t('A revert to {0} would write to {1}, which later images of this VM are built on.', snapshot, image(file))
      : t('A revert to {0} would write to {1}, which {2} is built on.', snapshot, image(file), by),
    t('Shut the VM down and make a full clone of {0} instead.', snapshot),
  ],
  blockJobRunning: ({ vm, disk }) => [
    t('A job is running on disk {1} of {0}: it copies or merges an image.', vm, disk),
    t('Try again when it has finished.'),
  ],
  noCurrentSnapshot: ({ vm, snapshot, version }) => [
    t('{0} has no current snapshot. In this state, libvirt {2} crashes on a revert to {1}.', vm, snapshot, version),
    t(
      'Make the snapshot current that {0} is built on: {1}. If there is none, create a snapshot first.',
      vm,
      wayTo('repair', vm),
    ),
  ],
  crashesOnBranch: ({ snapshot, by, disk, version, needed }) => [
    t(
      'libvirt {1} crashes when it deletes {0} while {2} exists, because it cannot follow disk {3} of {2}.',
      snapshot,
      version,
      by,
      disk,
    ),
    t('Delete {0} first, or update libvirt to {1} or newer.', by, needed),
  ],
  externalRevertUnsupported: ({ version, needed }) => [
    t('libvirt {0} cannot revert to external snapshots.', version),
    t('Update to libvirt {0} or newer.', needed),
  ],
  diskOnlyRevertUnsupported: ({ snapshot, version, needed }) => [
    t('{0} was created from a running VM without RAM. libvirt {1} cannot revert to it.', snapshot, version),
    t('Update to libvirt {0} or newer.', needed),
  ],
  externalDeleteUnsupported: ({ version, needed }) => [
    t('libvirt {0} cannot delete external snapshots.', version),
    t('Update to libvirt {0} or newer.', needed),
  ],
  internalParent: ({ snapshot, parent }) => [
    t('{0} is external and built on {1}, which is internal. libvirt can never delete it.', snapshot, parent),
    t('There is no workaround. The snapshot must stay.'),
  ],
  severalChildren: ({ snapshot, count }) => [
    t('{0} snapshots are built on {1}, but its content can be merged into only one of them.', count, snapshot),
    t('Delete all but one of these branches first, or delete it with its descendants.'),
  ],
  notInActiveChain: ({ snapshot, child }) => [
    t('{1} is built on {0}, but the VM runs on another branch, so libvirt cannot merge the two.', snapshot, child),
    t('If libvirt can, revert to {0} first. Or delete it with its descendants.', child),
  ],
  currentHasChildren: ({ snapshot, child }) => [
    t('{1} is another branch built on {0}, where the VM is now.', snapshot, child),
    t('Delete {0} first.', child),
  ],
  leafOfOtherBranch: ({ snapshot, version, needed }) => [
    t('The VM runs on another branch than {0}, and libvirt {1} cannot delete it from there.', snapshot, version),
    t('Update to libvirt {0} or newer.', needed),
  ],
  mixedDescendants: ({ snapshot, child }) => [
    t('{1}, below {0}, has the other style, and libvirt cannot delete the two together.', snapshot, child),
    t('Delete the snapshots that libvirt can delete one by one, starting with the last.'),
  ],
  imageNotActive: ({ snapshot, disk, file }) => [
    t('{0} is stored inside {2}, but disk {1} of the running VM uses another image.', snapshot, disk, file),
    t('Shut down the VM, or revert to a snapshot of that image first.'),
  ],
  diskTypeUnsupported: ({ vm, disk, type }) => [
    t('Disk {1} of {0} has the type {2}, which libvirt’s own snapshots do not support.', vm, disk, type),
    t('Use snapshots of the storage itself for this disk.'),
  ],
  notRunning: ({ vm, state, wanted }) =>
    isOffAfter(wanted)
      ? [t('{0} is already {1}.', vm, stateWord(state)), '']
      : [
          t('{0} is {1}, but this operation needs a running VM.', vm, stateWord(state)),
          isKind(wanted)
            ? t('Start {0}, or choose another kind of snapshot.', vm)
            : state === 'paused'
              ? t('Resume {0} to continue.', vm)
              : t('Start {0} first.', vm),
        ],
  notOff: ({ vm, state, wanted }) =>
    isKind(wanted)
      ? [
          t('{0} is {1}, but this operation needs a VM that is off.', vm, stateWord(state)),
          t('Shut down {0}, or choose another kind of snapshot.', vm),
        ]
      : [t('{0} is already {1}.', vm, stateWord(state)), state === 'paused' ? t('Resume {0} to continue.', vm) : ''],
  wrongState: ({ vm, state }) => [t('{0} is {1}, so this is not possible now.', vm, stateWord(state)), ''],
  transientVm: ({ vm, snapshot }) => [
    snapshot === undefined
      ? t('{0} is transient: libvirt cannot save its state, because it would no longer exist.', vm)
      : t('{0} is transient. A revert to {1} would switch it off, and it would no longer exist.', vm, snapshot),
    t('Make the VM persistent first: {0}', repairBy('keepVm', vm)),
  ],
  crashedVm: ({ vm }) => [t('{0} has crashed.', vm), t('Force off the VM and start it again.')],
  asleepVm: ({ vm }) => [
    t('The guest in {0} is asleep (suspended to RAM). libvirt cannot do this until it wakes up.', vm),
    t('Wake up the guest, or force off the VM.'),
  ],
  badName: ({ problem }) => [
    problem === 'empty'
      ? t('A snapshot needs a title.')
      : problem === 'tooLong'
        ? t('A title can have at most {0} characters.', longestTitle)
        : problem === 'descriptionTooLong'
          ? t('The description is too long.')
          : t('A title cannot contain line breaks, control characters or characters that change the text direction.'),
    problem === 'descriptionTooLong' ? t('Shorten it.') : t('Choose another title.'),
  ],
  nameTaken: ({ title }) => [t('A snapshot named {0} already exists.', title), t('Choose another title.')],
  unsafeSnapshotName: ({ snapshot, version }) => [
    t('The name of {0} contains a character that libvirt {1} cannot handle in a running VM.', snapshot, version),
    t('Shut down the VM first.'),
  ],
  readOnlyConnection: ({ vm }) => [
    t('The connection of {0} is read-only.', vm),
    t('Allow changes in the setting {0}.', 'virtRewind.connections'),
  ],
  driverCannot: ({ driver }) => [
    driver === 'test'
      ? t("libvirt's test driver cannot do this.")
      : t('The hypervisor of this connection cannot do this. Only QEMU and KVM are supported.'),
    '',
  ],
  snapshotBeingWritten: ({ vm, snapshot }) => [
    t('libvirt is still writing the snapshot {0} of {1}.', snapshot, vm),
    waitOrForceOff(vm),
  ],
  unfinishedSave: ({ vm }) => [
    t('{0} is paused because its state is being saved.', vm),
    t('Wait until the save has ended. If no program is saving the VM, resume {0}.', vm),
  ],
  imagesLetGo: ({ vm, snapshot, wanted }) => [
    wanted === 'merge'
      ? t('{0} may have been paused since its RAM snapshot {1}. QEMU then cannot merge its files.', vm, snapshot)
      : t('{0} may have been paused since its RAM snapshot {1}. QEMU then cannot write its RAM again.', vm, snapshot),
    wanted === 'merge'
      ? t('Resume {0} and delete while it is running, or shut it down first.', vm)
      : t('Resume {0} first, or create a disk-only snapshot.', vm),
  ],
  stateNotReachable: ({ snapshot, state }) => [
    t('{0} was created while the VM was {1}. That state cannot be restored.', snapshot, stateWord(state)),
    '',
  ],
  agentMissing: ({ vm }) => [
    t('The guest agent in {0} does not respond, so the file systems cannot be frozen.', vm),
    t('Install and start qemu-guest-agent in the guest, or create the snapshot without freezing.'),
  ],
  snapshotMissing: ({ vm, snapshot }) => [
    t('{0} no longer has a snapshot {1}.', vm, snapshot),
    `${t('Another program may have removed or renamed it.')} ${lookAgain(vm)}`,
  ],
  noDescendants: ({ snapshot }) => [t('{0} has no descendants.', snapshot), ''],
  layoutLeafNeeded: ({ snapshot, parent, by }) => [
    t(
      '{0} records which file the VM uses. Without it, a newer libvirt would delete the file of {1} on a revert, and {2} is built on that file.',
      snapshot,
      parent,
      by,
    ),
    t('Create another snapshot first to replace it, or delete {0} first.', by),
  ],
  notInChain: ({ vm, snapshot, disk, file, top }) => [
    t(
      'According to the metadata of {1}, disk {2} of {0} is built on {3}, but it is not. The VM got another file at a revert, or files were merged without libvirt’s snapshots.',
      vm,
      snapshot,
      disk,
      file,
    ),
    top === undefined
      ? t(
          'Delete the snapshots above {0} first. If files were merged, this shows what is left of it: {1}',
          snapshot,
          wayTo('examine', vm),
        )
      : t('No snapshot is above {0}. Let libvirt forget it; its files stay: {1}', snapshot, wayTo('repair', vm)),
  ],
  usedByOtherVm: ({ other, file }) => [
    t('The VM {0} needs {1} unchanged: it uses that file, or a disk built on it.', other, file),
    t('Delete {0} first, or give it files of its own (disks: qemu-img rebase or convert, while it is off).', other),
  ],
  otherVmUnread: ({ others }) => [
    t('Virt Rewind cannot see whether these VMs depend on the files that would be deleted or changed: {0}.', others),
    t(
      'Make their disks readable or activate their storage. If none of them depends on the files, type the name of the VM to continue.',
    ),
  ],
  notAllSeen: ({ vm, fact, silent }) => [
    t(
      'Virt Rewind could not read everything that it must know about {0} ({1}), so it cannot guarantee that the operation is safe.',
      vm,
      [factWords(fact), silent ?? []].flat().join(': '),
    ),
    silent ? t('Try again when it responds.') : t('Try again. If the problem remains: {0}', wayTo('examine', vm)),
  ],
  stalePlan: ({ vm }) => [
    t('{0} has changed. The operation that you confirmed would now do or lose something else.', vm),
    t('Check {0} and try again.', vm),
  ],
  namedTwice: ({ vm, file, other }) => [
    t(
      '{0} or its snapshots name the same file in two ways: “{1}” and “{2}”. Virt Rewind cannot tell for certain what uses it.',
      vm,
      file,
      other,
    ),
    t('Shut down {0} and set the same file name for its disks as in its snapshots (virsh edit), then try again.', vm),
  ],
};

function style(word: string): string {
  return word === 'internal' ? t('internal') : t('external');
}

function image(file: string | undefined): string {
  return file ?? t('an image');
}
