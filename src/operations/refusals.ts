// Refusals that several operations share: the connection, the driver, and what else is going on with the VM.
import { type Capabilities, versionOf } from '../domain/capabilities.js';
import { backingFileOf } from '../domain/chains/fileUse.js';
import { usedByHostRefusal } from '../domain/chains/frozenWriters.js';
import { wholeChain } from '../domain/chains/backingChain.js';
import { findReadFile, findStrayQemu } from '../domain/chains/strayQemu.js';
import { folderOf } from '../domain/chains/overlayFiles.js';
import { outdatedSaves } from '../domain/chains/outdatedSave.js';
import type { Facts } from '../domain/facts.js';
import { type RefusedDecision, refuse } from '../domain/refusal.js';
import { type Snapshot, identityOf } from '../domain/snapshot.js';
import { activePath, findSnapshot, parentOf } from '../domain/snapshotTree.js';
import { isPausedToBeSaved, snapshotableDisks, type Vm } from '../domain/vm.js';

type Action =
  'create' | 'revert' | 'delete' | 'describe' | 'consolidate' | 'clone' | 'discard' | 'speed' | 'debug' | 'disk';

export function readOnlyRefusal(vm: Vm, capabilities: Capabilities, action: string): RefusedDecision | undefined {
  return capabilities.readOnly ? refuse('readOnlyConnection', { vm: vm.name, action }) : undefined;
}

/**
 * What stands against every change of snapshots over this connection. Those of other drivers (VirtualBox, ESX, …)
 * follow rules of their own, which are not known here.
 */
export function accessRefusal({ vm, capabilities }: Facts, action: Action): RefusedDecision | undefined {
  const { driver } = capabilities;
  return (
    readOnlyRefusal(vm, capabilities, action) ??
    (driver === 'other' ? refuse('driverCannot', { driver, action }) : undefined)
  );
}

/** The snapshot that something is to be done with, or why that cannot be, whatever it is. */
export function snapshotFor(action: Action, name: string, facts: Facts): Snapshot | RefusedDecision {
  const { vm, tree } = facts;
  return (
    accessRefusal(facts, action) ??
    findSnapshot(tree, name) ??
    refuse('snapshotMissing', { vm: vm.name, snapshot: name })
  );
}

/**
 * A state that is about to change by itself, or that another client's work has made.
 *
 * | state                          | refused as     |
 * |--------------------------------|----------------|
 * | shutting down, unknown         | wrongState     |
 * | paused to be saved, snapshotted | unfinishedSave |
 */
export function unsteadyRefusal(vm: Vm, action: Action): RefusedDecision | undefined {
  const { name, power } = vm;
  if (power === 'shuttingDown' || power === 'unknown') {
    return refuse('wrongState', { vm: name, state: power, action });
  }
  return isPausedToBeSaved(vm) ? refuse('unfinishedSave', { vm: name, action }) : undefined;
}

/** What either does to a VM in one of these states is not known; waking it, or cutting its power, makes it so. */
export function asleepOrCrashedRefusal(
  { name, power }: Vm,
  action: 'create' | 'delete' | 'consolidate' | 'disk',
): RefusedDecision | undefined {
  return power === 'asleep'
    ? refuse('asleepVm', { vm: name, action })
    : power === 'crashed'
      ? refuse('crashedVm', { vm: name, action })
      : undefined;
}

/** The save's RAM belongs to these disks, and its configuration names their present files. */
export function managedSaveRefusal(facts: Facts): RefusedDecision | undefined {
  const { name, managedSave } = facts.vm;
  return outdatedSaveRefusal(facts) ?? (managedSave ? refuse('managedSaveExists', { vm: name }) : undefined);
}

/** Measured: libvirt starts it, and the guest writes to what its overlays rest on. */
export function outdatedSaveRefusal(facts: Facts): RefusedDecision | undefined {
  const [first] = outdatedSaves(facts);
  return first === undefined
    ? undefined
    : refuse('savedBelow', { vm: facts.vm.name, disk: first.disk, file: first.file });
}

/** libvirt refuses all of creating, reverting and deleting beside a block job; where it looks late, the VM is gone. */
function blockJobRefusal({ vm, blockJobs }: Facts): RefusedDecision | undefined {
  const disk = blockJobs?.[0];
  return disk === undefined ? undefined : refuse('blockJobRunning', { vm: vm.name, disk });
}

/** What would be made here beside these, or read of them, libvirt would look for in another folder. */
export function otherFolderRefusal(paths: readonly string[], { files }: Facts): RefusedDecision | undefined {
  for (const path of paths) {
    const can = files?.canChange?.get(path);
    if (typeof can === 'object' && can.why === 'otherFolder') {
      return refuse('filesOutOfReach', { folder: folderOf(path), why: can.why });
    }
  }
  return undefined;
}

/** Somebody works on the VM's files: a job of libvirt's, a QEMU of which it does not know, the host itself. */
export function inUseRefusal(facts: Facts): RefusedDecision | undefined {
  return blockJobRefusal(facts) ?? strayQemuRefusal(facts);
}

/** Refuses if the host uses the VM's disks, whether it is on or off: two file systems would write into one. */
function hostUseRefusal(facts: Facts): RefusedDecision | undefined {
  const disks = snapshotableDisks(facts.vm).filter((disk) => !disk.shareable && !disk.readonly);
  return usedByHostRefusal(
    disks.flatMap((disk) => wholeChain(disk, facts)),
    facts,
  );
}

export function strayQemuRefusal(
  facts: Facts,
  merge?: Parameters<typeof findStrayQemu>[1],
): RefusedDecision | undefined {
  const lost = findStrayQemu(facts, merge);
  const { name } = facts.vm;
  if (lost === undefined) {
    return hostUseRefusal(facts);
  }
  const { kind: what, disk, file, said } = lost;
  return what === 'runsUnseen' ? refuse(what, { vm: name, file }) : refuse(what, { vm: name, disk, file, said });
}

/** Before a start, and before a snapshot inside an image. */
export function readImageRefusal(facts: Facts): RefusedDecision | undefined {
  const file = findReadFile(facts);
  return file === undefined ? undefined : refuse('heldByProgram', { vm: facts.vm.name, file });
}

/**
 * QEMU lets go of the images when it writes RAM to a file, and takes hold of them again when the guest runs on. In a VM
 * that stands still they stay as they are, and no client is told: the snapshots on its branch say where it can be so.
 * A VM that ran and was paused again looks alike, unless we saw it run.
 *
 * | the VM is paused, and on its branch                        | QEMU  | merging      | RAM to a file |
 * |------------------------------------------------------------|-------|--------------|---------------|
 * | a memory snapshot in files of a VM that was paused         | < 11.1 | imagesLetGo | imagesLetGo   |
 * | the same                                                   | ≥ 11.1 | ok          | imagesLetGo   |
 * | such a snapshot of any VM, from which it came back paused  | 10.x, 11.0 | imagesLetGo | ok        |
 * | none any more, but we saw it go, and the VM stand still since | < 11.1 | imagesLetGo | imagesLetGo |
 * | the same                                                   | ≥ 11.1 | ok          | imagesLetGo   |
 *
 * Measured on 7.2 ("Block node is read-only"), 10.0 ("Inactive … can't be a backing child of active …") and 11.1; for
 * the RAM "Can't migrate the vm that was paused due to previous migration" on all three.
 */
export function imagesLetGoRefusal(
  { vm, tree, capabilities: { hypervisor }, olderThanLastRun = [], standsSince }: Facts,
  wanted: 'merge' | 'memory',
): RefusedDecision | undefined {
  if (vm.power !== 'paused' || (wanted === 'merge' && hypervisor >= versionOf(11, 1))) {
    return undefined;
  }
  const cameBack = wanted === 'merge' && vm.powerReason === 'fromSnapshot' && hypervisor >= versionOf(10, 0);
  const since = activePath(tree).findLast(
    (snapshot) =>
      snapshot.memory.location === 'external' &&
      ((snapshot.state === 'paused' && !olderThanLastRun.includes(identityOf(snapshot))) || cameBack),
  );
  const title = since?.title ?? standsSince;
  return title === undefined ? undefined : refuse('imagesLetGo', { vm: vm.name, snapshot: title, wanted });
}

/**
 * The VM uses the very file that an external snapshot froze: after a revert to an internal snapshot inside it, or after
 * a revert that broke off. What the guest writes now changes that snapshot and everything above it.
 */
export function frozenFileRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  for (const { target, location } of snapshot.disks) {
    const file = backingFileOf(facts, snapshot.name, target);
    const used = facts.vm.disks.find((disk) => disk.target === target)?.source;
    if (location === 'external' && file !== undefined && file === used) {
      return refuse('frozenFileInUse', { vm: facts.vm.name, snapshot: snapshot.title, disk: target, file });
    }
  }
  return undefined;
}

/** A delete that broke off has left the file with this snapshot's content half merged with what came after. */
export function unfinishedDeleteRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  for (const marked of facts.tree.snapshots) {
    for (const disk of marked.disks.filter(({ deleteInProgress }) => deleteInProgress)) {
      const frozen = backingFileOf(facts, snapshot.name, disk.target);
      const isChild = parentOf(facts.tree, snapshot.name)?.name === marked.name;
      if (frozen === undefined ? isChild : frozen === disk.file) {
        return refuse('unfinishedDelete', { snapshot: snapshot.title, disk: disk.target });
      }
    }
  }
  return undefined;
}
