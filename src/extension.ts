// Builds each room once, bottom to top, and hands it on. Nothing connects before the view is seen or a command asks.
import { join } from 'node:path';
import * as vscode from 'vscode';
import { registerCommands } from './commands/registerCommands.js';
import { libvirtHypervisor } from './hypervisor/openLibvirt.js';
import type { InventoryPort } from './inventory/inventory.js';
import { Inventory } from './inventory/liveInventory.js';
import { defaultConnections } from './manifest/defaultConnections.js';
import { onDidChangeSettings, readSettings } from './manifest/readSettings.js';
import type { Settings } from './manifest/settings.js';
import { XmlDocuments } from './views/documents.js';
import { VmTree } from './views/vmTree.js';

/** What tests and a development host can reach; nobody else gets it. */
export interface DevelopmentApi {
  readonly inventory: InventoryPort;
  readonly tree: VmTree;
}

export function activate(context: vscode.ExtensionContext): DevelopmentApi | undefined {
  const log = vscode.window.createOutputChannel('Virt Rewind', { log: true });
  const inventory = new Inventory({
    open: libvirtHypervisor(log, process.env),
    log,
    journal: { folder: join(context.globalStorageUri.fsPath, 'journal') },
  });
  inventory.setConnections(wantedConnections(readSettings()));

  const tree = new VmTree(inventory, log);
  const documents = new XmlDocuments(inventory);
  const commands = registerCommands({ inventory, tree, documents, log });
  const settings = onDidChangeSettings((changed) => inventory.setConnections(wantedConnections(changed)));

  // Ended in this order: whatever still asks the inventory ends before it.
  context.subscriptions.push(settings, commands, documents, tree, inventory, log);
  return context.extensionMode === vscode.ExtensionMode.Production ? undefined : { inventory, tree };
}

function wantedConnections({ connections }: Settings): readonly string[] {
  return connections.length > 0 ? connections : defaultConnections(process.env, process.getuid?.());
}
