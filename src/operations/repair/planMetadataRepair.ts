// Repairs of libvirt's metadata: snapshots without data, a current one that is missing. What the files hold stays as it
// is. Knows no file operation.
import { contentChangedRefusal } from '../../domain/chains/frozenLayers.js';
import { isBereft } from '../../domain/chains/strayFile.js';
import { manualMergeRefusal } from '../../domain/chains/manualMerge.js';
import { movedFiles } from '../../domain/chains/movedFiles.js';
import type { Facts } from '../../domain/facts.js';
import { isStateTarget, ramTarget } from '../../domain/frozenRecord.js';
import type { RepairSteps } from '../repairSteps.js';
import { reparentChildrenSteps } from '../reparentSteps.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { brokenRefusal } from '../../domain/chains/snapshotWhole.js';
import { snapshotableDisks } from '../../domain/vm.js';

/**
 * Reasons for which a snapshot can never be brought back; an external one without its RAM can keep its disks:
 * planKeepDisks.
 */
const gone = new Set(['tagMissing', 'tagWithoutRam', 'overlayMissing', 'mergedByHand']);

/** Why the data of a snapshot is gone for good; undefined where it is there, was moved, or could not be seen. */
export function lostDataRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  if (ownDiskMissing(facts) || movedFiles(facts).some(({ snapshots }) => snapshots.includes(snapshot.name))) {
    return undefined;
  }
  const lost = [brokenRefusal(snapshot, facts), manualMergeRefusal(snapshot, facts)];
  return lost.find((one) => one !== undefined && gone.has(one.refusal.reason));
}

/** Then it is a whole storage that is away, with the VM's own disks: it may come back. */
export function ownDiskMissing({ vm, files }: Facts): boolean {
  return snapshotableDisks(vm).some(({ source }) => files?.images.get(source ?? '') === 'missing');
}

/**
 * libvirt moves the children of a snapshot that it forgets up, and with external ones it rewrites which files they
 * have (9.0); so they are moved before: to its parent, or to be roots.
 *
 * | data             | style    | children      | → |
 * |------------------|----------|---------------|---|
 * | there, not seen  | any      | any           | snapshotWhole; whatever became of its RAM |
 * | there, below layers whose snapshots were forgotten | external | none | forgotten: it cannot be deleted |
 * | gone, or not what it was | internal | any   | forgotten |
 * | the same         | external | none          | forgotten |
 * | the same         | external | some          | they get its parent, or none, then it is forgotten |
 */
export function planForget(name: string, facts: Facts): RepairSteps | RefusedDecision {
  const { tree } = facts;
  const snapshot = findSnapshot(tree, name);
  const wrong = snapshot && (lostDataRefusal(snapshot, facts) ?? contentChangedRefusal(snapshot, facts));
  const what = wrong?.refusal.facts['disk'];
  // A present without its RAM, its variables or the state of its TPM is one all the same.
  const isLost = wrong !== undefined && what !== ramTarget && !isStateTarget(what ?? '');
  if (snapshot === undefined || (!isLost && !isBereft(snapshot, facts))) {
    return refuse('snapshotWhole', { snapshot: snapshot?.title ?? name });
  }
  const moved = snapshot.style === 'internal' ? [] : reparentChildrenSteps(tree, name);
  return {
    kind: 'repair',
    steps: [...moved, { kind: 'forgetSnapshot', snapshot: name }],
    losses: [{ kind: 'restorePoints', names: [name] }],
  };
}
