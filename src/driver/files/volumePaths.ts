// Disks that are named by pool and volume: which files or devices they are. Knows no snapshot and keeps nothing.
import type { Connection } from '../../libvirt/connection.js';
import { LibvirtError } from '../../libvirt/libvirtError.js';
import { isDevicePath } from '../../domain/devicePath.js';
import type { VmDisk } from '../../domain/vm.js';

/** libvirt itself does the same when it starts the VM. What has no path on the host, or is not there now, stays a volume. */
export async function withVolumePaths(connection: Connection, disks: readonly VmDisk[]): Promise<readonly VmDisk[]> {
  return disks.every(({ volume }) => volume === undefined)
    ? disks
    : Promise.all(disks.map((disk) => withPath(connection, disk)));
}

async function withPath(connection: Connection, disk: VmDisk): Promise<VmDisk> {
  const { volume } = disk;
  const path = volume === undefined ? undefined : await pathOf(connection, volume);
  return path?.startsWith('/') === true
    ? { ...disk, sourceType: isDevicePath(path) ? 'block' : 'file', source: path }
    : disk;
}

async function pathOf(connection: Connection, { pool: poolName, name }: NonNullable<VmDisk['volume']>) {
  try {
    const { pool } = await connection.call('storagePoolLookupByName', { name: poolName });
    const { vol } = await connection.call('storageVolLookupByName', { pool, name });
    return (await connection.call('storageVolGetPath', { vol })).name;
  } catch (error) {
    if (error instanceof LibvirtError) {
      return undefined;
    }
    throw error;
  }
}
