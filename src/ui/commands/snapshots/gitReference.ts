// The editor's own git extension, as far as it is there: runs no git and reads no file.
import * as vscode from 'vscode';
import { type FollowedGit, type GitApi, gitHead } from './gitHead.js';

interface GitExtension {
  /** False with the setting `git.enabled` off or no git installed; getAPI throws then. */
  readonly enabled: boolean;
  readonly onDidChangeEnablement: vscode.Event<boolean>;
  getAPI(version: 1): GitApi<vscode.Uri> & FollowedGit;
}

/** Undefined where the editor has none. */
export function gitExtension(): vscode.Extension<GitExtension> | undefined {
  return vscode.extensions.getExtension<GitExtension>('vscode.git');
}

/**
 * The current branch and commit of the repository that the active editor or the first folder is in. Nothing in an
 * untrusted workspace, and nothing where git is not active: a snapshot shall not wait for it.
 */
export function gitReference(): string | undefined {
  const extension = gitExtension();
  if (!vscode.workspace.isTrusted || extension?.isActive !== true || !extension.exports.enabled) {
    return undefined;
  }
  const document = vscode.window.activeTextEditor?.document.uri;
  const folders = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri);
  return gitHead(extension.exports.getAPI(1), document === undefined ? folders : [document, ...folders]);
}
