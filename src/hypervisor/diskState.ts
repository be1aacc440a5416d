// What one disk of a VM stands on, and the job that copies it, as its XML tells. Changes nothing.
import type { Connection } from '../libvirt/connection.js';
import { VIR_DOMAIN_XML_INACTIVE } from '../libvirt/flags.js';
import type { Domain } from '../libvirt/structs.js';
import { attribute, find, findAll, parseXml } from './xmlTree.js';

export interface DiskState {
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
  return diskState((await connection.call('domainGetXmlDesc', { dom, flags })).xml, target);
}

/** Undefined where there is no such disk. */
export function diskState(xml: string, target: string): DiskState | undefined {
  const disks = findAll(find(parseXml(xml), 'devices'), 'disk');
  const disk = disks.find((one) => attribute(find(one, 'target'), 'dev') === target);
  if (disk === undefined) {
    return undefined;
  }
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
