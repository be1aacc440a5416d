import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { commandIds } from '../../src/manifest/commandIds.js';
import { treeViewId } from '../../src/manifest/viewIds.js';

const extension = vscode.extensions.getExtension('virt-rewind.virt-rewind');
/** Asked while the test files are being loaded, before any test has opened the view. */
const activeBeforeTests = extension?.isActive;

describe('activation', () => {
  it('waits for the view or a command', () => {
    assert.equal(activeBeforeTests, false);
  });

  it('comes with the view', async () => {
    await vscode.commands.executeCommand(`${treeViewId}.focus`);
    await extension?.activate();
    assert.equal(extension?.isActive, true);
  });

  it('registers every command that it promises', async () => {
    await extension?.activate();
    const registered = await vscode.commands.getCommands(true);
    assert.deepEqual(
      commandIds.filter((id) => !registered.includes(id)),
      [],
    );
  });
});
