// Why somebody may not use a daemon or change something over a connection, why the host forbids QEMU or libvirt a file,
// and what helps.
import { t } from '@vscode/l10n';
import type { FailureDetails, Failure } from '../../domain/failure.js';
import { forbiddenMergeText } from '../refusals/consolidateRefusals.js';
import { policyInLogText } from '../refusals/ramRefusals.js';
import { inQuotes } from '../quotes.js';
import { findDenial } from '../../domain/denial.js';
import { displayLine } from '../../domain/plainText.js';

/** What libvirt writes itself: of the system, or of a user. Its pool of images is QEMU's. */
const ownFolder =
  /^(?:\/etc|\/run|\/var\/(?:lib|cache|log|run)|\/.+\/\.(?:config|cache|local\/share))\/libvirt\/(?!images\/)/u;

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
      return ownFolder.test(denial.file ?? '')
        ? t(
            'libvirt keeps {0} itself, and may not use it. Check its owner, and that its file system is writable.',
            file,
          )
        : [
            t('QEMU runs as a separate user. Give that user access to {0} and to the folders above it.', file),
            policyInLogText(),
          ].join(' ');
    case 'appArmorMerge':
      return forbiddenMergeText().join(' ');
    case 'appArmorProfile':
      return t(
        'libvirt could not load the AppArmor profile of the VM. On its host, {0} says why. If {1} is missing there, create it empty.',
        'sudo apparmor_parser -r /etc/apparmor.d/libvirt/libvirt-*',
        '/etc/apparmor.d/local/abstractions/libvirt-qemu',
      );
    case 'seLinux':
      return t('SELinux denies access. Give {0} the label of VM images (restorecon, or chcon -t virt_image_t).', file);
  }
}

/** Undefined: it is not known what. */
function entryAdvice({ entry, group }: FailureDetails): string | undefined {
  if (entry === 'noPolkit') {
    return t(
      'libvirt cannot reach polkit to check your permission. Start the services dbus and polkit on this computer. Or set auth_unix_rw = "none" in libvirtd.conf, which allows every user who can open the socket. Then connect again.',
    );
  }
  if (entry === 'newLogin') {
    return t(
      'You are in the required group, but this editor was started before you joined it. Log in again, then connect. (For an editor on another computer, also stop its server.)',
    );
  }
  const advice = [
    ...(entry === 'lateAnswer'
      ? [t("libvirt waits 30 seconds for the answer to polkit's question. Connect again, and answer sooner.")]
      : []),
    ...(group === undefined
      ? []
      : [
          t(
            'The socket belongs to the group {0}. Join it (sudo usermod -aG {0} $USER), log in again, then connect.',
            group,
          ),
        ]),
  ];
  return advice.length === 0 ? undefined : advice.join(' ');
}

/** libvirt's VIR_ERR_OPERATION_DENIED: the connection was opened read-only. */
const readOnlyCode = 29;

/** @param daemon what the connection leads to */
export function deniedText(
  details: FailureDetails,
  daemon: string,
): { readonly sentence: string; readonly nextStep: string } {
  const { libvirtCode, group, entry, vm } = details;
  if (libvirtCode === readOnlyCode) {
    return {
      sentence: t('The connection of {0} is read-only.', vm ?? daemon),
      nextStep: t('Allow changes in the setting {0}.', 'virtRewind.connections'),
    };
  }
  return {
    sentence: t(
      'You do not have permission to use {0}.',
      (group === undefined && entry === undefined ? vm : undefined) ?? daemon,
    ),
    nextStep:
      entryAdvice(details) ?? t('Get permission in the libvirt policy (polkit) or for its socket, then connect again.'),
  };
}
