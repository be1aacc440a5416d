// Connections to a libvirt: connect, add, remove.
import { t } from '@vscode/l10n';
import { Failure } from '../../../domain/failure.js';
import { connectionOfNode } from '../../tree/nodes.js';
import type { WantedConnection } from '../../../domain/wantedConnection.js';
import { asFailure } from '../../../domain/asFailure.js';
import { readClientConf, wantedConnections } from '../../../session/wantedConnections.js';
import { failureMessage } from '../../../text/failures/failureMessage.js';
import { notify } from '../../prompts/notify.js';
import { argumentsOf } from '../commandArguments.js';
import { CommandError, requireAnswer } from '../../prompts/commandError.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { pick, pickConnection } from '../../prompts/pickTarget.js';
import { readSettings, readUserSettings, writeConnections } from '../../readSettings.js';
import { wrongParameter } from '../../../libvirt/uri.js';
import { judgeUri } from './connectionUri.js';
import { sshConfigHosts } from './sshConfigHosts.js';
import { askText } from '../../prompts/ask.js';
import { connectionLabel, parameterSentence } from '../../../text/connectionLabel.js';

export const connectionCommands = {
  'virtRewind.connect': connect,
  'virtRewind.addConnection': addConnection,
  'virtRewind.removeConnection': removeConnection,
} satisfies CommandTable;

/** Connects now, without waiting until it is tried again. */
async function connect(run: CommandRun): Promise<{ readonly connection: string }> {
  const uri = await connectionToOpen(run);
  if (!run.engine.connections.some((connection) => connection.uri === uri)) {
    throw new Failure('notFound', { connection: uri });
  }
  await run.engine.connect(uri);
  return { connection: uri };
}

async function connectionToOpen(run: CommandRun): Promise<string> {
  const connection = connectionOfCall(run);
  if (connection !== undefined) {
    return connection;
  }
  const open = run.engine.connections.filter(({ state }) => state !== 'connected');
  const candidates = open.length > 0 ? open : run.engine.connections;
  const [only, ...others] = candidates;
  if (only === undefined) {
    throw new CommandError('notFound', t('There is no libvirt connection. Add one first.'));
  }
  return others.length === 0 ? only.uri : (await pickConnection(candidates, t('Select a libvirt connection'))).uri;
}

/** Connects to a libvirt URI and, where that works, adds it to the user's setting. */
async function addConnection(run: CommandRun): Promise<{ readonly connection: string }> {
  const known = run.engine.connections.map((connection) => connection.uri);
  const asked = argumentsOf(run.call).connection?.trim();
  const aliases = offeredAliases();
  const added: WantedConnection =
    asked === undefined
      ? await pickUri(known, aliases)
      : (aliases.find(({ name }) => name === asked) ?? { uri: asked });
  const { uri } = added;
  const problem = uriProblem(uri);
  if (problem !== undefined) {
    throw new CommandError('invalid', problem, { connection: uri });
  }
  if (known.includes(uri)) {
    await run.engine.connect(uri);
    return { connection: uri };
  }
  run.engine.setConnections([...known, added]);
  try {
    await run.engine.connect(uri);
    // The setting replaces the defaults, so what is shown now is written down with the new one.
    await writeConnections([...ownConnections(), added]);
    if (!isKept(uri)) {
      throw new CommandError('invalid', overriddenText(), { connection: uri });
    }
  } catch (error) {
    run.engine.setConnections(known);
    throw error;
  }
  return { connection: uri };
}

/** Those of the user, else the defaults of this computer: those of a workspace do not become the user's. */
function ownConnections(): readonly WantedConnection[] {
  const { connections } = readUserSettings();
  return connections.length > 0 ? connections : wantedConnections([], { environment: process.env });
}

/** By its URI, or by a name of libvirt's configuration that means it. */
function isKept(uri: string): boolean {
  return readSettings().connections.some((one) => leadsTo(one, uri));
}

function leadsTo(one: WantedConnection, uri: string): boolean {
  return one.uri === uri || wantedConnections([one], { environment: process.env })[0]?.uri === uri;
}

/** Those of libvirt's own configuration; none where that cannot be understood, which is told. */
function offeredAliases(): readonly Required<Pick<WantedConnection, 'uri' | 'name'>>[] {
  try {
    return [...readClientConf(process.env).aliases].map(([name, uri]) => ({ name, uri }));
  } catch (error) {
    void notify('warning', failureMessage(asFailure(error)));
    return [];
  }
}

/** @param known those that are there already */
async function pickUri(
  known: readonly string[],
  aliases: ReturnType<typeof offeredAliases>,
): Promise<WantedConnection> {
  const hosts = (await sshConfigHosts()).map((host) => ({ label: host, value: { uri: `qemu+ssh://${host}/system` } }));
  const here = ['qemu:///system', 'qemu:///session'].map((uri) => ({
    label: connectionLabel({ uri }),
    value: { uri },
  }));
  const named = aliases.map((value) => ({ label: value.name, value }));
  const offered = [...here, ...named, ...hosts].filter(({ value: { uri } }) => !known.includes(uri));
  const picked = await pick<WantedConnection | undefined>(
    [
      ...offered.map(({ label, value }) => ({ label, detail: value.uri, value })),
      { label: t('Enter a URI…'), value: undefined },
    ],
    t('Select this computer, or a host of the ssh configuration'),
    t('Add Connection'),
  );
  return picked ?? { uri: (await askForUri()).trim() };
}

async function askForUri(): Promise<string> {
  return requireAnswer(
    await askText({
      title: t('Add Connection'),
      prompt: t('A libvirt URI, for example {0} or {1}.', 'qemu:///system', 'qemu+ssh://host/system'),
      value: 'qemu+ssh://',
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
      return t('This kind of connection is not supported. Use ssh or TLS, for example {0}.', 'qemu+ssh://host/system');
    case 'otherDriver':
      return t('Only QEMU VMs are supported: the URI must begin with {0}.', 'qemu://');
    case 'badPath':
      return t('The URI must end in {0} or {1}.', '/system', '/session');
    case 'noUri':
      return (
        parameterSentence({ parameter: wrongParameter(uri), connection: uri }) ??
        t('This is not a libvirt URI. Examples: {0}, {1}.', 'qemu:///system', 'qemu:///session')
      );
  }
}

/** A value in the workspace goes before the user's. */
function overriddenText(): string {
  return t('The workspace settings list the connections. Change {0} there.', 'virtRewind.connections');
}

/** Takes a libvirt URI out of the user's setting. VMs and snapshots stay as they are. */
async function removeConnection(run: CommandRun): Promise<{ readonly connection: string }> {
  const uri = await connectionToRemove(run);
  const known = run.engine.connections.map((connection) => connection.uri);
  if (!known.includes(uri)) {
    throw new Failure('notFound', { connection: uri });
  }
  const kept = ownConnections().filter((one) => !leadsTo(one, uri));
  // An empty setting means the defaults of this computer, so the last one would come back by itself.
  if (kept.length === 0) {
    throw new CommandError(
      'invalid',
      t('{0} is the only connection. Add another one before you remove this one.', connectionLabel({ uri })),
      { connection: uri },
    );
  }
  await writeConnections(kept);
  if (isKept(uri)) {
    throw new CommandError('invalid', overriddenText(), { connection: uri });
  }
  run.engine.setConnections(known.filter((one) => one !== uri));
  return { connection: uri };
}

async function connectionToRemove(run: CommandRun): Promise<string> {
  return (
    connectionOfCall(run) ?? (await pickConnection(run.engine.connections, t('Select the connection to remove'))).uri
  );
}

function connectionOfCall({ call }: CommandRun): string | undefined {
  return call.kind === 'rows' ? connectionOfNode(call.rows[0]) : argumentsOf(call).connection;
}
