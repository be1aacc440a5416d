// Where libvirt keeps the certificates of a client. Pure; what is there is told by the caller.
import { join } from 'node:path';

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
