// The network of a lab's own, and the filter before each card in it. Sends nothing.
import { labMac, type LabNetwork } from '../../domain/labVm.js';
import { attribute, element as e, find, findAll, parseXml, writeXml, type XmlElement } from './xmlTree.js';

/** Without a way out: nothing is forwarded, no name is resolved, and IPv6 is off. Addresses come by DHCP, no router. */
export function labNetworkXml({ name, uuid, bridge, address }: LabNetwork): string {
  const ofSubnet = inSubnetOf(address);
  return writeXml(
    e('network', {}, [
      e('name', {}, [name]),
      e('uuid', {}, [uuid]),
      e('bridge', { name: bridge, stp: 'off', delay: '0' }),
      e('mac', { address: labMac(uuid) }),
      e('dns', { enable: 'no' }),
      e('ip', { address, netmask: '255.255.255.0' }, [
        e('dhcp', {}, [e('range', { start: ofSubnet(2), end: ofSubnet(254) })]),
      ]),
    ]),
  );
}

/** Whether a VM has a card in it, by whichever name libvirt tells it, or its filter before one. */
export function isInLabNetwork(domainXml: string, { name, bridge }: LabNetwork): boolean {
  return findAll(find(parseXml(domainXml), 'devices'), 'interface').some((card) => {
    const source = find(card, 'source');
    return (
      attribute(source, 'network') === name ||
      attribute(source, 'bridge') === bridge ||
      attribute(find(card, 'filterref'), 'filter') === name
    );
  });
}

/**
 * Lets a card ask for an address, and speak with the proxy. All else is dropped before the bridge: other ports and
 * addresses of this computer, other VMs, IPv6. Each rule is one of ebtables: those of iptables, which libvirt has for
 * `tcp` and `udp`, do nothing where `bridge-nf-call-iptables` is off, and nobody hears of it. `$MAC` is the card's. By
 * the address of the bridge no VM sends another one so much as a question for an address. Who sends from an address
 * outside of the subnet would have this computer answer to that.
 */
export function labFilterXml({ name, uuid, filterUuid, address, port }: LabNetwork): string {
  const own = { srcmacaddr: '$MAC' };
  const fromSubnet = { srcipaddr: inSubnetOf(address)(0), srcipmask: '24' };
  const ofBridge = { srcmacaddr: labMac(uuid) };
  const proxy = String(port);
  return writeXml(
    e('filter', { name, chain: 'root' }, [
      e('uuid', {}, [filterUuid]),
      accept('out', 'arp', { ...own, arpsrcmacaddr: '$MAC', arpdstipaddr: address }),
      accept('in', 'arp', { ...ofBridge, arpsrcipaddr: address }),
      ...[
        { srcipaddr: '0.0.0.0', dstipaddr: '255.255.255.255' },
        { ...fromSubnet, dstipaddr: address },
      ].map((way) => accept('out', 'ip', { ...own, protocol: 'udp', ...way, srcportstart: '68', dstportstart: '67' })),
      accept('in', 'ip', { ...ofBridge, protocol: 'udp', srcipaddr: address, srcportstart: '67', dstportstart: '68' }),
      accept('out', 'ip', { ...own, protocol: 'tcp', ...fromSubnet, dstipaddr: address, dstportstart: proxy }),
      accept('in', 'ip', { ...ofBridge, protocol: 'tcp', srcipaddr: address, srcportstart: proxy }),
      e('rule', { action: 'drop', direction: 'inout', priority: '1000' }, [e('mac')]),
    ]),
  );
}

function inSubnetOf(address: string): (last: number) => string {
  return (last) => `${address.slice(0, address.lastIndexOf('.'))}.${last}`;
}

function accept(direction: 'in' | 'out', protocol: 'arp' | 'ip', match: Readonly<Record<string, string>>): XmlElement {
  return e('rule', { action: 'accept', direction, priority: '100' }, [e(protocol, match)]);
}
