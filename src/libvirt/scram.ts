// The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding. Pure; refuses what a server must not
// say, for it is not known to be the right one before its signature is.
import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

export const scramName = 'SCRAM-SHA-256';

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
