// What is wrong with a lab file, while it is written, and above it what can be done with its lab now. Asks no libvirt:
// a workspace need not be trusted for it. Completion is for the editor's own YAML extension, by our schema.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import type { Event } from '../../base/emitter.js';
import type { Log } from '../../base/log.js';
import { hasOtherSteps, labOf, type LabOffer, labOffers } from '../../lab/labOffers.js';
import { readLab } from '../../lab/readLab.js';
import { labFileName } from '../../manifest/labFileName.js';
import { pointTitle } from '../../text/systems/systemPointText.js';
import type { CommandId } from '../../verbs/verbs.js';

const selector: vscode.DocumentFilter = { pattern: `**/${labFileName}` };

export interface LabWatch {
  /** The folder with the records of labs. */
  readonly folder: string;
  readonly log: Log;
  /** A lab may have been made or removed. */
  readonly onDidChange: Event<void>;
}

export function labLanguage(watch: LabWatch): Disposable {
  const store = new DisposableStore();
  const other = store.add(new vscode.EventEmitter<void>());
  store.add(watch.onDidChange(() => other.fire()));
  store.add(vscode.workspace.onDidGrantWorkspaceTrust(() => other.fire()));
  store.add(
    vscode.languages.registerCodeLensProvider(
      { ...selector, scheme: 'file' },
      { onDidChangeCodeLenses: other.event, provideCodeLenses: (document) => lensesOf(document, watch) },
    ),
  );
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

async function lensesOf(document: vscode.TextDocument, { folder, log }: LabWatch): Promise<vscode.CodeLens[]> {
  const commands: Readonly<Record<LabOffer, readonly [CommandId, string]>> = {
    create: ['virtRewind.createLab', t('Create Lab…')],
    update: ['virtRewind.createLab', t('Run Changed Steps…')],
    reset: ['virtRewind.resetLab', t('Reset Lab…')],
    check: ['virtRewind.checkLab', t('Check Lab')],
    destroy: ['virtRewind.destroyLab', t('Destroy Lab…')],
  };
  const record = await labOf(folder, document.uri.fsPath, log);
  const read = readLab(document.getText());
  const { lab } = read;
  const { isTrusted } = vscode.workspace;
  // The files of its steps are read where the workspace is trusted alone.
  const isChanged =
    isTrusted && lab !== undefined && record !== undefined && (await hasOtherSteps(lab, record, process.env));
  const offers = labOffers({
    isRight: lab !== undefined,
    isTrusted,
    isChanged,
    ...(record !== undefined && { phase: record.phase }),
  });
  // The offer above the file resets it to the only one.
  const points = offers.includes('reset') && lab !== undefined && lab.points.length > 1 ? lab.points : [];
  return [
    ...offers.map((offer) => {
      const [command, title] = commands[offer];
      return new vscode.CodeLens(new vscode.Range(0, 0, 0, 0), { command, title, arguments: [document.uri] });
    }),
    ...points.map(({ title: snapshot }, at) => {
      const line = read.positionOf(['points', at, 'title']).line - 1;
      const command: CommandId = 'virtRewind.resetLab';
      const given = [{ file: document.uri.fsPath, snapshot }];
      const title = t('Reset to “{0}”…', pointTitle({ title: snapshot }));
      return new vscode.CodeLens(new vscode.Range(line, 0, line, 0), { command, title, arguments: given });
    }),
  ];
}

function problemsOf(document: vscode.TextDocument): readonly vscode.Diagnostic[] {
  return readLab(document.getText()).problems.map(({ line, column, endLine, endColumn, message }) => {
    const range = new vscode.Range(line - 1, column - 1, endLine - 1, endColumn - 1);
    const problem = new vscode.Diagnostic(document.validateRange(range), message);
    problem.source = 'Virt Rewind';
    return problem;
  });
}
