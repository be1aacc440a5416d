// Where the first start after an installation lands: in the view, with the walkthrough beside it. Every other start
// asks no more than whether that was; so it is apart from what is loaded late.
import * as vscode from 'vscode';
import { treeViewId } from '../manifest/viewIds.js';

export const walkthrough = 'virt-rewind.virt-rewind#snapshots';
const landedKey = 'virtRewind.landed';

/**
 * At the first start after an installation, and never again. Who wants no walkthroughs at installations gets the view
 * alone.
 */
export async function landFirst(remembered: vscode.Memento): Promise<void> {
  if (remembered.get(landedKey) === true) {
    return;
  }
  // Before it, so that what goes wrong with it is not done again at each start.
  await remembered.update(landedKey, true);
  const editor = vscode.workspace.getConfiguration('workbench.welcomePage.walkthroughs');
  if (editor.get<boolean>('openOnInstall', true)) {
    await vscode.commands.executeCommand('workbench.action.openWalkthrough', walkthrough, false);
  }
  await vscode.commands.executeCommand(`${treeViewId}.focus`);
}
