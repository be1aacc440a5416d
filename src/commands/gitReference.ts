// Which branch and commit the workspace is at, from the editor's own git extension. Runs no git and reads no file.
import * as vscode from 'vscode';

/** As much of the git extension's API (version 1) as is read here. */
interface GitExtension {
  /** False with the setting `git.enabled` off or no git installed; getAPI throws then. */
  readonly enabled: boolean;
  getAPI(version: 1): GitApi;
}
interface GitApi {
  readonly repositories: readonly Repository[];
  getRepository(uri: vscode.Uri): Repository | null;
}
interface Repository {
  readonly rootUri: vscode.Uri;
  readonly state: { readonly HEAD?: { readonly name?: string; readonly commit?: string } | undefined };
}

/**
 * `branch@commit` of the repository that the active editor or the first folder is in, the commit in 12 digits;
 * `@commit` without a branch. Nothing in an untrusted workspace, and nothing where git is not active: a snapshot shall
 * not wait for it.
 */
export function gitReference(): string | undefined {
  const extension = vscode.extensions.getExtension<GitExtension>('vscode.git');
  if (!vscode.workspace.isTrusted || extension?.isActive !== true || !extension.exports.enabled) {
    return undefined;
  }
  const api = extension.exports.getAPI(1);
  const here = [
    vscode.window.activeTextEditor?.document.uri,
    ...(vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri),
  ];
  const repository = here.flatMap((uri) => (uri === undefined ? [] : (api.getRepository(uri) ?? [])))[0];
  const head = (repository ?? api.repositories[0])?.state.HEAD;
  return head?.commit === undefined ? undefined : `${head.name ?? ''}@${head.commit.slice(0, 12)}`;
}
