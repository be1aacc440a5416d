// A key that is pressed while the rows are drawn anew: until all of them are there again, the editor tells neither
// which row has the focus nor which are selected under what it draws. Asked a moment later, it tells; a row that is
// only selected may be of another VM.
import * as vscode from 'vscode';
import type { CommandId } from '../../verbs/verbs.js';
import { treeViewId } from '../../manifest/viewIds.js';
import { isNode } from '../tree/nodes.js';

/** Drawing takes the editor a round for each level that is open. */
const betweenMs = 100;
const mostTimes = 10;

/**
 * A keybinding's list, without the row that the editor was to put in it. One that asks for no row has its arguments
 * alone.
 */
export function isRowMissing(first: unknown): first is readonly unknown[] {
  return Array.isArray(first) && !first.some(isNode) && !(first.length === 1 && first.every(isArguments));
}

function isArguments(one: unknown): boolean {
  return typeof one === 'object' && one !== null && !('$treeViewId' in one);
}

/** Lets the editor put the row in once more, a moment later. False: often enough; nothing was called. */
export async function callAgain(id: CommandId, first: readonly unknown[]): Promise<boolean> {
  const times = first.find((one) => typeof one === 'number') ?? 0;
  if (times >= mostTimes) {
    return false;
  }
  await new Promise((resolve) => setTimeout(resolve, betweenMs));
  const focused = { $treeViewId: treeViewId, $focusedTreeItem: true };
  // Not straight: only what comes by way of the editor's own commands has the row put in.
  const args = [focused, ...first.filter(isArguments), times + 1];
  await vscode.commands.executeCommand('runCommands', { commands: [{ command: id, args }] });
  return true;
}
