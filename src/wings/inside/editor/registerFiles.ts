// Registers `vmfs:`, and has the view of guest files for the command that opens it. What reads is loaded when somebody
// looks.
import * as vscode from 'vscode';
import type { AtStart } from '../../wing.js';
import type { GuestFileProvider } from './guestFileProvider.js';
import type { GuestFilesView } from './guestFilesView.js';

/** The one of the window, as long as it is there. */
export const ofWindow: { guestFiles?: () => Promise<GuestFilesView> } = {};

export const registerFiles: AtStart = ({ engine, attentions }) => {
  let loaded: Promise<GuestFileProvider> | undefined;
  let view: Promise<GuestFilesView> | undefined;
  const changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  const load = (): Promise<GuestFileProvider> =>
    (loaded ??= import('./guestFileProvider.js').then(
      (room) => new room.GuestFileProvider(engine, attentions, changed, process.env),
    ));
  ofWindow.guestFiles = () =>
    (view ??= Promise.all([import('./guestFilesView.js'), load()]).then(
      ([room, files]) => new room.GuestFilesView(engine, files),
    ));
  const deny = (uri: vscode.Uri): never => {
    throw vscode.FileSystemError.NoPermissions(uri);
  };
  const provider: vscode.FileSystemProvider = {
    onDidChangeFile: changed.event,
    watch: () => new vscode.Disposable(() => undefined),
    stat: async (uri) => (await load()).stat(uri),
    readDirectory: async (uri) => (await load()).readDirectory(uri),
    readFile: async (uri) => (await load()).readFile(uri),
    createDirectory: deny,
    writeFile: deny,
    delete: deny,
    rename: deny,
  };
  const registered = vscode.workspace.registerFileSystemProvider('vmfs', provider, {
    isCaseSensitive: true,
    isReadonly: true,
  });
  return new vscode.Disposable(() => {
    registered.dispose();
    void view?.then((one) => one.dispose());
    void loaded?.then((one) => one.dispose());
  });
};
