// The snapshot document: its head read quickly, the whole of it only where that is asked for, and written.
// Knows no flags and sends nothing.
import { parseDescription } from '../../domain/description.js';
import { isDevicePath } from '../../domain/devicePath.js';
import type { Step } from '../../steps/step.js';
import {
  kindOf,
  styleOf,
  type Location,
  type Snapshot,
  type SnapshotDisk,
  type SnapshotState,
} from '../../domain/snapshot.js';
import type { VmDisk } from '../../domain/vm.js';
import { nvramIn } from './domainXml.js';
import { readDisks, withPeculiaritiesOf } from './diskXml.js';
import { foreignInOverlay } from './knownDiskXml.js';
import { parseQuickly } from './plainXml.js';
import { attribute, element, find, findAll, textOf, writeXml, XmlError, type XmlElement } from './xmlTree.js';

const domainTag = Buffer.from('<domain');
/** What may follow the name of a start tag; `<domainsnapshot` and the like do not count. */
const afterTagName = new Set([' ', '>', '/', '\n', '\t', '\r'].map((character) => character.charCodeAt(0)));

/**
 * Reads what a snapshot says of itself. That stands before its `<domain>` element (libvirt writes `<domain>`,
 * `<inactiveDomain>` and `<cookie>` last), which is 90 % of the document, so only the bytes before it are decoded.
 * Unknown elements are passed over. Nothing of `xml` is kept alive by the result.
 * @throws XmlError when the head is no snapshot.
 */
export function parseSnapshotHead(xml: Uint8Array): Snapshot {
  const bytes = Buffer.from(xml.buffer, xml.byteOffset, xml.byteLength);
  const end = findDomain(bytes);
  const nvram = end === undefined ? undefined : variablesFrom(bytes, end);
  return {
    ...toSnapshot(
      parseQuickly(end === undefined ? bytes.toString('utf8') : `${bytes.toString('utf8', 0, end)}</domainsnapshot>`),
    ),
    ...(end !== undefined && ranWithPlugged(bytes, end) ? { pluggedProcessors: true } : {}),
    ...(nvram === undefined ? {} : { nvram }),
  };
}

/** Looks only for plugged devices in `<domain>`, which is what ran, in the form that libvirt writes. */
function ranWithPlugged(bytes: Buffer, from: number): boolean {
  const [begin, until] = [bytes.indexOf('<vcpus>', from), bytes.indexOf('</domain>', from)];
  const vcpus = begin < 0 || begin > until ? '' : bytes.toString('latin1', begin, until);
  return [...vcpus.matchAll(/<vcpu\s[^<>]*>/gu)].some(
    ([tag]) => tag.includes("enabled='yes'") && tag.includes("hotpluggable='yes'"),
  );
}

/** Of `<domain>`, in whose `<metadata>` anything may stand. */
function variablesFrom(bytes: Buffer, from: number): string | undefined {
  const begin = bytes.indexOf('<os', Math.max(from, bytes.indexOf('</metadata>', from)));
  const end = bytes.indexOf('</os>', begin);
  const os = begin < 0 || end < 0 ? '' : bytes.toString('utf8', begin, end);
  return os.includes('<nvram') ? nvramIn(parseQuickly(`${os}</os>`)) : undefined;
}

function findDomain(bytes: Buffer): number | undefined {
  for (let at = bytes.indexOf(domainTag); at >= 0; at = bytes.indexOf(domainTag, at + 1)) {
    const next = bytes[at + domainTag.length];
    if (next !== undefined && afterTagName.has(next)) {
      return at;
    }
  }
  return undefined;
}

function toSnapshot(root: XmlElement): Snapshot {
  const name = textOf(find(root, 'name'));
  if (root.name !== 'domainsnapshot' || name === undefined || name === '') {
    throw new XmlError('this is not the description of a snapshot');
  }
  const state = stateByWord.get(textOf(find(root, 'state')) ?? '') ?? 'unknown';
  const memory = find(root, 'memory');
  const memoryLocation = memory === undefined ? impliedMemory(state) : locationOf(attribute(memory, 'snapshot'));
  const memoryFile = attribute(memory, 'file');
  const disks = findAll(find(root, 'disks'), 'disk').map(toDisk);
  const revertDisks = findAll(find(root, 'revertDisks'), 'disk').map(toDisk);
  const parent = textOf(find(root, 'parent', 'name'));
  const { trailers, text: description } = parseDescription(textOf(find(root, 'description')) ?? '');
  const createdAt = Number(textOf(find(root, 'creationTime')) ?? 0) * 1_000;
  return {
    name,
    title: trailers.title ?? name,
    description,
    trailers,
    ...(parent === undefined ? {} : { parent }),
    createdAt: Number.isSafeInteger(createdAt) && createdAt % 1_000 === 0 ? createdAt : 0,
    state,
    memory: { location: memoryLocation, ...(memoryFile === undefined ? {} : { file: memoryFile }) },
    disks,
    ...(revertDisks.length === 0 ? {} : { revertDisks }),
    kind: kindOf(state, memoryLocation),
    style: styleOf(memoryLocation, disks),
  };
}

function toDisk(disk: XmlElement): SnapshotDisk {
  const source = find(disk, 'source');
  const file = attribute(source, 'file') ?? attribute(source, 'dev');
  const foreign = foreignInOverlay(disk);
  return {
    target: attribute(disk, 'name') ?? '',
    location: locationOf(attribute(disk, 'snapshot')),
    ...(file === undefined ? {} : { file }),
    deleteInProgress: find(disk, 'snapshotDeleteInProgress') !== undefined,
    ...(foreign.length === 0 ? {} : { foreign }),
  };
}

/** The words of virDomainSnapshotState (snapshot_conf.c); any other is `unknown`. */
const stateByWord: ReadonlyMap<string, SnapshotState> = new Map<string, SnapshotState>([
  ['running', 'running'],
  ['blocked', 'running'],
  ['paused', 'paused'],
  ['shutdown', 'off'],
  ['shutoff', 'off'],
  ['crashed', 'crashed'],
  ['pmsuspended', 'pmsuspended'],
  ['disk-snapshot', 'disk-snapshot'],
]);

/** Snapshots from before libvirt 1.0.1 have no `<memory>`: those of an active VM held its RAM inside the image. */
function impliedMemory(state: SnapshotState): Location {
  return state === 'running' || state === 'paused' ? 'internal' : 'no';
}

function locationOf(word: string | undefined): Location {
  return word === 'internal' || word === 'external' || word === 'manual' ? word : 'no';
}

/**
 * The disks as the VM had them when the snapshot was taken: for an external snapshot the frozen files below its
 * overlays. `<domain>` has them; `<inactiveDomain>` is the persistent configuration of a running VM beside it, which
 * may lack one that was plugged in, and have one that was to come with the next start.
 */
export function parseFrozenDisks(xml: string): readonly VmDisk[] {
  const root = parseQuickly(xml);
  const [domain, inactive] = [find(root, 'domain'), find(root, 'inactiveDomain')];
  if (domain === undefined || inactive === undefined) {
    return readDisks(domain ?? inactive);
  }
  const [running, configured] = [readDisks(domain), readDisks(inactive)];
  const subtractDisks = (disks: readonly VmDisk[], others: readonly VmDisk[]): readonly VmDisk[] =>
    disks.filter(({ target }) => others.every((other) => other.target !== target));
  const pluggedIn = new Set(subtractDisks(running, configured));
  return [
    ...running.map((disk): VmDisk =>
      pluggedIn.has(disk)
        ? { ...disk, only: 'running' }
        : withPeculiaritiesOf(
            disk,
            configured.find(({ target }) => target === disk.target),
          ),
    ),
    ...subtractDisks(configured, running).map((disk): VmDisk => ({ ...disk, only: 'configured' })),
  ];
}

type CreateStep = Extract<Step, { kind: 'createSnapshot' }>;

/**
 * | style    | kind    | memory element      | disks of the step | other disks |
 * |----------|---------|---------------------|-------------------|-------------|
 * | internal | memory  | internal            | internal          | no          |
 * | internal | offline | no                  | internal          | no          |
 * | external | memory  | external, with file | external          | no          |
 * | external | disk    | no                  | external          | no          |
 * | external | offline | no                  | external          | no          |
 *
 * Every disk is named, for libvirt lets those that are not take part as well.
 */
export function writeSnapshotXml(step: CreateStep, allTargets: readonly string[]): string {
  const taking = new Map(step.disks.map((disk) => [disk.target, disk]));
  const targets = [...new Set([...allTargets, ...taking.keys()])];
  const memory: Record<string, string> =
    step.snapshotKind !== 'memory'
      ? { snapshot: 'no' }
      : { snapshot: step.style, ...(step.memoryFile === undefined ? {} : { file: step.memoryFile }) };
  const disks = targets.map((target) => {
    const disk = taking.get(target);
    return disk === undefined
      ? element('disk', { name: target, snapshot: 'no' })
      : element(
          'disk',
          { name: target, snapshot: step.style, ...overlayType(step, disk.file) },
          overlay(step, disk.file),
        );
  });
  return writeXml(
    element('domainsnapshot', {}, [
      element('name', {}, [step.name]),
      step.description === '' ? undefined : element('description', {}, [step.description]),
      element('memory', memory),
      disks.length === 0 ? undefined : element('disks', {}, disks),
    ]),
  );
}

function overlayType(step: CreateStep, file: string | undefined): Readonly<Record<string, string>> {
  return step.style === 'external' && file !== undefined ? { type: isDevicePath(file) ? 'block' : 'file' } : {};
}

/** An internal part has no place of its own, so a file that is named beside one is passed over. */
function overlay(step: CreateStep, file: string | undefined): readonly XmlElement[] {
  if (step.style === 'internal' || file === undefined) {
    return [];
  }
  return [element('driver', { type: 'qcow2' }), element('source', isDevicePath(file) ? { dev: file } : { file })];
}
