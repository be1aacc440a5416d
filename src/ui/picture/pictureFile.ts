// Saves an exported picture where the user says. What it holds has been checked; this only asks and writes.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { FromPicture } from './messages.js';

type Export = Extract<FromPicture, { kind: 'export' }>;

/** Resolves to where it is; undefined: the user left the question. Rejects where it could not be written. */
export async function savePicture(vm: string, { format, data }: Export): Promise<vscode.Uri | undefined> {
  const name = `${vm.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+/u, '') || 'picture'}.${format}`;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const uri = await vscode.window.showSaveDialog({
    title: t('Save the Picture'),
    filters: format === 'svg' ? { SVG: ['svg'] } : { PNG: ['png'] },
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, name) }),
  });
  if (uri === undefined) {
    return undefined;
  }
  await vscode.workspace.fs.writeFile(uri, typeof data === 'string' ? new TextEncoder().encode(data) : data);
  return uri;
}
