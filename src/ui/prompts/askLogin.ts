// What a login at another host asks: a passphrase, whether its key is trusted, to touch a hardware key.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { displayLine, displayText } from '../../domain/plainText.js';
import type { AskLogin } from '../../hosts/login.js';
import { askText } from './ask.js';
import { askModal, notifyProgress } from './notify.js';

export const askLogin: AskLogin = async ({ kind, text, host: name }, signal) => {
  const host = displayLine(name);
  switch (kind) {
    case 'secret':
    case 'password':
      return askText({
        title: t('Connect to {0}', host),
        prompt: kind === 'secret' ? displayLine(text) : t('Password of {0} at libvirt there', displayLine(text)),
        password: true,
        ignoreFocusOut: true,
        until: tokenOf(signal),
      });
    case 'userName':
      return askText({
        title: t('Connect to {0}', host),
        prompt: t('Enter the user name for libvirt on that host'),
        ignoreFocusOut: true,
        until: tokenOf(signal),
      });
    case 'confirm': {
      const connect = t('Connect');
      // The buttons answer it.
      const question = text.replace(/[^\n]*\(yes\/no(?:\/\[fingerprint\])?\)\?\s*$/u, '').trim();
      const answer = await askModal('warning', t('Connect to {0}?', host), displayText(question), connect);
      return answer === connect ? 'yes' : 'no';
    }
    case 'notice':
      await notifyProgress(t('Connect to {0}', host), true, (report, cancellation) => {
        report(displayLine(text));
        return new Promise<void>((resolve) => {
          cancellation.onCancellationRequested(() => resolve());
          signal.addEventListener('abort', () => resolve());
        });
      });
      return undefined;
  }
};

function tokenOf(signal: AbortSignal): vscode.CancellationToken {
  const source = new vscode.CancellationTokenSource();
  signal.addEventListener('abort', () => source.cancel());
  return source.token;
}
