// Whether a recovery may be carried out: by itself, or for a person who wants it. Refuses to know what it does.
import type { JournalEntry } from '../journal/entry.js';
import { actOf } from '../operations/harmless.js';
import { type AutomaticActions, mayAct } from '../domain/automaticActions.js';
import type { Plan } from '../operations/plan.js';
import type { Situation } from '../domain/situation.js';
import type { CompleteSituation } from '../operations/completeFacts.js';
import type { Recovery } from '../operations/interrupted.js';
import { type Refusal, refuse } from '../domain/refusal.js';
import { virshLine } from '../steps/virshCommand.js';
import type { Vm } from '../domain/vm.js';
import { ageObstacle, foreignObstacle, type Here } from '../operations/originObstacle.js';
import type { Clock } from '../base/clock.js';
import type { Keeping } from './keeping.js';
import { brokenOff } from './recoveryEnds.js';
import type { Rules } from './rules.js';
import type { Turn } from './turns.js';

/** How often somebody takes up an operation before a person is asked. */
const mostRecoveries = 3;

/**
 * `automatic`: nobody asked for it just now. `failedJustNow`: it is the end of an operation that somebody asked for.
 * `asked`: a person has been shown what it would do, and wants it.
 */
export type Cause = 'automatic' | 'failedJustNow' | 'asked';

export interface Decided {
  readonly recovery: Recovery;
  /** What is left to a person, and why, could be done for them. */
  readonly mayFinish: boolean;
}

export interface DecisionOptions {
  readonly keeping: Keeping;
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

  /** Asked before anything is looked at: of a VM that only has the same UUID nothing can be told. */
  async foreign({ live }: Turn, { origin, vm }: JournalEntry): Promise<Refusal | undefined> {
    return foreignObstacle(vm.name, origin, await this.#here(live))?.refusal;
  }

  /**
   * | recovery       | cause         | in its way                                                        | → |
   * |----------------|---------------|-------------------------------------------------------------------|---|
   * | settled, explain | any         | any                                                               | it |
   * | steps          | asked         | any                                                               | it |
   * | steps          | failedJustNow | it was tried too often; the VM is not as it was left              | explained |
   * | steps          | automatic     | the same; the VM is protected, it was begun too long ago or not for certain here, the setting | explained |
   */
  async decide(turn: Turn, entry: JournalEntry, situation: CompleteSituation, cause: Cause): Promise<Decided> {
    const recovery = this.#options.rules.planRecovery(brokenOff(entry), situation);
    if (recovery.kind !== 'steps' || cause === 'asked') {
      return { recovery, mayFinish: false };
    }
    const why = await this.#obstacle(turn, entry, recovery.plan, situation, cause);
    return why === undefined
      ? { recovery, mayFinish: false }
      : { recovery: { kind: 'explain', why, commands: commandsOf(entry, recovery, situation) }, mayFinish: true };
  }

  async #obstacle(
    { live }: Turn,
    entry: JournalEntry,
    plan: Plan,
    situation: CompleteSituation,
    cause: Exclude<Cause, 'asked'>,
  ): Promise<Refusal | undefined> {
    const { rules, automatic } = this.#options;
    const { name: vm } = situation.vm;
    if (entry.recoveries > mostRecoveries) {
      return refuse('recoveryFailed', { vm, message: `${entry.recoveries - 1} attempts` }).refusal;
    }
    if (cause === 'automatic') {
      if (this.#isProtected(entry, situation.vm)) {
        return refuse('protectedVm', { vm }).refusal;
      }
      const setting = automatic();
      if (!mayAct(actOf(plan.steps, entry.plan), setting)) {
        return refuse('notByItself', { vm, setting }).refusal;
      }
      const age = ageObstacle(vm, entry.origin, entry.lastActedAt, await this.#here(live));
      if (age !== undefined) {
        return age.refusal;
      }
    }
    return rules.sinceObstacle(brokenOff(entry), plan, situation)?.refusal;
  }

  async #here(live: Turn['live']): Promise<Here> {
    const { keeping, clock } = this.#options;
    const [{ capabilities }, place] = await Promise.all([live.open(), keeping.place()]);
    const { hostname, hostUuid } = capabilities;
    return { place, daemon: { hostname, ...(hostUuid === undefined ? {} : { hostUuid }) }, now: clock.now() };
  }

  /** By the settings of this editor now, or by those of another one when it began there. */
  #isProtected({ connection, protectedIn }: JournalEntry, vm: Vm): boolean {
    const { keeping, isProtected } = this.#options;
    return isProtected(vm, connection) || (protectedIn !== undefined && protectedIn !== (keeping.editor ?? ''));
  }
}

/** The way out as virsh would go it. */
export function commandsOf(entry: JournalEntry, recovery: Recovery, { vm }: Situation): readonly string[] {
  return recovery.kind === 'steps'
    ? recovery.plan.steps.map((step) => virshLine([step], vm, entry.connection))
    : recovery.kind === 'explain'
      ? recovery.commands
      : [];
}
