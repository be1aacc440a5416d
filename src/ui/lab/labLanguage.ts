// What is wrong with a lab file, while it is written. Nothing is asked of a libvirt, and so a workspace need not be
// trusted for it. Completion is for the editor's own YAML extension, by our schema.
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import { readLab } from '../../lab/readLab.js';
import { labFileName } from '../../manifest/labFileName.js';

const selector: vscode.DocumentSelector = { pattern: `**/${labFileName}` };

export function labLanguage(): Disposable {
  const store = new DisposableStore();
  const problems = store.add(vscode.languages.createDiagnosticCollection('virt-rewind'));
  const judge = (document: vscode.TextDocument): void => {
    if (vscode.languages.match(selector, document) > 0) {
      problems.set(document.uri, problemsOf(document));
    }
  };
  store.add(vscode.workspace.onDidOpenTextDocument(judge));
  store.add(vscode.workspace.onDidChangeTextDocument(({ document }) => judge(document)));
  store.add(vscode.workspace.onDidCloseTextDocument(({ uri }) => problems.delete(uri)));
  vscode.workspace.textDocuments.forEach(judge);
  return store;
}

function problemsOf(document: vscode.TextDocument): readonly vscode.Diagnostic[] {
  return readLab(document.getText()).problems.map(({ line, column, endLine, endColumn, message }) => {
    const range = new vscode.Range(line - 1, column - 1, endLine - 1, endColumn - 1);
    const problem = new vscode.Diagnostic(document.validateRange(range), message);
    problem.source = 'Virt Rewind';
    return problem;
  });
}
