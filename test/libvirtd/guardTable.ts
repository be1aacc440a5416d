// The guards against the traps of libvirt, each with a short history that ends badly without it.
import type { Script } from '../histories/action.js';

export interface Guard {
  readonly trap: string;
  /** Below src. */
  readonly file: string;
  /** Returns a refusal, or undefined, or steps; switched off, always undefined, or none. */
  readonly name: string;
  /** Guards that stand behind the first: they are switched off too, or refuse in the first's place. */
  readonly behind?: readonly { readonly file: string; readonly name: string }[];
  readonly on?: (version: number) => boolean;
  readonly script: Script;
}

const write = (disk: number, block: number, seed: number): Script['actions'][number] => ({
  do: 'write',
  disk,
  blocks: [[block, seed]],
});
const disks = ['qcow2', 'qcow2'] as const;

export const guards: readonly Guard[] = [
  {
    trap: 'a revert to an internal snapshot writes under an external one',
    file: 'operations/revert/planRevert.ts',
    name: 'internalRevertRefusal',
    script: {
      style: 'internal',
      disks,
      actions: [
        { do: 'power', action: 'start' },
        write(0, 1, 1),
        { do: 'create', as: 'inside', title: 'inside', kind: 'memory' },
        { do: 'virshCreate', as: 'outside', kind: 'disk', style: 'external' },
        { do: 'revert', to: 'inside', after: 'asSnapshot' },
        write(0, 1, 2),
      ],
    },
  },
  {
    trap: 'a VM with a managed save starts on the file that a snapshot froze meanwhile',
    file: 'operations/refusals.ts',
    name: 'managedSaveRefusal',
    behind: [{ file: 'operations/refusals.ts', name: 'outdatedSaveRefusal' }],
    script: {
      style: 'external',
      disks,
      actions: [
        { do: 'power', action: 'start' },
        write(0, 1, 1),
        { do: 'virshPower', action: 'save' },
        { do: 'create', as: 'under', title: 'under', kind: 'offline' },
        { do: 'power', action: 'start' },
        write(0, 1, 2),
      ],
    },
  },
  {
    trap: 'libvirt 9.0 removes an overlay that another branch is built on',
    file: 'operations/delete/branchRefusals.ts',
    name: 'branchRefusal',
    on: (version) => version < 10_000_000,
    script: {
      style: 'external',
      disks,
      actions: [
        { do: 'create', as: 'bottom', title: 'bottom', kind: 'offline' },
        { do: 'create', as: 'fork', title: 'fork', kind: 'offline' },
        { do: 'create', as: 'branch', title: 'branch', kind: 'offline' },
        { do: 'revert', to: 'fork', after: 'running' },
        write(0, 1, 1),
        { do: 'delete', snapshot: 'bottom', scope: 'one' },
      ],
    },
  },
  {
    trap: 'libvirt 11.3 crashes on a merge under a branch whose metadata does not tell its chain',
    file: 'operations/delete/externalDeleteSteps.ts',
    name: 'describeLayersSteps',
    on: (version) => version >= 10_000_000 && version < 12_008_000,
    script: {
      style: 'external',
      disks,
      actions: [
        { do: 'create', as: 'bottom', title: 'bottom', kind: 'offline' },
        { do: 'create', as: 'fork', title: 'fork', kind: 'offline' },
        { do: 'create', as: 'branch', title: 'branch', kind: 'offline' },
        { do: 'revert', to: 'fork', after: 'running' },
        { do: 'delete', snapshot: 'bottom', scope: 'one' },
      ],
    },
  },
  {
    trap: 'libvirt 9.0 merges a snapshot away that two branches are built on',
    file: 'operations/delete/planExternalDelete.ts',
    name: 'placeRefusal',
    behind: [
      { file: 'operations/delete/branchRefusals.ts', name: 'branchRefusal' },
      { file: 'operations/delete/branchRefusals.ts', name: 'chainRefusal' },
    ],
    on: (version) => version < 9_009_000,
    script: {
      style: 'external',
      disks,
      actions: [
        { do: 'create', as: 'fork', title: 'fork', kind: 'offline' },
        { do: 'create', as: 'one', title: 'one', kind: 'offline' },
        { do: 'revert', to: 'fork', after: 'running' },
        write(0, 1, 1),
        { do: 'create', as: 'other', title: 'other', kind: 'disk' },
        { do: 'delete', snapshot: 'fork', scope: 'one' },
      ],
    },
  },
  {
    trap: 'a revert removes the overlay of the state that is left, whoever is built on it',
    file: 'operations/revert/planNativeRevert.ts',
    name: 'neededOverlayRefusal',
    on: (version) => version >= 9_009_000,
    script: {
      style: 'external',
      disks,
      actions: [
        { do: 'power', action: 'start' },
        { do: 'create', as: 'fork', title: 'fork', kind: 'disk' },
        write(0, 1, 1),
        { do: 'create', as: 'branch', title: 'branch', kind: 'disk' },
        { do: 'revert', to: 'fork', after: 'running' },
        { do: 'virshCreate', as: 'leaf', kind: 'disk' },
        { do: 'virshDelete', snapshot: 'leaf' },
        { do: 'revert', to: 'fork', after: 'running' },
      ],
    },
  },
  {
    trap: 'libvirt crashes on a revert when no snapshot is current',
    file: 'operations/revert/planNativeRevert.ts',
    name: 'nativeRevertRefusal',
    on: (version) => version >= 9_009_000,
    script: {
      style: 'external',
      disks,
      actions: [
        { do: 'create', as: 'only', title: 'only', kind: 'offline' },
        { do: 'virshForgetCurrent', snapshot: 'only' },
        { do: 'revert', to: 'only', after: 'off' },
      ],
    },
  },
  {
    trap: 'libvirt misses a tag when it has stopped the VM',
    file: 'domain/chains/snapshotWhole.ts',
    name: 'brokenRefusal',
    script: {
      style: 'internal',
      disks,
      actions: [
        { do: 'create', as: 'inside', title: 'inside', kind: 'offline' },
        { do: 'spoil', snapshot: 'inside' },
        { do: 'power', action: 'start' },
        write(0, 1, 1),
        { do: 'revert', to: 'inside', after: 'running' },
      ],
    },
  },
  {
    trap: 'a file with RAM is missed when the VM has been stopped',
    file: 'domain/chains/snapshotWhole.ts',
    name: 'brokenRefusal',
    script: {
      style: 'external',
      disks,
      actions: [
        { do: 'power', action: 'start' },
        { do: 'create', as: 'outside', title: 'outside', kind: 'memory' },
        { do: 'power', action: 'forceOff' },
        { do: 'spoil', snapshot: 'outside' },
        { do: 'power', action: 'start' },
        write(0, 1, 1),
        { do: 'revert', to: 'outside', after: 'running' },
      ],
    },
  },
  {
    trap: 'libvirt keeps a managed save over a revert, or refuses the revert for it',
    file: 'operations/dropSaveSteps.ts',
    name: 'dropSaveSteps',
    script: {
      style: 'internal',
      disks,
      actions: [
        { do: 'create', as: 'inside', title: 'inside', kind: 'offline' },
        { do: 'power', action: 'start' },
        write(0, 1, 1),
        { do: 'ram', counter: 7, kib: 4 },
        { do: 'virshPower', action: 'save' },
        { do: 'revert', to: 'inside', after: 'off' },
        { do: 'power', action: 'start' },
      ],
    },
  },
];
