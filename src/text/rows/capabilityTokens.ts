// What can be done with a row, as the tokens that menus in package.json ask for: `vm;running;pausable;`. A menu that
// is shown is a promise to try, not that no rule refuses it: the refusal explains more than a missing menu.
import type { ConnectionView, VmView } from '../../live/views.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { SystemPoint } from '../../domain/system.js';
import type { PowerState } from '../../domain/vm.js';
import type { KnownSystem } from '../../systems/knownSystems.js';

/** Every token that menus may ask for; a test compares this with package.json. */
export const menuTokens = [
  'connection',
  'connectable',
  'failure',
  'vm',
  'snapshot',
  'here',
  'named',
  'picturable',
  'checkpointable',
  'revertable',
  'undoable',
  'describable',
  'comparable',
  'deletable',
  'point',
  'startable',
  'resumable',
  'pausable',
  'shutdownable',
  'restartable',
  'forceable',
  'consoleLog',
  'display',
  'warned',
  'markable',
  'hasFavourite',
  'hasTrash',
  'trashed',
  'trashable',
  'consolidatable',
  'prunable',
  'cancellable',
  'system',
  'unfinished',
  'renamable',
  'cloneable',
  'forkable',
  'discardable',
] as const;

/**
 * | state        | start | resume | pause | shut down | restart | force off |
 * |--------------|-------|--------|-------|-----------|---------|-----------|
 * | off          | yes   |        |       |           |         |           |
 * | running      |       |        | yes   | yes       | yes     | yes       |
 * | paused       |       | yes    |       |           |         | yes       |
 * | shuttingDown |       |        |       |           |         | yes       |
 * | crashed      |       |        |       |           |         | yes       |
 * | asleep       |       |        |       |           |         | yes       |
 * | unknown      |       |        |       |           |         |           |
 */
const powerTokens: Readonly<Record<PowerState, readonly string[]>> = {
  off: ['startable'],
  running: ['pausable', 'shutdownable', 'restartable', 'forceable'],
  paused: ['resumable', 'forceable'],
  shuttingDown: ['forceable'],
  crashed: ['forceable'],
  asleep: ['forceable'],
  unknown: [],
};

export function connectionTokens({ state }: ConnectionView): string {
  return joinTokens('connection', state, ...(state === 'idle' || state === 'failed' ? ['connectable'] : []));
}

/** What the tokens of a VM depend on beside the VM. */
interface VmPlace {
  readonly readOnly: boolean;
  /** There are warnings that could be snoozed. */
  readonly isWarned?: boolean;
}

export function vmTokens(view: VmView, { readOnly, isWarned }: VmPlace): string {
  const { vm, operation } = view;
  return joinTokens(
    'vm',
    'named',
    'picturable',
    vm.power,
    ...(isWarned === true ? ['warned'] : []),
    ...(readOnly
      ? ['readOnly']
      : ['checkpointable', ...undoTokens(view), ...careTokens(view), ...powerTokens[vm.power], ...cloneTokens(vm)]),
    ...(vm.consoleLog === undefined ? [] : ['consoleLog']),
    ...(vm.display === true ? ['display'] : []),
    ...operationTokens(operation),
  );
}

export function hereTokens(view: VmView, readOnly: boolean): string {
  const { vm, operation } = view;
  return joinTokens(
    'here',
    'picturable',
    vm.power,
    ...(readOnly ? ['readOnly'] : ['checkpointable', ...undoTokens(view), ...powerTokens[vm.power]]),
    ...operationTokens(operation),
  );
}

export function snapshotTokens(
  { kind, style, memory }: Pick<Snapshot, 'kind' | 'style' | 'memory'>,
  place: {
    readonly isCurrent: boolean;
    readonly readOnly: boolean;
    readonly kept: boolean;
    readonly favourite?: boolean;
    readonly trashedUntil?: number;
  },
): string {
  return joinTokens(
    'snapshot',
    'named',
    'comparable',
    'picturable',
    kind,
    style,
    ...careTokensOf(place),
    ...(place.isCurrent ? ['current'] : []),
    ...(place.readOnly
      ? ['readOnly']
      : [
          'revertable',
          'describable',
          'deletable',
          ...(place.kept || place.favourite === true || place.trashedUntil !== undefined ? [] : ['trashable']),
          'cloneable',
          ...(memory.location === 'external' ? ['forkable'] : []),
        ]),
  );
}

/** What is in the trash is taken out of it before it is marked; a mark that it has can be taken off. */
function careTokensOf({
  kept,
  favourite,
  trashedUntil,
}: {
  readonly kept: boolean;
  readonly favourite?: boolean;
  readonly trashedUntil?: number;
}): readonly string[] {
  const isMarked = kept || favourite === true;
  return [
    ...(isMarked || trashedUntil === undefined ? ['markable'] : []),
    ...(trashedUntil === undefined ? [] : ['trashed']),
  ];
}

/** What is to be seen to first is the only thing that can be done. */
export function systemTokens({
  system: { points, unfinished },
  views,
}: {
  readonly system: Pick<KnownSystem, 'points' | 'unfinished'>;
  readonly views: readonly (VmView | undefined)[];
}): string {
  const powers = views.flatMap((view) => view?.vm.power ?? []);
  return joinTokens(
    'system',
    'picturable',
    'renamable',
    ...(unfinished === undefined
      ? [
          'checkpointable',
          ...(points.some(({ auto }) => auto === 'revert') ? ['undoable'] : []),
          ...(powers.some((power) => power === 'off' || power === 'paused') ? ['startable'] : []),
          ...(powers.includes('running') ? ['shutdownable'] : []),
        ]
      : ['unfinished']),
  );
}

export function pointTokens({ auto }: Pick<SystemPoint, 'auto'>): string {
  return joinTokens('point', 'picturable', 'comparable', 'revertable', ...(auto === undefined ? ['renamable'] : []));
}

/** What is under way would change what an undo goes back from. */
function undoTokens({ undo, favourite, operation }: VmView): readonly string[] {
  return [
    ...(undo === undefined || operation !== undefined ? [] : ['undoable']),
    ...(favourite === undefined ? [] : ['hasFavourite']),
  ];
}

function cloneTokens({ power, clone }: VmView['vm']): readonly string[] {
  return ['cloneable', ...(power === 'running' ? ['forkable'] : []), ...(clone === undefined ? [] : ['discardable'])];
}

/** Not where it is known that there is neither a snapshot nor a layer to be rid of. */
function careTokens({ tree, snapshotCount, layers, trash }: VmView): readonly string[] {
  const hasNone = (tree?.snapshots.length ?? snapshotCount) === 0;
  const isFlat = layers?.disks.every((disk) => disk.whole && disk.layers.length < 2) === true;
  return [
    ...(hasNone && isFlat ? [] : ['consolidatable']),
    ...(hasNone ? [] : ['prunable']),
    ...(trash === undefined ? [] : ['hasTrash']),
  ];
}

function operationTokens(operation: VmView['operation']): readonly string[] {
  if (operation === undefined) {
    return [];
  }
  return operation.progress.cancellable ? ['busy', 'cancellable'] : ['busy'];
}

function joinTokens(...tokens: readonly string[]): string {
  return tokens.map((token) => `${token};`).join('');
}
