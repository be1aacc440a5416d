import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { DevelopmentApi } from '../../src/extension.js';
import { commandIds } from '../../src/manifest/commandIds.js';
import { treeViewId } from '../../src/manifest/viewIds.js';

const extension = vscode.extensions.getExtension('virt-rewind.virt-rewind');

describe('activation', () => {
  it('connects nothing before the view is seen or a command asks', async () => {
    const api = (await extension?.activate()) as DevelopmentApi;
    assert.deepEqual(
      api.inventory.connections.map(({ state }) => state),
      ['idle'],
    );
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
