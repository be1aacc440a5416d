// Which libvirt URIs a user may add. Opens nothing.
import { hostAddress, type LibvirtUri, parseKnownUri } from '../../../libvirt/uri.js';

/**
 * | verdict      | example                                         |
 * |--------------|-------------------------------------------------|
 * | ok           | qemu:///system, qemu:/system, qemu+unix:///session?socket=/x, test:///default, remote+unix:, qemu+ssh://host/system, qemu://host/system |
 * | remoteNotYet | qemu+tcp://host/system, qemu+ext:///system      |
 * | otherDriver  | xen:///system, lxc:///                          |
 * | badPath      | qemu:///, qemu:///default                       |
 * | noUri        | anything that libvirt would not take            |
 */
type UriVerdict = 'ok' | 'remoteNotYet' | 'otherDriver' | 'badPath' | 'noUri';

const pathsOf: ReadonlyMap<string, readonly string[]> = new Map([
  ['qemu', ['/system', '/session']],
  ['test', ['/default']],
  // The daemon chooses what it opens.
  ['remote', ['', '/', '/system', '/session']],
]);

/** Those of libvirt's own libraries for ssh are carried out by the user's client too. */
const remote = new Set(['ssh', 'libssh', 'libssh2', 'tls']);

export function judgeUri(text: string): UriVerdict {
  const uri = text.length > 1_000 ? undefined : tryParse(text);
  if (uri === undefined) {
    return 'noUri';
  }
  const paths = pathsOf.get(uri.driver);
  if (paths === undefined) {
    return 'otherDriver';
  }
  if (uri.transport !== 'unix' && !remote.has(uri.transport)) {
    return 'remoteNotYet';
  }
  return paths.includes(uri.path) ? 'ok' : 'badPath';
}

function tryParse(text: string): LibvirtUri | undefined {
  try {
    const uri = parseKnownUri(text);
    if (remote.has(uri.transport)) {
      hostAddress(uri);
    }
    return uri;
  } catch {
    // UnsupportedUri is all that they throw.
    return undefined;
  }
}
