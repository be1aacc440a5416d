// Registers `vmfs:`. What reads is loaded when somebody looks.
import * as vscode from 'vscode';
import type { EnginePort } from '../../../engine/enginePort.js';
import type { SharedAttention } from './followedPoints.js';
import type { GuestFileProvider } from './guestFileProvider.js';

export function registerFiles(engine: EnginePort, attentions: SharedAttention): vscode.Disposable {
  let loaded: Promise<GuestFileProvider> | undefined;
  const changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  const load = (): Promise<GuestFileProvider> =>
    (loaded ??= import('./guestFileProvider.js').then(
      (room) => new room.GuestFileProvider(engine, attentions, changed, process.env),
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
    void loaded?.then((one) => one.dispose());
  });
}
