// Which network cards of a VM lead to it, by its XML: by their MAC addresses, in lower case. Pure.
import { attribute, elementsOf, find, parseXml } from './xmlTree.js';

interface Cables {
  /** A cable is in, and its other end is in a network that others are in too. */
  readonly plugged: ReadonlySet<string>;
  /** Nobody comes in by these: the cable is out, or it leads into a network of QEMU's own. */
  readonly closed: ReadonlySet<string>;
  /** What the cables that are in lead to: a bridge, a device of the host, a network. */
  readonly networks: ReadonlySet<string>;
}

/** @throws XmlError */
export function cablesOf(xml: string): Cables {
  const devices = find(parseXml(xml), 'devices');
  const cards = devices === undefined ? [] : elementsOf(devices).filter(({ name }) => name === 'interface');
  const [plugged, closed, networks] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const card of cards) {
    const isOut = attribute(find(card, 'link'), 'state') === 'down' || attribute(card, 'type') === 'user';
    (isOut ? closed : plugged).add(attribute(find(card, 'mac'), 'address')?.toLowerCase() ?? '');
    if (!isOut) {
      const source = find(card, 'source');
      // A card that names the bridge of a libvirt network is in that network.
      networks.add(['bridge', 'dev', 'network'].map((name) => attribute(source, name)).find(Boolean) ?? '');
    }
  }
  return { plugged, closed, networks };
}
