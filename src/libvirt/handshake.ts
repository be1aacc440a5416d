// What is said first on every connection: authentication, then which hypervisor is to be opened.
// Never asks for the keepalive feature: the daemon would then close on an editor that is busy for half a minute.
import type { Connection } from './connection.js';
import { VIR_CONNECT_RO } from './flags.js';
import { AuthenticationFailed, authTypes, LibvirtError } from './libvirtError.js';
import type { LoginStage } from '../hosts/login.js';

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
