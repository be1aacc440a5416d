// The addresses of a guest: the agent knows best, then the host's DHCP server, then what the host met on its network.
import { isIP, isIPv4 } from 'node:net';
import type { GuestAddress } from '../../domain/guestAddress.js';
import type { Connection } from '../../libvirt/connection.js';
import {
  VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT,
  VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP,
  VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE,
} from '../../libvirt/flags.js';
import { LibvirtError } from '../../libvirt/libvirtError.js';

const sources = [
  { from: 'agent', source: VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT },
  { from: 'lease', source: VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE },
  { from: 'arp', source: VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP },
] as const;

/** An agent that hangs is not waited for. */
const patienceMs = 2_000;

/** Of the first source that knows one; IPv4 first. What a source says is not trusted: only addresses come out. */
export async function readAddresses(connection: Connection, uuid: string): Promise<readonly GuestAddress[]> {
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  for (const { from, source } of sources) {
    const signal = AbortSignal.timeout(patienceMs);
    try {
      const { ifaces } = await connection.call('domainInterfaceAddresses', { dom, source, flags: 0 }, { signal });
      const found = ifaces.flatMap(({ addrs }) => addrs.map(({ addr }) => addr)).filter(isReachable);
      if (found.length > 0) {
        const sorted = [...new Set(found)].sort((a, b) => Number(isIPv4(b)) - Number(isIPv4(a)));
        return sorted.map((address) => ({ address, from }));
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

/** Not the guest's own, and not one that needs the name of an interface beside it. */
function isReachable(address: string): boolean {
  return isIP(address) !== 0 && !/^(127\.|169\.254\.|0\.|::1$|::$|fe[89ab])/iu.test(address);
}
