// Where the VNC server of a VM listens, by its XML.
import { attribute, elementsOf, find, parseXml, type XmlElement } from './xmlTree.js';

/** On the VM's host. */
export type DisplayPlace = { readonly path: string } | { readonly host: string; readonly port: number };

interface DisplayOfVm {
  readonly isRunning: boolean;
  /** Absent: no VNC server, or one that listens nowhere. */
  readonly place?: DisplayPlace;
  /** Only where the XML was read with its secrets. */
  readonly password?: string;
}

/** @throws XmlError */
export function parseDisplay(xml: string): DisplayOfVm {
  const domain = parseXml(xml);
  const isRunning = attribute(domain, 'id') !== undefined;
  const vnc = graphicsOf(domain).find((one) => attribute(one, 'type') === 'vnc');
  const place = vnc && placeOf(vnc);
  const password = vnc && attribute(vnc, 'passwd');
  return { isRunning, ...(place !== undefined && { place }), ...(password !== undefined && { password }) };
}

/** The kind that a person would look at: VNC where there are several. */
export function displayKindOf(xml: string): 'vnc' | 'spice' | 'none' {
  const kinds = graphicsOf(parseXml(xml)).map((one) => attribute(one, 'type'));
  return kinds.includes('vnc') ? 'vnc' : kinds.includes('spice') ? 'spice' : 'none';
}

function graphicsOf(domain: XmlElement): readonly XmlElement[] {
  const devices = find(domain, 'devices');
  return devices === undefined ? [] : elementsOf(devices).filter(({ name }) => name === 'graphics');
}

function placeOf(vnc: XmlElement): DisplayPlace | undefined {
  const listen = elementsOf(vnc).find(({ name }) => name === 'listen');
  const path = attribute(vnc, 'socket') ?? attribute(listen, 'socket');
  if (path !== undefined) {
    return path.startsWith('/') ? { path } : undefined;
  }
  const port = Number(attribute(vnc, 'port'));
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    return undefined;
  }
  return { host: reachable(attribute(listen, 'address') ?? attribute(vnc, 'listen') ?? '127.0.0.1'), port };
}

/** All addresses of the host are its own, too. */
function reachable(address: string): string {
  return address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
}
