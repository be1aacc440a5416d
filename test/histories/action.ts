// What a history is made of: values that can be written to a file, read back and left out one by one.
import type { DeleteScope, Power, PowerAction, SnapshotKind, SnapshotStyle } from '../oracle/model.js';

export type { DeleteScope, Power, PowerAction, SnapshotKind, SnapshotStyle };

/** A snapshot by the action that made it, `s3`: its name is known only then, and its title may change. */
export type Label = string;

export type After = 'asSnapshot' | 'asBefore' | Power;

/** What the guest does. Left out where it does not run; in the disks of a VM that is off, `qemu-io` writes. */
export type GuestAction =
  | { readonly do: 'write'; readonly disk: number; readonly blocks: readonly (readonly [number, number])[] }
  | { readonly do: 'ram'; readonly counter: number; readonly kib: number };

/** What the extension is asked for. */
export type Request =
  | {
      readonly do: 'create';
      readonly as: Label;
      readonly title: string;
      readonly kind: SnapshotKind;
      readonly live?: true;
    }
  | {
      readonly do: 'revert';
      readonly to: Label;
      readonly after: After;
      /** Take a checkpoint first, and call it so. */
      readonly checkpoint?: Label;
    }
  | { readonly do: 'delete'; readonly snapshot: Label; readonly scope: DeleteScope }
  | { readonly do: 'rename'; readonly snapshot: Label; readonly title: string }
  | { readonly do: 'describe'; readonly snapshot: Label; readonly title: string; readonly text: string }
  /** A disk has so many mebibytes from then on. */
  | { readonly do: 'grow'; readonly disk: number; readonly mib: number }
  /** A VM that is off gets a disk beside its own, which holds `plugContent` from then on; or the last of these goes. */
  | { readonly do: 'addDisk' }
  | { readonly do: 'removeDisk' }
  | { readonly do: 'power'; readonly action: PowerAction };

/**
 * Takes back what the extension did last, or, `back` ones earlier, something before it. The checkpoint of a revert is
 * called so.
 */
export interface UndoAction {
  readonly do: 'undo';
  readonly back: number;
  readonly as: Label;
}

/** Does again what was undone last. The checkpoint of a revert is called so. */
export interface RedoAction {
  readonly do: 'redo';
  readonly as: Label;
}

/** VMs of their own, made of this one. They do nothing: what they hold must stay as it was. */
export type ChildAction =
  | {
      readonly do: 'cloneHere';
      readonly as: Label;
      /** Absent: the current state of a VM that is off. */
      readonly of?: Label;
      readonly way: 'linked' | 'full';
    }
  /** It goes on beside this one, which runs. */
  | { readonly do: 'fork'; readonly as: Label }
  | { readonly do: 'throwAway'; readonly child: Label };

/** What another client does behind the extension's back. */
export type ClientAction =
  | {
      readonly do: 'virshCreate';
      readonly as: Label;
      readonly kind: SnapshotKind;
      /** Another style than the VM's others. */
      readonly style?: SnapshotStyle;
    }
  | { readonly do: 'virshDelete'; readonly snapshot: Label }
  /** Somebody takes the data away of a snapshot of a VM that is off: its RAM, or its tags. Its metadata stays. */
  | { readonly do: 'spoil'; readonly snapshot: Label }
  /** The only snapshot is no longer the current one. */
  | { readonly do: 'virshForgetCurrent'; readonly snapshot: Label }
  | { readonly do: 'virshPower'; readonly action: 'start' | 'forceOff' | 'pause' | 'resume' | 'save' }
  | ForeignAction;

/** What no snapshot tool would do, and people do with others. What they left is theirs: it must stay as it is. */
export type ForeignAction =
  /** `qemu-img snapshot -c` into the image that a VM that is off stands on. */
  | { readonly do: 'tag'; readonly as: Label; readonly disk: number }
  /** `snapshot-delete --metadata`: libvirt 9.0 names other files in the snapshots above from then on. */
  | { readonly do: 'virshForget'; readonly snapshot: Label }
  /** `blockcommit` of the top layer, behind the snapshots' back. */
  | { readonly do: 'virshCommit'; readonly disk: number }
  /** One of libvirt's, for backups. */
  | { readonly do: 'virshCheckpoint'; readonly as: Label }
  | { readonly do: 'virshRename'; readonly name: string }
  /** A VM that is off gets another number of CPUs in its configuration. */
  | { readonly do: 'virshEdit' }
  /** A file that a snapshot froze, and that the VM does not stand on, is replaced by one with other content. */
  | { readonly do: 'replace'; readonly snapshot: Label; readonly disk: number; readonly time: 'new' | 'old' }
  /** `cp -p` of another image, which is an hour old, over such a file. */
  | { readonly do: 'copyOver'; readonly snapshot: Label; readonly disk: number; readonly larger: boolean }
  /** Such a file goes to another folder, and nobody is told. */
  | { readonly do: 'moveAway'; readonly snapshot: Label; readonly disk: number }
  /**
   * So does a layer of a VM that is off: its own file (0), or one below it. What stands on it and the VM's
   * configuration are told, the snapshots' metadata are not.
   */
  | { readonly do: 'moveLayer'; readonly disk: number; readonly depth: number }
  /**
   * `undefine --snapshots-metadata`, and the VM is defined anew: on the files that it had, or on those at their bottom.
   */
  | { readonly do: 'redefine'; readonly on: 'present' | 'base'; readonly uuid: 'same' | 'new' }
  /** The disk grows by a mebibyte: by `qemu-img resize` or, while the VM is on, by `blockresize`. */
  | { readonly do: 'resize'; readonly disk: number }
  /** Another disk, which only what runs gets, or only the configuration. */
  | { readonly do: 'plug'; readonly as: Label; readonly where: Plugged }
  /** It goes from the configuration alone. */
  | { readonly do: 'unplug' }
  /** `qemu-img commit` of what a snapshot froze into the file below it, past which others are frozen. */
  | { readonly do: 'commitPast'; readonly snapshot: Label; readonly disk: number }
  /**
   * A VM that is off gets an overlay on a disk as a snapshot froze it: on this daemon, or on another one of the host.
   */
  | {
      readonly do: 'clone';
      readonly as: Label;
      readonly of: Label;
      readonly disk: number;
      readonly where: 'here' | 'elsewhere';
    };

export type Plugged = 'live' | 'config' | 'both';

/** Those of the extension and of other clients are counted; what a guest does is not. */
export type Operation = Request | UndoAction | RedoAction | ChildAction | ClientAction;

/**
 * The last of a history: an editor dies in the middle of a request, the VM is used by others, and days later the next
 * editor comes, at which nobody clicks. `step`: of the plan, counted on from its first where it has fewer.
 */
export interface AbandonAction {
  readonly do: 'abandon';
  readonly request: Request;
  readonly step: number;
  readonly moment: 'before' | 'after';
}

export type Action = GuestAction | Operation | AbandonAction;

/** A VM and what is done with it: all that is needed to see the same again. */
export interface Script {
  /** All snapshots of a VM are of one style: a mix is refused by design. */
  readonly style: SnapshotStyle;
  readonly disks: readonly ('qcow2' | 'raw' | 'luks')[];
  /**
   * With the settings that a user has, old checkpoints are deleted behind the reverts, and nothing of ours may refuse
   * an undo or a redo that the model has.
   */
  readonly isDay?: true;
  readonly actions: readonly Action[];
}

export function isOperation(action: Action): action is Operation {
  return action.do !== 'write' && action.do !== 'ram' && action.do !== 'abandon';
}

export function isOfChild(action: Operation): action is ChildAction {
  return action.do === 'cloneHere' || action.do === 'fork' || action.do === 'throwAway';
}

export function isOfClient(action: Operation): action is ClientAction {
  return ofClients.has(action.do);
}

const ofClients: ReadonlySet<Operation['do']> = new Set<ClientAction['do']>([
  'virshCreate',
  'virshDelete',
  'virshPower',
  'spoil',
  'virshForgetCurrent',
  'tag',
  'virshForget',
  'virshCommit',
  'virshCheckpoint',
  'virshRename',
  'virshEdit',
  'replace',
  'copyOver',
  'moveAway',
  'moveLayer',
  'redefine',
  'resize',
  'plug',
  'unplug',
  'commitPast',
  'clone',
]);

/** One line for a person. */
export function actionText(action: Action): string {
  const { do: what, ...rest } = action;
  const shown = Object.entries(rest).map(([key, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return key === 'as' || key === 'snapshot' || key === 'to' || key === 'action' ? text : `${key}=${text}`;
  });
  return [what, ...shown].join(' ');
}
