// Where an operation broke off, and the parts that every recovery is made of.
import { namedFiles, restingOn, snapshotsIn } from '../domain/chains/fileUse.js';
import { findOutsideUser, unreadVms } from '../domain/chains/otherVms.js';
import type { OperationRequest } from '../domain/operation.js';
import type { PlannedWork } from './plan.js';
import type { Facts } from '../domain/facts.js';
import type { GoingFiles, Step } from '../steps/step.js';
import type { InterruptedOperation, Recovery } from './interrupted.js';
import type { RecoveryState } from '../domain/recoveryReport.js';
import type { Refusal } from '../domain/refusal.js';
import { filesNamedBy } from './filesNamedBy.js';
import { isMissing, isThere } from '../domain/chains/standsOn.js';
import { applyAll, isDone } from '../steps/steps.js';
import { virshLine } from '../steps/virshCommand.js';
import { xmlChain } from '../domain/vm.js';

/**
 * Index of the first step that is not done.
 *
 * | the journal has it | the current state tells that it is done | done |
 * |--------------------|-----------------------------------|------|
 * | done               | any                               | yes  |
 * | begun              | yes                               | yes  |
 * | begun              | no, unknown                       | no   |
 * | not begun          | any                               | no   |
 */
export function findInterruptedStep({ plan, begun, done }: InterruptedOperation, facts: Facts): number {
  for (const [index, step] of plan.steps.entries()) {
    if (!done.includes(index) && !(begun.includes(index) && isDone(step, facts) === 'yes')) {
      return index;
    }
  }
  return plan.steps.length;
}

export function wasBegun({ begun, done }: InterruptedOperation, index: number): boolean {
  return index >= 0 && (begun.includes(index) || done.includes(index));
}

export function begunSteps(interrupted: InterruptedOperation): readonly Step[] {
  return interrupted.plan.steps.filter((_, index) => wasBegun(interrupted, index));
}

/** Whether any step of these kinds was begun. */
export function hasBegun(interrupted: InterruptedOperation, kinds: readonly Step['kind'][]): boolean {
  return interrupted.plan.steps.some((step, index) => kinds.includes(step.kind) && wasBegun(interrupted, index));
}

/** Settled where nothing is left to do. */
export function goOn(interrupted: InterruptedOperation, steps: readonly Step[], to: RecoveryState): Recovery {
  return steps.length === 0
    ? { kind: 'settled', to }
    : {
        kind: 'steps',
        to,
        plan: { ...interrupted.plan, steps, progress: 'timeOnly' },
      };
}

export function explain(
  { request }: InterruptedOperation,
  why: Refusal,
  steps: readonly Step[],
  { vm }: Facts,
): Recovery {
  const commands = steps.map((step) => virshLine([step], vm, request.vm.connection));
  return { kind: 'explain', why, commands };
}

/**
 * Returns the files that an operation created or was to remove, that exist, and that only others of them use: neither
 * the VM nor a snapshot stands on one, no overlay that stays rests on it, no other VM reads it.
 *
 * @param named whether a snapshot may name the file: one that is to go is named still, one that was made is named only
 *   when it is in use
 */
export function unusedFiles(
  files: readonly string[],
  facts: Facts,
  named: 'mayBeNamed' | 'notNamed',
): readonly string[] {
  const names = namedFiles(facts);
  const free = files.filter((file) => isThere(file, facts) && (named === 'mayBeNamed' || !names.has(file)));
  return excludeUsed(free, facts);
}

/** What an overlay that has to stay rests on has to stay too, down to the last layer. */
function excludeUsed(files: readonly string[], facts: Facts): readonly string[] {
  const going = new Set(files);
  const free = files.filter((file) => userOf(file, going, facts) === undefined);
  return free.length === files.length ? files : excludeUsed(free, facts);
}

/** Who uses a file that is to go with others: a file, or a snapshot's, VM's name; undefined: nobody. */
export function userOf(file: string, going: ReadonlySet<string>, facts: Facts): string | undefined {
  const { vm, tree } = facts;
  const present = vm.disks.some((disk) => xmlChain(disk).includes(file));
  return present
    ? vm.name
    : ([...restingOn(facts, [file])].find((one) => !going.has(one) && !isMissing(one, facts)) ??
        snapshotsIn(facts, new Set([file]))[0]?.snapshot.name ??
        tree.snapshots.find(({ memory }) => memory.file === file)?.name ??
        outsider(file, going, facts));
}

function outsider(file: string, going: ReadonlySet<string>, facts: Facts): string | undefined {
  const found = findOutsideUser([file], facts, going);
  return found === undefined ? undefined : found.kind === 'program' ? found.file : found.name;
}

/**
 * Returns the files that may be deleted, of those that a plan deletes. An overlay in which somebody may have written
 * since goes only where the plan told that it would.
 *
 * | the file                                        | → |
 * |-------------------------------------------------|---|
 * | somebody uses it, or it is not there            | stays |
 * | an overlay, known to be empty                   | goes  |
 * | an overlay that the plan told as a loss         | goes, unless a VM cannot be read that may be built on it by now |
 * | any other overlay, or one that cannot be seen   | stays |
 * | a file that was to hold a disk, and that nobody looked into, or that rests on nothing and holds more than tables | stays |
 * | no overlay: RAM, UEFI variables                 | goes  |
 */
export function removable(
  files: readonly string[],
  plan: PlannedWork,
  facts: Facts,
  named: 'mayBeNamed' | 'notNamed' = 'mayBeNamed',
): readonly string[] {
  const told = mayBeElsewhere(plan.request, facts) ? new Set<string>() : announcedLosses(plan);
  return unusedFiles(
    files.filter((file) => told.has(file) || holdsNothing(file, plan, facts)),
    facts,
    named,
  );
}

/** An image that QEMU has begun to make and that rests on nothing yet: its tables alone. */
const mostOfHalfMade = 1024 * 1024;

function holdsNothing(file: string, plan: PlannedWork, { files }: Facts): boolean {
  const facts = files?.images.get(file);
  if (typeof facts === 'object') {
    return facts.backing === undefined
      ? !filesNamedBy(plan).has(file) || facts.allocatedBytes <= mostOfHalfMade
      : facts.empty === true;
  }
  return facts === undefined ? !filesNamedBy(plan).has(file) : facts === 'missing';
}

/** Another VM's chain cannot be read, and nobody agreed to pass it over. */
function mayBeElsewhere(request: OperationRequest, facts: Facts): boolean {
  return !('despiteUnread' in request && request.despiteUnread) && unreadVms(facts).length > 0;
}

/** With a snapshot that goes, all files go that its plan names. */
function announcedLosses({ steps, deletes = [], removes = [] }: PlannedWork): ReadonlySet<string> {
  const named = steps.flatMap((step) => (step.kind === 'removeFiles' ? step.files : []));
  return new Set(deletes.length === 0 ? removes : [...removes, ...named]);
}

/** `removeFiles` steps keep only what may go once those before them have gone; the others stay as they are. */
export function withSafeRemovals(steps: readonly Step[], plan: PlannedWork, facts: Facts): readonly Step[] {
  let at = facts;
  return steps.flatMap((step): readonly Step[] => {
    if (step.kind !== 'removeFiles') {
      return [step];
    }
    const removing = removal(removable(step.files, plan, at));
    at = applyAll(removing, at);
    return removing;
  });
}

export function removal(files: readonly string[], own: Pick<GoingFiles, 'identities'> = {}): readonly Step[] {
  return files.length === 0 ? [] : [{ kind: 'removeFiles', files, ...own }];
}
