// Connects to a daemon on another host by TLS, with libvirt's own certificates.
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { connect, type TLSSocket } from 'node:tls';
import { join } from 'node:path';
import { readFileAtMost } from '../base/readFileAtMost.js';
import { HostUnreachable } from '../hosts/login.js';
import { UnsupportedUri } from './libvirtError.js';
import type { OpenTransport } from './transport.js';
import { hostAddress, switchOf } from './uri.js';

const usualPort = 16_514;
/** The daemon says so, through TLS, that it takes our certificate. */
const accepted = 1;
const mostBytes = 1_048_576;

export const openTlsTransport: OpenTransport = async (uri, { environment, readOnly, log, signal }) => {
  const { name: host, port = usualPort } = hostAddress(uri);
  // GnuTLS's names of ciphers mean nothing here, and who does not look at the certificate talks to anybody.
  const parameter = uri.parameters.has('tls_priority') ? 'tls_priority' : 'no_verify';
  if (parameter === 'tls_priority' || switchOf(uri, parameter)) {
    throw new UnsupportedUri(uri.text, 'tls', parameter);
  }
  const files = tlsFiles(uri.parameters.get('pkipath'), {
    isRoot: process.geteuid?.() === 0,
    home: environment['HOME'] ?? homedir(),
    exists: existsSync,
  });
  const [ca, cert, key] = await Promise.all(
    [files.authority, files.certificate, files.key].map((path) => readCertificate(host, path)),
  );
  signal?.throwIfAborted();
  log.info(`${uri.text}: TLS to ${host}, port ${port}`);
  const socket = connect({ host, port, ca, cert, key, ...(isIP(host) === 0 && { servername: host }) });
  const stop = (): void => void socket.destroy(signal?.reason as Error);
  signal?.addEventListener('abort', stop);
  try {
    await untilAccepted(socket);
    return { stream: socket, readOnly };
  } catch (error) {
    socket.destroy();
    signal?.throwIfAborted();
    throw asUnreachable(host, error as NodeJS.ErrnoException);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
};

async function readCertificate(host: string, path: string): Promise<Buffer> {
  try {
    return await readFileAtMost(path, mostBytes);
  } catch (cause) {
    throw new HostUnreachable('noCertificate', host, { said: path, by: 'tls' }, { cause });
  }
}

/** Resolves when the byte has come that libvirt sends before its protocol begins. */
function untilAccepted(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (): void => reject(new ClientRefused());
    socket.once('error', reject);
    socket.once('close', refuse);
    socket.once('readable', () => {
      const byte = socket.read(1) as Buffer | null;
      if (byte === null) {
        return;
      }
      socket.off('error', reject).off('close', refuse);
      if (byte[0] === accepted) {
        resolve();
      } else {
        reject(new ClientRefused());
      }
    });
  });
}

class ClientRefused extends Error {
  constructor() {
    super('the daemon does not take the certificate of this computer');
  }
}

/** An alert is the other side's word on our certificate: `ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED` and others. */
function asUnreachable(host: string, error: NodeJS.ErrnoException): HostUnreachable {
  const { code = '', message } = error;
  const reason =
    error instanceof ClientRefused || code.includes('ALERT')
      ? 'refused'
      : /CERT|SIGNED|SIGNATURE|ALTNAME/u.test(code)
        ? 'untrusted'
        : 'noAnswer';
  return new HostUnreachable(reason, host, { said: message, by: 'tls' }, { cause: error });
}

/** Where libvirt keeps the certificates of a client. Pure; what is there is told by the caller. */
interface TlsFiles {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/**
 * | pkipath | user | files                                                                           |
 * |---------|------|---------------------------------------------------------------------------------|
 * | given   | any  | `cacert.pem`, `clientcert.pem`, `clientkey.pem` in it                             |
 * | none    | root | the system's                                                                    |
 * | none    | else | those in `~/.pki/libvirt`; the system's for the authority, or for certificate and key, where those are missing |
 *
 * Source: `virNetTLSContextLocateCredentials` of libvirt 11.
 */
export function tlsFiles(
  pkiPath: string | undefined,
  {
    isRoot,
    home,
    exists,
  }: { readonly isRoot: boolean; readonly home: string; readonly exists: (path: string) => boolean },
): TlsFiles {
  const inFolder = (folder: string): TlsFiles => ({
    authority: join(folder, 'cacert.pem'),
    certificate: join(folder, 'clientcert.pem'),
    key: join(folder, 'clientkey.pem'),
  });
  if (pkiPath !== undefined) {
    return inFolder(pkiPath);
  }
  const system: TlsFiles = {
    authority: '/etc/pki/CA/cacert.pem',
    certificate: '/etc/pki/libvirt/clientcert.pem',
    key: '/etc/pki/libvirt/private/clientkey.pem',
  };
  const user = inFolder(join(home, '.pki', 'libvirt'));
  if (isRoot) {
    return system;
  }
  const hasCertificate = exists(user.certificate) && exists(user.key);
  return {
    authority: exists(user.authority) ? user.authority : system.authority,
    ...(hasCertificate
      ? { certificate: user.certificate, key: user.key }
      : { certificate: system.certificate, key: system.key }),
  };
}
