// What helps who is not let in by libvirt. A part of failureText; knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { FailureDetails } from '../../domain/failure.js';

/** Undefined: it is not known what. */
export function entryAdvice({ entry, group }: FailureDetails): string | undefined {
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
  return group === undefined
    ? undefined
    : t(
        'The socket belongs to the group {0}. Join it (sudo usermod -aG {0} $USER), log in again, then connect.',
        group,
      );
}
