// Why files of a restore point are not read, not copied, or not put back into the VM.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { bytesText } from '../../text/bytesText.js';
import { type Of, wingFailures } from '../../text/failures/wingFailures.js';
import { type CopyEnd, incompleteText, savedText } from '../../text/guests/copyFailure.js';

/** `path`: as it was asked for. */
type AtPath = Of<'path' | 'detail'>;

export const insideFailure = wingFailures('inside', {
  refused: {
    /** The current state of a VM that is on changes while it is read. */
    running: ({ vm }: Of<'vm'>) =>
      t(
        'The disks of {0} change while it runs. Create a checkpoint and read that, or use virt-rewind files {0} --now.',
        vm,
      ),
    elsewhere: ({ vm }: Of<'vm'>) =>
      t('The images of {0} are on another host. Their files can be read there only.', vm),
    noProgram: () =>
      t('qemu-nbd is not installed. It is in the package qemu-utils (Debian, Ubuntu) or qemu-img (Fedora).'),
    unreadable: ({ file, said }: Of<'file' | 'said'>) => t('{0} cannot be read: {1}', file, said),
    // The reasons about a path.
    volumeUnreadable: ({ volume, what }: Of<'volume' | 'what'>) => `${volume}: ${what}`,
    notAFolder: ({ path }: AtPath) => t('{0} is not a folder.', path),
    isAFolder: ({ path }: AtPath) => t('{0} is a folder.', path),
    notAFile: ({ path }: AtPath) => t('{0} is neither a file nor a folder.', path),
    tooManyLinks: ({ path }: AtPath) => t('The links of {0} lead in a circle.', path),
    tooLarge: ({ path }: AtPath) => t('{0} has too many entries.', path),
    encrypted: ({ path }: AtPath) => t('{0} is encrypted by the guest.', path),
    unsupported: ({ detail }: AtPath) => t('This file system has a feature that Virt Rewind cannot read: {0}.', detail),
    noGuestfish: ({ detail }: AtPath) =>
      t(
        '{0} is read by guestfish, which is not installed. It is in the package libguestfs-tools (Debian, Ubuntu) or guestfs-tools (Fedora).',
        detail,
      ),
    notStarted: ({ path, detail }: AtPath) => t('{0} cannot be read: {1}', path, detail),
    damaged: ({ detail }: AtPath) => t('The file system is damaged at {0}. Check it in the guest.', detail),
    // The reasons about what is restored into the VM; after its checkpoint, it has failed.
    tooMuch: ofRestore(({ most }: { readonly most: number }) =>
      t(
        'More than {0} is too much for the guest agent. Copy it to this computer with virt-rewind files, and send it over the network.',
        bytesText(most),
      ),
    ),
    noFolder: ofRestore(({ path }: Of<'path'>) =>
      t('{0} is not an absolute path, or its folder does not exist in the guest.', path),
    ),
    /** A folder is where a file would be, a file where a folder would be, or a device. */
    otherKind: ofRestore<object>(() =>
      t('A folder cannot replace a file, nor a file a folder or a device. Name another target.'),
    ),
    /** Another file system is mounted in what would be replaced. */
    mounted: ofRestore(({ point }: Of<'point'>) =>
      t('Another file system is mounted at {0}. Unmount it, or restore single files.', point),
    ),
    /** It is on a file system of the network or in RAM, which no snapshot of disks holds. */
    notOnDisk: ofRestore(({ type }: Of<'type'>) =>
      t(
        'The target is on {0}, not on a disk of the VM, so a snapshot cannot save what is there. Name another target.',
        type,
      ),
    ),
    /** A folder, or a link, of a guest that runs no programs for its agent. */
    needsPrograms: ofRestore<object>(() =>
      t('The guest agent runs no programs (guest-exec), so only single files can be restored.'),
    ),
    /** The target became another one since it was agreed to. */
    targetChanged: ofRestore(({ path }: Of<'path'>) => t('{0} changed meanwhile. Try again.', path)),
    /** What the guest has differs from what was sent. */
    differs: ofRestore<object>(() => t('What arrived in the guest differs from what was sent.')),
    guestFailed: ofRestore(({ said }: Of<'said'>) => t('The guest reported an error: {0}', said)),
    /** Nothing was replaced. */
    silent: ofRestore<object>(() => t('The guest did not answer in time.')),
    /** The answer of the guest did not arrive, and so nobody knows whether it was replaced. */
    unknown: ofRestore(({ path }: Of<'path'>) =>
      t('The guest did not answer in time, so it is not known whether {0} was replaced. Check it in the guest.', path),
    ),
  },
  notFound: {
    notFound: ({ path }: AtPath) => t('{0} does not exist there.', path),
    noVolume: ({ path, volumes }: Of<'path'> & { readonly volumes: readonly string[] }) =>
      t('{0} names no file system. There are: {1}.', path, volumes.join(', ')),
    /** Which file system is meant has to be said. */
    noRoot: ({ path, volumes }: Of<'path'> & { readonly volumes: readonly string[] }) =>
      t('Name the file system, for example {0}. There are: {1}.', `vda1:${path}`, volumes.join(', ')),
  },
  failed: {
    /** The VM was started or reverted, or the snapshot deleted, while it was read. */
    changed: ({ vm }: Of<'vm'>) =>
      t(
        '{0} was started or reverted, or the snapshot was deleted, while its files were read. Nothing was written. Try again.',
        vm,
      ),
    diskUnreadable: ({ said }: Of<'said'>) => t('The disk cannot be read: {0}', said),
    notWritten: ({ path, said }: Of<'path' | 'said'>) => t('{0} cannot be written: {1}', path, said),
  },
  // On this computer.
  exists: { fileThere: ({ path }: Of<'path'>) => t('{0} exists already. Nothing was replaced.', path) },
  noSpace: {
    noSpaceHere: ({ path }: Of<'path'>) => t('There is no space left for {0}. Nothing was written.', path),
  },
});

function ofRestore<F>(sentence: (facts: F) => string) {
  return (facts: F & CopyEnd & Of<'vm'>) => [leftText(sentence(facts), facts), ...savedText(facts)].join(' ');
}

function leftText(what: string, { vm, left }: CopyEnd & Of<'vm'>): string {
  if (left === undefined) {
    return t('{0} Nothing was replaced.', what);
  }
  const path = displayLine(left.path);
  return left.is === 'inPlace'
    ? incompleteText(what, vm, path)
    : t('{0} Parts of it, or what was there before, may be in {1} as {2}.', what, vm, path);
}
