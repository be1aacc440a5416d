// virtRewind.removeConnection: takes a libvirt URI out of the user's setting. VMs and snapshots stay as they are.
import * as vscode from 'vscode';
import { readSettings, writeSetting } from '../readSettings.js';
import { Failure } from '../../domain/failure.js';
import { connectionLabel } from '../../text/connectionLabel.js';
import { connectionOfNode } from '../tree/nodes.js';
import { overridden } from './addConnection.js';
import { givenTo } from './commandArguments.js';
import { CommandError } from '../prompts/commandError.js';
import type { CommandRun } from './commandServices.js';
import { pickConnection } from '../prompts/pickTarget.js';

const t = vscode.l10n.t;

export async function removeConnection(run: CommandRun): Promise<{ readonly connection: string }> {
  const uri = await wantedConnection(run);
  const known = run.inventory.connections.map((connection) => connection.uri);
  if (!known.includes(uri)) {
    throw new Failure('notFound', { connection: uri });
  }
  const rest = known.filter((one) => one !== uri);
  // An empty setting means the defaults of this computer, so the last one would come back by itself.
  if (rest.length === 0) {
    throw new CommandError(
      'invalid',
      t('{0} is the only connection. Add another one before you remove it.', connectionLabel(uri, t)),
      { connection: uri },
    );
  }
  await writeSetting('connections', rest);
  if (readSettings().connections.includes(uri)) {
    throw new CommandError('invalid', overridden(), { connection: uri });
  }
  run.inventory.setConnections(rest);
  return { connection: uri };
}

async function wantedConnection(run: CommandRun): Promise<string> {
  if (run.call.kind === 'rows') {
    return connectionOfNode(run.call.rows[0]);
  }
  const { connection } = givenTo(run.call);
  return connection ?? (await pickConnection(run.inventory.connections, t('Remove which connection?'))).uri;
}
