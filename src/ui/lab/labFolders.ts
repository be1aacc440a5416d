// Which folders of the workspace have a lab.
import * as vscode from 'vscode';
import { labFileName } from '../../manifest/labFileName.js';

/** In the folder itself. */
export function hasLabFile({ uri }: vscode.WorkspaceFolder): Thenable<boolean> {
  return vscode.workspace.fs.stat(vscode.Uri.joinPath(uri, labFileName)).then(
    () => true,
    () => false,
  );
}

export async function foldersWithLab(): Promise<readonly vscode.WorkspaceFolder[]> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const have = await Promise.all(folders.map((folder) => hasLabFile(folder)));
  return folders.filter((_, at) => have[at] === true);
}
