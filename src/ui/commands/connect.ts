// virtRewind.connect: connects now, without waiting until it is tried again.
import * as vscode from 'vscode';
import { Failure } from '../../domain/failure.js';
import { connectionOfNode } from '../tree/nodes.js';
import { givenTo } from './commandArguments.js';
import { CommandError } from '../prompts/commandError.js';
import type { CommandRun } from './commandServices.js';
import { pickConnection } from '../prompts/pickTarget.js';

export async function connect(run: CommandRun): Promise<{ readonly connection: string }> {
  const uri = await wantedConnection(run);
  if (!run.inventory.connections.some((connection) => connection.uri === uri)) {
    throw new Failure('notFound', { connection: uri });
  }
  await run.inventory.connect(uri);
  return { connection: uri };
}

async function wantedConnection(run: CommandRun): Promise<string> {
  if (run.call.kind === 'rows') {
    return connectionOfNode(run.call.rows[0]);
  }
  const { connection } = givenTo(run.call);
  if (connection !== undefined) {
    return connection;
  }
  const open = run.inventory.connections.filter(({ state }) => state !== 'connected');
  const candidates = open.length > 0 ? open : run.inventory.connections;
  const [only, ...others] = candidates;
  if (only === undefined) {
    throw new CommandError('notFound', vscode.l10n.t('No connection to a libvirt is known here. Add one first.'));
  }
  return others.length === 0 ? only.uri : (await pickConnection(candidates, vscode.l10n.t('Connect to what?'))).uri;
}
