// Whether a recovery may be carried out: by itself, or for a person who wants it.
import type { JournalEntry } from '../../journal/entry.js';
import { type AutomaticActions, mayAct } from '../../domain/automaticActions.js';
import type { PlannedWork } from '../../operations/plan.js';
import type { Facts } from '../../domain/facts.js';
import type { CompleteFacts } from '../../operations/completeFacts.js';
import type { Recovery } from '../../operations/interrupted.js';
import { type Refusal, refuse } from '../../domain/refusal.js';
import { virshLine } from '../../steps/virshCommand.js';
import type { Vm } from '../../domain/vm.js';
import { ageRefusal, foreignRefusal, type CurrentOrigin } from '../../operations/originRefusal.js';
import type { Clock } from '../../base/clock.js';
import type { Persistence } from '../../journal/persistence.js';
import { originHere } from '../../journal/originText.js';
import { interruptedOf } from './recoveryEnds.js';
import type { Rules } from '../run/rules.js';
import type { Lease } from '../leases/leases.js';
import type { FailureKind } from '../../domain/failure.js';
import type { OpenEntry } from '../../journal/journal.js';
import type { Step } from '../../steps/step.js';
import { definitionOf, touchedFilesOf } from '../../steps/steps.js';

/** The same would happen again. */
const turnsBackAt: ReadonlySet<FailureKind> = new Set<FailureKind>(['failed', 'denied', 'unsupported', 'noSpace']);

/** After a step of its recovery failed. @returns whether it turns back from now on, and did not before */
export async function turnBack(open: OpenEntry, kind: FailureKind): Promise<boolean> {
  const { request } = open.entry;
  if (request.kind !== 'revert' || !turnsBackAt.has(kind) || interruptedOf(open.entry).turnsBack === true) {
    return false;
  }
  await open.markStuck();
  return true;
}

/** How often somebody takes up an operation before a person is asked. */
const mostRecoveries = 3;

/**
 * `automatic`: nobody asked for it just now. `failedJustNow`: it is the end of an operation that somebody asked for.
 * `asked`: a person has been shown what it would do, and wants it.
 */
export type RecoveryCause = 'automatic' | 'failedJustNow' | 'asked';

interface DecidedRecovery {
  readonly recovery: Recovery;
  /** What is left to a person, and why, could be done for them. */
  readonly mayFinish: boolean;
}

interface DecisionOptions {
  readonly persistence: Persistence;
  readonly clock: Clock;
  readonly rules: Rules;
  readonly isProtected: (vm: Vm, connection: string) => boolean;
  readonly automatic: () => AutomaticActions;
}

export class RecoveryDecision {
  readonly #options: DecisionOptions;

  constructor(options: DecisionOptions) {
    this.#options = options;
  }

  /** Whether what is half made may be removed. */
  mayTidy(cause: RecoveryCause): boolean {
    return cause !== 'automatic' || mayAct('recoverHarmlessly', this.#options.automatic());
  }

  /** Asked before anything is looked at: of a VM that only has the same UUID nothing can be told. */
  async foreign({ live }: Lease, { origin, vm }: JournalEntry): Promise<Refusal | undefined> {
    return foreignRefusal(vm.name, origin, await this.#here(live))?.refusal;
  }

  /**
   * | recovery       | cause         | in its way                                                        | → |
   * |----------------|---------------|-------------------------------------------------------------------|---|
   * | settled, explain | any         | any                                                               | it |
   * | steps          | asked         | any                                                               | it |
   * | steps          | failedJustNow | it was tried too often; the VM is not as it was left              | explained |
   * | steps          | automatic     | the same; the VM is protected, it was begun too long ago or not for certain here, the setting | explained |
   */
  async decide(
    lease: Lease,
    entry: JournalEntry,
    facts: CompleteFacts,
    cause: RecoveryCause,
  ): Promise<DecidedRecovery> {
    const recovery = this.#options.rules.planRecovery(interruptedOf(entry), facts);
    if (recovery.kind !== 'steps' || cause === 'asked') {
      return { recovery, mayFinish: false };
    }
    const why = await this.#obstacle(lease, entry, recovery.plan, facts, cause);
    return why === undefined
      ? { recovery, mayFinish: false }
      : { recovery: { kind: 'explain', why, commands: commandsOf(entry, recovery, facts) }, mayFinish: true };
  }

  async #obstacle(
    { live }: Lease,
    entry: JournalEntry,
    plan: PlannedWork,
    facts: CompleteFacts,
    cause: Exclude<RecoveryCause, 'asked'>,
  ): Promise<Refusal | undefined> {
    const { rules, automatic } = this.#options;
    const { name: vm } = facts.vm;
    if (entry.recoveries > mostRecoveries) {
      return refuse('recoveryFailed', { vm, message: `${entry.recoveries - 1} attempts` }).refusal;
    }
    if (cause === 'automatic') {
      if (this.#isProtected(entry, facts.vm)) {
        return refuse('protectedVm', { vm }).refusal;
      }
      const setting = automatic();
      if (!mayAct(recoveryActOf(plan.steps, entry.plan), setting)) {
        return refuse('notByItself', { vm, setting }).refusal;
      }
      const age = ageRefusal(vm, entry.origin, entry.lastActedAt, await this.#here(live));
      if (age !== undefined) {
        return age.refusal;
      }
    }
    return rules.changedSinceRefusal(interruptedOf(entry), plan, facts)?.refusal;
  }

  async #here(live: Lease['live']): Promise<CurrentOrigin> {
    const { persistence, clock } = this.#options;
    const [{ capabilities }, place] = await Promise.all([live.open(), persistence.place()]);
    return originHere(place, capabilities, clock.now());
  }

  /** By the settings of this editor now, or by those of another one when it began there. */
  #isProtected({ connection, protectedIn }: JournalEntry, vm: Vm): boolean {
    const { persistence, isProtected } = this.#options;
    return isProtected(vm, connection) || (protectedIn !== undefined && protectedIn !== (persistence.editor ?? ''));
  }
}

/** The way out as virsh would go it. */
export function commandsOf(entry: JournalEntry, recovery: Recovery, { vm }: Facts): readonly string[] {
  return recovery.kind === 'steps'
    ? recovery.plan.steps.map((step) => virshLine([step], vm, entry.connection))
    : recovery.kind === 'explain'
      ? recovery.commands
      : [];
}

// Which steps of a recovery take nothing away and start nothing, so that they may be done even where little is done
// unasked.

/** @param steps of the recovery; `plan`: of the operation that broke off */
export function recoveryActOf(steps: readonly Step[], plan: PlannedWork): 'recover' | 'recoverHarmlessly' {
  const made = new Set(plan.steps.flatMap((step) => touchedFilesOf(step).made ?? []));
  return steps.every((step) => definitionOf(step).isHarmless(step, made)) ? 'recoverHarmlessly' : 'recover';
}
