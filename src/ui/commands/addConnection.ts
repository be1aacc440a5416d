// virtRewind.addConnection: adds a libvirt URI to the user's setting, and connects.
import * as vscode from 'vscode';
import { readSettings, writeSetting } from '../readSettings.js';
import { givenTo } from './commandArguments.js';
import { CommandError, answered } from '../prompts/commandError.js';
import type { CommandRun } from './commandServices.js';
import { judgeUri } from './connectionUri.js';
import { askText } from '../prompts/ask.js';

const t = vscode.l10n.t;

export async function addConnection(run: CommandRun): Promise<{ readonly connection: string }> {
  const uri = (givenTo(run.call).connection ?? (await askForUri())).trim();
  const problem = uriProblem(uri);
  if (problem !== undefined) {
    throw new CommandError('invalid', problem, { connection: uri });
  }
  // The setting replaces the defaults, so what is shown now is written down with the new one.
  const known = run.inventory.connections.map((connection) => connection.uri);
  if (!known.includes(uri)) {
    const wanted = [...known, uri];
    await writeSetting('connections', wanted);
    if (!readSettings().connections.includes(uri)) {
      throw new CommandError('invalid', overridden(), { connection: uri });
    }
    run.inventory.setConnections(wanted);
  }
  await run.inventory.connect(uri);
  return { connection: uri };
}

async function askForUri(): Promise<string> {
  return answered(
    await askText({
      title: t('Add Connection'),
      prompt: t('A libvirt URI, for example {0} or {1}.', 'qemu:///system', 'qemu:///session'),
      value: 'qemu:///system',
      ignoreFocusOut: true,
      problem: (text) => uriProblem(text.trim()),
    }),
  );
}

function uriProblem(uri: string): string | undefined {
  switch (judgeUri(uri)) {
    case 'ok':
      return undefined;
    case 'remoteNotYet':
      return t(
        'Connections to other computers (ssh, TLS) are not supported yet. Install the extension on that computer with Remote - SSH, or use {0}.',
        'qemu:///system',
      );
    case 'otherDriver':
      return t('Only QEMU VMs can be managed, so the URI must begin with {0}.', 'qemu://');
    case 'badPath':
      return t('The URI must end in {0} or {1}.', '/system', '/session');
    case 'noUri':
      return t('This is no libvirt URI. Examples: {0}, {1}.', 'qemu:///system', 'qemu:///session');
  }
}

/** A value in the workspace goes before the user's. */
export function overridden(): string {
  return t("This workspace's own settings name the connections; change {0} there.", 'virtRewind.connections');
}
