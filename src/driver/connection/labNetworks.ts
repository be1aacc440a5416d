// The networks of labs on one connection, each with its filter. Never touches one that nobody here made: each is known
// by its UUID.
import type { LabNetwork, LabNetworkState } from '../../domain/labVm.js';
import { VIR_DOMAIN_XML_INACTIVE } from '../../libvirt/flags.js';
import { errorCodes, undefinedOnCode } from '../../libvirt/libvirtError.js';
import { isInLabNetwork, labFilterXml, labNetworkXml } from '../xml/labNetworkXml.js';
import type { DemoVmPlace } from './demoVms.js';

type Connection = DemoVmPlace['connection'];

const { VIR_ERR_NO_DOMAIN, VIR_ERR_NO_NETWORK, VIR_ERR_NO_NWFILTER, VIR_ERR_OPERATION_INVALID } = errorCodes;

export async function labNetworkState(connection: Connection, { name, uuid }: LabNetwork): Promise<LabNetworkState> {
  const found = await undefinedOnCode(VIR_ERR_NO_NETWORK, connection.call('networkLookupByName', { name }));
  if (found === undefined) {
    return 'absent';
  }
  if (found.net.uuid !== uuid) {
    return 'ofOthers';
  }
  const { active } = await connection.call('networkIsActive', { net: found.net });
  return active === 1 ? 'runs' : 'stopped';
}

/** The VMs with a card in it, cables out too, or with its filter before one, now or at their next start. */
export async function labNetworkUsers(
  connection: Connection,
  network: LabNetwork,
): Promise<readonly { readonly uuid: string; readonly name: string }[]> {
  const { domains } = await connection.call('connectListAllDomains', { needResults: 1, flags: 0 });
  const users: { uuid: string; name: string }[] = [];
  for (const dom of domains) {
    const definitions = await Promise.all(
      [0, VIR_DOMAIN_XML_INACTIVE].map((flags) =>
        undefinedOnCode(VIR_ERR_NO_DOMAIN, connection.call('domainGetXmlDesc', { dom, flags })),
      ),
    );
    if (definitions.some((found) => found !== undefined && isInLabNetwork(found.xml, network))) {
      users.push({ uuid: dom.uuid, name: dom.name });
    }
  }
  return users;
}

export async function makeLabNetwork(connection: Connection, network: LabNetwork): Promise<void> {
  // First, and each time: no card is ever in the network without it.
  await connection.call('nwfilterDefineXml', { xml: labFilterXml(network) });
  const state = await labNetworkState(connection, network);
  if (state === 'runs') {
    return;
  }
  // libvirt itself refuses a name that another one has.
  const { net } =
    state === 'stopped'
      ? await connection.call('networkLookupByUuid', { uuid: network.uuid })
      : await connection.call('networkDefineXml', { xml: labNetworkXml(network) });
  await connection.call('networkSetAutostart', { net, autostart: 1 });
  await connection.call('networkCreate', { net });
}

export async function removeLabNetwork(connection: Connection, { uuid, filterUuid }: LabNetwork): Promise<void> {
  const found = await undefinedOnCode(VIR_ERR_NO_NETWORK, connection.call('networkLookupByUuid', { uuid }));
  if (found !== undefined) {
    const { net } = found;
    await undefinedOnCode(VIR_ERR_OPERATION_INVALID, connection.call('networkDestroy', { net }));
    // One that was defined for its run alone is gone with it.
    await undefinedOnCode(VIR_ERR_NO_NETWORK, connection.call('networkUndefine', { net }));
  }
  const filter = await undefinedOnCode(
    VIR_ERR_NO_NWFILTER,
    connection.call('nwfilterLookupByUuid', { uuid: filterUuid }),
  );
  if (filter !== undefined) {
    await connection.call('nwfilterUndefine', filter);
  }
}
