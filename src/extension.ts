// Builds each room once, bottom to top, and hands it on. Nothing connects before the view is seen, a command asks, or the
// first look at the VMs' health, some minutes later.
import { join } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { registerCommands } from './ui/commands/registerCommands.js';
import type { InventoryPort } from './engine/inventory.js';
import type { OpenHypervisor } from './driver/hypervisor.js';
import { Inventory } from './engine/liveInventory.js';
import { defaultConnections } from './manifest/defaultConnections.js';
import { NotesFile } from './journal/notesFile.js';
import { stateFolder } from './journal/stateFolder.js';
import { onDidChangeSettings, readSettings } from './ui/readSettings.js';
import type { Settings } from './manifest/settings.js';
import type { LayerCost } from './domain/layerCost.js';
import { mayAct } from './domain/automaticActions.js';
import { protectedBy } from './domain/protection.js';
import { XmlDocuments } from './ui/documents/documents.js';
import { Attentions } from './ui/attentions.js';
import { PicturePanels } from './ui/picture/picturePanels.js';
import { HealthStatus } from './ui/health/healthStatus.js';
import { Teaching } from './ui/commands/teaching.js';
import { Reports } from './ui/documents/reports.js';
import { VmTree } from './ui/tree/vmTree.js';
import { HealthWatch } from './ui/health/healthWatch.js';
import { watchSettings } from './ui/health/watchSettings.js';

/** What is remembered of the VMs' health, at most. */
const mostNoteBytes = 2 * 1024 * 1024;

/** What tests and a development host can reach; nobody else gets it. */
export interface DevelopmentApi {
  readonly inventory: InventoryPort;
  readonly tree: VmTree;
  readonly pictures: PicturePanels;
  readonly health: HealthWatch;
  readonly status: HealthStatus;
  readonly teaching: Teaching;
  /** Folder of the operations that have not ended, and of the history. */
  readonly journal: string;
}

/** `deactivate` is given nothing to know it by. */
let endLesson: (() => Promise<void>) | undefined;

export function activate(context: vscode.ExtensionContext): DevelopmentApi | undefined {
  // The editor has a bundle where the reader's language is another than that of the source.
  l10n.config({ contents: vscode.l10n.bundle ?? {} });
  const log = vscode.window.createOutputChannel('Virt Rewind', { log: true });
  const journal = stateFolder(process.env, join(context.globalStorageUri.fsPath, 'journal'));
  const open: OpenHypervisor = async (...asked) => {
    const { libvirtHypervisor } = await import('./driver/connection/openLibvirt.js');
    const mayEndPools = (): boolean => mayAct('endPools', readSettings().automaticActions);
    return libvirtHypervisor(log, process.env, { mayEndPools })(...asked);
  };
  const inventory = new Inventory({ open, log, journal: { folder: journal, editor: vscode.env.appName } });
  const notes = new NotesFile(join(context.globalStorageUri.fsPath, 'health', 'notes.json'), mostNoteBytes, log);
  const health = new HealthWatch({ inventory, notes, log });
  follow(inventory, health, readSettings());

  const attentions = new Attentions(inventory);
  const tree = new VmTree(inventory, attentions, health, log);
  const pictures = new PicturePanels({ inventory, health, log, extension: context.extensionUri }, attentions);
  const documents = new XmlDocuments(inventory);
  const reports = new Reports();
  const status = new HealthStatus(health);
  const history = vscode.Uri.file(join(journal, 'audit.jsonl'));
  const guest = join(context.extensionPath, 'dist', 'lesson.bin');
  const measure = async (folder: string, depths: readonly number[]): Promise<readonly LayerCost[]> => {
    const { measureLayerCosts } = await import('./qemu/layerCosts.js');
    return measureLayerCosts(folder, depths, process.env);
  };
  const teaching = new Teaching({ inventory, log, guest, measure });
  const commands = registerCommands({ inventory, tree, documents, reports, pictures, health, teaching, history, log });
  const settings = onDidChangeSettings((changed) => follow(inventory, health, changed));

  // Ended in this order: whatever still asks the inventory ends before it.
  context.subscriptions.push(
    settings,
    commands,
    status,
    teaching,
    pictures,
    reports,
    documents,
    tree,
    health,
    inventory,
    log,
  );
  endLesson = () => (mayAct('removeLessons', readSettings().automaticActions) ? teaching.end() : Promise.resolve());
  if (mayAct('removeLessons', readSettings().automaticActions)) {
    teaching
      .removeLeft()
      .catch((error: unknown) => log.warn(`What an earlier lesson left is still there: ${String(error)}`));
  }
  return context.extensionMode === vscode.ExtensionMode.Production
    ? undefined
    : { inventory, tree, pictures, health, status, teaching, journal };
}

/** The editor is closed: it waits a few seconds for this. What takes longer, or breaks off, the next start removes. */
export async function deactivate(): Promise<void> {
  await endLesson?.();
}

function follow(inventory: Inventory, health: HealthWatch, settings: Settings): void {
  inventory.setProtected(protectedBy(settings.protectedVms));
  inventory.setAutoPrune(settings.keepCheckpoints);
  inventory.setAutomaticActions(settings.automaticActions);
  inventory.setConnections(wantedConnections(settings));
  health.setSettings(watchSettings(settings));
}

function wantedConnections({ connections }: Settings): readonly string[] {
  return connections.length > 0 ? connections : defaultConnections(process.env, process.getuid?.());
}
