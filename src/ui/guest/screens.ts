// What the displays of VMs showed, as images in tabs: one for each VM, which is drawn anew when it is looked at again.
// They are kept in memory alone.
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import { displayLine } from '../../domain/plainText.js';
import type { VmView } from '../../live/views.js';

const screenScheme = 'virt-rewind-screen';
/** Who comes back to an older tab finds it empty. */
const mostScreens = 20;

interface Screen {
  readonly png: Uint8Array;
  readonly time: number;
}

export class Screens implements Disposable, vscode.FileSystemProvider {
  readonly #store = new DisposableStore();
  readonly #changed: vscode.EventEmitter<vscode.FileChangeEvent[]>;
  /** By URI, the one that was looked at last at the end. */
  readonly #screens = new Map<string, Screen>();

  constructor() {
    this.#changed = this.#store.add(new vscode.EventEmitter<vscode.FileChangeEvent[]>());
    this.#store.add(vscode.workspace.registerFileSystemProvider(screenScheme, this, { isReadonly: true }));
  }

  get onDidChangeFile(): vscode.Event<vscode.FileChangeEvent[]> {
    return this.#changed.event;
  }

  async show({ ref, vm }: VmView, png: Uint8Array): Promise<void> {
    const name = displayLine(vm.name, 60).replaceAll('/', '_');
    const uri = vscode.Uri.from({ scheme: screenScheme, path: `/${ref.uuid}/${name}.png`, query: ref.connection });
    const isNew = !this.#screens.delete(uri.toString());
    this.#screens.set(uri.toString(), { png, time: Date.now() });
    const [oldest] = this.#screens.keys();
    if (oldest !== undefined && this.#screens.size > mostScreens) {
      this.#screens.delete(oldest);
    }
    const type = isNew ? vscode.FileChangeType.Created : vscode.FileChangeType.Changed;
    this.#changed.fire([{ type, uri }]);
    await vscode.commands.executeCommand('vscode.open', uri, { preview: false });
  }

  watch(): vscode.Disposable {
    // All changes are told, to everybody.
    return new vscode.Disposable(() => undefined);
  }

  stat(uri: vscode.Uri): vscode.FileStat {
    const { png, time } = this.#find(uri);
    return { type: vscode.FileType.File, ctime: time, mtime: time, size: png.length };
  }

  readFile(uri: vscode.Uri): Uint8Array {
    return this.#find(uri).png;
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  writeFile(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  dispose(): void {
    this.#store.dispose();
  }

  #find(uri: vscode.Uri): Screen {
    const screen = this.#screens.get(uri.toString());
    if (screen === undefined) {
      throw vscode.FileSystemError.FileNotFound(uri);
    }
    return screen;
  }
}
