// Why a file was not copied into or out of a guest, what state things are in, and what to do next. What a guest says is
// untrusted.
import { t } from '@vscode/l10n';
import { Failure, isOfWing } from '../../domain/failure.js';
import { displayLine } from '../../domain/plainText.js';
import { bytesText } from '../bytesText.js';
import { type Of, wingFailures } from '../failures/wingFailures.js';
import { silentAgentText } from './waitText.js';

/**
 * What the copy has left: a part of a file that could not be removed, or the very file, where it was written in its
 * place.
 */
export interface LeftPart {
  readonly path: string;
  readonly is: 'besides' | 'inPlace';
}

/** How a copy ended before it was done. */
export interface CopyEnd {
  /** In the guest. */
  readonly left?: LeftPart;
  /** The snapshot that holds what the VM was before. */
  readonly saved?: string;
}

/** What went wrong with a file, of the guest or of this computer. */
export const fileFaults = ['missing', 'exists', 'folder', 'denied', 'readOnly', 'full', 'other'] as const;
export type FileFault = (typeof fileFaults)[number];

interface FileFacts extends CopyEnd, Of<'vm' | 'path' | 'said'> {
  readonly at: 'guest' | 'host';
}

export const copyFailure = wingFailures('copy', {
  unsupported: {
    /** The VM is off or paused, or was stopped meanwhile. */
    notRunning: ({ vm, ...end }: Of<'vm'> & CopyEnd) =>
      describeEnd(t('{0} is not running. The guest agent copies the files, so start the VM first.', vm), vm, end),
    noAgent: ({ vm, ...end }: Of<'vm'> & CopyEnd) => describeEnd(silentAgentText(vm), vm, end),
    /** The agent is there, and its commands for files are switched off. */
    blocked: ({ vm, commands, ...end }: Of<'vm'> & CopyEnd & { readonly commands: readonly string[] }) =>
      describeEnd(
        t(
          'The guest agent of {0} does not allow this ({1}). Allow it in the configuration of qemu-ga in the guest.',
          vm,
          commands.join(', '),
        ),
        vm,
        end,
      ),
  },
  notFound: { missing: ofFile((file) => t('{0} or its folder does not exist.', file)) },
  exists: {
    exists: ofFile((file) => t('{0} already exists. Allow it to be replaced, or use another name.', file)),
  },
  invalid: {
    folder: ofFile((file) => t('{0} is a folder. Only single files can be copied: pack it first.', file)),
    /** A file that tells no size, as a device, and does not end. */
    endless: ({ vm, path, bytes, ...end }: Of<'vm' | 'path'> & CopyEnd & { readonly bytes: number }) =>
      describeEnd(t('{0} reports no size, and had no end after {1}.', path, bytesText(bytes)), vm, end),
  },
  noSpace: { full: ofFile((file) => t('There is no space left for {0}.', file)) },
  failed: {
    denied: ofFile((file) => t('No permission to open {0}.', file)),
    readOnly: ofFile((file) => t('{0} is on a read-only file system.', file)),
    other: ofFile((file) => t('Could not copy {0}.', file)),
  },
  lost: {
    lost: ({ vm, said, ...end }: Of<'vm' | 'said'> & CopyEnd) =>
      describeEnd(t('The connection to libvirt ended ({0}).', said), vm, end),
  },
  cancelled: { cancelled: ({ vm, ...end }: Of<'vm'> & CopyEnd) => describeEnd(t('Cancelled.'), vm, end) },
});

/** Cancelled, and nothing is left of it: nobody has to be told. */
export function isCancelledWhole(error: unknown): boolean {
  return isOfWing(error, 'copy', 'cancelled') && leftOf(error) === undefined;
}

export function leftOf(error: unknown): LeftPart | undefined {
  const facts: CopyEnd | undefined = error instanceof Failure ? error.details.reason?.facts : undefined;
  return facts?.left;
}

/** The snapshot of before is not told where there is none. */
export function savedText({ saved }: CopyEnd): readonly string[] {
  return saved === undefined ? [] : [t('The previous state was saved as {0}.', displayLine(saved))];
}

function ofFile(sentence: (file: string) => string) {
  return ({ vm, at, path, said, ...end }: FileFacts) => {
    const what = sentence(at === 'guest' ? t('{0} in {1}', path, vm) : path);
    return describeEnd(said === '' ? what : t('{0} ({1})', what, said), vm, end);
  };
}

function describeEnd(what: string, vm: string, end: CopyEnd): string {
  return [leftText(what, vm, end), ...savedText(end)].join(' ');
}

function leftText(what: string, vm: string, { left }: CopyEnd): string {
  if (left === undefined) {
    return t('{0} Nothing was copied.', what);
  }
  const path = displayLine(left.path);
  return left.is === 'inPlace'
    ? incompleteText(what, vm, path)
    : t('{0} Part of it may be left in {1} as {2}. Delete it there.', what, vm, path);
}

export function incompleteText(what: string, vm: string, path: string): string {
  return t('{0} {1} in {2} is incomplete. Copy it again.', what, path, vm);
}
