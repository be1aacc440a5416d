// A libvirtd that listens for TLS, and the certificates for it and its clients.
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A folder of that name, as `pkipath` takes it. */
export async function makeAuthority(dir: string, name: string): Promise<void> {
  const at = (file: string): string => join(dir, name, file);
  await mkdir(join(dir, name));
  await runOk('openssl', [
    ...['req', '-x509', ...newKey, '-days', '2', '-subj', `/CN=${name}`],
    ...['-keyout', at('cakey.pem'), '-out', at('cacert.pem')],
  ]);
}

/** `FILEcert.pem` and `FILEkey.pem`, signed by the authority. */
export async function makeCertificate(
  dir: string,
  file: string,
  { subject, days, names, authority }: { subject: string; days: string; names?: string; authority: string },
): Promise<void> {
  const at = (...path: readonly string[]): string => join(dir, ...path);
  await runOk('openssl', [
    ...['req', ...newKey, '-subj', `/CN=${subject}`],
    ...['-keyout', at(`${file}key.pem`), '-out', at(`${file}.csr`)],
  ]);
  await writeFile(at(`${file}.ext`), names === undefined ? '' : `subjectAltName=${names}\n`);
  await runOk('openssl', [
    ...['x509', '-req', '-in', at(`${file}.csr`), '-CAcreateserial', '-days', days],
    ...['-CA', at(authority, 'cacert.pem'), '-CAkey', at(authority, 'cakey.pem')],
    ...['-extfile', at(`${file}.ext`), '-out', at(`${file}cert.pem`)],
  ]);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** For `listenConf` of a private daemon. @param more lines: the first of two of one name counts */
export function tlsConf(dir: string, server: string, port: number, ...more: readonly string[]): string {
  const at = (...path: readonly string[]): string => join(dir, ...path);
  return [
    ...['listen_tls = 1', 'listen_tcp = 0', ...more, 'auth_tls = "none"', 'listen_addr = "127.0.0.1"'],
    ...['tls_no_sanity_certificate = 1', `tls_port = "${port}"`, `ca_file = "${at('ours', 'cacert.pem')}"`],
    ...[`cert_file = "${at(`${server}cert.pem`)}"`, `key_file = "${at(`${server}key.pem`)}"`],
  ].join('\n');
}
