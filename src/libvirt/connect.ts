// From a URI to an open connection. The only place that knows which transports there are.
import type { Log } from '../base/log.js';
import { Connection } from './connection.js';
import { defaultKeepalive, type KeepaliveOptions } from './keepalive.js';
import {
  ConnectionLost,
  errorCodes,
  LibvirtError,
  UnsupportedUri,
  AuthenticationFailed,
  authTypes,
} from './libvirtError.js';
import type { LoginAnswers, LoginStage } from '../hosts/login.js';
import type { OpenTransport } from './transport.js';
import { openUnixTransport } from './unixTransport.js';
import { parseKnownUri } from './uri.js';
import { VIR_CONNECT_RO } from './flags.js';

/** By ssh, in all names that libvirt has for it. */
export const sshTransports: ReadonlySet<string> = new Set(['ssh', 'libssh', 'libssh2']);

/** What goes to other hosts is loaded when it is asked for. */
const transports: ReadonlyMap<string, OpenTransport> = new Map([
  ['unix', openUnixTransport],
  ['tls', async (...asked) => (await import('./tlsTransport.js')).openTlsTransport(...asked)],
  ...[...sshTransports].map((name): [string, OpenTransport] => [
    name,
    async (...asked) => (await import('./sshTransport.js')).openSshTransport(...asked),
  ]),
]);

export interface OpenOptions {
  readonly log: Log;
  /** Ends the attempt; an open connection does not look at it any more. */
  readonly signal?: AbortSignal | undefined;
  /** Decides where sockets and daemons are looked for. Default: this process's. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Uses the read-only socket, where there is one, and opens read-only. Nothing falls back to it by itself. */
  readonly readOnly?: boolean;
  readonly keepalive?: KeepaliveOptions;
  /** Who answers what a login at another host asks. Default: nobody. */
  readonly answers?: LoginAnswers | undefined;
  readonly onLogin?: ((stage: LoginStage) => void) | undefined;
}

/**
 * Rejects with UnsupportedUri, Unreachable, HostUnreachable, AuthenticationFailed, LibvirtError (the daemon cannot open
 * it), ConnectionLost, ProtocolViolation, or the signal's reason.
 */
export async function openConnection(uri: string, options: OpenOptions): Promise<Connection> {
  const { log, signal, environment = process.env, readOnly = false, keepalive = defaultKeepalive } = options;
  const { answers = 'nobody', onLogin = () => undefined } = options;
  const parsed = parseKnownUri(uri);
  const openTransport = transports.get(parsed.transport);
  if (openTransport === undefined) {
    throw new UnsupportedUri(uri, parsed.transport);
  }
  const isFar = parsed.transport !== 'unix';
  const opened = await openTransport(parsed, { environment, readOnly, log, signal, answers, onLogin });
  const connection = new Connection(opened.stream, { uri, readOnly: opened.readOnly, log, keepalive, isFar });
  try {
    await shakeHands(connection, parsed.name, {
      ...(signal === undefined ? {} : { signal }),
      onLogin,
      logIn: async () => {
        const { logInBySasl } = await import('./saslLogin.js');
        await logInBySasl(connection, {
          ...{ uri: parsed, environment, answers, onLogin },
          ...(signal !== undefined && { signal }),
        });
      },
      // Not beside a login by SASL, which may encrypt what follows.
      isFar: parsed.transport.includes('ssh'),
    });
    const watching = watchHypervisor(connection);
    if (isFar) {
      // What is asked next is on its way meanwhile.
      watching.catch((error: unknown) => connection.fail(error as Error));
    } else {
      await watching;
    }
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** virtproxyd keeps our socket open when its own connection to the hypervisor's daemon breaks; it says so, once. */
async function watchHypervisor(connection: Connection): Promise<void> {
  try {
    await connection.on('connectionClosed', () => connection.fail(new ConnectionLost('daemonLostHypervisor')));
  } catch (error) {
    if (!(error instanceof LibvirtError) || error.code !== errorCodes.VIR_ERR_NO_SUPPORT) {
      throw error;
    }
  }
}

/**
 * What is said first on every connection: authentication, then which hypervisor is to be opened.
 * Never asks for the keepalive feature: the daemon would then close on an editor that is busy for half a minute.
 */
interface HandshakeOptions {
  readonly signal?: AbortSignal;
  readonly onLogin?: (stage: LoginStage) => void;
  /** Carries out a login by SASL, where the daemon wants one. */
  readonly logIn?: () => Promise<void>;
  /** Each answer takes its time on the way: the opening goes along with the question before it. */
  readonly isFar?: boolean;
}

export async function shakeHands(
  connection: Connection,
  name: string,
  { onLogin, logIn, isFar = false, ...options }: HandshakeOptions = {},
): Promise<void> {
  const open = (): Promise<unknown> =>
    connection.call('connectOpen', { name, flags: connection.readOnly ? VIR_CONNECT_RO : 0 }, options);
  // A daemon that has to be told first who we are refuses it, and does nothing.
  const early = isFar ? isTaken(open()) : Promise.resolve(false);
  await Promise.all([early, authenticate(connection, onLogin, options, logIn)]);
  if (!(await early)) {
    await open();
  }
}

async function isTaken(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof LibvirtError) {
      return false;
    }
    throw error;
  }
}

/**
 * The daemon offers exactly one way; root's way is always none.
 *
 * | offered  | done                                                                         |
 * |----------|------------------------------------------------------------------------------|
 * | none     | nothing                                                                      |
 * | polkit   | asks the daemon, which asks polkit, which may ask a person: no time limit     |
 * | sasl     | a user name and a password, see `logInBySasl`                                |
 * | other    | AuthenticationFailed                                                         |
 */
async function authenticate(
  connection: Connection,
  tell: HandshakeOptions['onLogin'],
  options: { readonly signal?: AbortSignal },
  logIn: HandshakeOptions['logIn'],
): Promise<void> {
  const { types } = await connection.call('authList', {}, options);
  if (types.length === 0 || types.includes(authTypes.REMOTE_AUTH_NONE)) {
    return;
  }
  if (logIn !== undefined && types.includes(authTypes.REMOTE_AUTH_SASL)) {
    return logIn();
  }
  if (!types.includes(authTypes.REMOTE_AUTH_POLKIT)) {
    throw new AuthenticationFailed('unknown');
  }
  tell?.('asked');
  try {
    await connection.call('authPolkit', {}, options);
    tell?.('given');
  } catch (error) {
    throw error instanceof LibvirtError ? new AuthenticationFailed('polkit', { cause: error }) : error;
  }
}
