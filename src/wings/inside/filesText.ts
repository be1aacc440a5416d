// Why the files of a restore point cannot be read, as sentences; and how a folder is listed.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { bytesText } from '../../text/bytesText.js';
import { DiskError } from './bytes/disk.js';
import type { Obstacle } from './guestFiles.js';
import type { FileSystemError, NodeFacts } from './read/guestFileSystem.js';
import type { findPath, Volume } from './read/volumes.js';

export function obstacleText(obstacle: Obstacle, vm: string): string {
  switch (obstacle.kind) {
    case 'running':
      return t(
        'The disks of {0} change while it runs. Create a checkpoint and read that, or use virt-rewind files {0} --now.',
        displayLine(vm),
      );
    case 'elsewhere':
      return t('The images of {0} are on another host. Their files can be read there only.', displayLine(vm));
    case 'noProgram':
      return t('qemu-nbd is not installed. It is in the package qemu-utils (Debian, Ubuntu) or qemu-img (Fedora).');
    case 'unreadable':
      return t('{0} cannot be read: {1}', displayLine(obstacle.file), displayLine(obstacle.said));
    case 'changed':
      return t(
        '{0} was started or reverted, or the snapshot was deleted, while its files were read. Nothing was written. Try again.',
        displayLine(vm),
      );
  }
}

/** Undefined: it is another error. */
export function diskErrorText(error: unknown): string | undefined {
  return error instanceof DiskError ? t('The disk cannot be read: {0}', displayLine(error.message)) : undefined;
}

/** @param path as it was asked for */
export function faultText({ fault, detail }: FileSystemError, path: string): string {
  const shown = displayLine(path);
  switch (fault) {
    case 'notFound':
      return t('{0} does not exist there.', shown);
    case 'notAFolder':
      return t('{0} is not a folder.', shown);
    case 'isAFolder':
      return t('{0} is a folder.', shown);
    case 'notAFile':
      return t('{0} is neither a file nor a folder.', shown);
    case 'tooManyLinks':
      return t('The links of {0} lead in a circle.', shown);
    case 'tooLarge':
      return t('{0} has too many entries.', shown);
    case 'encrypted':
      return t('{0} is encrypted by the guest.', shown);
    case 'unsupported':
      return t('This file system has a feature that Virt Rewind cannot read: {0}.', displayLine(detail));
    case 'noGuestfish':
      return t(
        '{0} is read by guestfish, which is not installed. It is in the package libguestfs-tools (Debian, Ubuntu) or guestfs-tools (Fedora).',
        displayLine(detail),
      );
    case 'notStarted':
      return t('{0} cannot be read: {1}', shown, displayLine(detail));
    case 'damaged':
      return t('The file system is damaged at {0}. Check it in the guest.', displayLine(detail));
  }
}

/** Why a path leads into no file system that can be read. */
export function noPathText(
  found: Extract<Awaited<ReturnType<typeof findPath>>, { readonly no: string }>,
  path: string,
  volumes: readonly Volume[],
): { readonly kind: 'notFound' | 'refused'; readonly text: string } {
  const names = volumes.map(({ name }) => name).join(', ');
  return found.no === 'volume'
    ? { kind: 'notFound', text: t('{0} names no file system. There are: {1}.', displayLine(path), names) }
    : found.no === 'root' || found.volume === undefined
      ? {
          kind: 'notFound',
          text: t('Name the file system, for example {0}. There are: {1}.', displayLine(`vda1:${path}`), names),
        }
      : { kind: 'refused', text: `${found.volume.name}: ${volumeText(found.volume)}` };
}

/** What a volume is, and why it cannot be read. */
export function volumeText({ type, system, fault }: Volume): string {
  if (system !== undefined) {
    return [
      type ?? '',
      ...(system.label === '' ? [] : [`“${displayLine(system.label)}”`]),
      ...(system.journal === 'replayed' ? [t('as after a power cut: its journal was replayed')] : []),
      ...(system.journal === 'notReplayed' ? [t('as after a power cut: its journal was not replayed')] : []),
    ].join(', ');
  }
  return fault !== undefined
    ? faultText(fault, type ?? '')
    : type === undefined
      ? t('unknown')
      : t('{0}: Virt Rewind cannot read it', type);
}

export function volumeRow(volume: Volume): readonly string[] {
  return [volume.name, bytesText(volume.bytes), volumeText(volume)];
}

const kindLetters = { file: '-', folder: 'd', link: 'l', other: '?' } as const;

/** As `ls -l` has it. */
export function modeText({ kind, mode }: Pick<NodeFacts, 'kind' | 'mode'>): string {
  const letters = Array.from('rwxrwxrwx')
    .map((letter, bit) => (((mode ?? 0) >>> (8 - bit)) & 1 ? letter : '-'))
    .join('');
  return mode === undefined ? kindLetters[kind] : `${kindLetters[kind]}${letters}`;
}
