// The chains below a VM's disks get shorter.
import { partsOf, recoverSeries } from '../delete/recoverSeries.js';
import type { OperationDefinition } from '../operationDefinition.js';
import { factsOfAll, filesOfSnapshots, presentFiles, savedRamOf, withMergedImages } from '../requiredFacts.js';
import { planConsolidate } from './planConsolidate.js';
import { explain, goOn, removal, unusedFiles, wasBegun } from '../interruptedStep.js';
import type { CommittedDisk, Step } from '../../steps/step.js';
import type { Facts } from '../../domain/facts.js';
import type { InterruptedOperation, Recovery } from '../interrupted.js';
import { refuse } from '../../domain/refusal.js';
import { isActive } from '../../domain/vm.js';
import { standsJustOn } from '../../steps/commits.js';

// The end of a merge of layers that broke off. Until the VM stands on the file below, the layers above it are whole: so
// a merge that nobody goes on with is as good as not begun, and one that QEMU still does is led to its end.

interface Commit {
  readonly step: Step;
  readonly index: number;
  readonly disks: readonly CommittedDisk[];
}

/**
 * | a disk of the plan                            | → |
 * |-----------------------------------------------|---|
 * | stands on its base                            | done; what was above goes, where nobody uses it |
 * | its merge was begun, and a block job is on it | the job is waited for, and gone over to the base |
 * | its merge was begun, another file is its top  | explained: somebody else changed it |
 * | otherwise                                     | stays as it is |
 *
 * | done, or led to the end | of the others | the VM stands as it would |
 * |-------------------------|---------------|---------------------------|
 * | none                    | any           | before                    |
 * | some                    | some          | partly                    |
 * | all                     | none          | after                     |
 */
function recoverCommit(interrupted: InterruptedOperation, facts: Facts): Recovery {
  const { plan } = interrupted;
  const { vm, blockJobs = [] } = facts;
  const commits = plan.steps.flatMap((step, index): readonly Commit[] =>
    step.kind === 'blockCommit'
      ? [{ step, index, disks: [step] }]
      : step.kind === 'commitImages'
        ? [{ step, index, disks: step.disks }]
        : [],
  );
  const done = commits.filter(({ disks }) => standsJustOn(disks, facts));
  const going = commits.filter(
    (commit) =>
      !done.includes(commit) &&
      commit.step.kind === 'blockCommit' &&
      wasBegun(interrupted, commit.index) &&
      isActive(vm.power) &&
      commit.disks.every(({ target }) => blockJobs.includes(target)),
  );
  const strange = commits.find(
    (commit) => !done.includes(commit) && wasBegun(interrupted, commit.index) && !standsOnTop(commit.disks, facts),
  );
  if (strange !== undefined) {
    return explain(interrupted, refuse('usedSince', { vm: vm.name }).refusal, [], facts);
  }
  const ended = [...done, ...going];
  if (ended.length === 0) {
    return { kind: 'settled', to: 'before' };
  }
  const to = ended.length === commits.length ? 'after' : 'partly';
  const planned = new Set(plan.steps.flatMap((step) => (step.kind === 'removeFiles' ? step.files : [])));
  const files = (of: readonly Commit[]): readonly string[] =>
    of.flatMap(({ disks }) => disks.flatMap(({ merged }) => merged.filter((file) => planned.has(file))));
  // What a merge that goes on still uses is looked at once more before it goes.
  const left = [...unusedFiles(files(done), facts, 'mayBeNamed'), ...files(going)];
  return goOn(interrupted, [...going.map(({ step }) => step), ...removal(left)], to);
}

/** Somebody may have gone over by hand, taken a snapshot, or put another file in its place. */
function standsOnTop(disks: readonly CommittedDisk[], { vm }: Facts): boolean {
  return disks.some(({ target, top, base }) =>
    vm.disks.some((disk) => disk.target === target && (disk.source === top || disk.source === base)),
  );
}

export const consolidateOperation: OperationDefinition<'consolidate'> = {
  plan: planConsolidate,
  recover: (interrupted, facts) =>
    partsOf(interrupted.plan.steps).length > 0 ? recoverSeries(interrupted, facts) : recoverCommit(interrupted, facts),
  requiredFacts: (_, known) => ({ ...factsOfAll(known), savedRam: known.tree.snapshots.flatMap(savedRamOf) }),
  requiredFiles: (_, facts) => {
    const { vm, tree } = facts;
    const present = presentFiles(facts);
    const below = vm.disks.flatMap(({ backing = [] }) => backing);
    const names = tree.snapshots.map(({ name }) => name);
    return withMergedImages(filesOfSnapshots(names, [...present, ...below], [], facts), facts);
  },
  refusesPaths: () => 'unclear',
  mindsCheckpoints: () => true,
};
