// What marks a row of the tree beside its words: a letter, or paler text. The editor asks for that by the address of a
// row.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { dimmedColor, type Row } from '../../text/rows/rows.js';

type RowMark = NonNullable<Row['mark']>;

const scheme = 'virt-rewind-row';

/** A letter, as Git's: of a lock no font of a bare Debian has a picture. */
const badge = 'P';

const decorations: Readonly<Record<RowMark, () => vscode.FileDecoration>> = {
  protected: () => new vscode.FileDecoration(badge, t('Protected')),
  lostProtected: () => new vscode.FileDecoration(badge, t('Protected'), new vscode.ThemeColor(dimmedColor)),
  lost: dimmedDecoration,
  dimmed: dimmedDecoration,
};

function dimmedDecoration(): vscode.FileDecoration {
  return new vscode.FileDecoration(undefined, undefined, new vscode.ThemeColor(dimmedColor));
}

/** The same for all rows with that mark: no row has to be told when it changes. */
export function rowMarkUri(mark: RowMark): vscode.Uri {
  return vscode.Uri.from({ scheme, path: `/${mark}` });
}

export const rowMarks: vscode.FileDecorationProvider = {
  provideFileDecoration: (uri) => (uri.scheme === scheme ? decorations[uri.path.slice(1) as RowMark]() : undefined),
};
