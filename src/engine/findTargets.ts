// Finds VMs and snapshots by what people call them. Refuses to choose where a name fits several.
import { systemClock, within } from '../base/clock.js';
import { asFailure } from '../domain/asFailure.js';
import { Failure } from '../domain/failure.js';
import type { Snapshot, SnapshotTree } from '../domain/snapshot.js';
import { isCalled } from '../domain/wantedConnection.js';
import { type ConnectionView, type VmView, withoutResting } from '../live/views.js';
import { shownInPlaceOf } from '../live/sameDaemon.js';
import type { EnginePort } from './enginePort.js';

/**
 * The picture of a hidden view may be old, so what is not in it is looked for once more.
 * @throws Failure `notFound`, `ambiguous`, or that of a connection where the VM may be
 */
export async function requireVmByName(engine: EnginePort, nameOrUuid: string, connection?: string): Promise<VmView> {
  const unreachable = await openConnections(engine, connection);
  let found = engine.findVms(nameOrUuid, connection);
  if (found.length === 0) {
    await engine.refresh(connection === undefined ? undefined : { connection });
    found = engine.findVms(nameOrUuid, connection);
  }
  const view = onlyOf(engine, found, nameOrUuid);
  if (view === undefined) {
    throw unreachable ?? new Failure('notFound', { vm: nameOrUuid, ...(connection !== undefined && { connection }) });
  }
  return view;
}

/** In the picture as it is. @throws Failure `ambiguous` */
export function onlyVm(engine: EnginePort, nameOrUuid: string): VmView | undefined {
  return onlyOf(engine, engine.findVms(nameOrUuid), nameOrUuid);
}

function onlyOf(engine: EnginePort, found: readonly VmView[], vm: string): VmView | undefined {
  const [view, ...others] = withoutTwins(engine, found);
  if (others.length > 0) {
    const candidates = found.map((one) => `${one.vm.name} (${one.vm.uuid}, ${one.ref.connection})`);
    throw new Failure('ambiguous', { vm, candidates });
  }
  return view;
}

/** One host may be kept under two names: its VMs are meant once. */
function withoutTwins({ connections }: Pick<EnginePort, 'connections'>, found: readonly VmView[]): readonly VmView[] {
  const twins = new Map(connections.map((one) => [one.uri, shownInPlaceOf(one, connections)?.uri]));
  return found.filter(({ ref }) => {
    const twin = twins.get(ref.connection);
    return !found.some((other) => other.ref.uuid === ref.uuid && other.ref.connection === twin);
  });
}

/** @throws Failure `notFound`, `ambiguous` with the names */
export async function requireSnapshotByName(
  engine: EnginePort,
  view: VmView,
  name: string,
  match = byNameOrTitle,
): Promise<Snapshot> {
  const known = match(await engine.readTree(view.ref), name);
  if (known.length === 0) {
    await engine.refresh({ vm: view.ref });
  }
  const found = known.length > 0 ? known : match(await engine.readTree(view.ref), name);
  const [snapshot, ...others] = found;
  const details = { vm: view.vm.name, snapshot: name, connection: view.ref.connection };
  if (snapshot === undefined) {
    throw new Failure('notFound', details);
  }
  if (others.length > 0) {
    throw new Failure('ambiguous', { ...details, candidates: found.map((one) => one.name) });
  }
  return snapshot;
}

/** A row that is gone must not become another snapshot that has its name as a title. */
export function byName(tree: SnapshotTree, name: string): readonly Snapshot[] {
  return tree.snapshots.filter((snapshot) => snapshot.name === name);
}

/** A name goes before a title, because only names are unique. */
function byNameOrTitle(tree: SnapshotTree, text: string): readonly Snapshot[] {
  const named = byName(tree, text);
  return named.length > 0 ? named : tree.snapshots.filter((snapshot) => snapshot.title === text);
}

/** What was away is not waited for while others are there: an attempt at a dead host takes half a minute and more. */
const awayMs = 3_000;

/** @throws Failure why it is not open; that of before where it was away, and still is so shortly */
export async function connectSoon(
  engine: Pick<EnginePort, 'connect' | 'connections'>,
  uri: string,
): Promise<ConnectionView> {
  const before = engine.connections.find((one) => one.uri === uri);
  const view = engine.connect(uri);
  const known = before?.state === 'failed' ? before.failure : undefined;
  if (known === undefined) {
    return view;
  }
  // The row of the connection tells how it ends.
  view.catch(() => undefined);
  const soon = await within(systemClock, awayMs, view, undefined);
  if (soon === undefined) {
    throw known;
  }
  return soon;
}

/**
 * Connects what is not connected, and lists what nobody looks at: a name may fit a VM that is new. Returns the failure
 * of a connection where one is missing now.
 * @throws Failure when the connection that was named, or every one, cannot be had; `notFound` where none is known
 */
export async function openConnections(engine: EnginePort, connection?: string): Promise<Failure | undefined> {
  const wanted =
    connection === undefined
      ? withoutResting(engine.connections)
      : engine.connections.filter((one) => isCalled(one, connection));
  if (wanted.length === 0) {
    throw new Failure('notFound', connection === undefined ? {} : { connection });
  }
  const outcomes = await Promise.allSettled(
    wanted.map(({ uri }) => (wanted.length === 1 ? engine.connect(uri) : connectSoon(engine, uri))),
  );
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [asFailure(outcome.reason)] : []));
  const [first] = failures;
  if (first !== undefined && failures.length === wanted.length) {
    throw first;
  }
  return first;
}
