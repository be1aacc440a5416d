// The lists from which a VM, a snapshot or a connection is picked; each line tells the state in words.
import { t } from '@vscode/l10n';
import type { EnginePort } from '../../engine/enginePort.js';
import { vmsOnce } from '../../live/sameDaemon.js';
import { type ConnectionView, countSnapshots, type VmView } from '../../live/views.js';
import { displayLine } from '../../domain/plainText.js';
import type { StoredSystem } from '../../domain/system.js';
import type { Snapshot, SnapshotTree } from '../../domain/snapshot.js';
import { isCalled } from '../../domain/wantedConnection.js';
import { connectionLabel, labelIn } from '../../text/connectionLabel.js';
import { relativeAge } from '../../text/relativeAge.js';
import { kindWords, powerWord, snapshotCountText } from '../../text/words.js';
import { type ListLine, askOne, askSeveral } from './ask.js';
import { requireAnswer, NothingThere } from './commandError.js';
import { offeredVms, type VmUse } from './offeredVms.js';

export type Choice<T> = ListLine<T>;

/** Lines of a list: more than a person reads. */
export const mostOffered = 50;

/** Resolves to the value of the line that was picked; the user may also leave. */
export async function pick<T>(choices: readonly Choice<T>[], placeHolder: string, title?: string): Promise<T> {
  return requireAnswer(await askOne(choices, placeHolder, title)).value;
}

/** All are picked until the user takes some out; resolves to the values of those that stay. */
export async function pickSeveral<T>(
  choices: readonly Choice<T>[],
  placeHolder: string,
  title?: string,
): Promise<readonly T[]> {
  return requireAnswer(await askSeveral(choices, placeHolder, [], title));
}

/** A system was picked in the place of a VM. */
export class SystemPicked extends Error {
  constructor(readonly id: string) {
    super('a system was picked');
  }
}

/** The options of the list of VMs. */
interface VmListOptions {
  /** Which are offered. */
  readonly fits?: ((view: VmView) => boolean) | undefined;
  /** What is said of one beside its state. */
  readonly says?: ((view: VmView) => string | undefined) | undefined;
  readonly connection?: string | undefined;
  /** Offered below the VMs, the active one before them. */
  readonly systems?: readonly StoredSystem[] | undefined;
  /** The id of the active system. */
  readonly activeSystem?: string | undefined;
  readonly use: VmUse;
}

/** The only one that fits, or the one picked of those that fit. @throws SystemPicked */
export async function pickVm(
  { engine, title }: { readonly engine: EnginePort; readonly title?: string },
  { fits = () => true, says = () => undefined, connection, systems = [], activeSystem, use }: VmListOptions,
): Promise<VmView> {
  const connections = engine.connections.filter((one) => connection === undefined || isCalled(one, connection));
  const all = vmsOnce(connections);
  const [first, ...others] = offeredVms(all, fits, use);
  if (first === undefined) {
    const text = all.length === 0 ? t('There are no VMs.') : t('No VM allows this operation now.');
    throw new NothingThere(text, connection === undefined ? {} : { connection });
  }
  if (others.length === 0 && systems.length === 0) {
    return first;
  }
  const several = new Set(all.map(({ ref }) => ref.connection)).size > 1;
  const choices = [first, ...others].map((view) => ({
    label: view.vm.name,
    description: [
      powerWord(view.vm),
      ...[countSnapshots(view)].flatMap((count) => (count === undefined ? [] : [snapshotCountText(count)])),
    ].join(' · '),
    ...detailOf([says(view), several ? labelIn(connections, view.ref.connection) : undefined]),
    value: view,
  }));
  const groups = systems.map(({ system }) => ({
    label: system.name,
    icon: 'layers',
    description: t('all VMs'),
    detail: system.members.map(({ name }) => displayLine(name, 40)).join(', '),
    value: new SystemPicked(system.id),
  }));
  const active = groups.filter(({ value }) => value.id === activeSystem);
  const rest = groups.filter(({ value }) => value.id !== activeSystem);
  const picked = await pick<VmView | SystemPicked>([...active, ...choices, ...rest], t('Select a VM'), title);
  if (picked instanceof SystemPicked) {
    throw picked;
  }
  return picked;
}

function detailOf(parts: readonly (string | undefined)[]): { readonly detail?: string } {
  const told = parts.filter((part) => part !== undefined);
  return told.length === 0 ? {} : { detail: told.join(' · ') };
}

export async function pickSnapshot(
  view: VmView,
  tree: SnapshotTree,
  placeholder: string,
  title?: string,
): Promise<Snapshot> {
  if (tree.snapshots.length === 0) {
    throw new NothingThere(t('{0} has no snapshots.', view.vm.name), { vm: view.vm.name });
  }
  return pick(snapshotChoices(tree), placeholder, title);
}

/** Newest first, because that is what people look for. */
export function snapshotChoices(tree: SnapshotTree): readonly Choice<Snapshot>[] {
  const now = Date.now();
  return tree.snapshots
    .map((snapshot, index) => ({ snapshot, index }))
    .sort((a, b) => b.snapshot.createdAt - a.snapshot.createdAt || b.index - a.index)
    .map(({ snapshot }) => ({
      label: snapshot.title,
      description: [
        kindWords(snapshot),
        relativeAge(snapshot.createdAt, now),
        ...(snapshot.name === tree.current ? [t('current')] : []),
      ].join(' · '),
      ...(snapshot.description !== '' && { detail: displayLine(snapshot.description) }),
      value: snapshot,
    }));
}

export async function pickConnection(
  connections: readonly ConnectionView[],
  placeholder: string,
): Promise<ConnectionView> {
  const choices = connections.map((connection) => ({
    label: connectionLabel(connection),
    description: connectionStateWord(connection),
    detail: connection.uri,
    value: connection,
  }));
  return pick(choices, placeholder);
}

function connectionStateWord(connection: ConnectionView): string {
  switch (connection.state) {
    case 'idle':
      return t('not connected');
    case 'connecting':
      return t('connecting');
    case 'connected':
      return t('connected');
    case 'failed':
      return t('failed');
  }
}
