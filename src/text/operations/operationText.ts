// The words of each kind of operation: while it is done, before it, after it, and where somebody else cancelled it.
// Plain text; knows nothing of the editor.
import { t } from '@vscode/l10n';
import type {
  DeleteScope,
  OperationRequest,
  OperationResult,
  OperationType,
  PowerAction,
  VmTurn,
  WingTurn,
} from '../../domain/operation.js';
import { displayLine } from '../../domain/plainText.js';
import type { PowerState } from '../../domain/vm.js';
import type { Plan } from '../../operations/plan.js';
import { checkpointWithoutRamText } from '../refusals/refusalText.js';
import { behindText, durationText } from '../relativeAge.js';
import { powerWord, snapshotCountText } from '../words.js';
import type { EndState } from '../../operations/revert/endState.js';
import { lookAgain } from '../ways.js';
import { diskWords, sizeIn } from './diskText.js';
import { deletedText, measuredFreedText } from './deletedText.js';

/** Names as people read them; `title` is that of the snapshot which the request makes or names. */
interface Names {
  readonly vm: string;
  readonly title: string;
}

interface DoneWords extends Names {
  readonly took: string;
  readonly result: OperationResult;
  /** What the VM was before; absent: not known. */
  readonly from?: PowerState | undefined;
}

interface OperationText<K extends OperationType> {
  readonly doing: (request: RequestOf<K>, title: string) => string;
  readonly question: (request: RequestOf<K>, names: Names, plan: Plan) => string;
  /** The label of the button that goes on. */
  readonly confirm: (request: RequestOf<K>, plan: Plan) => string;
  readonly done: (request: RequestOf<K>, done: DoneWords) => string;
  /** What it leaves that somebody else cancelled: libvirt can cancel external memory and merges only. */
  readonly left?: () => string;
}

type RequestOf<K extends OperationType> = Extract<OperationRequest, { readonly kind: K }>;

const powers: Readonly<
  Record<PowerAction, { doing: () => string; question: (vm: string) => string; confirm: () => string }>
> = {
  start: { doing: () => t('starting'), question: (vm) => t('Start {0}?', vm), confirm: goOn },
  shutDown: {
    doing: () => t('shutting down'),
    question: (vm) => t('Shut down {0}?', vm),
    confirm: () => t('Shut Down'),
  },
  save: {
    doing: () => t('saving the state'),
    question: (vm) => t('Save the state of {0} and turn it off?', vm),
    confirm: () => t('Save and Turn Off'),
  },
  forceOff: {
    doing: () => t('forcing off'),
    question: (vm) => t('Force off {0}?', vm),
    confirm: () => t('Force Off'),
  },
  pause: { doing: () => t('pausing'), question: (vm) => t('Pause {0}?', vm), confirm: goOn },
  resume: { doing: () => t('resuming'), question: (vm) => t('Resume {0}?', vm), confirm: goOn },
  restart: { doing: () => t('restarting'), question: (vm) => t('Restart {0}?', vm), confirm: () => t('Restart') },
};

const turnsOfWings: Readonly<Record<WingTurn['of'], () => string>> = {
  move: () => t('moving to another host'),
  give: () => t('giving to the cluster'),
  take: () => t('taking from the cluster'),
  remove: () => t('removing'),
};

function goOn(): string {
  return t('Continue');
}

const deletes: Readonly<
  Record<
    DeleteScope,
    { doing: (title: string) => string; question: (names: Names) => string; done: (done: DoneWords) => string }
  >
> = {
  one: {
    doing: (title) => t('deleting {0}', title),
    question: ({ title, vm }) => t('Delete the snapshot “{0}” of {1}?', title, vm),
    done: ({ title, vm, took }) => t('Deleted “{0}” of {1} in {2}.', title, vm, took),
  },
  withDescendants: {
    doing: (title) => t('deleting {0} and its descendants', title),
    question: ({ title, vm }) => t('Delete the snapshot “{0}” of {1} and all its descendants?', title, vm),
    done: ({ title, vm, took }) => t('Deleted “{0}” of {1} and its descendants in {2}.', title, vm, took),
  },
  descendants: {
    doing: (title) => t('deleting the descendants of {0}', title),
    question: ({ title, vm }) => t('Delete all descendants of the snapshot “{0}” of {1}?', title, vm),
    done: ({ title, vm, took }) => t('Deleted the descendants of “{0}” of {1} in {2}.', title, vm, took),
  },
};

const texts: { readonly [K in OperationType]: OperationText<K> } = {
  create: {
    doing: (_, title) => t('creating snapshot {0}', title),
    question: (_, { title, vm }) => t('Create the snapshot “{0}” of {1}?', title, vm),
    confirm: () => t('Create Snapshot'),
    done: (_, done) => [createdText(done), ...liveText(done.result), ...ramText(done.result)].join(' '),
    left: () => t('Nothing was created.'),
  },
  revert: {
    doing: (_, title) => t('reverting to {0}', title),
    question: (_, { title, vm }) => t('Revert {0} to “{1}”?', vm, title),
    confirm: () => t('Revert'),
    done: (_, { title, vm, took, result }) =>
      [
        t('Reverted {0} to “{1}” in {2}. It is now {3}.', vm, title, took, stateWord(result)),
        ...revertNotes(result),
      ].join(' '),
  },
  delete: {
    doing: ({ scope }, title) => deletes[scope].doing(title),
    question: ({ scope }, names) => deletes[scope].question(names),
    confirm: ({ scope }, { deletes = [] }) =>
      scope === 'one' || deletes.length < 2 ? t('Delete') : t('Delete {0} Snapshots', deletes.length),
    done: ({ scope }, done) => [deletes[scope].done(done), ...measuredFreedText(done.result)].join(' '),
    left: () => t('The current state of the VM is unchanged. Delete the snapshot again to finish.'),
  },
  describe: {
    doing: (_, title) => t('editing {0}', title),
    question: (_, { title }) => t('Change the title and description of “{0}”?', title),
    confirm: () => t('Change'),
    done: (_, { title, vm }) => t('Changed the description of “{0}” of {1}.', title, vm),
  },
  rename: {
    doing: (_, title) => t('renaming to {0}', title),
    question: (_, { title }) => t('Rename the snapshot to “{0}”?', title),
    confirm: () => t('Rename'),
    done: (_, { title, vm }) => t('Renamed a snapshot of {1} to “{0}”.', title, vm),
  },
  repair: {
    doing: () => t('repairing'),
    question: (_, { vm }) => t('Repair {0}?', vm),
    confirm: (_, { warnings }) =>
      warnings.some(({ kind }) => kind === 'goesToTrash') ? t('Move to Trash') : t('Repair'),
    done: (_, { vm, took, result, from }) =>
      result.state === from
        ? t('Repaired {0} in {1}.', vm, took)
        : t('Repaired {0} in {1}. It is now {2}.', vm, took, stateWord(result)),
  },
  power: {
    doing: ({ action }) => powers[action].doing(),
    question: ({ action }, { vm }) => powers[action].question(vm),
    confirm: ({ action }) => powers[action].confirm(),
    done: ({ action }, { vm, result }) =>
      [t('{0} is now {1}.', vm, stateWord(result, action === 'save')), ...clockText(result)].join(' '),
  },
  speed: {
    doing: () => t('setting the speed of disks and networks'),
    question: (_, { vm }) => t('Change the speed of the disks and networks of {0}?', vm),
    confirm: () => t('Change'),
    done: (_, { vm }) => t('Changed the speed of the disks and networks of {0}.', vm),
  },
  disk: {
    doing: ({ change }) => diskWords[change.do].doing(change.target ?? '', sizeIn(change)),
    question: ({ change }, { vm }) => diskWords[change.do].question(vm, change.target ?? '', sizeIn(change)),
    confirm: ({ change }) => diskWords[change.do].confirm(),
    done: ({ change }, { vm }) => diskWords[change.do].done(vm, change.target ?? '', sizeIn(change)),
  },
  debug: {
    doing: () => t('debugging'),
    question: (_, { vm }) => t('Let debuggers attach to {0}?', vm),
    confirm: () => t('Allow'),
    done: (_, { vm }) => t('No debugger is attached to {0}.', vm),
  },
  clone: {
    doing: ({ clone, ram }) => (ram === undefined ? t('cloning as {0}', clone.name) : t('forking as {0}', clone.name)),
    question: ({ clone }, { vm }) => t('Clone {0} as {1}?', vm, clone.name),
    confirm: () => t('Clone'),
    done: ({ clone, ram }, { vm, took }) =>
      ram === undefined
        ? t('Cloned {0} as {1} in {2}.', vm, clone.name, took)
        : t('Forked {0} as {1} in {2}.', vm, clone.name, took),
    left: () => t('Nothing was created.'),
  },
  discard: {
    doing: () => t('deleting this clone'),
    question: (_, { vm }) => t('Delete the clone {0}?', vm),
    confirm: () => t('Delete Clone'),
    done: (_, { vm, took }) => t('Deleted the clone {0} in {1}.', vm, took),
  },
  consolidate: {
    doing: () => t('consolidating'),
    question: (_, { vm }) => t('Consolidate the disks of {0}?', vm),
    confirm: (_, plan) => consolidateLabel(plan),
    done: (_, { vm, took, result }) =>
      [t('Consolidated the disks of {0} in {1}.', vm, took), ...measuredFreedText(result)].join(' '),
    left: () => t('The content of the VM’s disks is unchanged. Consolidate again to finish.'),
  },
  prune: {
    doing: ({ snapshots: { length } }) => t('pruning {0}', snapshotCountText(length)),
    // What goes, which may be less than what was asked for.
    question: ({ snapshots }, { vm }, { deletes: { length } = snapshots }) =>
      t('Delete {0} of {1}?', snapshotCountText(length), vm),
    confirm: ({ snapshots }, { deletes: { length } = snapshots, merges = [] }) =>
      merges.length > 0
        ? deleteAndMerge(length)
        : length === 1
          ? t('Delete 1 Snapshot')
          : t('Delete {0} Snapshots', length),
    done: (item, { vm, result: value }) => deletedText([{ item, value }], vm),
    left: () => t('The remaining snapshots were kept. Prune again to finish.'),
  },
};

/** The compiler does not see that the row of a request's own kind takes that request. */
function textOf({ kind }: OperationRequest): OperationText<OperationType> {
  return texts[kind] as OperationText<OperationType>;
}

/**
 * What is being done, as a row says it.
 * @param title of the snapshot that the request names, if it names one
 */
export function operationWords(request: VmTurn, title: string): string {
  return request.kind === 'wing' ? turnsOfWings[request.of]() : textOf(request).doing(request, title);
}

export function questionText(plan: Plan, names: Names): string {
  return textOf(plan.request).question(plan.request, names, plan);
}

/** Says what the button does. */
export function confirmLabel(plan: Plan): string {
  return textOf(plan.request).confirm(plan.request, plan);
}

/** Says in which state the VM is afterwards. @param undoes whether it undoes a revert */
export function revertLabel(state: EndState, undoes = false): string {
  if (undoes) {
    return { running: t('Undo and Run'), paused: t('Undo and Pause'), off: t('Undo and Leave Off') }[state];
  }
  switch (state) {
    case 'running':
      return t('Revert and Run');
    case 'paused':
      return t('Revert and Pause');
    case 'off':
      return t('Revert and Leave Off');
  }
}

/** Snapshots go where they own the layers; files alone are merged where none does. */
function consolidateLabel({ deletes = [], merges = [], steps }: Plan): string {
  if (deletes.length > 0) {
    return deleteAndMerge(deletes.length);
  }
  const files = steps.flatMap((step) =>
    step.kind === 'blockCommit' ? step.merged : step.kind === 'commitImages' ? step.disks.flatMap((d) => d.merged) : [],
  );
  const count = Math.max(files.length, merges.length);
  return count === 1 ? t('Merge 1 File') : t('Merge {0} Files', count);
}

function deleteAndMerge(count: number): string {
  return count === 1 ? t('Delete 1 Snapshot and Merge') : t('Delete {0} Snapshots and Merge', count);
}

export function leftByCancel(request: OperationRequest | undefined, vm?: string): string {
  return (request && textOf(request).left?.()) ?? lookAgain(vm);
}

/**
 * What was done, for the status bar and the log.
 * @param title of the snapshot that the request names
 */
export function doneText(
  request: OperationRequest,
  result: OperationResult,
  vm: string,
  title: string,
  from?: PowerState,
): string {
  return textOf(request).done(request, { vm, title, took: durationText(result.durationMs), result, from });
}

/**
 * The stop before the title, because the status bar cuts a long text at its end. libvirt sends no event for a stop that
 * is too short; a VM that is off has nothing to stop.
 */
function createdText({ vm, title, took, result }: DoneWords): string {
  if (result.guestPausedMs !== undefined) {
    const still = durationText(result.guestPausedMs);
    return t('Created “{0}” of {1} in {2}. The VM paused for {3}.', title, vm, took, still);
  }
  return result.state === 'running'
    ? t('Created “{0}” of {1} in {2}. No pause of the VM was detected.', title, vm, took)
    : t('Created “{0}” of {1} in {2}.', title, vm, took);
}

/** What to mind after a revert, a sentence each. */
export function revertNotes(result: OperationResult): readonly string[] {
  return [...clockText(result), ...liveText(result), ...ramText(result)];
}

function clockText({ clockBehindMs }: OperationResult): readonly string[] {
  if (clockBehindMs === undefined) {
    return [];
  }
  return [t('The VM’s clock is about {0} slow. Set it in the guest.', behindText(clockBehindMs))];
}

/** The stop was longer than the question said. */
function liveText({ notSeamless }: OperationResult): readonly string[] {
  return notSeamless === undefined
    ? []
    : [
        t(
          'A seamless snapshot was not possible, so the RAM was saved while the VM was running: {0}',
          displayLine(notSeamless),
        ),
      ];
}

function ramText({ withoutRam }: OperationResult): readonly string[] {
  return withoutRam === undefined ? [] : [checkpointWithoutRamText(withoutRam)];
}

function stateWord({ state }: OperationResult, managedSave = false): string {
  return powerWord({ power: state, powerReason: 'other', managedSave });
}

export function nothingToUndoText(vm: string): string {
  return t('No revert of {0} can be undone: there was none, or its checkpoint no longer exists.', displayLine(vm));
}
