// Brings operations that broke off to an end: claims them from the journal, looks at the true state, does what is left.
// Refuses to decide what that is.
import type { JournalEntry, UnreadableEntry } from '../journal/entry.js';
import type { OpenEntry } from '../journal/journal.js';
import type { Log } from '../log/log.js';
import { Failure } from '../model/failure.js';
import type { Recovery, RecoveryReport } from '../model/recovery.js';
import { type Refusal, refuse } from '../model/refusal.js';
import { virshLine } from '../model/virshCommand.js';
import type { Vm, VmRef } from '../model/vm.js';
import { asFailure } from './asFailure.js';
import { beforeRecoveryStep } from './beforeRecoveryStep.js';
import type { Clock } from './clock.js';
import type { FreshLook } from './freshLook.js';
import { runSteps } from './journaledRun.js';
import type { Keeping } from './keeping.js';
import { checkStep } from './operationStatus.js';
import type { Picture } from './picture.js';
import { brokenOff, RecoveryEnds } from './recoveryEnds.js';
import type { CompleteSituation } from '../plans/completeFacts.js';
import type { Rules } from './rules.js';
import { askedByRecovery } from './asked.js';
import type { StepRunner } from './stepRunner.js';
import type { Turn, Turns } from './turns.js';

/** How often somebody takes up an operation before a person is asked. */
const mostRecoveries = 3;
/** From a recovery that failed to the next one. */
const againMs = 5000;

export interface RecovererOptions {
  readonly turns: Turns;
  readonly look: FreshLook;
  readonly steps: StepRunner;
  readonly keeping: Keeping;
  readonly picture: Picture;
  readonly clock: Clock;
  readonly log: Log;
  readonly rules: Rules;
  /** Aborted when the inventory ends. */
  readonly ended: AbortSignal;
  readonly isProtected: (vm: Vm, connection: string) => boolean;
}

/** `automatic`: nobody asked for it just now, so protected VMs are left alone. */
type Cause = 'automatic' | 'failedJustNow';

export class Recoverer {
  readonly #options: RecovererOptions;
  readonly #ends: RecoveryEnds;
  readonly onDidRecover: RecoveryEnds['onDidRecover'];

  constructor(options: RecovererOptions) {
    this.#options = options;
    this.#ends = new RecoveryEnds(options.log);
    this.onDidRecover = this.#ends.onDidRecover;
  }

  /** Takes up whatever broke off on this connection, which is open. Never rejects. */
  async recoverAll(uri: string): Promise<void> {
    const { keeping, turns, ended, log } = this.#options;
    const { entries, unreadable } = await keeping.journal.unfinished(uri);
    for (const { path, why, detail } of unreadable) {
      log.error(`an operation that broke off cannot be read: ${path}: ${why}: ${detail}`);
    }
    const first = new Map(entries.toReversed().map((entry) => [entry.vm.uuid, entry]));
    await Promise.all(
      [...first.values()].map(async ({ request, vm }) => {
        try {
          await turns.take(request, { signal: ended }, (turn) => this.recoverVm(turn));
        } catch (error) {
          const { kind, message } = asFailure(error);
          log.info(`what broke off on ${vm.name} is left for now: ${kind}: ${message}`);
          if (kind === 'busy') {
            // Another editor is at it, which may die as well.
            this.#again(uri);
          }
        }
      }),
    );
  }

  /**
   * In a turn on the VM, before anything else is done to it. Returns why something stays unfinished, if it does. Editors of one
   * user have one journal, so an entry may be of any of them:
   *
   * | entry of this VM          | its connection | its process | then                                                  |
   * |---------------------------|----------------|-------------|-------------------------------------------------------|
   * | readable                  | any            | lives       | rejects with `busy`: nothing comes between its steps  |
   * | readable                  | this one       | gone        | brought to its end, or why it cannot be               |
   * | readable                  | another        | gone        | `begunElsewhere`: it is not known to be the same VM   |
   * | damaged, or newer than us | any            | any         | `entryUnreadable`                                     |
   *
   * Entries that do not even tell their VM are in the log. Those of other users are not seen at all.
   */
  async recoverVm(turn: Turn): Promise<Refusal | undefined> {
    const { keeping } = this.#options;
    const { connection, uuid } = turn.request.vm;
    if ((await turn.live.open()).capabilities.readOnly) {
      return undefined;
    }
    const { entries, unreadable } = await keeping.journal.unfinished();
    const own = entries.filter(({ vm }) => vm.uuid === uuid);
    for (const entry of own) {
      const open = await keeping.journal.claim(entry.id);
      if (open === 'busy') {
        throw heldBy(entry);
      }
      if (open === 'gone') {
        continue;
      }
      if (entry.connection !== connection) {
        await this.#ends.elsewhere(open);
      } else if ((await this.#settle(turn, open, 'automatic')) === undefined) {
        throw new Failure('lost', { connection });
      }
    }
    const unread = unreadable.filter(({ vm }) => vm === uuid).map((entry) => this.#unreadable(turn, entry));
    return [...own.flatMap(({ id }) => this.#ends.whyUnfinished(id) ?? []), ...unread][0];
  }

  /**
   * Two editors that begin at the same time see nothing of each other before. Whoever sees another one withdraws, be it
   * both of them: nothing is done yet, and which of them came first is not known to both.
   */
  async requireAlone(turn: Turn, own: OpenEntry): Promise<void> {
    const { journal } = this.#options.keeping;
    const { entries } = await journal.unfinished();
    for (const entry of entries) {
      const { id, vm } = entry;
      if (vm.uuid !== turn.request.vm.uuid || id === own.entry.id || this.#ends.whyUnfinished(id) !== undefined) {
        continue;
      }
      const other = await journal.claim(id);
      if (other === 'gone') {
        continue;
      }
      if (other !== 'busy') {
        // It broke off just now: whoever tries again brings it to its end first.
        await other.leave('not begun upon');
      }
      await own.end({ outcome: 'failed', failure: 'busy: another editor began at the same time' });
      throw heldBy(entry);
    }
  }

  /** What is unfinished on a VM is forgotten, over whichever connection it began: a person has seen to it. */
  async dismiss(ref: VmRef): Promise<void> {
    const { keeping, turns, ended } = this.#options;
    const { entries } = await keeping.journal.unfinished();
    for (const entry of entries.filter(({ vm }) => vm.uuid === ref.uuid)) {
      const { id, request } = entry;
      await turns.take({ ...request, vm: ref }, { signal: ended }, async () => {
        const open = await keeping.journal.claim(id);
        if (open === 'busy') {
          throw heldBy(entry);
        }
        if (open !== 'gone') {
          await open.end({ outcome: 'explained', failure: 'dismissed' });
        }
        this.#ends.forget(id);
      });
    }
  }

  /** After a step of an operation failed, in the turn of that operation. The VM can be read. */
  afterFailure(turn: Turn, open: OpenEntry, failure: Failure): Promise<RecoveryReport['outcome'] | undefined> {
    return this.#settle(turn, open, 'failedJustNow', failure);
  }

  dispose(): void {
    this.#ends.dispose();
  }

  async #settle(
    turn: Turn,
    open: OpenEntry,
    cause: Cause,
    failure?: Failure,
  ): Promise<RecoveryReport['outcome'] | undefined> {
    const { picture, log } = this.#options;
    const { request } = turn;
    picture.putVm(request.vm, { recovering: true });
    try {
      return await this.#decideAndDo(turn, open, cause, failure);
    } catch (error) {
      const { kind, message } = asFailure(error);
      log.error(
        `the ${request.type} of ${open.entry.vm.name} that broke off could not be recovered: ${kind}: ${message}`,
      );
      await open.leave();
      if (kind === 'lost' || kind === 'unreachable' || this.#options.ended.aborted) {
        return undefined;
      }
      this.#again(request.vm.connection);
      return this.#ends.failed(open.entry, message);
    } finally {
      picture.putVm(request.vm, { recovering: undefined });
    }
  }

  async #decideAndDo(turn: Turn, open: OpenEntry, cause: Cause, failure?: Failure): Promise<RecoveryReport['outcome']> {
    const { entry } = open;
    const situation = await this.#situation(turn, entry);
    if (situation === 'vmIsGone') {
      return this.#ends.explained(open, {
        type: 'explain',
        why: refuse('vmGone', { vm: entry.vm.name }).refusal,
        commands: [],
      });
    }
    const recovery = this.#decide(entry, situation, cause);
    switch (recovery.type) {
      case 'explain':
        return this.#ends.explained(open, recovery);
      case 'settled':
        // Somebody is told of a failure already; that nothing was done is what it says.
        return this.#ends.settled(open, recovery.to, cause === 'automatic' || recovery.to !== 'before', failure);
      case 'steps': {
        const { plan, to } = recovery;
        turn.log.info(
          `goes on with the ${entry.request.type} that broke off: ${plan.steps.map((step) => step.do).join(', ')}`,
        );
        const beforeStep = beforeRecoveryStep(this.#options.look, turn, brokenOff(entry), plan);
        try {
          await runSteps(this.#options.steps, { turn, plan, entry: open, beforeStep });
        } catch (error) {
          const { kind, message } = asFailure(error);
          // QEMU refuses, or libvirt does, which may name the job still that QEMU has ended (9.0).
          if (recovery.otherwise === undefined || (kind !== 'failed' && kind !== 'busy')) {
            throw error;
          }
          turn.log.info(`it was tried, and is refused: ${message}`);
          return await this.#ends.explained(open, { type: 'explain', why: recovery.otherwise, commands: [] });
        }
        await turn.live.read(turn.request.vm.uuid, ['vm', 'tree']);
        return this.#ends.settled(open, to, true, failure);
      }
    }
  }

  async #situation(turn: Turn, entry: JournalEntry): Promise<CompleteSituation | 'vmIsGone'> {
    turn.status.begin(checkStep);
    try {
      // What is seen while libvirt still works is neither before nor after.
      await (await turn.live.open()).untilNoJob(turn.request.vm.uuid);
      return (await this.#options.look.read(turn, (known) => askedByRecovery(brokenOff(entry), known))).situation;
    } catch (error) {
      const failure = asFailure(error);
      if (failure.kind === 'notFound' && this.#options.picture.vm(turn.request.vm) === undefined) {
        return 'vmIsGone';
      }
      throw failure;
    }
  }

  #decide(entry: JournalEntry, situation: CompleteSituation, cause: Cause): Recovery {
    const recovery = this.#options.rules.planRecovery(brokenOff(entry), situation);
    if (recovery.type !== 'steps') {
      return recovery;
    }
    const { vm } = situation;
    const commands = recovery.plan.steps.map((step) => virshLine([step], vm, entry.connection));
    if (cause === 'automatic' && this.#isProtected(entry, vm)) {
      return { type: 'explain', why: refuse('protectedVm', { vm: vm.name }).refusal, commands };
    }
    if (entry.recoveries > mostRecoveries) {
      const message = `${entry.recoveries - 1} attempts`;
      return { type: 'explain', why: refuse('recoveryFailed', { vm: vm.name, message }).refusal, commands };
    }
    return recovery;
  }

  /** By the settings of this editor now, or by those of another one when it began there. */
  #isProtected({ connection, protectedIn }: JournalEntry, vm: Vm): boolean {
    const { keeping, isProtected } = this.#options;
    return isProtected(vm, connection) || (protectedIn !== undefined && protectedIn !== (keeping.editor ?? ''));
  }

  #unreadable({ request }: Turn, { path, why }: UnreadableEntry): Refusal {
    const vm = this.#options.picture.vm(request.vm)?.vm.name ?? request.vm.uuid;
    return refuse('entryUnreadable', { vm, file: path, why }).refusal;
  }

  #again(uri: string): void {
    const { clock, log, ended } = this.#options;
    clock.setTimer(againMs, () => {
      if (!ended.aborted) {
        this.recoverAll(uri).catch((error: unknown) => log.error(`recovery: ${asFailure(error).message}`));
      }
    });
  }
}

/** @returns what a person is told who has to wait for another editor, or for this one over another connection */
function heldBy({ connection, vm, request, writer }: JournalEntry): Failure {
  const editor = writer.editor === undefined ? {} : { editor: writer.editor };
  return new Failure('busy', { vm: vm.name, connection, request, ...editor, doing: 'wait for another editor' });
}
