// Where libvirt's QEMU driver keeps what it writes down of VMs and snapshots (its qemu_conf.c). No call tells it, so it
// is known of the usual daemons alone: one with a socket of its own may have been given other folders.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../base/errno.js';
import { parseUri } from '../../libvirt/uri.js';
import type { MetadataFolders } from '../../domain/vmFiles.js';

/**
 * | daemon                    | VMs                              | snapshots, managed saves, TPMs |
 * |---------------------------|----------------------------------|--------------------------|
 * | system                    | /etc/libvirt/qemu                | /var/lib/libvirt/qemu/…  |
 * | session                   | libvirt/qemu in the user's configuration | beside them      |
 * | other driver, own socket  | not known                        | not known                |
 */
export function metadataFolders(uri: string, environment: NodeJS.ProcessEnv): MetadataFolders | undefined {
  const { driver, path, socket, transport } = parseUri(uri);
  // Where another computer has this user's home is not known.
  if (driver !== 'qemu' || socket !== undefined || (path === '/session' && transport !== 'unix')) {
    return undefined;
  }
  if (path === '/system') {
    const state = '/var/lib/libvirt/qemu';
    return {
      vms: '/etc/libvirt/qemu',
      snapshots: join(state, 'snapshot'),
      saves: join(state, 'save'),
      tpms: '/var/lib/libvirt/swtpm',
    };
  }
  const { XDG_CONFIG_HOME: own, HOME: home } = environment;
  const configuration = own?.startsWith('/') === true ? own : home === undefined ? undefined : join(home, '.config');
  if (path !== '/session' || configuration === undefined) {
    return undefined;
  }
  const vms = join(configuration, 'libvirt/qemu');
  return { vms, snapshots: join(vms, 'snapshot'), saves: join(vms, 'save'), tpms: join(vms, 'swtpm') };
}

/** Whether a daemon that does not run certainly has no VM defined. A user's own often never ran. */
export async function hasNoVms(uri: string, environment: NodeJS.ProcessEnv): Promise<boolean> {
  const folders = metadataFolders(uri, environment);
  if (folders === undefined || parseUri(uri).transport !== 'unix') {
    return false;
  }
  try {
    return !(await readdir(folders.vms)).some((name) => name.endsWith('.xml'));
  } catch (error) {
    return hasCode(error, 'ENOENT');
  }
}
