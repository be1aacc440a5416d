// A new VM is made of one, or of a restore point of it.
import { filesToStart } from '../startRefusal.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { stateFiles } from '../../domain/chains/stateCopies.js';
import type { OperationDefinition } from '../operationDefinition.js';
import { factsOfAll, filesOfSnapshots, hardwareSince, presentFiles, savedRamOf } from '../requiredFacts.js';
import { planClone } from './planClone.js';
import { isSeedDrive } from '../../domain/cloudSeed.js';
import { findOutsideUser } from '../../domain/chains/otherVms.js';
import { isMissing, isThere } from '../../domain/chains/standsOn.js';
import { handoverPath } from '../../domain/ramHandover.js';
import type { Facts } from '../../domain/facts.js';
import { isUnnamedPart } from '../../domain/hostFiles.js';
import { refuse } from '../../domain/refusal.js';
import { undoCreate } from '../create/recoverCreate.js';
import type { Step } from '../../steps/step.js';
import type { InterruptedOperation, Recovery } from '../interrupted.js';
import { explain, goOn, hasBegun, removable, removal, unusedFiles, wasBegun } from '../interruptedStep.js';
import { identitiesOf } from './planDiscard.js';

/**
 * | libvirt knows the clone | its files    | its definition was begun | → |
 * |-------------------------|--------------|--------------------------|---|
 * | any, of a fork          | another VM, or an image, rests on one | yes | after: somebody has used it |
 * | any, of a fork          | its guest has written to one     | yes  | after: it was let go, and what it wrote may be somebody's work |
 * | any, of a fork          | one cannot be seen | yes                | explained |
 * | any, of a fork          | otherwise    | yes                      | before: it goes, unless it runs |
 * | yes                     | one is missing for certain | any        | before: it goes, unless it runs |
 * | yes                     | otherwise    | any                      | after |
 * | cannot be told          | any          | any                      | explained |
 * | no                      | all there    | yes                      | it is defined |
 * | no                      | otherwise    | any                      | before: what was made goes, as far as nobody uses it |
 *
 * Only what our record has goes, as long as it is what was made: a file that came in its place is somebody's. A
 * snapshot that was made first, so that its files are frozen, stays where it is whole. What was being filled goes at
 * each end.
 */
function recoverClone(interrupted: InterruptedOperation, facts: Facts): Recovery {
  const recovery = recoverWhole(interrupted, facts);
  // Whether somebody uses it is not asked: a copy that was whole has a name beside it, and a qemu-img that lives on has
  // it open.
  const parts = [...(facts.made?.keys() ?? [])].filter(isUnnamedPart);
  return recovery.kind === 'explain'
    ? recovery
    : goOn(
        interrupted,
        [...(recovery.kind === 'steps' ? recovery.plan.steps : []), ...removal(parts, identitiesOf(parts, facts))],
        recovery.to,
      );
}

function recoverWhole(interrupted: InterruptedOperation, facts: Facts): Recovery {
  const { steps } = interrupted.plan;
  const overlays = steps.flatMap((step) =>
    step.kind === 'createOverlays' ? step.overlays.map(({ file }) => file) : [],
  );
  const at = steps.findIndex(({ kind }) => kind === 'defineClone');
  const define = steps[at];
  if (define?.kind !== 'defineClone') {
    return { kind: 'settled', to: 'before' };
  }
  if (facts.otherVms === undefined) {
    return explain(interrupted, refuse('notAllSeen', { vm: facts.vm.name, fact: 'otherVms' }).refusal, [], facts);
  }
  const own = define.mark.files.filter((file) => facts.made?.has(file) === true);
  const undo = { kind: 'undoClone', clone: define.clone, files: own, ...identitiesOf(own, facts) } as const;
  const resume = steps.findIndex(({ kind }) => kind === 'restoreClone');
  const restore = steps[resume];
  if (restore?.kind === 'restoreClone' && wasBegun(interrupted, at)) {
    // Only the process that sent its RAM knows whether it came over whole: one that runs is left alone.
    return interrupted.done.includes(resume)
      ? { kind: 'settled', to: 'after' }
      : recoverFork(interrupted, { ...undo, handed: handoverPath(restore.file, define.clone.uuid) }, overlays, facts);
  }
  if (facts.otherVms.some(({ uuid }) => uuid === define.clone.uuid)) {
    return define.mark.files.some((file) => isMissing(file, facts))
      ? goOn(interrupted, [undo], 'before')
      : { kind: 'settled', to: 'after' };
  }
  if (wasBegun(interrupted, at) && define.mark.files.every((file) => isThere(file, facts) && own.includes(file))) {
    return goOn(interrupted, [define], 'after');
  }
  const [made, copies] = [
    own.filter((file) => overlays.includes(file)),
    own.filter((file) => !overlays.includes(file)),
  ];
  const left = [
    ...removable(made, interrupted.plan, facts, 'notNamed'),
    ...unusedFiles(
      // Copies hold something: they go only where it can be seen that they are what was made.
      copies.filter((file) => facts.made?.get(file) !== undefined),
      facts,
      'notNamed',
    ),
  ];
  const first = hasBegun(interrupted, ['createSnapshot'])
    ? undoCreate({ ...interrupted, plan: { ...interrupted.plan, steps: steps.slice(0, at) } }, facts)
    : undefined;
  return first?.kind === 'explain'
    ? first
    : goOn(
        interrupted,
        [...(first?.kind === 'steps' ? first.plan.steps : []), ...removal(left, identitiesOf(left, facts))],
        'before',
      );
}

function recoverFork(
  interrupted: InterruptedOperation,
  undo: Extract<Step, { kind: 'undoClone' }> & { readonly handed: string },
  overlays: readonly string[],
  facts: Facts,
): Recovery {
  const others = facts.otherVms?.filter(({ uuid }) => uuid !== undo.clone.uuid) ?? [];
  // Its own QEMU has its files open while it loads the RAM.
  if (findOutsideUser(overlays, { ...facts, otherVms: others, held: new Set() }) !== undefined) {
    return goOn(interrupted, removal([undo.handed]), 'after');
  }
  const seen = overlays.map((file) => facts.files?.images.get(file));
  if (seen.some((one) => typeof one === 'object' && one.empty === false)) {
    return goOn(interrupted, removal([undo.handed]), 'after');
  }
  return seen.every((one) => one === 'missing' || (typeof one === 'object' && one.empty === true))
    ? goOn(interrupted, [undo], 'before')
    : explain(interrupted, refuse('notAllSeen', { vm: undo.clone.name, fact: 'files' }).refusal, [], facts);
}

export const cloneOperation: OperationDefinition<'clone'> = {
  plan: planClone,
  recover: recoverClone,
  requiredFacts: ({ snapshot, ram, clone }, known) => ({
    ...factsOfAll(known),
    ...(snapshot === undefined ? { hardware: hardwareSince(known) } : {}),
    made: clone.uuid,
    ...(snapshot === undefined ? {} : { startNeeds: [snapshot] }),
    ...(ram === undefined ? {} : { savedRam: savedRamOf(findSnapshot(known.tree, snapshot ?? '')) }),
  }),
  requiredFiles: ({ snapshot, ram }, facts) => {
    const found = findSnapshot(facts.tree, snapshot ?? '');
    const named = found === undefined ? [] : [found.name];
    const stoodOn = named.flatMap((name) => facts.frozenDisks?.get(name) ?? []).flatMap(({ source }) => source ?? []);
    const { tpmState } = facts.vm;
    const changes = [
      ...(tpmState === undefined ? [] : [tpmState]),
      ...(ram === undefined ? [] : savedRamOf(found)),
      ...(snapshot === undefined ? presentFiles(facts) : stoodOn).filter((path) => path.startsWith('/')),
    ];
    const needed = named.flatMap((name) => filesToStart(name, facts));
    const drives = [...facts.vm.disks, ...named.flatMap((name) => facts.frozenDisks?.get(name) ?? [])];
    const seeds = drives.filter(isSeedDrive).flatMap(({ source }) => source ?? []);
    const files = [...stateFiles(facts.vm), ...needed, ...new Set(seeds)];
    return { ...filesOfSnapshots(named, presentFiles(facts), files, facts), changes };
  },
  refusesPaths: () => 'unclear',
  mindsCheckpoints: ({ way, snapshot }) => way === 'linked' && snapshot === undefined,
};
