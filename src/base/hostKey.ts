// A new host key for a guest, as OpenSSH keeps one. Made in memory: no file has it before it is where it belongs.
import { generateKeyPairSync, randomBytes } from 'node:crypto';

export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

const type = 'ssh-ed25519';
const comment = 'virt-rewind';
const lineLength = 70;
const blockBytes = 8;

/** By PROTOCOL.key of OpenSSH, without a passphrase. */
export function newHostKey(): KeyPair {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const [own, shown] = [jwk.d, jwk.x].map((part = '') => Buffer.from(part, 'base64url')) as [Buffer, Buffer];
  const shownKey = Buffer.concat([text(type), text(shown)]);
  // Written twice: who reads it sees that it was unlocked.
  const check = randomBytes(4);
  const secret = Buffer.concat([check, check, shownKey, text(Buffer.concat([own, shown])), text(comment)]);
  const padding = Buffer.from(Array.from({ length: -secret.length & (blockBytes - 1) }, (_, at) => at + 1));
  const whole = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...[text('none'), text('none'), text('')],
    number(1),
    text(shownKey),
    text(Buffer.concat([secret, padding])),
  ]);
  const lines = whole.toString('base64').match(new RegExp(`.{1,${lineLength}}`, 'gu')) ?? [];
  return {
    privateKey: ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n'),
    publicKey: `${type} ${shownKey.toString('base64')} ${comment}`,
  };
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Behind its length (RFC 4251). */
function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([number(bytes.length), bytes]);
}
