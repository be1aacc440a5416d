// The doctor: what works with a VM here, what is wrong with it as far as it is seen, and for each thing that can be
// mended the plan, or the reason why not now. Pure; changes nothing and asks nobody.
import { findStrayQemu } from '../domain/chains/strayQemu.js';
import { orphanFiles, orphanTags } from '../domain/chains/orphans.js';
import { namedFiles } from '../domain/chains/fileUse.js';
import { findOutsideUser, unreadVms } from '../domain/chains/otherVms.js';
import { outdatedSaves } from '../domain/chains/outdatedSave.js';
import { divergentStarts } from '../domain/chains/divergentStart.js';
import { unusedOverlays } from '../domain/chains/unusedOverlays.js';
import type { Facts } from '../domain/facts.js';
import type { OperationRequest } from '../domain/operation.js';
import { styleOfVm } from '../domain/snapshotTree.js';
import { isPausedToBeSaved } from '../domain/vm.js';
import { overlaysOn } from '../operations/revert/planMakeCurrent.js';
import { planRepair } from '../operations/repair/planRepair.js';
import { readableNow } from '../operations/readableNow.js';
import { abilities } from './abilities.js';
import type { Diagnosis, Examination } from './examination.js';
import { chainProblems, otherVmProblems, sightProblems } from './fileProblems.js';
import type { Problem } from './problem.js';
import { otherRepairOf, repairOf, worstFirst } from './problemTable.js';
import { snapshotProblems, unfinishedDeletes } from './snapshotProblems.js';
import { formatVersion } from '../domain/capabilities.js';
import { knownVersions } from '../domain/knownVersions.js';
import { snapshotKinds, snapshotStyles } from '../domain/snapshot.js';

const actions = ['create', 'revert', 'delete'] as const;

/** Checks the versions for the styles that the VM has, or for both where it has none yet. */
function versionProblems({ vm, tree, capabilities }: Facts): readonly Problem[] {
  if (capabilities.driver !== 'qemu') {
    return [];
  }
  const { libvirt } = capabilities;
  const own = styleOfVm(tree);
  const styles = snapshotStyles.filter((style) => own === style || own === 'mixed' || own === 'none');
  const version = formatVersion(libvirt);
  const concerned = knownVersions.filter(
    ({ from, before, concerns }) =>
      libvirt >= from &&
      libvirt < before &&
      actions.some((action) =>
        styles.some((style) => snapshotKinds.some((kind) => concerns({ action, style, kind, vm }))),
      ),
  );
  return concerned.map(({ why, source }) => ({ kind: 'knownBadVersion', version, why, source }));
}

/** The worst first. @param facts with everything that `factsToExamine` names, other VMs, block jobs, the agent */
export function examine(vm: OperationRequest['vm'], facts: Facts): Examination {
  const told = new Set<string>();
  return {
    of: { vm: facts.vm, tree: facts.tree },
    abilities: abilities(vm, facts),
    readable: readableNow(facts),
    needed: [...namedFiles(facts)].flatMap((file) => findOutsideUser([file], facts, namedFiles(facts)) ?? []),
    diagnoses: worstFirst(problemsOf(facts)).map((problem): Diagnosis => {
      const [repair, other] = [repairOf(problem), otherRepairOf(problem)].map((one) =>
        one === undefined
          ? undefined
          : { repair: one, decision: planRepair({ kind: 'repair', vm, repair: one }, facts) },
      );
      // One that mends several problems is told of with the first of them.
      const key = JSON.stringify(other?.repair);
      const isNew = !told.has(key);
      told.add(key);
      return {
        problem,
        ...(repair === undefined ? {} : { repair }),
        ...(other === undefined || !isNew ? {} : { other }),
      };
    }),
  };
}

function problemsOf(facts: Facts): readonly Problem[] {
  return [
    ...(facts.unreadEntries ?? []).map((refusal): Problem => ({ kind: 'unreadableEntry', refusal })),
    ...(facts.leftEntries ?? []).map((refusal): Problem => ({ kind: 'unfinishedOperation', refusal })),
    ...lostProblems(facts),
    ...stateProblems(facts),
    ...nextStartProblems(facts),
    ...treeProblems(facts),
    ...facts.tree.snapshots.flatMap((snapshot) => snapshotProblems(snapshot, facts)),
    ...chainProblems(facts),
    ...(unreadVms(facts).length > 0 ? [] : unusedOverlays(facts)).map((one): Problem => ({
      kind: 'unusedOverlay',
      ...one,
    })),
    ...orphanTags(facts).map(({ file, tag }): Problem => ({ kind: 'orphanTag', file, tag })),
    ...orphanFiles(facts).map(({ file, bytes }): Problem => ({ kind: 'orphanFile', file, bytes })),
    ...otherVmProblems(facts),
    ...versionProblems(facts),
    ...sightProblems(facts),
  ];
}

/** What is seen without looking at any file: cheap enough for all VMs at once. */
export function problemsWithoutFiles(facts: Facts): readonly Problem[] {
  return [
    ...stateProblems(facts),
    ...treeProblems(facts),
    ...facts.tree.snapshots.flatMap(unfinishedDeletes),
    ...versionProblems(facts),
  ];
}

/**
 * | state                                               | problem      | repair          |
 * |-----------------------------------------------------|--------------|-----------------|
 * | paused to be saved or snapshotted, and nobody does it | pausedSaving | resumeAfterSave |
 * | the same, and libvirt works at it                   | none: it goes on when that is done | |
 * | its agent says that it is frozen                    | guestFrozen  | thawGuest       |
 * | a managed save                                      | managedSave  | none: it is somebody's RAM |
 * | the same, made below what the disks are on by now   | savedBelow   | none: the same |
 * | transient, with snapshots                           | vanishes     | keepVm          |
 * | a clone that goes when it is off                    | temporaryClone | none: it is deleted as any clone |
 */
function stateProblems(facts: Facts): readonly Problem[] {
  const { vm, agent, tree, capabilities } = facts;
  const found: Problem[] = [];
  if (isPausedToBeSaved(vm) && vm.savedNow !== true) {
    found.push({ kind: 'pausedSaving' });
  }
  if (agent === 'frozen') {
    found.push({ kind: 'guestFrozen' });
  }
  const below = outdatedSaves(facts);
  found.push(...below.map((one): Problem => ({ kind: 'savedBelow', ...one })));
  if (vm.managedSave && below.length === 0) {
    found.push({ kind: 'managedSave' });
  }
  if (!vm.persistent && tree.snapshots.length > 0 && capabilities.driver === 'qemu') {
    found.push({ kind: 'vanishes', snapshots: tree.snapshots.length });
  }
  if (vm.clone?.disposable === true) {
    found.push({ kind: 'temporaryClone' });
  }
  return found;
}

/** Nothing of libvirt's can end a QEMU that it does not know, and nobody else should unasked. */
function lostProblems(facts: Facts): readonly Problem[] {
  const lost = findStrayQemu(facts);
  return lost === undefined ? [] : [lost];
}

/**
 * What the guest wrote since is lost from sight at the next start, and goes for good where that file is merged or
 * removed.
 */
function nextStartProblems(facts: Facts): readonly Problem[] {
  return divergentStarts(facts).map(({ disk, file, configured, isSameDisk }) => ({
    kind: 'startsElsewhere',
    disk,
    file,
    configured,
    isSameDisk,
  }));
}

/** Internal snapshots need no current one; an external one that the VM is on can be made it. */
function treeProblems(facts: Facts): readonly Problem[] {
  const { tree, capabilities } = facts;
  const found: Problem[] = [];
  const style = styleOfVm(tree);
  if (style === 'mixed') {
    found.push({ kind: 'mixedStyles' });
  }
  const known = tree.current !== undefined && tree.snapshots.some(({ name }) => name === tree.current);
  if (capabilities.driver === 'qemu' && !known && (style === 'external' || style === 'mixed')) {
    const on = tree.snapshots.find((one) => one.style === 'external' && overlaysOn(one, facts) !== undefined);
    found.push({ kind: 'noCurrent', ...(on === undefined ? {} : { on: on.name }) });
  }
  return found;
}
