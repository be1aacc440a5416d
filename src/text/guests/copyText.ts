// Why a file was not copied into or out of a guest, what state things are in, and what to do next. What a guest says is
// untrusted.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import type { CopyProblem, CopyStopped, FileFault } from '../../session/copyStopped.js';
import { bytesText } from '../bytesText.js';
import { percent } from '../operations/progressText.js';
import { silentAgentText } from './waitText.js';

export function copyStoppedText({ problem, left }: CopyStopped, vmName: string): string {
  const vm = displayLine(vmName);
  const what = problemText(problem, vm);
  if (left === undefined) {
    return t('{0} Nothing was copied.', what);
  }
  const path = displayLine(left.path);
  return left.is === 'inPlace'
    ? t('{0} {1} in {2} is incomplete. Copy it again.', what, path, vm)
    : t('{0} Part of it may be left in {1} as {2}. Delete it there.', what, vm, path);
}

function problemText(problem: CopyProblem, vm: string): string {
  switch (problem.kind) {
    case 'notRunning':
      return t('{0} is not running. The guest agent copies the files, so start the VM first.', vm);
    case 'noAgent':
      return silentAgentText(vm);
    case 'blocked':
      return t(
        'The guest agent of {0} does not allow this ({1}). Allow it in the configuration of qemu-ga in the guest.',
        vm,
        displayLine(problem.commands.join(', ')),
      );
    case 'endless':
      return t('{0} reports no size, and had no end after {1}.', displayLine(problem.path), bytesText(problem.bytes));
    case 'file': {
      const path = displayLine(problem.path);
      const said = displayLine(problem.said);
      const sentence = fileSentence(problem.fault, problem.at === 'guest' ? t('{0} in {1}', path, vm) : path);
      return said === '' ? sentence : t('{0} ({1})', sentence, said);
    }
    case 'lost':
      return t('The connection to libvirt ended ({0}).', displayLine(problem.said));
    case 'cancelled':
      return t('Cancelled.');
  }
}

function fileSentence(fault: FileFault, file: string): string {
  switch (fault) {
    case 'missing':
      return t('{0} or its folder does not exist.', file);
    case 'exists':
      return t('{0} already exists. Allow it to be replaced, or use another name.', file);
    case 'folder':
      return t('{0} is a folder. Only single files can be copied: pack it first.', file);
    case 'denied':
      return t('No permission to open {0}.', file);
    case 'readOnly':
      return t('{0} is on a read-only file system.', file);
    case 'full':
      return t('There is no space left for {0}.', file);
    case 'other':
      return t('Could not copy {0}.', file);
  }
}

/** @param totalBytes undefined where the guest tells none */
export function copyProgressText(bytes: number, totalBytes: number | undefined): string {
  return totalBytes === undefined
    ? bytesText(bytes)
    : t('{0} %, {1} of {2}', percent(bytes / totalBytes), bytesText(bytes), bytesText(totalBytes));
}

/** @param to where it is now */
export function copiedText(bytes: number, to: string): string {
  return t('Copied {0} to {1}.', bytesText(bytes), displayLine(to));
}
