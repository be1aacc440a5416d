// A second snapshot of another name on the same files, with the same parent.
import { parseDescription } from '../domain/description.js';
import type { Snapshot } from '../domain/snapshot.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import { withFrozen, withHardwareThen } from './changedFacts.js';
import { always, doneWhen, noLayers, nothingTouched, type StepDefinition } from './stepDefinition.js';

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
