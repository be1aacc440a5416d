// What a connection can do, asked once when it is opened.
import type { Connection } from '../../libvirt/connection.js';
import { errorCodes, LibvirtError, undefinedOnCode } from '../../libvirt/libvirtError.js';
import type { Capabilities } from '../../domain/capabilities.js';
import { find, findAll, parseXml, textOf, type XmlElement } from '../xml/xmlTree.js';

/** libvirt 9.0 deletes external snapshots; no capability tells it. */
const externalDeleteSince = 9_000_000;

export async function readCapabilities(connection: Connection): Promise<Capabilities> {
  const [{ type }, { libVer }, { hvVer }, { hostname }, { capabilities }, served, firmware] = await Promise.all([
    connection.call('connectGetType', {}),
    connection.call('connectGetLibVersion', {}),
    connection.call('connectGetVersion', {}),
    connection.call('connectGetHostname', {}),
    connection.call('connectGetCapabilities', {}),
    undefinedOnCode(errorCodes.VIR_ERR_NO_SUPPORT, connection.call('connectGetUri', {})),
    firmwareUuid(connection),
  ]);
  const serves = served && servedPath(served.uri);
  const told = parseXml(capabilities);
  const hostUuid = hostUuidIn(told);
  return {
    driver: driverOf(type),
    libvirt: libVer,
    hypervisor: hvVer,
    hostname,
    ...(hostUuid === undefined ? {} : { hostUuid }),
    ...(hostUuid !== undefined && hostUuid === firmware && { hostUuidLasts: true }),
    ...(serves !== undefined && { serves }),
    readOnly: connection.readOnly,
    ...appArmorIn(told),
    externalRevert: revertsExternal(told),
    externalDelete: libVer >= externalDeleteSince,
  };
}

/** virConnectGetType answers with the driver's own name. */
function driverOf(type: string): Capabilities['driver'] {
  switch (type) {
    case 'QEMU':
      return 'qemu';
    case 'Test':
    case 'TEST':
      return 'test';
    default:
      return 'other';
  }
}

/** Without what a client may have added. */
function servedPath(uri: string): string | undefined {
  return /^[a-z\d]+:(?:\/\/)?(\/[^?#]*)/iu.exec(uri)?.[1];
}

/** `<host><uuid>`: the test driver has none. */
function hostUuidIn(capabilities: XmlElement): string | undefined {
  const uuid = textOf(find(capabilities, 'host', 'uuid'))
    ?.trim()
    .toLowerCase();
  return uuid === '' ? undefined : uuid;
}

/** Undefined: the host has none, or libvirt has no dmidecode to read it with. */
async function firmwareUuid(connection: Connection): Promise<string | undefined> {
  try {
    const { sysinfo } = await connection.call('connectGetSysinfo', { flags: 0 });
    return firmwareUuidIn(parseXml(sysinfo));
  } catch (error) {
    if (error instanceof LibvirtError) {
      return undefined;
    }
    throw error;
  }
}

/** `<system><entry name='uuid'>` of `<sysinfo type='smbios'>`. */
export function firmwareUuidIn(sysinfo: XmlElement): string | undefined {
  const entry = findAll(find(sysinfo, 'system'), 'entry').find(({ attributes }) => attributes['name'] === 'uuid');
  return textOf(entry)?.trim().toLowerCase();
}

/** The security models that libvirt uses: dac always, where it tells any. */
export function appArmorIn(capabilities: XmlElement): Pick<Capabilities, 'appArmor'> {
  const models = findAll(find(capabilities, 'host'), 'secmodel').map((one) => textOf(find(one, 'model')));
  return models.length === 0 ? {} : { appArmor: models.includes('apparmor') };
}

/** `<externalSnapshot/>` among the features of a guest: libvirt 9.9 and newer. */
export function revertsExternal(capabilities: XmlElement): boolean {
  return findAll(capabilities, 'guest').some((guest) => find(guest, 'features', 'externalSnapshot') !== undefined);
}
