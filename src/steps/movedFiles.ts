// Files that lie elsewhere by now: an overlay, a snapshot and the VM's definition name them where they are.
import type { Facts } from '../domain/facts.js';
import type { SnapshotDisk } from '../domain/snapshot.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import { toldChain, type VmDisk } from '../domain/vm.js';
import { withFrozen, withImage } from './changedFacts.js';
import { changedSnapshot } from './changedTree.js';
import { always, doneWhen, type StepDefinition, type StepOf } from './stepDefinition.js';

export const rebaseOverlay: StepDefinition<'rebaseOverlay'> = {
  touches: ({ file, was, backing }) => ({ images: [file, was, backing] }),
  layers: ({ file }) => ({ writes: [file] }),
  apply: ({ file, backing, backingFormat }, facts) => {
    const image = facts.files?.images.get(file);
    return typeof image === 'object'
      ? withImage(facts, file, { ...image, backing: { file: backing, format: backingFormat } })
      : facts;
  },
  isDone: ({ file, backing }, { files }) => {
    const image = files?.images.get(file);
    return typeof image === 'object' ? doneWhen(image.backing?.file === backing) : 'unknown';
  },
  byHand: ({ file, backing, backingFormat }) => [
    ['qemu-img', 'rebase', '-u', '-f', 'qcow2', '-F', backingFormat, '-b', backing, file],
  ],
  isHarmless: always,
  canBreakOff: true,
};

export const nameMovedFiles: StepDefinition<'nameMovedFiles'> = {
  touches: ({ files }) => {
    const paths = files.flatMap(({ from, to }) => [from, to]);
    return { images: paths.filter((path) => !path.endsWith('.mem')), files: paths };
  },
  // The RAM is noted anew: its head proved it to be the same, and a copy has another time.
  layers: ({ snapshot, files }, { tree }) => {
    const ram = snapshot === undefined ? undefined : findSnapshot(tree, snapshot)?.memory.file;
    return { writes: files.flatMap(({ from }) => (from === ram ? [from] : [])) };
  },
  apply: (step, facts) => withNames(step, facts),
  isDone: ({ snapshot, files }, facts) => {
    const named = snapshot === undefined ? namedByVm(facts) : namedBySnapshot(snapshot, facts);
    return named === undefined ? 'unknown' : doneWhen(files.every(({ from }) => !named.includes(from)));
  },
  byHand: ({ snapshot }, by) => [snapshot === undefined ? by.ofVm('edit') : by.ofSnapshot('snapshot-edit', snapshot)],
  isHarmless: always,
  canBreakOff: false,
};

/** As before the step, too, with its names the other way round. */
export function withNames({ snapshot, files }: Omit<StepOf<'nameMovedFiles'>, 'kind'>, facts: Facts): Facts {
  const names = new Map(files.map(({ from, to }) => [from, to]));
  const now = (file: string): string => names.get(file) ?? file;
  const ofDisk = (disk: VmDisk): VmDisk => ({
    ...disk,
    ...(disk.source === undefined ? {} : { source: now(disk.source) }),
    ...(disk.backing === undefined ? {} : { backing: disk.backing.map(now) }),
    ...(disk.layers === undefined
      ? {}
      : { layers: disk.layers.map((one) => ({ ...one, ...(one.file === undefined ? {} : { file: now(one.file) }) })) }),
  });
  if (snapshot === undefined) {
    return { ...facts, vm: { ...facts.vm, disks: facts.vm.disks.map(ofDisk) } };
  }
  const ofOverlay = (disk: SnapshotDisk): SnapshotDisk =>
    disk.file === undefined ? disk : { ...disk, file: now(disk.file) };
  const told = changedSnapshot(facts, snapshot, (one) => ({
    ...one,
    disks: one.disks.map(ofOverlay),
    ...(one.revertDisks === undefined ? {} : { revertDisks: one.revertDisks.map(ofOverlay) }),
    memory: { ...one.memory, ...(one.memory.file === undefined ? {} : { file: now(one.memory.file) }) },
  }));
  return withFrozen(told, snapshot, (facts.frozenDisks?.get(snapshot) ?? []).map(ofDisk));
}

function namedByVm({ vm }: Facts): readonly string[] {
  return vm.disks.flatMap(toldChain);
}

function namedBySnapshot(name: string, { tree, frozenDisks }: Facts): readonly string[] | undefined {
  const [snapshot, frozen] = [findSnapshot(tree, name), frozenDisks?.get(name)];
  return snapshot === undefined || frozen === undefined
    ? undefined
    : [
        ...frozen.flatMap(toldChain),
        ...[...snapshot.disks, ...(snapshot.revertDisks ?? [])].flatMap(({ file }) => file ?? []),
        ...(snapshot.memory.file === undefined ? [] : [snapshot.memory.file]),
      ];
}
