// What the doctor found out about a VM: what can be done with it here, what is wrong, and what would mend it. Pure; no
// sentence.
import type { Repair } from '../domain/operation.js';
import type { DraftPlan } from '../operations/plan.js';
import type { Readable } from '../operations/readableNow.js';
import type { OutsideUser } from '../domain/chains/otherVms.js';
import type { Facts } from '../domain/facts.js';
import type { Refusal, RefusedDecision } from '../domain/refusal.js';
import type { Problem } from './problem.js';
import { isOfHealth, worstFirst } from './problemTable.js';

/** One kind of operation, and whether it can be done on this VM with this libvirt. */
export interface Ability {
  readonly kind:
    | 'createMemoryInternal'
    | 'createMemoryExternal'
    | 'createMemoryLive'
    | 'createSeamless'
    | 'createDisk'
    | 'createQuiesced'
    | 'createOfflineInternal'
    | 'createOfflineExternal'
    | 'revertInternal'
    | 'revertExternal'
    | 'deleteInternal'
    | 'deleteExternal'
    | 'hostFiles';
  /** `untried`: nothing that can be seen stands against it, and to try changes something. */
  readonly can: 'yes' | 'byUs' | 'untried' | 'no';
  readonly why?: Refusal;
}

export interface PlannedRepair {
  readonly repair: Repair;
  readonly decision: DraftPlan | RefusedDecision;
}

export interface Diagnosis {
  readonly problem: Problem;
  readonly repair?: PlannedRepair;
  /** Another way to mend it, by which less is lost. */
  readonly other?: PlannedRepair;
}

/** The better one first. */
export function plannedRepairs({ repair, other }: Diagnosis): readonly PlannedRepair[] {
  const both = other?.decision.kind === 'plan' ? [other, repair] : [repair, other];
  return both.flatMap((one) => one ?? []);
}

/** What a person types for it: what it does, and to what. */
export function repairName({ kind, ...about }: Repair): string {
  const words: readonly (string | readonly string[])[] = Object.values(about);
  return [kind, ...words.flat()].join(':');
}

/** Each once: two problems may have the same. */
export function repairsOf(diagnoses: readonly Diagnosis[]): readonly PlannedRepair[] {
  return [...new Map(diagnoses.flatMap(plannedRepairs).map((one) => [repairName(one.repair), one])).values()];
}

export interface Examination {
  /** What was examined: of a VM that is another meanwhile it says nothing. */
  readonly of: Pick<Facts, 'vm' | 'tree'>;
  readonly abilities: readonly Ability[];
  readonly diagnoses: readonly Diagnosis[];
  readonly readable: Readable;
  /** Who else needs which of its files, one for each file. */
  readonly needed: readonly OutsideUser[];
}

/** With what health found by rules of its own, the worst first. */
export function addProblems(examination: Examination, found: readonly Problem[]): Examination {
  const all = [...examination.diagnoses, ...found.filter(isOfHealth).map((problem) => ({ problem }))];
  const order = worstFirst(all.map(({ problem }) => problem));
  return { ...examination, diagnoses: all.sort((a, b) => order.indexOf(a.problem) - order.indexOf(b.problem)) };
}
