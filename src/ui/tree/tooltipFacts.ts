// What a tooltip tells beside what the row knows: where a running VM can be reached, what its display shows, and what
// it showed when a snapshot was made. Asked for when somebody looks, and never waited for long.
import { t } from '@vscode/l10n';
import { systemClock, within } from '../../base/clock.js';
import type { VmRef } from '../../domain/vm.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import type { VmView } from '../../live/views.js';
import type { EnginePort } from '../../engine/enginePort.js';
import type { FactList } from '../../text/rows/factList.js';
import type { Node, SnapshotNode } from './nodes.js';

/** A tooltip that comes later is none. */
const patienceMs = 1_000;

type TooltipSource = Pick<EnginePort, 'findVm' | 'guests' | 'keeperOf'>;

/** A small PNG, and what it is. */
export interface DisplayPicture {
  readonly png: Uint8Array;
  readonly is: string;
}

export interface TooltipContent {
  readonly facts: FactList;
  readonly picture: DisplayPicture | undefined;
}

/** @param facts what the row knows @param readNotes what wings know of a VM */
export async function tooltipContent(
  node: Node,
  facts: FactList,
  engine: TooltipSource,
  readNotes?: (view: VmView) => Promise<FactList['lines']>,
): Promise<TooltipContent> {
  if (node.kind === 'snapshot') {
    return { facts, picture: pictureOf(await shownThen(node, engine), t('Display at that time')) };
  }
  if (node.kind !== 'vm') {
    return { facts, picture: undefined };
  }
  const [told, png, ...notes] = await Promise.all([
    withAddresses(facts, node.ref, engine),
    shownNow(node.ref, engine),
    keeperLines(node.ref, engine),
    noteLines(node.ref, engine, readNotes),
  ]);
  const more = notes.flat();
  const all = more.length === 0 ? told : { ...told, lines: [...told.lines, ...more] };
  return { facts: all, picture: pictureOf(png, t('Current display')) };
}

function pictureOf(png: Uint8Array | undefined, is: string): DisplayPicture | undefined {
  return png && { png, is };
}

async function noteLines(
  ref: VmRef,
  engine: TooltipSource,
  readNotes: ((view: VmView) => Promise<FactList['lines']>) | undefined,
): Promise<FactList['lines']> {
  const view = engine.findVm(ref);
  return view === undefined || readNotes === undefined ? [] : within(systemClock, patienceMs, readNotes(view), []);
}

/** None where there is no cluster on its host, or none that has it, as on most. */
async function keeperLines(ref: VmRef, engine: TooltipSource): Promise<FactList['lines']> {
  const asked = engine.keeperOf(ref).catch(() => 'nobody' as const);
  const keeper = await within(systemClock, patienceMs, asked, 'nobody' as const);
  if (keeper === 'nobody') {
    return [];
  }
  const { keeperText } = await import('../../text/rows/keeperText.js');
  return [{ name: t('Cluster'), value: keeperText(keeper) }];
}

/** The same facts where nobody knows an address in time. */
async function withAddresses(facts: FactList, ref: VmRef, engine: TooltipSource): Promise<FactList> {
  if (engine.findVm(ref)?.vm.power !== 'running') {
    return facts;
  }
  const asked = engine.guests.addressesOf(ref).then(
    (found) => found.map(({ address }) => address),
    // The row itself shows what is wrong with the VM or its connection.
    () => [],
  );
  const addresses = await within(systemClock, patienceMs, asked, []);
  return addresses.length === 0
    ? facts
    : { ...facts, lines: [...facts.lines, { name: t('IP address'), value: addresses.join(', ') }] };
}

/** Undefined where it has no display, or none that can be seen in time. */
async function shownNow(ref: VmRef, engine: TooltipSource): Promise<Uint8Array | undefined> {
  if (engine.findVm(ref)?.vm.power !== 'running') {
    return undefined;
  }
  // Most VMs of a server have no display, and a hover is no question that deserves an answer about it.
  const asked = engine.guests.thumbnailOf(ref).catch(() => undefined);
  return within(systemClock, patienceMs, asked, undefined);
}

async function shownThen({ ref, snapshot }: SnapshotNode, engine: TooltipSource): Promise<Uint8Array | undefined> {
  const tree = engine.findVm(ref)?.tree;
  const made = tree && findSnapshot(tree, snapshot);
  return made?.kind === 'memory' ? engine.guests.shownAt(ref, made.createdAt) : undefined;
}
