// Steps that change definitions: the VM's, and what libvirt keeps of each snapshot.
import { isActive, type VmDisk, toldChain } from '../domain/vm.js';
import {
  redirectDisks,
  onOverlays,
  withHardwareOf,
  withFrozen,
  withHardwareThen,
  withoutLayers,
} from './changedFacts.js';
import {
  doneWhen,
  never,
  noLayers,
  nothingTouched,
  type StepDefinition,
  always,
  cannotTell,
} from './stepDefinition.js';
import { frozenLayersOf } from '../domain/chains/fileUse.js';
import { standsOn } from '../domain/chains/standsOn.js';
import { findSnapshot, parentOf } from '../domain/snapshotTree.js';
import { overlaysOf, withSnapshot } from './createSnapshot.js';
import { parseDescription } from '../domain/description.js';
import type { Snapshot } from '../domain/snapshot.js';
import { changedSnapshot, reparentSnapshot, withoutRevertDisks, forgetSnapshotIn } from './changedTree.js';
import { tellsBelow } from '../domain/chains/undescribedBranch.js';

/**
 * What a VM starts with next time: on these files. If it runs, the ones that it is on now; if it is off, those of its
 * managed save.
 */
export const configureDisks: StepDefinition<'configureDisks'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: ({ disks }, facts) => {
    const { vm, configured = vm.disks } = facts;
    return isActive(vm.power)
      ? { ...facts, configured: redirectDisks(configured, disks) }
      : { ...facts, vm: { ...vm, disks: redirectDisks(vm.disks, disks) } };
  },
  isDone: ({ disks }, { vm, configured }) => {
    const next = isActive(vm.power) ? configured : vm.disks;
    return doneWhen(
      disks.every(({ target, file }) => next?.some((disk) => disk.target === target && disk.source === file)),
    );
  },
  byHand: (_, by) => [
    by.ofVm('dumpxml', '--inactive', '--security-info'),
    by.virsh('define', '--file', by.editedXml(by.vm.name)),
  ],
  isHarmless: never,
  canBreakOff: false,
};

/** The VM, which is off, gets the snapshot's configuration, with these files as disks. */
export const defineFromSnapshot: StepDefinition<'defineFromSnapshot'> = {
  touches: ({ disks }) => ({ images: disks.map(({ file }) => file) }),
  layers: ({ snapshot }, facts) => ({ reads: frozenLayersOf(snapshot, facts) }),
  apply: ({ snapshot, disks }, facts) => {
    const frozen = facts.frozenDisks?.get(snapshot) ?? facts.vm.disks;
    const configured = frozen.filter(({ only }) => only !== 'running');
    return { ...withHardwareOf(facts, snapshot), vm: { ...facts.vm, disks: onOverlays(configured, disks) } };
  },
  /** Each disk of the VM stands on its file, or on an overlay of that. */
  isDone: ({ disks }, facts) => doneWhen(standsOn(disks, facts)),
  /** A look at the snapshot's `<domain>`, and the VM edited like it. */
  byHand: ({ snapshot }, by) => [by.ofSnapshot('snapshot-dumpxml', snapshot, '--security-info'), by.ofVm('edit')],
  isHarmless: never,
  canBreakOff: true,
};

/**
 * libvirt is told of a snapshot that is there already: an external one that it took and did not write down, or one
 * inside the images. The VM stands where it stood.
 */
export const adoptSnapshot: StepDefinition<'adoptSnapshot'> = {
  touches: ({ made, below }) => ({
    images: [...made.disks.flatMap(({ file }) => file ?? []), ...below.map(({ file }) => file)],
  }),
  layers: noLayers,
  apply: ({ made, below, parent, state, createdAt, keepsCurrent }, facts) => {
    const { vm, tree, configured } = facts;
    const disks = vm.disks.map((disk): VmDisk => {
      const own = below.find(({ target }) => target === disk.target);
      return own === undefined
        ? disk
        : { ...disk, source: own.file, format: own.format, backing: disk.backing?.slice(1) ?? [] };
    });
    const under = { snapshots: tree.snapshots, ...(parent === undefined ? {} : { current: parent }) };
    const then = made.snapshotKind === 'disk' ? 'disk-snapshot' : made.snapshotKind === 'offline' ? 'off' : state;
    const adopted = withSnapshot({ ...facts, tree: under, vm: { ...vm, disks } }, made, then, createdAt);
    return {
      ...adopted,
      ...(keepsCurrent === true ? { tree: { ...tree, snapshots: adopted.tree.snapshots } } : {}),
      vm,
      ...(configured === undefined ? {} : { configured: redirectDisks(configured, overlaysOf(made)) }),
    };
  },
  isDone: ({ made }, { tree }) => doneWhen(findSnapshot(tree, made.name) !== undefined),
  byHand: ({ made, keepsCurrent }, by) => [
    by.ofVm('dumpxml', '--security-info'),
    by.ofVm(
      'snapshot-create',
      '--xmlfile',
      by.editedXml(made.name),
      '--redefine',
      ...(keepsCurrent === true ? [] : ['--current']),
    ),
  ],
  isHarmless: always,
  canBreakOff: true,
};

/** A second snapshot of another name on the same files, with the same parent. */
export const redefineAs: StepDefinition<'redefineAs'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: (step, facts) => {
    const { tree, frozenDisks } = facts;
    const old = findSnapshot(tree, step.snapshot);
    if (old === undefined) {
      return facts;
    }
    const { trailers, text: description } = parseDescription(step.description);
    const made: Snapshot = {
      ...old,
      name: step.name,
      title: trailers.title ?? step.name,
      description,
      trailers,
      ...(step.keeps === 'disks' ? withoutRam : {}),
    };
    const others = tree.snapshots.filter(({ name }) => name !== step.name);
    return withFrozen(
      { ...withHardwareThen(facts, step.name, old.name), tree: { ...tree, snapshots: [...others, made] } },
      step.name,
      frozenDisks?.get(old.name) ?? [],
    );
  },
  isDone: ({ name }, { tree }) => doneWhen(findSnapshot(tree, name) !== undefined),
  byHand: ({ snapshot }, by) => [by.ofSnapshot('snapshot-edit', snapshot, '--clone')],
  isHarmless: always,
  canBreakOff: true,
};

const withoutRam: Pick<Snapshot, 'kind' | 'state' | 'memory'> = {
  kind: 'disk',
  state: 'disk-snapshot',
  memory: { location: 'no' },
};

/** A snapshot's title, notes and trailers. */
export const describeSnapshot: StepDefinition<'describeSnapshot'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: (step, facts) =>
    changedSnapshot(facts, step.snapshot, (one) => {
      const { trailers, text: description } = parseDescription(step.description);
      return { ...one, title: trailers.title ?? one.name, description, trailers };
    }),
  isDone: cannotTell,
  byHand: ({ snapshot }, by) => [by.ofSnapshot('snapshot-edit', snapshot)],
  isHarmless: always,
  canBreakOff: false,
};

/** A snapshot gets another parent; without one it is a root. */
export const reparent: StepDefinition<'reparent'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: ({ snapshot, parent }, facts) => changedSnapshot(facts, snapshot, (one) => reparentSnapshot(one, parent)),
  isDone: ({ snapshot, parent }, { tree }) => doneWhen(parentOf(tree, snapshot)?.name === parent),
  byHand: ({ snapshot }, by) => [by.ofSnapshot('snapshot-edit', snapshot)],
  isHarmless: always,
  canBreakOff: false,
};

/**
 * Redefined as the current one. With other overlays it forgets what an earlier revert noted, and libvirt ≥ 9.9 does so
 * anyhow.
 */
export const makeCurrent: StepDefinition<'makeCurrent'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: ({ snapshot, disks = [] }, facts) => {
    const files = new Map(disks.map(({ target, file }) => [target, file]));
    const current = { ...facts, tree: { ...facts.tree, current: snapshot } };
    return changedSnapshot(current, snapshot, (one) => ({
      ...withoutRevertDisks(one),
      disks: one.disks.map((disk) => {
        const file = files.get(disk.target);
        return file === undefined ? disk : { ...disk, file };
      }),
    }));
  },
  isDone: ({ snapshot, disks = [] }, { tree }) => {
    const own = findSnapshot(tree, snapshot)?.disks ?? [];
    const named = disks.every(({ target, file }) => own.some((disk) => disk.target === target && disk.file === file));
    return doneWhen(tree.current === snapshot && named);
  },
  byHand: ({ snapshot, disks }, by) => [
    disks === undefined
      ? by.ofSnapshot('snapshot-current', snapshot)
      : by.ofSnapshot('snapshot-edit', snapshot, '--current'),
  ],
  isHarmless: always,
  canBreakOff: true,
};

/** Metadata only: nothing happens to any file. */
export const forgetSnapshot: StepDefinition<'forgetSnapshot'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: ({ snapshot }, facts) => forgetSnapshotIn(snapshot, facts),
  isDone: ({ snapshot }, { tree }) => doneWhen(findSnapshot(tree, snapshot) === undefined),
  byHand: ({ snapshot }, by) => [by.ofSnapshot('snapshot-delete', snapshot, '--metadata')],
  isHarmless: never,
  canBreakOff: false,
};

/** Takes the marks of a delete that was interrupted out of the metadata. */
export const clearUnfinishedDelete: StepDefinition<'clearUnfinishedDelete'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: ({ snapshot }, facts) =>
    changedSnapshot(facts, snapshot, (one) => ({
      ...one,
      disks: one.disks.map((disk) => ({ ...disk, deleteInProgress: false })),
    })),
  isDone: ({ snapshot }, { tree }) =>
    doneWhen(findSnapshot(tree, snapshot)?.disks.every((disk) => !disk.deleteInProgress) !== false),
  byHand: ({ snapshot }, by) => [by.ofSnapshot('snapshot-edit', snapshot)],
  isHarmless: always,
  canBreakOff: false,
};

/**
 * A snapshot's own `<domain>` names these files from now on, for what it froze is in them, and tells no layers below.
 */
export const redefineFrozenDisks: StepDefinition<'nameFrozenFiles'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: ({ snapshot, disks }, facts) =>
    withFrozen(facts, snapshot, redirectDisks(facts.frozenDisks?.get(snapshot) ?? [], disks)),
  isDone: ({ snapshot, disks }, facts) => {
    const frozen = facts.frozenDisks?.get(snapshot) ?? [];
    return doneWhen(
      disks.every(({ target, file }) =>
        frozen.some((disk) => disk.target === target && toldChain(disk).join() === file),
      ),
    );
  },
  byHand: ({ snapshot }, by) => [by.ofSnapshot('snapshot-edit', snapshot)],
  isHarmless: always,
  canBreakOff: false,
};

/** A snapshot's metadata tell what its disks rest on from now on: some libvirts crash on a merge where they do not. */
export const redefineBackingChain: StepDefinition<'tellLayers'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: ({ snapshot, disks }, facts) =>
    withFrozen(
      facts,
      snapshot,
      (facts.frozenDisks?.get(snapshot) ?? []).map((disk) => {
        const below = disks.find(({ target }) => target === disk.target)?.below;
        if (below === undefined || tellsBelow(disk)) {
          return disk;
        }
        return { ...withoutLayers(disk), ...(below.length === 0 ? { backing: [] } : { layers: below }) };
      }),
    ),
  isDone: ({ snapshot, disks }, facts) => {
    const frozen = facts.frozenDisks?.get(snapshot) ?? [];
    return doneWhen(disks.every(({ target }) => frozen.some((disk) => disk.target === target && tellsBelow(disk))));
  },
  byHand: ({ snapshot }, by) => [by.ofSnapshot('snapshot-edit', snapshot)],
  isHarmless: always,
  canBreakOff: false,
};
