// Disks that are named by pool and volume: which files or devices they are. Knows no snapshot and keeps nothing.
import type { Connection } from '../../libvirt/connection.js';
import { errorCodes, LibvirtError } from '../../libvirt/libvirtError.js';
import { isDevicePath } from '../../domain/devicePath.js';
import type { VmDisk, WhyNoVolume } from '../../domain/vm.js';

/** Every other answer, as of a driver without pools, says nothing of the volume. */
const whyByCode: ReadonlyMap<number, WhyNoVolume> = new Map([
  [errorCodes.VIR_ERR_NO_STORAGE_POOL, 'noPool'],
  [errorCodes.VIR_ERR_OPERATION_INVALID, 'notStarted'],
  [errorCodes.VIR_ERR_NO_STORAGE_VOL, 'noVolume'],
]);

/**
 * libvirt itself does the same when it starts the VM. What has no path on the host, or is not there now, stays a
 * volume.
 */
export async function withVolumePaths(connection: Connection, disks: readonly VmDisk[]): Promise<readonly VmDisk[]> {
  return disks.every(({ volume }) => volume === undefined)
    ? disks
    : Promise.all(disks.map((disk) => withPath(connection, disk)));
}

async function withPath(connection: Connection, disk: VmDisk): Promise<VmDisk> {
  const { volume } = disk;
  if (volume === undefined) {
    return disk;
  }
  try {
    const path = await pathOf(connection, volume);
    return path.startsWith('/') ? { ...disk, sourceType: isDevicePath(path) ? 'block' : 'file', source: path } : disk;
  } catch (error) {
    if (!(error instanceof LibvirtError)) {
      throw error;
    }
    const notThere = whyByCode.get(error.code);
    return notThere === undefined ? disk : { ...disk, volume: { ...volume, notThere } };
  }
}

/** Undefined where it has none on the host, or is not there now. */
export async function readVolumePath(
  connection: Connection,
  volume: NonNullable<VmDisk['volume']>,
): Promise<string | undefined> {
  try {
    const path = await pathOf(connection, volume);
    return path.startsWith('/') ? path : undefined;
  } catch (error) {
    if (error instanceof LibvirtError) {
      return undefined;
    }
    throw error;
  }
}

async function pathOf(
  connection: Connection,
  { pool: poolName, name }: NonNullable<VmDisk['volume']>,
): Promise<string> {
  const { pool } = await connection.call('storagePoolLookupByName', { name: poolName });
  const { vol } = await connection.call('storageVolLookupByName', { pool, name });
  return (await connection.call('storageVolGetPath', { vol })).name;
}
