// Files of the VM that somebody moved: all that names them names them where they are. Only those that are proven to be
// the same.
import { movedFiles } from '../../domain/chains/movedFiles.js';
import { findHeldFile } from '../../domain/chains/otherVms.js';
import { folderOf } from '../../domain/chains/overlayFiles.js';
import type { Facts } from '../../domain/facts.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { toldChain } from '../../domain/vm.js';
import type { MovedName, Step } from '../../steps/step.js';
import type { RepairSteps } from '../repairSteps.js';

/**
 * The images first: a snapshot that names the new places before they rest on one another there would be whole in name
 * alone.
 *
 * | the files that are not where they are named      | the VM | an overlay that names one      | → |
 * |--------------------------------------------------|--------|--------------------------------|---|
 * | none of them is proven to lie elsewhere          | any    | any                            | nothingToRepair |
 * | one is                                           | on     | any                            | imageInUse |
 * | one is                                           | off    | a program has it open          | heldByProgram |
 * | one is                                           | off    | is not ours to change          | filesOutOfReach |
 * | one is                                           | off    | others                         | named anew, with the snapshots and the definition |
 */
export function planMovedFiles(facts: Facts): RepairSteps | RefusedDecision {
  const { vm, files } = facts;
  const all = movedFiles(facts);
  const moved = all.filter(({ isSame }) => isSame);
  const [first] = moved;
  if (first === undefined) {
    return refuse('nothingToRepair', { vm: vm.name });
  }
  if (vm.power !== 'off') {
    return refuse('imageInUse', { vm: vm.name, file: first.found });
  }
  const doubtful = new Set(all.flatMap(({ isSame, found }) => (isSame ? [] : [found])));
  const rebased = moved.flatMap(({ file: was, found: backing, overlays }) =>
    overlays.flatMap(({ file, backingFormat }) =>
      doubtful.has(file) ? [] : [{ kind: 'rebaseOverlay', file, was, backing, backingFormat } as const],
    ),
  );
  const overlays = rebased.map(({ file }) => file);
  const held = findHeldFile(new Set(overlays), facts);
  if (held !== undefined) {
    return refuse('heldByProgram', { vm: vm.name, file: held });
  }
  // Not asked for the doctor's list: the repair itself asks.
  const canChange = files?.canChange;
  const fixed = canChange === undefined ? undefined : overlays.find((file) => canChange.get(file) !== 'yes');
  if (fixed !== undefined) {
    const can = canChange?.get(fixed);
    return refuse('filesOutOfReach', {
      folder: folderOf(fixed),
      why: typeof can === 'object' ? can.why : 'notLookedAt',
    });
  }
  const names = moved.map(({ file: from, found: to }): MovedName => ({ from, to }));
  const told = vm.disks.flatMap(toldChain);
  const own = names.filter(({ from }) => told.includes(from));
  const snapshots = [...new Set(moved.flatMap((one) => one.snapshots))];
  const steps: readonly Step[] = [
    ...rebased,
    ...(own.length === 0 ? [] : [{ kind: 'nameMovedFiles', files: own } as const]),
    ...snapshots.map((snapshot): Step => {
      const named = moved.filter((one) => one.snapshots.includes(snapshot));
      return {
        kind: 'nameMovedFiles',
        snapshot,
        files: named.map(({ file: from, found: to }) => ({ from, to })),
      };
    }),
  ];
  return { kind: 'repair', steps };
}
