// What libvirt keeps of a VM and its snapshots, as its documents.
import type { SnapshotDocument, VmDocuments } from '../../domain/copiedVm.js';
import type { Connection } from '../../libvirt/connection.js';
import { VIR_DOMAIN_XML_INACTIVE, VIR_DOMAIN_XML_SECURE } from '../../libvirt/flags.js';
import { readSecure } from '../run/runRedefineStep.js';
import { readVolumePath } from '../files/volumePaths.js';
import { volumesAsSources } from '../xml/namedFiles.js';
import { parseSnapshotHead } from '../xml/snapshotXml.js';
import { readCurrent } from './readSnapshots.js';

interface Place {
  readonly connection: Connection;
}

export async function readDocuments({ connection }: Place, uuid: string, secrets?: 'without'): Promise<VmDocuments> {
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  const flags = VIR_DOMAIN_XML_INACTIVE | (secrets === undefined ? VIR_DOMAIN_XML_SECURE : 0);
  const { xml: definition } = await connection.call('domainGetXmlDesc', { dom, flags });
  const listed = await connection.call('domainListAllSnapshots', { dom, needResults: 1, flags: 0 });
  const documents: SnapshotDocument[] = [];
  for (const { name } of listed.snapshots) {
    const xml = await readSecure({ connection, dom }, name, secrets === undefined ? undefined : 0);
    const { parent } = parseSnapshotHead(Buffer.from(xml));
    documents.push({ name, ...(parent !== undefined && { parent }), xml });
  }
  const current = await readCurrent(connection, dom);
  return { definition, snapshots: parentsFirst(documents), ...(current !== undefined && { current }) };
}

/** With the files and devices that volumes of pools are. */
export async function withoutVolumes({ connection }: Place, documents: VmDocuments): Promise<VmDocuments> {
  const known = new Map<string, Promise<string | undefined>>();
  const pathOf = (pool: string, name: string): Promise<string | undefined> => {
    const key = JSON.stringify([pool, name]);
    const path = known.get(key) ?? readVolumePath(connection, { pool, name });
    known.set(key, path);
    return path;
  };
  const resolveIn = (xml: string): Promise<string> => volumesAsSources(xml, pathOf);
  return {
    ...documents,
    definition: await resolveIn(documents.definition),
    snapshots: await Promise.all(documents.snapshots.map(async (one) => ({ ...one, xml: await resolveIn(one.xml) }))),
  };
}

/** One whose parent is not there comes last, as it cannot be defined. */
function parentsFirst(documents: readonly SnapshotDocument[]): readonly SnapshotDocument[] {
  const childrenOf = (name: string | undefined): readonly SnapshotDocument[] =>
    documents.filter(({ parent }) => parent === name);
  const ordered = [...childrenOf(undefined)];
  for (const { name } of ordered) {
    ordered.push(...childrenOf(name));
  }
  const placed = new Set(ordered);
  return [...ordered, ...documents.filter((one) => !placed.has(one))];
}
