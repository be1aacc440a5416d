// One snapshot of a backup as a VM without the others: which files hold it, and its configuration. Pure.
import type { CopiedPoint, PointDisk, VmDocuments } from '../../domain/copiedVm.js';
import type { TargetFile } from '../../steps/step.js';
import { parseDomainXml } from './domainXml.js';
import { writeDefinition } from './retarget.js';
import { parseFrozenDisks, parseSnapshotHead } from './snapshotXml.js';
import { find, parseXml, writeXml, XmlError } from './xmlTree.js';

/** Drives and disks that only ran are left out: the first are empty, the second are in no configuration. */
export function copiedPoint(xml: string): CopiedPoint {
  const { name, title, memory, disks } = parseSnapshotHead(Buffer.from(xml));
  const { nvram } = parseDomainXml(configurationIn(xml));
  const taken = new Map(disks.map(({ target, location }) => [target, location]));
  const contentOf = (target: string): PointDisk['content'] => {
    const location = taken.get(target);
    return location === 'external' || location === 'internal' ? location : 'no';
  };
  return {
    name,
    title,
    hasRam: memory.location !== 'no',
    disks: parseFrozenDisks(xml).flatMap(({ target, source, device, only }) =>
      source === undefined || !['disk', 'lun'].includes(device) || only === 'running'
        ? []
        : [{ target, file: source, content: only === 'configured' ? 'no' : contentOf(target) }],
    ),
    ...(nvram !== undefined && { variables: nvram }),
  };
}

/** The disks of the current configuration: each holds its whole content. */
export function presentDisks(definition: string): readonly PointDisk[] {
  return parseDomainXml(definition).disks.flatMap(({ target, source, device }) =>
    source === undefined || !['disk', 'lun'].includes(device) ? [] : [{ target, file: source, content: 'external' }],
  );
}

function configurationIn(xml: string): string {
  const root = parseXml(xml);
  const kept = find(root, 'inactiveDomain') ?? find(root, 'domain');
  if (kept === undefined) {
    throw new XmlError('the snapshot does not hold the configuration of its VM');
  }
  return writeXml({ ...kept, name: 'domain' });
}

/** Under the name and UUID that the VM had when it was backed up. */
export function pointDefinition(
  { definition, snapshots }: VmDocuments,
  snapshot: string,
  overlays: readonly TargetFile[],
): string {
  const { xml = '' } = snapshots.find(({ name }) => name === snapshot) ?? {};
  return writeDefinition(xml, parseDomainXml(definition), overlays);
}
