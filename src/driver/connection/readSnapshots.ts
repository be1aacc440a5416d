// The snapshots of a VM as libvirt tells of them: their heads, which one is current, which one is still being written.
import type { Connection } from '../../libvirt/connection.js';
import { VIR_DOMAIN_SNAPSHOT_LIST_ROOTS } from '../../libvirt/flags.js';
import { errorCodes, undefinedOnCode } from '../../libvirt/libvirtError.js';
import type { Domain } from '../../libvirt/structs.js';
import type { Capabilities } from '../../domain/capabilities.js';
import type { Snapshot, SnapshotTree } from '../../domain/snapshot.js';
import { parseSnapshotHead } from '../xml/snapshotXml.js';
import { XmlError } from '../xml/xmlTree.js';

export async function readSnapshots(
  connection: Connection,
  dom: Domain,
  names: readonly string[],
): Promise<readonly Snapshot[]> {
  const read = await inRow(names, (name) => readSnapshot(connection, dom, name));
  return read.filter((snapshot) => snapshot !== undefined);
}

async function readSnapshot(connection: Connection, dom: Domain, name: string): Promise<Snapshot | undefined> {
  const call = connection.call('domainSnapshotGetXmlDesc', { snap: { name, dom }, flags: 0 });
  const answer = await undefinedOnCode(errorCodes.VIR_ERR_NO_DOMAIN_SNAPSHOT, call);
  return answer && readHead(name, answer.xml);
}

export async function readCurrent(connection: Connection, dom: Domain): Promise<string | undefined> {
  const call = connection.call('domainSnapshotCurrent', { dom, flags: 0 });
  return (await undefinedOnCode(errorCodes.VIR_ERR_NO_DOMAIN_SNAPSHOT, call))?.snap.name;
}

export async function readTree(
  connection: Connection,
  { driver }: Pick<Capabilities, 'driver'>,
  dom: Domain,
  likely: readonly string[],
): Promise<SnapshotTree> {
  const [listed, current, begun] = await Promise.all([
    connection.call('domainListAllSnapshots', { dom, needResults: 1, flags: 0 }),
    readCurrent(connection, dom),
    readSnapshots(connection, dom, likely),
  ]);
  const names = listed.snapshots.map(({ name }) => name);
  const early = new Map(begun.map((snapshot) => [snapshot.name, snapshot]));
  // One that was not there yet when it was asked for may be by now.
  const rest = early.size === 0 ? names : names.filter((name) => !early.has(name));
  const late = await readSnapshots(connection, dom, rest);
  const snapshots = early.size === 0 ? late : inOrder(names, early, late);
  // The current one may have vanished between the two looks.
  const known = current !== undefined && snapshots.some((snapshot) => snapshot.name === current);
  const beingWritten =
    driver === 'qemu'
      ? await readBeingWritten(connection, dom, { snapshots, ...(known ? { current } : {}) })
      : undefined;
  return { snapshots, ...(known ? { current } : {}), ...(beingWritten === undefined ? {} : { beingWritten }) };
}

/**
 * libvirt lists a snapshot from the beginning, with the current one as its parent, and puts it into the tree when it is
 * whole: until then it is none of its parent's children (source of 5.2 to 11; seen on 9.0).
 */
async function readBeingWritten(
  connection: Connection,
  dom: Domain,
  { snapshots, current }: SnapshotTree,
): Promise<string | undefined> {
  const likely = snapshots.filter(({ parent }) => parent === current);
  if (likely.length === 0) {
    return undefined;
  }
  const asked = { needResults: 1, flags: current === undefined ? VIR_DOMAIN_SNAPSHOT_LIST_ROOTS : 0 };
  const call =
    current === undefined
      ? connection.call('domainListAllSnapshots', { dom, ...asked })
      : connection.call('domainSnapshotListAllChildren', { snap: { name: current, dom }, ...asked });
  const told = await undefinedOnCode(errorCodes.VIR_ERR_NO_DOMAIN_SNAPSHOT, call);
  const whole = told && new Set(told.snapshots.map(({ name }) => name));
  return whole && likely.find(({ name }) => !whole.has(name))?.name;
}

/** Those that vanished meanwhile are left out. */
function inOrder(
  names: readonly string[],
  early: ReadonlyMap<string, Snapshot>,
  late: readonly Snapshot[],
): readonly Snapshot[] {
  const read = new Map([...early, ...late.map((snapshot) => [snapshot.name, snapshot] as const)]);
  return names.flatMap((name) => read.get(name) ?? []);
}

/** One that cannot be read fails them all: what is decided about the others must know what rests on which file. */
function readHead(name: string, xml: Uint8Array): Snapshot {
  try {
    return parseSnapshotHead(xml);
  } catch (error) {
    throw error instanceof XmlError ? new XmlError(`snapshot ${name}: ${error.message}`, { cause: error }) : error;
  }
}

/** As many as a connection has on the way at most. */
const atOnce = 64;

/**
 * As Promise.all over all, but few at a time: thousands of promises that wait for the same socket would be carried
 * through every collection of garbage, which costs more than the reading. Enough to keep the connection's calls coming.
 */
async function inRow<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results = new Array<R>(items.length);
  const rest = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of rest) {
      results[index] = await act(item);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
