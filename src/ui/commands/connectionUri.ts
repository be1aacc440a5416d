// Which libvirt URIs a user may add. Knows nothing of the editor and opens nothing.

/**
 * | verdict      | example                                         |
 * |--------------|-------------------------------------------------|
 * | ok           | qemu:///system, qemu:/system, qemu+unix:///session?socket=/x, test:///default, remote+unix:, qemu+ssh://host/system, qemu://host/system |
 * | remoteNotYet | qemu+tcp://host/system, qemu+ext:///system      |
 * | otherDriver  | xen:///system, lxc:///                          |
 * | badPath      | qemu:///, qemu:///default                       |
 * | noUri        | anything else                                   |
 */
export type UriVerdict = 'ok' | 'remoteNotYet' | 'otherDriver' | 'badPath' | 'noUri';

const pathsOf: Readonly<Record<string, readonly string[]>> = {
  qemu: ['/system', '/session'],
  test: ['/default'],
  // The daemon chooses what it opens.
  remote: ['', '/', '/system', '/session'],
};

/** Those of libvirt's own libraries for ssh are carried out by the user's client too. */
const remote = new Set(['ssh', 'libssh', 'libssh2', 'tls']);

export function judgeUri(text: string): UriVerdict {
  // RFC 3986 section 3, as far as libvirt uses it: driver[+transport]:[//[authority]][/path][?query][#fragment]
  const parts = /^([a-z][a-z0-9]*)(?:\+([a-z0-9]+))?:(?:\/\/([^/?#\s]*))?(\/[^?#\s]*)?(\?[^#\s]*)?(#\S*)?$/.exec(text);
  if (parts === null || text.length > 1_000) {
    return 'noUri';
  }
  const [, driver = '', transport, host = '', path = ''] = parts;
  const paths = Object.hasOwn(pathsOf, driver) ? pathsOf[driver] : undefined;
  if (paths === undefined) {
    return 'otherDriver';
  }
  if (remote.has(transport ?? (host === '' ? '' : 'tls'))) {
    return host === '' || host.startsWith('-') ? 'noUri' : paths.includes(path) ? 'ok' : 'badPath';
  }
  if (host !== '' || (transport !== undefined && transport !== 'unix')) {
    return 'remoteNotYet';
  }
  return paths.includes(path) ? 'ok' : 'badPath';
}

/** The daemon runs on this computer, so that the files it names are here. */
export function isLocalUri(text: string): boolean {
  return /^[a-z0-9]+(\+unix)?:(\/\/)?(?:\/(?!\/)|$|[?#])/.test(text);
}
