// Read-only documents that are fetched when an editor opens them: the XML of a VM or a snapshot.
import * as vscode from 'vscode';
import type { InventoryPort } from '../inventory/inventory.js';
import type { Disposable } from '../lifetime/disposable.js';
import type { VmRef } from '../model/vm.js';

export const documentScheme = 'virt-rewind';

export class XmlDocuments implements Disposable {
  constructor(private readonly inventory: InventoryPort) {}

  /** Opens the XML of the VM or, with a name, of its snapshot; resolves when the editor shows it. Rejects with a Failure. */
  async open(ref: VmRef, _snapshot?: string): Promise<void> {
    await vscode.workspace.openTextDocument({ content: await this.inventory.readVmXml(ref) });
  }

  dispose(): void {
    // Filled in with the provider.
  }
}
