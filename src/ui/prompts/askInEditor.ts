// A text of several lines, written in an editor: what was saved of it by the time it is closed is taken, as of a commit
// message.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { DismissedError } from './commandError.js';
import { notifyProgress } from './notify.js';

/** A number follows: two may be written at a time. */
const draftScheme = 'virt-rewind-text-';
let count = 0;

/**
 * @param name of the editor's tab
 * @param title of what is said as long as it is open
 * @throws Dismissed where it was closed and never saved, or somebody has pressed Cancel
 */
export async function askInEditor(name: string, text: string, title: string): Promise<string> {
  count += 1;
  const path = `/${displayLine(name, 60).replaceAll('/', '_')}`;
  const draft = new DraftFileSystem(vscode.Uri.from({ scheme: `${draftScheme}${count}`, path }), text);
  const registered = vscode.workspace.registerFileSystemProvider(draft.uri.scheme, draft);
  try {
    const document = await vscode.workspace.openTextDocument(draft.uri);
    await vscode.window.showTextDocument(document, { preview: false });
    const wasCancelled = await notifyProgress(title, true, (report, cancellation) => {
      report(t('Save the file and close its editor. To cancel, close it without saving.'));
      return waitUntilClosed(draft.uri, cancellation);
    });
    if (draft.saved === undefined || wasCancelled) {
      throw new DismissedError();
    }
    return draft.saved.replaceAll('\r\n', '\n').trim();
  } finally {
    registered.dispose();
  }
}

/** Resolves to whether that was asked for elsewhere than in the editor. */
function waitUntilClosed(uri: vscode.Uri, cancellation: vscode.CancellationToken): Promise<boolean> {
  const isIt = ({ input }: vscode.Tab): boolean =>
    input instanceof vscode.TabInputText && input.uri.toString() === uri.toString();
  return new Promise((resolve) => {
    const listening = [
      vscode.window.tabGroups.onDidChangeTabs((changed) => {
        if (changed.closed.some(isIt)) {
          end(cancellation.isCancellationRequested);
        }
      }),
      cancellation.onCancellationRequested(() => {
        // The editor asks for itself what becomes of changes; whatever is answered, they are not taken.
        void vscode.window.tabGroups.close(vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs.filter(isIt)));
      }),
    ];
    function end(wasCancelled: boolean): void {
      listening.forEach((one) => void one.dispose());
      resolve(wasCancelled);
    }
  });
}

/** In memory: nothing is left of it on a disk. */
class DraftFileSystem implements vscode.FileSystemProvider {
  readonly uri: vscode.Uri;
  readonly #changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.#changed.event;
  readonly #createdAt = Date.now();
  #writtenAt = this.#createdAt;
  #bytes: Uint8Array;
  #isSaved = false;

  constructor(uri: vscode.Uri, text: string) {
    this.uri = uri;
    this.#bytes = new TextEncoder().encode(text);
  }

  get saved(): string | undefined {
    return this.#isSaved ? new TextDecoder().decode(this.#bytes) : undefined;
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  stat(uri: vscode.Uri): vscode.FileStat {
    const { length: size } = this.readFile(uri);
    return { type: vscode.FileType.File, ctime: this.#createdAt, mtime: this.#writtenAt, size };
  }

  readFile(uri: vscode.Uri): Uint8Array {
    if (uri.path !== this.uri.path) {
      throw vscode.FileSystemError.FileNotFound(uri);
    }
    return this.#bytes;
  }

  writeFile(uri: vscode.Uri, bytes: Uint8Array): void {
    if (uri.path !== this.uri.path) {
      throw vscode.FileSystemError.NoPermissions(uri);
    }
    this.#bytes = bytes;
    this.#isSaved = true;
    this.#writtenAt = Date.now();
    this.#changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }
}
