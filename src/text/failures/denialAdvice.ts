// What helps when the host forbids QEMU or libvirt a file: by a policy or by plain permissions. A part of failureText;
// knows nothing of the editor.
import { inQuotes } from '../quotes.js';
import { t } from '@vscode/l10n';
import { findDenial } from '../../domain/denial.js';
import type { Failure } from '../../domain/failure.js';
import { displayLine } from '../../domain/plainText.js';

/** Undefined: nobody forbade a file, or it is about something else, such as the socket. */
export function denialAdvice({ kind, details }: Pick<Failure, 'kind' | 'details'>): string | undefined {
  const denial =
    kind === 'failed' || kind === 'denied' ? findDenial(details.libvirtMessage, details.appArmor) : undefined;
  if (denial === undefined || details.group !== undefined || details.entry !== undefined) {
    return undefined;
  }
  const file = denial.file === undefined ? t('the file') : inQuotes(displayLine(denial.file));
  switch (denial.by) {
    case 'permissions':
      return t('QEMU runs as a separate user. Give that user access to {0} and to the folders above it.', file);
    case 'appArmor':
      return t(
        'AppArmor denies access. Shut down the VM and try again, or allow {0} in {1}.',
        file,
        '/etc/apparmor.d/local/abstractions/libvirt-qemu',
      );
    case 'seLinux':
      return t('SELinux denies access. Give {0} the label of VM images (restorecon, or chcon -t virt_image_t).', file);
  }
}
