// Refusals that several operations share: the connection, the driver, and what else is going on with the VM.
import type { Capabilities } from './capabilities.js';
import { frozenFile } from './fileUse.js';
import type { Situation } from './plan.js';
import { type Refused, refuse } from './refusal.js';
import type { Snapshot } from './snapshot.js';
import { findSnapshot, parentOf } from './snapshotTree.js';
import type { Vm } from './vm.js';

export type Action = 'create' | 'revert' | 'delete' | 'describe';

export function readOnlyObstacle(vm: Vm, capabilities: Capabilities, action: string): Refused | undefined {
  return capabilities.readOnly ? refuse('readOnlyConnection', { vm: vm.name, action }) : undefined;
}

/** Snapshots of other drivers (VirtualBox, ESX, …) follow rules of their own, which are not known here. */
export function driverObstacle({ driver }: Capabilities, action: Action): Refused | undefined {
  return driver === 'other' ? refuse('driverCannot', { driver, action }) : undefined;
}

export function missingObstacle({ vm, tree }: Situation, snapshot: string): Refused | undefined {
  return findSnapshot(tree, snapshot) === undefined ? refuse('snapshotMissing', { vm: vm.name, snapshot }) : undefined;
}

/**
 * A state that is about to change by itself, or that another client's work has made.
 *
 * | state                          | refused as     |
 * |--------------------------------|----------------|
 * | shutting down, unknown         | wrongState     |
 * | paused to be saved, snapshotted | unfinishedSave |
 */
export function unsteadyObstacle({ name, power, powerReason }: Vm, action: Action): Refused | undefined {
  if (power === 'shuttingDown' || power === 'unknown') {
    return refuse('wrongState', { vm: name, state: power, action });
  }
  return power === 'paused' && (powerReason === 'saving' || powerReason === 'snapshotting')
    ? refuse('unfinishedSave', { vm: name, action })
    : undefined;
}

/** The save's RAM belongs to these disks, and its configuration names their present files. */
export function managedSaveObstacle({ name, managedSave }: Vm): Refused | undefined {
  return managedSave ? refuse('managedSaveExists', { vm: name }) : undefined;
}

/** libvirt refuses all of creating, reverting and deleting beside a block job; where it looks late, the VM is gone. */
export function blockJobObstacle({ vm, blockJobs }: Situation): Refused | undefined {
  const disk = blockJobs?.[0];
  return disk === undefined ? undefined : refuse('blockJobRunning', { vm: vm.name, disk });
}

/**
 * The VM uses the very file that an external snapshot froze: after a revert to an internal snapshot inside it, or after
 * a revert that broke off. What the guest writes now changes that snapshot and everything above it.
 */
export function frozenFileObstacle(snapshot: Snapshot, situation: Situation): Refused | undefined {
  for (const { target, location } of snapshot.disks) {
    const file = frozenFile(situation, snapshot.name, target);
    const used = situation.vm.disks.find((disk) => disk.target === target)?.source;
    if (location === 'external' && file !== undefined && file === used) {
      return refuse('frozenFileInUse', { vm: situation.vm.name, snapshot: snapshot.title, disk: target, file });
    }
  }
  return undefined;
}

/** A delete that broke off has left the file with this snapshot's content half merged with what came after. */
export function unfinishedDeleteObstacle(snapshot: Snapshot, situation: Situation): Refused | undefined {
  for (const marked of situation.tree.snapshots) {
    for (const disk of marked.disks.filter(({ deleteInProgress }) => deleteInProgress)) {
      const frozen = frozenFile(situation, snapshot.name, disk.target);
      const isChild = parentOf(situation.tree, snapshot.name)?.name === marked.name;
      if (frozen === undefined ? isChild : frozen === disk.file) {
        return refuse('unfinishedDelete', { snapshot: snapshot.title, disk: disk.target });
      }
    }
  }
  return undefined;
}
