// Several snapshots that go one after another, each by the plan that it would have alone, on what the ones before it
// leave. Decides the order and what stays; refuses to know why somebody wants them gone.
import type { Loss, Warning } from '../../domain/consequences.js';
import type { DraftPlan } from '../plan.js';
import type { Facts } from '../../domain/facts.js';
import type { Step } from '../../steps/step.js';
import { type Refusal, type RefusedDecision, refuse } from '../../domain/refusal.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { findSnapshot, isOnActivePath, leafFirst, rootsOf } from '../../domain/snapshotTree.js';
import type { VmRef } from '../../domain/vm.js';
import { applyAll } from '../../steps/steps.js';
import { planDelete } from './planDelete.js';

export interface DeleteSeries {
  /** In the order in which they go; none depends on one that stays. */
  readonly plans: readonly { readonly snapshot: Snapshot; readonly plan: DraftPlan }[];
  /** What stays and why, in the order of the names. */
  readonly skipped: readonly { readonly snapshot: Snapshot; readonly why: Refusal }[];
}

/**
 * | snapshot                                    | → |
 * |---------------------------------------------|---|
 * | somebody marked it as to be kept            | stays: snapshotKept |
 * | its delete is refused, also after the others | stays, with that refusal |
 * | otherwise                                   | goes |
 *
 * @param names of those that are there
 */
export function deleteSeries(vm: VmRef, names: readonly string[], facts: Facts): DeleteSeries {
  const kept = new Set(facts.kept);
  const wanted = inOrder(new Set(names), facts);
  const refusals = new Map<string, Refusal>();
  const plans: { snapshot: Snapshot; plan: DraftPlan }[] = [];
  let left = wanted.filter(({ name }) => !kept.has(name));
  let at = facts;
  for (let before = -1; left.length > 0 && before !== plans.length;) {
    before = plans.length;
    const refused: Snapshot[] = [];
    for (const { name } of left) {
      const snapshot = findSnapshot(at.tree, name);
      const decision = planDelete({ kind: 'delete', vm, snapshot: name, scope: 'one' }, at);
      if (snapshot === undefined || decision.kind === 'refusal') {
        refused.push(...wanted.filter((one) => one.name === name));
        refusals.set(name, (decision as RefusedDecision).refusal);
        continue;
      }
      plans.push({ snapshot, plan: decision });
      at = applyAll(decision.steps, at);
    }
    left = refused;
  }
  const gone = new Set(plans.map(({ snapshot }) => snapshot.name));
  const skipped = wanted
    .filter(({ name }) => !gone.has(name))
    .map((snapshot) => {
      const why = refusals.get(snapshot.name) ?? refuse('snapshotKept', { snapshot: snapshot.title }).refusal;
      return { snapshot, why };
    });
  return { plans, skipped };
}

/**
 * Sorts the snapshots that the VM does not run on with children first, and those that it runs on with the oldest first,
 * so that each overlay is moved once, and not with all above it. Where libvirt finds the files of the current one alone
 * (before 9.9, the VM is off, and we cannot merge), the others are refused at first, and come after it.
 */
function inOrder(names: ReadonlySet<string>, { tree }: Facts): readonly Snapshot[] {
  const all = rootsOf(tree).flatMap((root) => leafFirst(tree, root.name));
  const wanted = all.filter(({ name }) => names.has(name));
  const running = wanted.filter(({ name }) => isOnActivePath(tree, name));
  return [...wanted.filter(({ name }) => !isOnActivePath(tree, name)), ...running.toReversed()];
}

/** The first refusal where nothing is left to do. */
export function seriesPlan(
  request: DraftPlan['request'],
  { plans, skipped }: DeleteSeries,
  none: RefusedDecision,
): DraftPlan | RefusedDecision {
  const [first] = plans;
  if (first === undefined) {
    const [why] = skipped;
    return why === undefined ? none : { kind: 'refusal', refusal: why.why };
  }
  const spaces = plans.flatMap(({ plan }) => plan.spaceBytes ?? []);
  const deletes = plans.map(({ snapshot }) => snapshot.name);
  const removes = plans.flatMap(({ plan }) => plan.removes ?? []);
  const merges = plans.flatMap(({ plan }) => plan.merges ?? []);
  const estimates = plans.flatMap(({ plan }) => plan.estimateMs ?? []);
  return {
    kind: 'plan',
    request,
    steps: plans.flatMap(({ plan }): readonly Step[] => plan.steps),
    deletes,
    ...(removes.length === 0 ? {} : { removes }),
    losses: lossesOf(deletes, removes),
    warnings: [
      ...warningsOf(plans),
      ...skipped.map(({ snapshot, why }): Warning => ({ kind: 'skipped', snapshot: snapshot.name, why })),
    ],
    progress: plans.some(({ plan }) => plan.progress === 'percent') ? 'percent' : 'timeOnly',
    ...(estimates.length === plans.length ? { estimateMs: sum(estimates) } : {}),
    ...(spaces.length === 0 ? {} : { spaceBytes: sum(spaces) }),
    ...(merges.length === 0 ? {} : { merges }),
  };
}

function lossesOf(names: readonly string[], files: readonly string[]): readonly Loss[] {
  const points: Loss = { kind: 'restorePoints', names };
  return files.length === 0 ? [points] : [points, { kind: 'files', files }];
}

/** Each that says the same once; all merges into one file as one, and all that is freed, which together is more. */
function warningsOf(plans: DeleteSeries['plans']): readonly Warning[] {
  const seen = new Map<string, Warning>();
  for (const warning of plans.flatMap(({ plan }) => plan.warnings)) {
    const key =
      warning.kind === 'merges'
        ? `merges ${warning.into ?? ''}`
        : warning.kind === 'frees'
          ? 'frees'
          : JSON.stringify(warning);
    const before = seen.get(key);
    seen.set(
      key,
      before?.kind === 'merges' && warning.kind === 'merges'
        ? addMerges(before, warning)
        : before?.kind === 'frees' && warning.kind === 'frees'
          ? addFrees(before, warning)
          : warning,
    );
  }
  return [...seen.values()];
}

type FreesWarning = Extract<Warning, { kind: 'frees' }>;

/** What one gives back for sure is not hidden by another of which only the most is known. */
function addFrees(one: FreesWarning, other: FreesWarning): FreesWarning {
  if (one.how === other.how || (one.how !== 'atMost' && other.how !== 'atMost')) {
    return { kind: 'frees', bytes: one.bytes + other.bytes, how: one.how === 'atMost' ? 'atMost' : 'atLeast' };
  }
  return { ...(one.how === 'atMost' ? other : one), how: 'atLeast' };
}

type MergesWarning = Extract<Warning, { kind: 'merges' }>;

function addMerges(one: MergesWarning, other: MergesWarning): MergesWarning {
  const bytes = one.bytes === undefined || other.bytes === undefined ? undefined : one.bytes + other.bytes;
  return {
    kind: 'merges',
    ...(one.into === undefined ? {} : { into: one.into }),
    ...(bytes === undefined ? {} : { bytes }),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
