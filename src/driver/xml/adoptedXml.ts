// The document of a snapshot that QEMU took and libvirt did not write down, made of the VM's own XML, which must have
// been read with VIR_DOMAIN_XML_SECURE (what is missing in it is lost to the snapshot) and MIGRATABLE. Pure; knows no
// flags.
import type { Step } from '../../steps/step.js';
import { redirectDisks } from './retarget.js';
import { element, find, parseXml, writeXml, type XmlElement, XmlError } from './xmlTree.js';
import { writeSnapshotXml } from './snapshotXml.js';
import { isElement } from './xmlChange.js';

type AdoptStep = Extract<Step, { kind: 'adoptSnapshot' }>;

const states = { disk: 'disk-snapshot', offline: 'shutoff' } as const;

/**
 * | kind    | state             | `<domain>`                              | `<inactiveDomain>` |
 * |---------|-------------------|-----------------------------------------|--------------------|
 * | memory  | running or paused | what runs, on the frozen files          | the configuration, on the same |
 * | disk    | disk-snapshot     | the same                                | the same           |
 * | offline | shutoff           | the configuration, on the frozen files  | none               |
 *
 * One inside the images has none below, and an offline one of it may be told of while the VM runs.
 *
 * @param present of what runs, or of the VM that is off
 * @param configured of a VM that runs
 */
export function writeAdoptedXml(step: AdoptStep, present: string, configured?: string): string {
  const { made, below, parent, createdAt } = step;
  const state = made.snapshotKind === 'memory' ? step.state : states[made.snapshotKind];
  const domain = parseXml(made.snapshotKind === 'offline' ? (configured ?? present) : present);
  const targets = [...(find(domain, 'devices')?.children ?? [])].flatMap((node) =>
    isElement(node, 'disk') ? (find(node, 'target')?.attributes['dev'] ?? []) : [],
  );
  const head = parseXml(writeSnapshotXml(made, targets));
  const frozen = redirectDisks(domain, below);
  const inactive =
    configured === undefined || made.snapshotKind === 'offline'
      ? undefined
      : redirectDisks(parseXml(configured), below);
  return writeXml(
    element('domainsnapshot', {}, [
      ...head.children,
      element('state', {}, [state]),
      element('creationTime', {}, [String(Math.floor(createdAt / 1_000))]),
      parent === undefined ? undefined : element('parent', {}, [element('name', {}, [parent])]),
      renameElement(frozen, 'domain'),
      inactive === undefined ? undefined : renameElement(inactive, 'inactiveDomain'),
    ]),
  );
}

function renameElement(domain: XmlElement, name: string): XmlElement {
  if (domain.name !== 'domain') {
    throw new XmlError('this is not the description of a VM');
  }
  return { ...domain, name };
}
