// Snapshots of which libvirt is told as it knew them elsewhere, or before.
import type { MovedVm, VmDocuments } from '../../domain/copiedVm.js';
import { Failure } from '../../domain/failure.js';
import type { Connection } from '../../libvirt/connection.js';
import { VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT, VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE } from '../../libvirt/flags.js';
import type { Domain } from '../../libvirt/structs.js';
import { hasRevertDisks } from '../xml/copiedXml.js';

interface Place {
  readonly connection: Connection;
}

export async function redefineAll(
  { connection }: Place,
  dom: Domain,
  { snapshots, current }: Pick<VmDocuments, 'snapshots' | 'current'>,
): Promise<void> {
  const redefine = async (xmlDesc: string, more: number): Promise<void> => {
    const flags = VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE | more;
    await connection.call('domainSnapshotCreateXml', { dom, xmlDesc, flags });
  };
  for (const { name, xml } of snapshots) {
    const more = name === current ? VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT : 0;
    await redefine(xml, more);
    if (more !== 0 && hasRevertDisks(xml)) {
      // With that flag libvirt 9.9 and newer forgets them; without it the snapshot stays the current one.
      await redefine(xml, 0);
    }
  }
}

/** Those of a VM in any state that are not there. */
export async function takeSnapshotsBack(place: Place, { uuid, name, documents }: MovedVm): Promise<void> {
  const { connection } = place;
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  const missing = async (): Promise<VmDocuments['snapshots']> => {
    const listed = await connection.call('domainListAllSnapshots', { dom, needResults: 1, flags: 0 });
    const known = new Set(listed.snapshots.map((one) => one.name));
    return documents.snapshots.filter((one) => !known.has(one.name));
  };
  await redefineAll(place, dom, { ...documents, snapshots: await missing() });
  if ((await missing()).length > 0) {
    throw new Failure('failed', { vm: name, doing: 'restore a VM', unseen: true });
  }
}
