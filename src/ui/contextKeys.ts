// The context keys that `when` clauses in package.json may use: each key with its values. A test compares the two.
import * as vscode from 'vscode';
import type { ContextKeys } from '../manifest/contextKeyTable.js';

/** Sets context keys of the window; a key not named keeps its value. */
export async function setContextKeys(values: Partial<ContextKeys>): Promise<void> {
  await Promise.all(
    Object.entries(values).map(([key, value]) => vscode.commands.executeCommand('setContext', key, value)),
  );
}
