// Which network cards of a VM lead to it, by its XML: by their MAC addresses, in lower case. Pure.
import { attribute, elementsOf, find, findAll, parseXml, type XmlElement } from './xmlTree.js';

interface Cables {
  /** A cable is in, and its other end is in a network that others are in too. */
  readonly plugged: ReadonlySet<string>;
  /** Nobody comes in by these: the cable is out, or it leads into a network of its own. */
  readonly closed: ReadonlySet<string>;
  /** What the cables that are in lead to: a bridge, a device of the host, a network. */
  readonly networks: ReadonlySet<string>;
  /** Those whose cable leads into a network of its own, which QEMU or passt plays: nobody else is in it. */
  readonly alone: readonly CardAlone[];
}

interface CardAlone {
  /** As QEMU calls its network, where that is QEMU's own. */
  readonly netdev?: string;
  readonly forwards: readonly PortForward[];
}

/** Ports of the host that lead into the guest, by TCP. */
interface PortForward {
  /** Absent: on all addresses of the host. */
  readonly address?: string;
  readonly start: number;
  readonly end: number;
  /** Of the guest, for the first of them. */
  readonly to: number;
}

/** @throws XmlError */
export function cablesOf(xml: string): Cables {
  const devices = find(parseXml(xml), 'devices');
  const cards = devices === undefined ? [] : elementsOf(devices).filter(({ name }) => name === 'interface');
  const [plugged, closed, networks] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const alone: CardAlone[] = [];
  for (const card of cards) {
    const isUnplugged = attribute(find(card, 'link'), 'state') === 'down';
    const isByPasst = attribute(find(card, 'backend'), 'type') === 'passt';
    const isAlone = isByPasst || attribute(card, 'type') === 'user';
    const isOut = isUnplugged || isAlone;
    (isOut ? closed : plugged).add(attribute(find(card, 'mac'), 'address')?.toLowerCase() ?? '');
    if (isAlone && !isUnplugged) {
      const alias = attribute(find(card, 'alias'), 'name');
      alone.push({
        ...(!isByPasst && alias !== undefined && { netdev: `host${alias}` }),
        forwards: findAll(card, 'portForward').flatMap(forwardsOf),
      });
    }
    if (!isOut) {
      const source = find(card, 'source');
      // A card that names the bridge of a libvirt network is in that network.
      networks.add(['bridge', 'dev', 'network'].map((name) => attribute(source, name)).find(Boolean) ?? '');
    }
  }
  return { plugged, closed, networks, alone };
}

/** Without those of a range in which some are left out, or that only one device of the host has. */
function forwardsOf(forward: XmlElement): readonly PortForward[] {
  const ranges = findAll(forward, 'range');
  if (
    attribute(forward, 'proto') !== 'tcp' ||
    attribute(forward, 'dev') !== undefined ||
    ranges.some((range) => attribute(range, 'exclude') === 'yes')
  ) {
    return [];
  }
  const address = attribute(forward, 'address');
  return ranges.map((range) => {
    const start = Number(attribute(range, 'start'));
    const end = Number(attribute(range, 'end') ?? start);
    const to = Number(attribute(range, 'to') ?? start);
    return { ...(address !== undefined && { address }), start, end, to };
  });
}
