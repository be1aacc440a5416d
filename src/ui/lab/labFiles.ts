// Waits until a lab file is open, or a folder with one. What reads it, and knows YAML, and what runs tests after a
// reset, is loaded then and not before.
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import { labFileName } from '../../manifest/labFileName.js';
import { hasLabFile } from './labFolders.js';
import type { LabWatch } from './labLanguage.js';

export function labFiles(watch: LabWatch): Disposable {
  const { log } = watch;
  const store = new DisposableStore();
  const [file, folder] = [store.add(new DisposableStore()), store.add(new DisposableStore())];
  const once = (waiting: DisposableStore, load: () => Promise<Disposable>): void => {
    if (!waiting.isDisposed) {
      waiting.dispose();
      load()
        .then((loaded) => store.add(loaded))
        .catch((error: unknown) => log.error(String(error)));
    }
  };
  const look = async (folders: readonly vscode.WorkspaceFolder[]): Promise<void> => {
    const have = await Promise.all(folders.map((one) => hasLabFile(one)));
    if (have.includes(true)) {
      once(folder, () => import('./labTests.js').then(({ labTests }) => labTests()));
    }
  };
  const noteOpened = ({ fileName }: vscode.TextDocument): void => {
    if (fileName.endsWith(`/${labFileName}`)) {
      once(file, () => import('./labLanguage.js').then(({ labLanguage }) => labLanguage(watch)));
      // One that was written just now.
      void look(vscode.workspace.workspaceFolders ?? []);
    }
  };
  file.add(vscode.workspace.onDidOpenTextDocument(noteOpened));
  folder.add(vscode.workspace.onDidChangeWorkspaceFolders(({ added }) => void look(added)));
  vscode.workspace.textDocuments.forEach(noteOpened);
  void look(vscode.workspace.workspaceFolders ?? []);
  return store;
}
