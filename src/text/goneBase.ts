// What helps where a file below a disk is gone. A snapshot would not: its overlay needs the same file at each start.
import { t } from '@vscode/l10n';

export function putBackText(): string {
  return t(
    'Put the file back. If the VM runs, do not stop it: copy its disks out first ({0}).',
    'virsh blockcopy --transient-job --wait --finish',
  );
}
