// What can be done with a row, as the tokens that menus in package.json ask for: `vm;running;pausable;`. A menu that
// is shown is a promise to try, not that no rule refuses it: the refusal explains more than a missing menu.
import type { ConnectionView, VmView } from '../inventory/views.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { PowerState } from '../domain/vm.js';

/** Every token that menus may ask for; a test compares this with package.json. */
export const menuTokens = [
  'connection',
  'connectable',
  'failure',
  'vm',
  'named',
  'picturable',
  'checkpointable',
  'revertable',
  'undoable',
  'describable',
  'comparable',
  'deletable',
  'hasChildren',
  'startable',
  'resumable',
  'pausable',
  'shutdownable',
  'restartable',
  'forceable',
  'consoleLog',
  'examinable',
  'kept',
  'unkept',
  'protected',
  'unprotected',
  'consolidatable',
  'cancellable',
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
  return joined('connection', state, 'examinable', ...(state === 'idle' || state === 'failed' ? ['connectable'] : []));
}

export function vmTokens(
  { vm, operation, undo }: VmView,
  readOnly: boolean,
  protection: 'protected' | 'unprotected' = 'unprotected',
): string {
  return joined(
    'vm',
    'named',
    'picturable',
    'examinable',
    protection,
    vm.power,
    ...(undo === undefined || readOnly ? [] : ['undoable']),
    ...(readOnly ? ['readOnly'] : ['checkpointable', 'consolidatable', ...powerTokens[vm.power]]),
    ...(vm.consoleLog === undefined ? [] : ['consoleLog']),
    ...operationTokens(operation),
  );
}

export function hereTokens({ vm, operation, undo }: VmView, readOnly: boolean): string {
  return joined(
    'here',
    'picturable',
    vm.power,
    ...(undo === undefined || readOnly ? [] : ['undoable']),
    ...(readOnly ? ['readOnly'] : ['checkpointable', ...powerTokens[vm.power]]),
    ...operationTokens(operation),
  );
}

export function snapshotTokens(
  { kind, style }: Pick<Snapshot, 'kind' | 'style'>,
  place: {
    readonly isCurrent: boolean;
    readonly hasChildren: boolean;
    readonly readOnly: boolean;
    readonly kept: boolean;
  },
): string {
  return joined(
    'snapshot',
    'named',
    'comparable',
    'picturable',
    kind,
    style,
    place.kept ? 'kept' : 'unkept',
    ...(place.isCurrent ? ['current'] : []),
    ...(place.readOnly ? ['readOnly'] : ['revertable', 'describable', 'deletable']),
    ...(place.hasChildren && !place.readOnly ? ['hasChildren'] : []),
  );
}

function operationTokens(operation: VmView['operation']): readonly string[] {
  if (operation === undefined) {
    return [];
  }
  return operation.progress.cancellable ? ['busy', 'cancellable'] : ['busy'];
}

function joined(...tokens: readonly string[]): string {
  return tokens.map((token) => `${token};`).join('');
}
