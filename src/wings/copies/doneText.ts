// What a backup or a restore did, as sentences.
import { posix } from 'node:path';
import { t } from '@vscode/l10n';
import { partsText, staysText } from './copiesFailure.js';
import { fullTime } from '../../domain/clockText.js';
import { displayLine } from '../../domain/plainText.js';
import { Failure } from '../../domain/failure.js';
import { bytesText } from '../../text/bytesText.js';
import { failureMessage } from '../../text/failures/failureMessage.js';
import { shortFailure } from '../../text/failures/failureText.js';
import type { GuestWaits } from '../../transfer/guestCare.js';
import type { CheckpointStays } from './oldCheckpoints.js';
import type { BackupMade } from './repository/backUp.js';
import type { VmRestored } from './restore/bringBack.js';
import type { RestoreUse } from './restore/planRestore.js';
import type { OriginalSeen } from './plain/originalVm.js';
import type { LeftOut } from '../../transfer/lookAtVm.js';
import { wayTo } from '../../text/ways.js';
import { snapshotCountText } from '../../text/words.js';

type Sentences = readonly [string, ...string[]];

/** What was done, then what the backup does not have. */
export function backedUpLines(made: BackupMade): Sentences {
  const name = displayLine(made.vm);
  return [
    t(
      'Backed up {0} as {1}, with {2} ({3}). New in the repository: at most {4}.',
      name,
      made.id,
      snapshotCountText(made.restorePoints),
      bytesText(made.bytes),
      bytesText(made.addedBytes),
    ),
    ...feltLines(made.felt),
    ...notCopiedLines(made),
  ];
}

/** What guests on the host felt of a copy; none where they hardly used their disks, or nobody knows. */
function feltLines({ writes, reads }: GuestWaits): string[] {
  const parts = [
    ...(writes === undefined ? [] : [t('writes took {0} × as long', writes.toFixed(2))]),
    ...(reads === undefined ? [] : [t('reads took {0} × as long', reads.toFixed(2))]),
  ];
  return parts.length === 0 ? [] : [t('What the guests of the host felt: {0}.', parts.join(', '))];
}

/** What a copy of the VM does not have. */
export function notCopiedLines({
  vm,
  present,
  leftOut,
  altered,
}: Pick<BackupMade, 'vm' | 'present' | 'leftOut' | 'altered'>): string[] {
  return [
    ...(altered.length > 0 ? [alteredText(vm, altered)] : []),
    ...(present ? [] : [notCurrentText(vm)]),
    ...leftOut.map(leftOutText),
  ];
}

function leftOutText(leftOut: LeftOut): string {
  switch (leftOut) {
    case 'media':
      return t('Not copied: CDs and floppies in the drives.');
    case 'savedState':
      return t('Not copied: the saved RAM of the VM. It starts from its disks, as after a power cut.');
    case 'passwords':
      return t('Not copied: passwords that libvirt keeps, such as that of the display.');
    case 'tpm':
      return t('Not copied: the content of the TPM.');
  }
}

function notCurrentText(vm: string): string {
  return t(
    'The current state of {0} was not copied, because it is running. To copy it too, create a checkpoint first.',
    displayLine(vm),
  );
}

/** @param titles of snapshots */
function alteredText(vm: string, titles: readonly string[]): string {
  return t(
    'Something changed the files of these snapshots of {0} after they were created: {1}. They were copied as they are now. An earlier backup may have them unchanged: keep it with “{2}”. Which files: {3}',
    displayLine(vm),
    titles.map((title) => `“${displayLine(title)}”`).join(', '),
    'virt-rewind backups keep',
    wayTo('examine', displayLine(vm)),
  );
}

type BesideRestore = Pick<VmRestored, 'folder' | 'stays' | 'inHistory' | 'tpm' | 'halfWritten'>;

function besideRestore({ folder, stays, inHistory, tpm, halfWritten }: BesideRestore): string[] {
  return [
    ...(halfWritten.length === 0
      ? []
      : [
          t(
            'An earlier restore was interrupted while it wrote to {0}: what was there is lost, and what is there may not be whole.',
            partsText(halfWritten),
          ),
        ]),
    ...(tpm?.isBack === false ? [leftOutText('tpm')] : []),
    ...(tpm?.aside === undefined
      ? []
      : [t('The TPM state that was there before is kept in {0}.', displayLine(tpm.aside))]),
    ...(inHistory ? [] : [t('The restore is not in the history, as the state folder cannot be written.')]),
    ...(stays.length === 0 ? [] : [staysText(posix.dirname(folder), stays)]),
  ];
}

/** What was done, then what is not as it was. @param original of a replica, where it was looked for: at `uri` */
export function restoredLines(restored: Omit<VmRestored, 'made'>, original?: OriginalSeen, uri = ''): Sentences {
  const { name, folder, restorePoints, present, withoutRam, replica, use } = restored;
  return [
    t('Restored {0} into {1}: snapshots: {2}', displayLine(name), displayLine(folder), restorePoints),
    ...(original instanceof Failure ? [t('The original cannot be reached: {0}', shortFailure(original))] : []),
    ...(original === 'gone' ? [t('There is no VM {0} on {1}.', displayLine(name), displayLine(uri))] : []),
    ...(replica === undefined
      ? []
      : original === 'same' || original === 'sameButTpm'
        ? [
            t(
              'The original is off, and its disks and snapshots are as here. Do not start both: they have the same identity.',
            ),
            ...(original === 'sameButTpm' && restored.tpm?.isBack !== false ? [leftOutText('tpm')] : []),
          ]
        : [
            t(
              'It is as of {0}; what it did on {1} after that is not here. Do not start both: they have the same identity.',
              fullTime(replica.madeAt),
              displayLine(replica.of),
            ),
          ]),
    ...(present ? [] : [t('Its disks are as in its current snapshot, because it was running when it was backed up.')]),
    ...besideRestore(restored),
    ...(withoutRam > 0 ? [t('Snapshots without their RAM, which only the original VM can load: {0}', withoutRam)] : []),
    ...ofHostLines(use),
    ...secretLines(use),
  ];
}

/** The first is the result. */
export function pointLines(
  { name, use, ...restored }: Pick<VmRestored, 'name' | 'use'> & BesideRestore,
  { title, hasRam, notHeld }: NonNullable<VmRestored['point']>,
): readonly string[] {
  return [
    t(
      'Restored {0} as in its snapshot “{1}” into {2}',
      displayLine(name),
      displayLine(title),
      displayLine(restored.folder),
    ),
    ...(hasRam ? [t('The RAM of the snapshot is not loaded: the VM starts as after a power cut.')] : []),
    ...(notHeld.length > 0
      ? [t('Not in the snapshot, so as in the backup: {0}', notHeld.map((one) => displayLine(one)).join(', '))]
      : []),
    ...besideRestore(restored),
    ...ofHostLines(use),
    ...secretLines(use),
  ];
}

/** Before it is restored. Empty where it comes back as it was. */
export function leftOutLines({ leftOut, ramInDoubt }: Pick<RestoreUse, 'leftOut' | 'ramInDoubt'>): readonly string[] {
  return [
    ...(leftOut.length > 0 ? [t('Left out, as not part of the VM itself: {0}', partsText(leftOut))] : []),
    ...(ramInDoubt.length > 0
      ? [t('The RAM of these snapshots may not load without that: {0}', partsText(ramInDoubt))]
      : []),
  ];
}

/** None where it uses nothing of it. */
export function ofHostLines({ ofHost }: Pick<RestoreUse, 'ofHost'>): readonly string[] {
  return ofHost.length === 0 ? [] : [t('It uses parts of the host: {0}', partsText(ofHost))];
}

/** What libvirt must know before the VM starts. */
export function secretLines({ secrets }: Pick<RestoreUse, 'secrets'>): readonly string[] {
  return secrets.map(({ disk, name }) =>
    t(
      'Disk {0} is encrypted, and no backup has its key. It needs the secret {1} of libvirt: virsh secret-list',
      displayLine(disk),
      displayLine(name),
    ),
  );
}

/** What is written to block devices, and lost on them. */
export function deviceLines({ devices }: Pick<RestoreUse, 'devices'>): readonly string[] {
  return devices.map(({ disk, file, path, real, device, holds }) => {
    const found = holds === undefined ? t('not known') : holds.length === 0 ? t('nothing known') : partsText(holds);
    return t(
      'Writes disk {0} ({1}) onto {2} ({3}). All that is on it is lost: {4}',
      displayLine(disk),
      bytesText(file.bytes),
      displayLine(path === real ? path : `${path} → ${real}`),
      bytesText(device.bytes),
      found,
    );
  });
}

/** For a message of one paragraph: the first may have no full stop. */
export function inOneLine([first = '', ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first}${/[.。]$/u.test(first) ? '' : ' ·'} ${others.join(' ')}`;
}

export function checkpointStaysText({ title, failure }: CheckpointStays): string {
  return title === undefined
    ? t('Older checkpoints were not deleted. {0}', failureMessage(failure))
    : t('The checkpoint “{0}” was not deleted. {1}', displayLine(title), failureMessage(failure));
}

/** @param said why, as sentences */
