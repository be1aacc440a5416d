// A login by user name and password, where the daemon wants SASL. Only what needs no encryption of its own: TLS, ssh
// and the sockets of this computer have theirs.
import { randomBytes, createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HostUnreachable, type LoginAnswers, type LoginStage } from '../hosts/login.js';
import { readFileAtMost } from '../base/readFileAtMost.js';
import type { Connection } from './connection.js';
import { errorCodes, LibvirtError, ProtocolViolation } from './libvirtError.js';
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

/** libvirt's own file of user names and passwords, `auth.conf`. Pure but for what the caller reads. */
interface Credentials {
  readonly user?: string;
  readonly password?: string;
}

/**
 * The first of these that is there (`virAuthGetConfigFilePathURI`):
 *
 * | where                        |
 * |------------------------------|
 * | `LIBVIRT_AUTH_FILE`          |
 * | `?authfile=` of the URI      |
 * | `libvirt/auth.conf` of `XDG_CONFIG_HOME`, or of `~/.config` |
 * | `/etc/libvirt/auth.conf`     |
 */
export function authFiles(
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
  authFile: string | undefined,
): readonly string[] {
  const named = environment['LIBVIRT_AUTH_FILE'] ?? authFile ?? '';
  if (named !== '') {
    return [named];
  }
  const folder = environment['XDG_CONFIG_HOME'] ?? '';
  const own = folder.startsWith('/') ? folder : join(home, '.config');
  return [join(own, 'libvirt', 'auth.conf'), '/etc/libvirt/auth.conf'];
}

/**
 * `[auth-libvirt-HOST]`, else `[auth-libvirt-default]`, names by `credentials=NAME` what stands in
 * `[credentials-NAME]`: `authname` or `username`, and `password`.
 */
export function credentialsIn(text: string, host: string): Credentials {
  const groups = parseGroups(text);
  const wanted = groups.get(`auth-libvirt-${host}`) ?? groups.get('auth-libvirt-default');
  const found = groups.get(`credentials-${wanted?.get('credentials') ?? ''}`);
  const user = found?.get('authname') ?? found?.get('username');
  const password = found?.get('password');
  return { ...(user !== undefined && { user }), ...(password !== undefined && { password }) };
}

function parseGroups(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const groups = new Map<string, Map<string, string>>();
  let group: Map<string, string> | undefined;
  for (const line of text.split(/\r?\n/u)) {
    const name = /^\s*\[([^\]]+)\]\s*$/u.exec(line)?.[1];
    const [, key, value] = /^\s*([\w.-]+)\s*=\s*(.*)$/u.exec(line) ?? [];
    if (name !== undefined) {
      group = groups.get(name) ?? new Map<string, string>();
      groups.set(name, group);
    } else if (key !== undefined && value !== undefined) {
      group?.set(key, value);
    }
  }
  return groups;
}

/**
 * The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding. Pure; refuses what a server must not
 * say, for it is not known to be the right one before its signature is.
 */
const scramName = 'SCRAM-SHA-256';

/** RFC 7677 asks for no fewer, which would be easier to guess for who stands between; no server needs as many. */
const fewestRounds = 4_096;
const mostRounds = 1_000_000;
const mostChars = 4_096;

/** The server said what it must not, or does not know the password. */
export class ScramError extends Error {
  override readonly name = 'ScramError';
}

interface Scram {
  readonly first: string;
  /** @throws ScramError */
  proof(serverFirst: string): Promise<string>;
  /** @throws ScramError where the server does not know the password either */
  verify(serverFinal: string): void;
}

/** @param nonce printable, without a comma, new each time */
export function scram(user: string, password: string, nonce: string): Scram {
  const bare = `n=${prepare(user).replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
  let signature: Buffer | undefined;
  return {
    first: `n,,${bare}`,
    proof: async (serverFirst) => {
      const [, both = '', salt = '', digits = ''] =
        /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z\d+/]+={0,2}),i=(\d{1,7})(?:,|$)/u.exec(requireShort(serverFirst)) ?? [];
      const rounds = Number(digits);
      if (!both.startsWith(nonce) || both === nonce || rounds < fewestRounds || rounds > mostRounds) {
        throw new ScramError('the answer of the server is not one of SCRAM');
      }
      const salted = await promisify(pbkdf2)(prepare(password), Buffer.from(salt, 'base64'), rounds, 32, 'sha256');
      const clientKey = hmac(salted, 'Client Key');
      const final = `c=biws,r=${both}`;
      const exchange = `${bare},${serverFirst},${final}`;
      const own = hmac(createHash('sha256').update(clientKey).digest(), exchange);
      signature = hmac(hmac(salted, 'Server Key'), exchange);
      return `${final},p=${Buffer.from(clientKey.map((byte, at) => byte ^ (own[at] ?? 0))).toString('base64')}`;
    },
    verify: (serverFinal) => {
      const [, value = ''] = /^v=([A-Za-z\d+/]+={0,2})(?:,|$)/u.exec(requireShort(serverFinal)) ?? [];
      const theirs = Buffer.from(value, 'base64');
      if (signature?.length !== theirs.length || !timingSafeEqual(signature, theirs)) {
        throw new ScramError('the server does not know the password');
      }
    },
  };
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** SASLprep (RFC 4013), but for what it forbids: the server refuses that. */
function prepare(text: string): string {
  return text
    .replaceAll(/[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/gu, ' ')
    .replaceAll('\u00ad', '')
    .normalize('NFKC');
}

function requireShort(text: string): string {
  if (text.length > mostChars) {
    throw new ScramError('the answer of the server is too long');
  }
  return text;
}
