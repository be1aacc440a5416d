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
import { protectedBy } from './model/protection.js';
import { XmlDocuments } from './views/documents.js';
import { Reports } from './views/reports.js';
import { VmTree } from './views/vmTree.js';

/** What tests and a development host can reach; nobody else gets it. */
export interface DevelopmentApi {
  readonly inventory: InventoryPort;
  readonly tree: VmTree;
  /** Folder of the operations that have not ended. */
  readonly journal: string;
}

export function activate(context: vscode.ExtensionContext): DevelopmentApi | undefined {
  const log = vscode.window.createOutputChannel('Virt Rewind', { log: true });
  const journal = join(context.globalStorageUri.fsPath, 'journal');
  const inventory = new Inventory({ open: libvirtHypervisor(log, process.env), log, journal: { folder: journal } });
  follow(inventory, readSettings());

  const tree = new VmTree(inventory, log);
  const documents = new XmlDocuments(inventory);
  const reports = new Reports();
  const history = vscode.Uri.file(join(journal, 'audit.jsonl'));
  const commands = registerCommands({ inventory, tree, documents, reports, history, log });
  const settings = onDidChangeSettings((changed) => follow(inventory, changed));

  // Ended in this order: whatever still asks the inventory ends before it.
  context.subscriptions.push(settings, commands, reports, documents, tree, inventory, log);
  return context.extensionMode === vscode.ExtensionMode.Production ? undefined : { inventory, tree, journal };
}

function follow(inventory: Inventory, settings: Settings): void {
  inventory.setProtected(protectedBy(settings.protectedVms));
  inventory.setAutoPrune(settings.keepCheckpoints);
  inventory.setConnections(wantedConnections(settings));
}

function wantedConnections({ connections }: Settings): readonly string[] {
  return connections.length > 0 ? connections : defaultConnections(process.env, process.getuid?.());
}
