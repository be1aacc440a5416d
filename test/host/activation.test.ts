import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { DevelopmentApi } from '../../src/extension.js';
import { commandIds } from '../../src/tables.js';
import { landFirst } from '../../src/ui/firstLanding.js';
import { treeViewId } from '../../src/manifest/viewIds.js';

const extension = vscode.extensions.getExtension('virt-rewind.virt-rewind');

/** Resolves when so many editors are open. */
function tabs(count: number): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (vscode.window.tabGroups.all.flatMap((group) => group.tabs).length === count) {
        listening.dispose();
        resolve();
      }
    };
    const listening = vscode.window.tabGroups.onDidChangeTabs(look);
    look();
  });
}

describe('activation', () => {
  it('connects nothing before the view is seen or a command asks', async () => {
    const api = (await extension?.activate()) as DevelopmentApi;
    assert.deepEqual(
      api.engine.connections.map(({ state }) => state),
      ['idle'],
    );
  });

  it('comes with the view', async () => {
    await vscode.commands.executeCommand(`${treeViewId}.focus`);
    await extension?.activate();
    assert.equal(extension?.isActive, true);
  });

  it('lands once after an installation: in the view, with the walkthrough beside it', async () => {
    const kept = new Map<string, unknown>();
    const remembered: vscode.Memento = {
      keys: () => [...kept.keys()],
      get: (key: string) => kept.get(key),
      update: (key: string, value: unknown) => Promise.resolve(void kept.set(key, value)),
    } as vscode.Memento;
    const labels = (): readonly string[] =>
      vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs.map(({ label }) => label));
    const before = labels().length;
    await landFirst(remembered);
    await tabs(before + 1);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await landFirst(remembered);
    assert.deepEqual(labels(), []);
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
