// RAM inside the images of a VM that no snapshot has any more, and whether the next snapshot would take it with it.
import { ownImages } from '../domain/chains/orphans.js';
import type { Facts } from '../domain/facts.js';
import { freeTitle } from '../domain/snapshotName.js';
import { snapshotableDisks } from '../domain/vm.js';
import { planCreate } from '../operations/create/planCreate.js';
import { assumeRunning } from './abilities.js';
import type { Problem, ProblemOf } from './problem.js';

/** Less is not worth a guest's standing still. */
const leastLost = 1024 ** 2;

/**
 * | RAM that no snapshot has, in an image of the VM's | the VM | → |
 * |---------------------------------------------------|--------|---|
 * | a MiB or more | is saved or snapshotted just now | not judged: it becomes a snapshot |
 * | a MiB or more | otherwise                        | lostRam |
 */
export function orphanedRamProblems(facts: Facts): readonly Problem[] {
  const { vm, files } = facts;
  if (vm.powerReason === 'saving' || vm.powerReason === 'snapshotting') {
    return [];
  }
  return [...ownImages(facts)].flatMap((file): readonly Problem[] => {
    const image = files?.images.get(file);
    const bytes = typeof image === 'object' ? (image.lostRamBytes ?? 0) : 0;
    return bytes < leastLost ? [] : [{ kind: 'lostRam', file, bytes, ...cureOf(file, facts) }];
  });
}

/**
 * QEMU puts RAM into the first disk's image, over what is left there of earlier.
 *
 * | the file                   | a snapshot with RAM inside | → |
 * |----------------------------|----------------------------|---|
 * | the first disk's           | can be taken               | nextSnapshot |
 * | the first disk's           | cannot                     | none, and why |
 * | any other: a layer below, another disk | any            | none |
 */
function cureOf(file: string, facts: Facts): Pick<ProblemOf<'lostRam'>, 'cure' | 'why'> {
  const [first] = snapshotableDisks(facts.vm);
  if (first?.source !== file) {
    return { cure: 'none' };
  }
  const vm = { connection: '', uuid: facts.vm.uuid };
  const title = freeTitle('Examined', facts.tree.snapshots);
  const create = { kind: 'create', vm, snapshotKind: 'memory', style: 'internal', title } as const;
  const decision = planCreate(create, assumeRunning(facts));
  return decision.kind === 'plan' ? { cure: 'nextSnapshot' } : { cure: 'none', why: decision.refusal };
}
