// Waits until a lab file is open. What reads it, and knows YAML, is loaded then and not before.
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import type { Log } from '../../base/log.js';
import { labFileName } from '../../manifest/labFileName.js';

export function labFiles(log: Log): Disposable {
  const store = new DisposableStore();
  const waiting = store.add(new DisposableStore());
  const look = ({ fileName }: vscode.TextDocument): void => {
    if (!waiting.isDisposed && fileName.endsWith(`/${labFileName}`)) {
      waiting.dispose();
      import('./labLanguage.js')
        .then(({ labLanguage }) => store.add(labLanguage()))
        .catch((error: unknown) => log.error(String(error)));
    }
  };
  waiting.add(vscode.workspace.onDidOpenTextDocument(look));
  vscode.workspace.textDocuments.forEach(look);
  return store;
}
