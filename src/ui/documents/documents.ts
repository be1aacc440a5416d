// Read-only documents that are fetched when they are opened: the XML of a VM or a snapshot. Knows no XML.
import * as vscode from 'vscode';
import type { EnginePort } from '../../engine/enginePort.js';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import type { Hardware } from '../../domain/hardware.js';
import { displayLine } from '../../domain/plainText.js';
import type { VmRef } from '../../domain/vm.js';

const documentScheme = 'virt-rewind';
/** Hardware alone, put in order, for comparing. */
const hardwareScheme = 'virt-rewind-hardware';

interface ComparedState {
  readonly snapshot?: string;
  readonly hardware: Hardware;
}

export class XmlDocuments implements Disposable, vscode.TextDocumentContentProvider {
  readonly #engine: EnginePort;
  readonly #store = new DisposableStore();
  readonly #changed: vscode.EventEmitter<vscode.Uri>;
  /** What `open` has read, until the editor asks for it. */
  readonly #read = new Map<string, string>();

  constructor(engine: EnginePort) {
    this.#engine = engine;
    this.#changed = this.#store.add(new vscode.EventEmitter<vscode.Uri>());
    for (const scheme of [documentScheme, hardwareScheme]) {
      this.#store.add(vscode.workspace.registerTextDocumentContentProvider(scheme, this));
    }
  }

  get onDidChange(): vscode.Event<vscode.Uri> {
    return this.#changed.event;
  }

  /**
   * Opens the XML of the VM or, with a name, of its snapshot, as it is now; resolves when the editor shows it. Rejects
   * with a Failure.
   */
  async open(ref: VmRef, snapshot?: string): Promise<void> {
    const uri = documentUri(this.#engine.findVm(ref)?.vm.name ?? ref.uuid, ref, snapshot);
    this.#read.set(uri.toString(), await this.#readXml(ref, snapshot));
    this.#changed.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true });
  }

  /**
   * Shows the hardware of two states of a VM side by side; without a name it is the current one. Rejects with a
   * Failure.
   */
  async openComparison(ref: VmRef, left: ComparedState, right: ComparedState, title: string): Promise<void> {
    const vmName = this.#engine.findVm(ref)?.vm.name ?? ref.uuid;
    const uris = [left, right].map(({ snapshot, hardware }) => {
      const uri = documentUri(vmName, ref, snapshot, hardwareScheme);
      this.#read.set(uri.toString(), hardware.xml);
      this.#changed.fire(uri);
      return uri;
    });
    await vscode.commands.executeCommand('vscode.diff', ...uris, displayLine(title), { preview: true });
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const read = this.#read.get(uri.toString());
    if (read !== undefined) {
      this.#read.delete(uri.toString());
      return read;
    }
    const [connection = '', uuid = '', snapshot] = parseQuery(uri.query);
    const ref = { connection, uuid };
    return uri.scheme === hardwareScheme
      ? (await this.#engine.readHardware(ref, snapshot)).xml
      : this.#readXml(ref, snapshot);
  }

  dispose(): void {
    this.#store.dispose();
  }

  #readXml(ref: VmRef, snapshot: string | undefined): Promise<string> {
    return snapshot === undefined ? this.#engine.readVmXml(ref) : this.#engine.readSnapshotXml(ref, snapshot);
  }
}

/** The path is what people read on the tab; the query says which document it is. */
function documentUri(
  vmName: string,
  ref: VmRef,
  snapshot: string | undefined,
  scheme: string = documentScheme,
): vscode.Uri {
  const file = snapshot === undefined ? vmName : `${vmName} ${snapshot}`;
  const parts = snapshot === undefined ? [ref.connection, ref.uuid] : [ref.connection, ref.uuid, snapshot];
  return vscode.Uri.from({
    scheme,
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
