// The door to the editor's configuration: typed reading, writing and watching of our settings.
import * as vscode from 'vscode';
import { writtenConnection } from '../manifest/connectionSetting.js';
import { parseSettings, settingKeys, type Settings } from '../manifest/settings.js';

export function readSettings(): Settings {
  const configuration = vscode.workspace.getConfiguration();
  return parseSettings((key) => configuration.get<unknown>(key));
}

/** Those of the user: what every shell shares, and what is written back. A workspace has no say in them. */
export function readUserSettings(): Settings {
  const configuration = vscode.workspace.getConfiguration();
  return parseSettings((key) => {
    const { globalValue, defaultValue } = configuration.inspect<unknown>(key) ?? {};
    return globalValue ?? defaultValue;
  });
}

/** The setting for requests that may take a snapshot with RAM. */
export function seamlessWish(): { readonly seamless?: true } {
  return readSettings().seamlessSnapshots === 'whereItWorks' ? { seamless: true } : {};
}

/** Writes to the user's settings: those of this machine, for all workspaces. */
export async function writeSetting<K extends Exclude<keyof Settings, 'connections'>>(
  setting: K,
  value: Settings[K],
): Promise<void> {
  await write(settingKeys[setting], value);
}

export async function writeConnections(connections: Settings['connections']): Promise<void> {
  await write(settingKeys.connections, connections.map(writtenConnection));
}

async function write(key: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration().update(key, value, vscode.ConfigurationTarget.Global);
}

export function onDidChangeSettings(listener: (settings: Settings) => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((change) => {
    if (change.affectsConfiguration('virtRewind')) {
      listener(readSettings());
    }
  });
}
