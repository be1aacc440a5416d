// libvirt is told of a snapshot that is there already: an external one that it took and did not write down, or one
// inside the images. The VM stands where it stood.
import { findSnapshot } from '../domain/snapshotTree.js';
import type { VmDisk } from '../domain/vm.js';
import { redirectDisks } from './changedFacts.js';
import { overlaysOf, withSnapshot } from './createSnapshot.js';
import { always, doneWhen, noLayers, type StepDefinition } from './stepDefinition.js';

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
