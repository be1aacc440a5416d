// A login by user name and password, where the daemon wants SASL. Only what needs no encryption of its own: TLS, ssh
// and the sockets of this computer have theirs.
import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { HostUnreachable, type LoginAnswers, type LoginStage } from '../hosts/login.js';
import { readFileAtMost } from '../base/readFileAtMost.js';
import { authFiles, type Credentials, credentialsIn } from './authFile.js';
import type { Connection } from './connection.js';
import { errorCodes, LibvirtError, ProtocolViolation } from './libvirtError.js';
import { scram, ScramError, scramName } from './scram.js';
import { hostAddress, type LibvirtUri } from './uri.js';

const plainName = 'PLAIN';
const mostBytes = 262_144;

interface SaslOptions {
  readonly uri: LibvirtUri;
  readonly environment: NodeJS.ProcessEnv;
  readonly answers: LoginAnswers;
  readonly onLogin: (stage: LoginStage) => void;
  readonly signal?: AbortSignal;
}

interface Answer {
  readonly complete: number;
  readonly data: readonly number[];
}

/**
 * | the daemon offers | done                                                       |
 * |-------------------|------------------------------------------------------------|
 * | SCRAM-SHA-256     | that: the daemon never sees the password, and proves that it knows it |
 * | PLAIN             | that                                                       |
 * | others            | HostUnreachable `noMechanism`                              |
 *
 * Rejects with HostUnreachable, or what a call rejects with.
 */
export async function logInBySasl(connection: Connection, options: SaslOptions): Promise<void> {
  const { uri, signal } = options;
  const host = uri.host === '' ? 'localhost' : hostAddress(uri).name;
  const call = { ...(signal !== undefined && { signal }) };
  const { mechlist } = await connection.call('authSaslInit', {}, call);
  const offered = mechlist.split(/[\s,]+/u);
  const mech = [scramName, plainName].find((name) => offered.includes(name));
  if (mech === undefined) {
    throw new HostUnreachable('noMechanism', host, { said: mechlist });
  }
  const { user, password } = await credentialsFor(host, options);
  const start = (text: string): Promise<Answer> =>
    connection.call('authSaslStart', { mech, nil: 0, data: bytesOf(text) }, call);
  const step = (text?: string): Promise<Answer> =>
    connection.call('authSaslStep', { nil: text === undefined ? 1 : 0, data: bytesOf(text ?? '') }, call);
  try {
    const { complete } =
      mech === plainName ? await start(`\0${user}\0${password}`) : await logInByScram(user, password, start, step);
    if (complete === 0) {
      throw new ProtocolViolation(`${mech} goes on where it has ended`);
    }
  } catch (error) {
    if (error instanceof ScramError) {
      throw new HostUnreachable('notProven', host, {}, { cause: error });
    }
    if (error instanceof LibvirtError && error.code === errorCodes.VIR_ERR_AUTH_FAILED) {
      throw new HostUnreachable('badCredentials', host, {}, { cause: error });
    }
    throw error;
  }
}

async function logInByScram(
  user: string,
  password: string,
  start: (text: string) => Promise<Answer>,
  step: (text?: string) => Promise<Answer>,
): Promise<Answer> {
  const login = scram(user, password, randomBytes(24).toString('base64'));
  const first = await start(login.first);
  const last = await step(await login.proof(textOf(first)));
  login.verify(textOf(last));
  // A server that does not say both in one wants to hear that it was believed.
  return last.complete === 0 ? step() : last;
}

/** From libvirt's file, else from the person. */
async function credentialsFor(host: string, options: SaslOptions): Promise<Required<Credentials>> {
  const { uri, environment, answers, onLogin, signal = new AbortController().signal } = options;
  const files = authFiles(environment, environment['HOME'] ?? homedir(), uri.parameters.get('authfile'));
  const known = await credentialsOfFirst(files, host);
  const ask = async (kind: 'userName' | 'password', text: string): Promise<string> => {
    onLogin('asked');
    const answer = typeof answers === 'function' ? await answers({ kind, text, host }, signal) : undefined;
    signal.throwIfAborted();
    if (answer === undefined || answer === '') {
      throw new HostUnreachable('noCredentials', host, { said: files[0] ?? '' });
    }
    return answer;
  };
  const written = uri.host === '' ? undefined : hostAddress(uri).user;
  const user = known.user ?? written ?? (await ask('userName', ''));
  const password = known.password ?? (await ask('password', user));
  onLogin('given');
  return { user, password };
}

async function credentialsOfFirst(files: readonly string[], host: string): Promise<Credentials> {
  for (const file of files) {
    try {
      return credentialsIn((await readFileAtMost(file, mostBytes)).toString('utf8'), host);
    } catch (error) {
      // Not there, or not for this user: the next one counts, or the person is asked.
      if (!(error instanceof Error) || !('code' in error)) {
        throw error;
      }
    }
  }
  return {};
}

/** As C's `char` goes over the wire: a number of four bytes for each, with its sign. */
function bytesOf(text: string): readonly number[] {
  return [...Buffer.from(text, 'utf8')].map((byte) => (byte << 24) >> 24);
}

function textOf({ data }: Answer): string {
  return Buffer.from(data.map((byte) => byte & 0xff)).toString('utf8');
}
