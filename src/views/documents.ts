// Read-only documents that are fetched when they are opened: the XML of a VM or a snapshot. Knows no XML.
import * as vscode from 'vscode';
import type { InventoryPort } from '../inventory/inventory.js';
import { type Disposable, DisposableStore } from '../lifetime/disposable.js';
import type { VmRef } from '../model/vm.js';

export const documentScheme = 'virt-rewind';

export class XmlDocuments implements Disposable, vscode.TextDocumentContentProvider {
  readonly #inventory: InventoryPort;
  readonly #store = new DisposableStore();
  readonly #changed: vscode.EventEmitter<vscode.Uri>;
  /** What `open` has read, until the editor asks for it. */
  readonly #read = new Map<string, string>();

  constructor(inventory: InventoryPort) {
    this.#inventory = inventory;
    this.#changed = this.#store.add(new vscode.EventEmitter<vscode.Uri>());
    this.#store.add(vscode.workspace.registerTextDocumentContentProvider(documentScheme, this));
  }

  get onDidChange(): vscode.Event<vscode.Uri> {
    return this.#changed.event;
  }

  /**
   * Opens the XML of the VM or, with a name, of its snapshot, as it is now; resolves when the editor shows it. Rejects
   * with a Failure.
   */
  async open(ref: VmRef, snapshot?: string): Promise<void> {
    const uri = documentUri(this.#inventory.findVm(ref)?.vm.name ?? ref.uuid, ref, snapshot);
    this.#read.set(uri.toString(), await this.#readXml(ref, snapshot));
    this.#changed.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true });
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const read = this.#read.get(uri.toString());
    if (read !== undefined) {
      this.#read.delete(uri.toString());
      return read;
    }
    const [connection = '', uuid = '', snapshot] = parseQuery(uri.query);
    return this.#readXml({ connection, uuid }, snapshot);
  }

  dispose(): void {
    this.#store.dispose();
  }

  #readXml(ref: VmRef, snapshot: string | undefined): Promise<string> {
    return snapshot === undefined ? this.#inventory.readVmXml(ref) : this.#inventory.readSnapshotXml(ref, snapshot);
  }
}

/** The path is what people read on the tab; the query says which document it is. */
function documentUri(vmName: string, ref: VmRef, snapshot: string | undefined): vscode.Uri {
  const file = snapshot === undefined ? vmName : `${vmName} ${snapshot}`;
  const parts = snapshot === undefined ? [ref.connection, ref.uuid] : [ref.connection, ref.uuid, snapshot];
  return vscode.Uri.from({
    scheme: documentScheme,
    path: `/${file.replaceAll('/', '_')}.xml`,
    query: JSON.stringify(parts),
  });
}

/** A restored window hands back URIs of earlier sessions; whatever else is in one is no document of ours. */
function parseQuery(query: string): readonly string[] {
  const parts: unknown = JSON.parse(query);
  if (!Array.isArray(parts) || !parts.every((part) => typeof part === 'string')) {
    throw new Error(`Not a document of Virt Rewind: ${query}`);
  }
  return parts;
}
