// The addresses of a guest: the agent knows best, then the host's DHCP server, then what the host met on its network.
import { BlockList, isIP, isIPv4 } from 'node:net';
import type { GuestAddress } from '../../domain/guestAddress.js';
import type { Connection } from '../../libvirt/connection.js';
import {
  VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT,
  VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP,
  VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE,
} from '../../libvirt/flags.js';
import { LibvirtError } from '../../libvirt/libvirtError.js';
import { cablesOf } from '../xml/cablesXml.js';

const sources = [
  { from: 'agent', byGuest: true, source: VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT },
  { from: 'lease', source: VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE },
  { from: 'arp', source: VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP },
] as const;

/** In IPv6's notation too. */
const unreachable = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
] as const) {
  unreachable.addSubnet(network, prefix);
}
for (const [network, prefix] of [
  ['::', 127],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  unreachable.addSubnet(network, prefix, 'ipv6');
}

/** An agent that hangs is not waited for. */
const patienceMs = 2_000;

/**
 * Returns the addresses of the first source that has one; those of the VM's network cards first, then IPv4. What a
 * source says is not trusted: only addresses come out. A fork whose cables are out still has the address of its
 * original VM: none leads to it.
 *
 * @param seen by the host alone: a guest can name the address of any other computer
 */
export async function readAddresses(
  connection: Connection,
  uuid: string,
  seen?: 'byHost',
): Promise<readonly GuestAddress[]> {
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  const { plugged, closed } = cablesOf((await connection.call('domainGetXmlDesc', { dom, flags: 0 })).xml);
  if (plugged.size === 0) {
    return [];
  }
  for (const { from, source } of seen === undefined ? sources : sources.filter((one) => !('byGuest' in one))) {
    const signal = AbortSignal.timeout(patienceMs);
    try {
      const { ifaces } = await connection.call('domainInterfaceAddresses', { dom, source, flags: 0 }, { signal });
      const isOwn = (mac: string | undefined): boolean => plugged.has(mac?.toLowerCase() ?? '');
      const found = ifaces
        // A bridge in the guest may have a MAC address of its own.
        .filter(({ hwaddr }) => closed.size === 0 || isOwn(hwaddr))
        .flatMap(({ addrs, hwaddr }) => addrs.map(({ addr }) => ({ addr, isOwn: isOwn(hwaddr) })))
        .filter(({ addr }) => isReachable(addr))
        .toSorted((a, b) => Number(b.isOwn) - Number(a.isOwn) || Number(isIPv4(b.addr)) - Number(isIPv4(a.addr)));
      if (found.length > 0) {
        return [...new Set(found.map(({ addr }) => addr))].map((address) => ({ address, from }));
      }
    } catch (error) {
      // No agent, no such network, a VM that is off: the next source may know.
      if (!(error instanceof LibvirtError) && error !== signal.reason) {
        throw error;
      }
    }
  }
  return [];
}

/** Not the guest's own, not one of many, and not one that needs the name of an interface beside it. */
function isReachable(address: string): boolean {
  return isIP(address) !== 0 && !unreachable.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}
