// What helps who is not let in by libvirt. A part of failureText; knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { FailureDetails } from '../domain/failure.js';

/** Undefined: it is not known what. */
export function entryAdvice({ entry, group }: FailureDetails): string | undefined {
  if (entry === 'noPolkit') {
    return t(
      'libvirt asks polkit who may use it, and cannot reach it: start the services dbus and polkit on this computer, or set auth_unix_rw = "none" in libvirtd.conf, which lets in everybody who may open the socket. Then connect again.',
    );
  }
  if (entry === 'newLogin') {
    return t(
      'You are in the group that may, and this editor was started before: log in again (of an editor on another computer, end its server too), then connect.',
    );
  }
  return group === undefined
    ? undefined
    : t('Its socket belongs to the group {0}: join it (sudo usermod -aG {0} $USER), log in again, connect.', group);
}
