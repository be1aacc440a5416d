// A file of a VM as a line of a list: what it is, how large, and who is made of it.
import { inQuotes } from '../quotes.js';
import { t } from '@vscode/l10n';
import type { VmView } from '../../live/views.js';
import { displayLine } from '../../domain/plainText.js';
import type { VmFile } from '../../domain/vmFiles.js';
import { bytesText } from '../bytesText.js';
import { titleOf } from '../operations/operationProgress.js';

interface VmFileText {
  /** The file's name without its folder. */
  readonly name: string;
  readonly facts: string;
}

/** The most snapshots of a file that are named. */
const mostNamed = 3;

export function vmFileText(file: VmFile, view: Pick<VmView, 'tree'>): VmFileText {
  const { path, format, snapshots, after, present, seen } = file;
  const titles = snapshots.slice(0, mostNamed).map((name) => inQuotes(displayLine(titleOf(view, name))));
  const facts = [
    roleWords(file),
    ...(format === undefined || seen === 'missing' ? [] : [displayLine(format)]),
    sizeWords(file),
    ...(present ? [t('current')] : []),
    ...(titles.length === 0
      ? []
      : [
          snapshots.length > mostNamed
            ? t('of {0}', t('{0} and {1} more', titles.join(', '), snapshots.length - mostNamed))
            : t('of {0}', titles.join(', ')),
        ]),
    ...(after === undefined ? [] : [t('created after “{0}”', displayLine(titleOf(view, after)))]),
    ...(file.sharedWith.length === 0
      ? []
      : [t('also used by {0}', file.sharedWith.map((vm) => displayLine(vm)).join(', '))]),
  ];
  return { name: path.slice(path.lastIndexOf('/') + 1), facts: facts.join(' · ') };
}

export function roleWords({ role, target = '' }: Pick<VmFile, 'role' | 'target'>): string {
  switch (role) {
    case 'disk':
      return t('disk {0}', displayLine(target));
    case 'medium':
      return t('medium in drive {0}', displayLine(target));
    case 'memory':
      return t('memory');
    case 'savedState':
      return t('managed save');
    case 'uefiVariables':
      return t('UEFI variables');
    case 'tpmState':
      return t('state of the TPM');
    case 'metadata':
      return t('libvirt configuration');
  }
}

function sizeWords({ allocatedBytes, virtualBytes = 'unknown', seen }: VmFile): string {
  if (seen === 'missing') {
    return t('missing');
  }
  if (allocatedBytes === 'unknown') {
    return t('size unknown');
  }
  const taken = bytesText(allocatedBytes);
  return virtualBytes === 'unknown' ? taken : t('{0} of at most {1}', taken, bytesText(virtualBytes));
}
