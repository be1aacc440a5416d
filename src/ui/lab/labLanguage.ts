// What the editor says of a lab file while it is written: what is wrong, what can be written where, and what a key
// means. All of it is said by the lab's own schema; nothing is asked of a libvirt, and so a workspace need not be
// trusted for it.
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import { labKeyUnder, labOffers } from '../../lab/labPlaceAt.js';
import { longestLab, readLab } from '../../lab/readLab.js';
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
  store.add(
    vscode.languages.registerCompletionItemProvider(
      selector,
      { provideCompletionItems: (document, position) => offers(document, position) },
      ' ',
      '[',
      '{',
    ),
  );
  store.add(
    vscode.languages.registerHoverProvider(selector, {
      provideHover: (document, { line, character }) => {
        const key = isShort(document) ? labKeyUnder(document.getText(), line, character) : undefined;
        return key === undefined || key.description === '' ? undefined : new vscode.Hover(key.description);
      },
    }),
  );
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

function offers(document: vscode.TextDocument, { line, character }: vscode.Position): vscode.CompletionItem[] {
  if (!isShort(document)) {
    return [];
  }
  return labOffers(document.getText(), line, character).map(({ label, inserted, description, kind }) => {
    const kinds = vscode.CompletionItemKind;
    const item = new vscode.CompletionItem(label, kind === 'key' ? kinds.Property : kinds.Value);
    item.insertText = inserted;
    item.documentation = description;
    return item;
  });
}

function isShort(document: vscode.TextDocument): boolean {
  return document.offsetAt(new vscode.Position(document.lineCount, 0)) <= longestLab;
}
