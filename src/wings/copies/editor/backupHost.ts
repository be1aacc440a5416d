// The computer on which restic runs for the VMs of a connection, and on which the folders are: this one, or one behind
// ssh.
import { posix } from 'node:path';
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { HostLogin } from '../../../hosts/hostLogin.js';
import { hostOf, isFar } from '../../../driver/sharedHost.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { askText } from '../../../ui/prompts/ask.js';
import { requireAnswer } from '../../../ui/prompts/commandError.js';
import { loginTo } from '../../../transfer/loginTo.js';
import { isRemote } from '../repository/repositoryAddress.js';

export interface BackupHost {
  /** The connection that leads there. Absent: this computer. */
  readonly uri?: string;
  /** As the connection calls it. */
  readonly name: string;
}

export interface OpenBackupHost extends BackupHost {
  /** Undefined: this computer. */
  readonly login: HostLogin | undefined;
}

/** Asks nobody. */
export function hostOfConnection(uri: string): BackupHost {
  return isFar(uri) ? { uri, name: hostOf(uri) ?? uri } : { name: '' };
}

/** @throws Failure `noLogin`; Failure of the connection */
export async function openBackupHost(engine: EnginePort, uri: string): Promise<OpenBackupHost> {
  return { ...hostOfConnection(uri), login: await loginTo(engine, uri, 'toRead') };
}

/** What a repository is called, as seen from this computer. */
export function shownTarget({ uri, name }: BackupHost, target: string): string {
  return uri === undefined || isRemote(target) ? target : `${name}:${target}`;
}

export interface FolderQuestion {
  /** The title of the dialog for a folder of this computer. */
  readonly here: string;
  /** The title of the box for a folder of another host, above its prompt and example. */
  readonly there: string;
  readonly prompt: string;
  readonly example: string;
}

/** A whole path, by a dialog or by a box. */
export async function askFolder(
  { uri }: BackupHost,
  { here, there, prompt, example }: FolderQuestion,
): Promise<string> {
  if (uri === undefined) {
    const dialog = { title: here, canSelectFiles: false, canSelectFolders: true };
    const [folder] = requireAnswer(await vscode.window.showOpenDialog(dialog));
    return requireAnswer(folder).fsPath;
  }
  const answer = await askText({
    title: there,
    prompt,
    placeHolder: example,
    ignoreFocusOut: true,
    problem: (text) => (text.trim().startsWith('/') ? undefined : t('Enter an absolute path, such as {0}.', example)),
  });
  return posix.resolve('/', requireAnswer(answer).trim());
}
