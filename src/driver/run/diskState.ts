// What the disks of a VM stand on, and the jobs that copy them, as its XML tells. Changes nothing.
import type { Connection } from '../../libvirt/connection.js';
import { VIR_DOMAIN_XML_INACTIVE } from '../../libvirt/flags.js';
import type { Domain } from '../../libvirt/structs.js';
import { attribute, find, findAll, parseXml, type XmlElement } from '../xml/xmlTree.js';

interface DiskState {
  /** Absent for an empty drive, and for what is no file or device. */
  readonly file?: string;
  /** A copy or an active commit; libvirt shows no other job here. */
  readonly job?: { readonly kind: string; readonly file?: string; readonly ready: boolean };
}

/** @param of what runs, or the configuration for the next start */
export async function readDiskState(
  { connection, dom }: { readonly connection: Connection; readonly dom: Domain },
  target: string,
  of: 'running' | 'configured',
): Promise<DiskState | undefined> {
  const flags = of === 'configured' ? VIR_DOMAIN_XML_INACTIVE : 0;
  return diskStates((await connection.call('domainGetXmlDesc', { dom, flags })).xml).get(target);
}

/** By target. */
export function diskStates(xml: string): ReadonlyMap<string, DiskState> {
  const disks = findAll(find(parseXml(xml), 'devices'), 'disk');
  return new Map(disks.map((disk) => [attribute(find(disk, 'target'), 'dev') ?? '', diskState(disk)]));
}

function diskState(disk: XmlElement): DiskState {
  const source = find(disk, 'source');
  const file = attribute(source, 'file') ?? attribute(source, 'dev');
  const mirror = find(disk, 'mirror');
  const to = find(mirror, 'source');
  const copy = attribute(to, 'file') ?? attribute(to, 'dev') ?? attribute(mirror, 'file');
  return {
    ...(file === undefined ? {} : { file }),
    ...(mirror === undefined
      ? {}
      : {
          job: {
            kind: attribute(mirror, 'job') ?? 'copy',
            ...(copy === undefined ? {} : { file: copy }),
            ready: attribute(mirror, 'ready') === 'yes',
          },
        }),
  };
}
