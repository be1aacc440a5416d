// Brings operations that broke off to an end: claims them from the journal, looks at the true state, does what is left.
// Refuses to decide what that is.
import type { JournalEntry } from '../../journal/entry.js';
import type { OpenEntry } from '../../journal/journal.js';
import type { Log } from '../../base/log.js';
import type { AutomaticActions } from '../../domain/automaticActions.js';
import { Failure } from '../../domain/failure.js';
import type { Step } from '../../steps/step.js';
import type { AgreedRecovery, InterruptedPreview } from '../../operations/interrupted.js';
import type { RecoveryReport } from '../../domain/recoveryReport.js';
import { type Refusal, refuse } from '../../domain/refusal.js';
import { sameSteps } from '../../operations/planIdentity.js';
import type { Vm, VmRef } from '../../domain/vm.js';
import { asFailure } from '../../domain/asFailure.js';
import { beforeRecoveryStep, type OwnEntry, requireAlone } from './beforeRecoveryStep.js';
import type { Clock } from '../../base/clock.js';
import { noteFrozen, noteWriting } from '../look/frozenNotes.js';
import type { FreshLook } from '../look/freshLook.js';
import { RecoveryRetry } from './recoveryRetry.js';
import { runSteps } from '../run/journaledRun.js';
import {
  elsewhereRefusal,
  busyFailure,
  inTheWay,
  requireNotMoved,
  unreadableLine,
  unreadableRefusals,
} from '../leases/busyElsewhere.js';
import type { Persistence } from '../../journal/persistence.js';
import { dropGuardsOfInterrupted, dropLeftGuards } from './leftGuards.js';
import { keepInterruptedCheckpoints, recordInterrupted } from './interruptedCheckpoints.js';
import { checkStep } from '../leases/operationStatus.js';
import type { LiveConnection } from '../../live/liveConnection.js';
import type { Store } from '../../live/store.js';
import { type RecoveryCause, commandsOf, RecoveryDecision, turnBack } from './recoveryDecision.js';
import { begunElsewhere, interruptedOf, isNews, RecoveryEnds, stoppedAfterOthers } from './recoveryEnds.js';
import type { CompleteFacts } from '../../operations/completeFacts.js';
import type { Rules } from '../run/rules.js';
import { factsToRecover } from '../look/factsRequests.js';
import { watchSteps } from '../run/verifyStep.js';
import type { StepRunner } from '../run/stepRunner.js';
import type { Lease, Leases } from '../leases/leases.js';

interface RecovererOptions {
  readonly leases: Leases;
  readonly look: FreshLook;
  readonly steps: StepRunner;
  readonly persistence: Persistence;
  readonly store: Store;
  readonly clock: Clock;
  /** Throws a Failure `notFound` for a connection that is not known. */
  readonly connection: (uri: string) => LiveConnection;
  readonly log: Log;
  readonly rules: Rules;
  /** Aborted when the engine ends. */
  readonly ended: AbortSignal;
  readonly isProtected: (vm: Vm, connection: string) => boolean;
  /** What may be done that nobody asked for. */
  readonly automatic: () => AutomaticActions;
}

export class Recoverer {
  readonly #options: RecovererOptions;
  readonly #ends: RecoveryEnds;
  readonly #decision: RecoveryDecision;
  readonly #again: RecoveryRetry;
  readonly onDidRecover: RecoveryEnds['onDidRecover'];

  constructor(options: RecovererOptions) {
    this.#options = options;
    this.#ends = new RecoveryEnds(options);
    this.#decision = new RecoveryDecision(options);
    this.#again = new RecoveryRetry(options, (uri) => this.#takeUp(uri));
    this.onDidRecover = this.#ends.onDidRecover;
  }

  /** Takes up whatever broke off on this connection, which has just been opened. Never rejects. */
  recoverAll(uri: string): Promise<void> {
    return this.#again.now(uri);
  }

  async #takeUp(uri: string): Promise<void> {
    const { persistence, leases, ended, log } = this.#options;
    const { entries, unreadable } = await persistence.journal.readInterrupted(uri);
    unreadable.forEach((entry) => log.error(unreadableLine(entry)));
    await dropLeftGuards(uri, this.#options);
    for (const move of (await persistence.moves?.())?.entries ?? []) {
      if (!move.isHeld && (move.from === uri || move.to === uri)) {
        this.#ends.tellOfMove(move, uri);
      }
    }
    const first = new Map(entries.toReversed().map((entry) => [entry.vm.uuid, entry]));
    await Promise.all(
      [...first.values()].map(async ({ request, vm }) => {
        try {
          await leases.take(request, { signal: ended, recovers: true }, (lease) => this.recoverVm(lease));
        } catch (error) {
          const { kind, line } = asFailure(error);
          log.info(`what was interrupted on ${vm.name} is left for now: ${line}`);
          if (kind === 'busy') {
            // Another editor is at it, which may die as well.
            this.#again.later(uri);
          }
        }
      }),
    );
    const left = entries.filter(({ id }) => this.#ends.findWhy(id) !== undefined);
    await dropGuardsOfInterrupted(uri, left, this.#options);
  }

  /**
   * In a turn on the VM, before anything else is done to it. Returns why something stays unfinished, if it does.
   * Editors of one user have one journal, so an entry may be of any of them:
   *
   * | entry of this VM          | its connection | its process | then                                                  |
   * |---------------------------|----------------|-------------|-------------------------------------------------------|
   * | readable                  | any            | lives       | rejects with `busy`: nothing comes between its steps  |
   * | of a debugger             | any            | lives       | goes on: see `inTheWay`                               |
   * | readable                  | this one       | gone        | brought to its end, or why it cannot be               |
   * | readable                  | another        | gone        | `begunElsewhere`: it is not known to be the same VM   |
   * | damaged, or newer than us | any            | any         | `entryUnreadable`                                     |
   * | the same, of no known VM  | any            | any         | `entryOfUnknownVm`: it may be this one                |
   *
   * Those of other users are not seen at all.
   */
  async recoverVm(lease: Lease): Promise<Refusal | undefined> {
    const { persistence, store } = this.#options;
    const { connection, uuid } = lease.request.vm;
    if (await (await lease.live.open()).isClosed()) {
      return undefined;
    }
    const { entries } = await persistence.journal.readInterrupted();
    const own = await inTheWay(entries, uuid, persistence);
    for (const entry of own) {
      const open = await persistence.journal.lock(entry.id);
      if (open === 'busy') {
        throw busyFailure(entry);
      }
      if (open === 'gone') {
        continue;
      }
      if (entry.connection !== connection) {
        await this.#ends.leaveElsewhere(open);
      } else if ((await this.#settle(lease, open, { cause: 'automatic' })) === undefined) {
        throw new Failure('lost', { connection });
      }
    }
    const unread = await unreadableRefusals(persistence, uuid);
    const [why] = [...own.flatMap(({ id }) => this.#ends.findWhy(id) ?? []), ...unread];
    return why ?? (await elsewhereRefusal(lease, persistence, store));
  }

  /** @throws Failure `busy`: another one began on the VM at the same time; `own` is withdrawn */
  requireAlone(lease: Lease, own: OwnEntry): Promise<void> {
    return requireAlone(lease, own, this.#options.persistence, (id) => this.#ends.findWhy(id));
  }

  /** What is unfinished on a VM is forgotten, over whichever connection it began: a person has seen to it. */
  async dismiss(ref: VmRef): Promise<void> {
    await this.#eachOf(ref, async (_, open) => {
      await keepInterruptedCheckpoints(this.#options.persistence, open.entry);
      await open.end({ outcome: 'explained', failure: 'dismissed' });
      this.#ends.forget(open.entry.id);
    });
  }

  /** What would be done about each, if a person wanted it. */
  async preview(ref: VmRef): Promise<readonly InterruptedPreview[]> {
    await requireNotMoved(ref, this.#options.persistence, this.#options.store);
    const found: InterruptedPreview[] = [];
    await this.#eachOf(ref, async (lease, open) => {
      const { entry } = open;
      try {
        found.push(await this.#previewOne(lease, entry));
      } finally {
        await open.leave('looked at for a person');
      }
    });
    return found;
  }

  async #previewOne(lease: Lease, entry: JournalEntry): Promise<InterruptedPreview> {
    const { id, request, vm, startedAt } = entry;
    const about = { id, request, vm: vm.name, startedAt };
    const foreign =
      entry.connection === lease.request.vm.connection
        ? await this.#decision.foreign(lease, entry)
        : begunElsewhere(entry);
    const facts = foreign === undefined ? await this.#readFacts(lease, entry) : 'vmIsGone';
    if (facts === 'vmIsGone') {
      const why = foreign ?? refuse('vmGone', { vm: vm.name }).refusal;
      return { ...about, recovery: { kind: 'explain', why, commands: [] }, commands: [] };
    }
    const { recovery } = await this.#decision.decide(lease, entry, facts, 'asked');
    return { ...about, recovery, commands: commandsOf(entry, recovery, facts) };
  }

  /** Those that a person has agreed to, with what was to be done about each. */
  async finish(ref: VmRef, agreed: readonly AgreedRecovery[]): Promise<readonly RecoveryReport['outcome'][]> {
    const outcomes: RecoveryReport['outcome'][] = [];
    await this.#eachOf(ref, async (lease, open) => {
      const steps = agreed.find(({ id }) => id === open.entry.id)?.steps;
      if (steps === undefined || open.entry.connection !== ref.connection) {
        await open.leave('nobody has agreed to it');
        return;
      }
      const outcome = await this.#settle(lease, open, { cause: 'asked', agreed: steps }).catch((error: unknown) => {
        throw stoppedAfterOthers(outcomes, asFailure(error));
      });
      if (outcome === undefined) {
        throw new Failure('lost', { connection: ref.connection });
      }
      outcomes.push(outcome);
    });
    return outcomes;
  }

  /** Takes up each that is unfinished on a VM, over whichever connection it began, oldest first. */
  async #eachOf(ref: VmRef, act: (lease: Lease, open: OpenEntry) => Promise<void>): Promise<void> {
    const { persistence, leases, ended } = this.#options;
    const { entries } = await persistence.journal.readInterrupted();
    for (const entry of await inTheWay(entries, ref.uuid, persistence)) {
      await leases.take({ ...entry.request, vm: ref }, { signal: ended, recovers: true }, async (lease) => {
        const open = await persistence.journal.lock(entry.id);
        if (open === 'busy') {
          throw busyFailure(entry);
        }
        if (open === 'gone') {
          this.#ends.forget(entry.id);
        } else {
          await act(lease, open);
        }
      });
    }
  }

  /** After a step of an operation failed, in the turn of that operation. The VM can be read. */
  afterFailure(lease: Lease, open: OpenEntry, failure: Failure): Promise<RecoveryReport['outcome'] | undefined> {
    return this.#settle(lease, open, { cause: 'failedJustNow', failure });
  }

  dispose(): void {
    this.#again.dispose();
    this.#ends.dispose();
  }

  async #settle(lease: Lease, open: OpenEntry, how: SettleWish): Promise<RecoveryReport['outcome'] | undefined> {
    const { store, log } = this.#options;
    const { request } = lease;
    store.putVm(request.vm, { recovering: true });
    try {
      return await this.#decideAndDo(lease, open, how);
    } catch (error) {
      const { kind, message, line } = asFailure(error);
      if (how.agreed !== undefined && kind === 'refused') {
        // Nothing was done about it, and the person who is told so may try again at once, here or in another editor.
        await open.leave(message);
        throw error;
      }
      log.error(`the ${request.kind} of ${open.entry.vm.name} that was interrupted could not be recovered: ${line}`);
      await open.leave();
      if (kind === 'lost' || kind === 'unreachable' || this.#options.ended.aborted) {
        return undefined;
      }
      this.#again.later(request.vm.connection);
      return this.#ends.fail(open.entry, message);
    } finally {
      store.putVm(request.vm, { recovering: undefined });
    }
  }

  async #decideAndDo(
    lease: Lease,
    open: OpenEntry,
    { cause, failure, agreed }: SettleWish,
  ): Promise<RecoveryReport['outcome']> {
    const { persistence, store, clock, look, steps } = this.#options;
    const { entry } = open;
    const foreign = cause === 'failedJustNow' ? undefined : await this.#decision.foreign(lease, entry);
    if (foreign !== undefined) {
      return this.#ends.explain(open, { kind: 'explain', why: foreign, commands: [] });
    }
    await keepInterruptedCheckpoints(persistence, entry);
    await lease.hold(entry.request);
    const facts = await this.#readFacts(lease, entry);
    if (facts === 'vmIsGone') {
      return this.#ends.endWithoutVm(open, cause === 'automatic', failure);
    }
    await recordInterrupted(persistence, entry, facts.tree);
    await (this.#decision.mayTidy(cause) && steps.removeParts(lease, await lease.live.open()));
    const { recovery, mayFinish } = await this.#decision.decide(lease, entry, facts, cause);
    switch (recovery.kind) {
      case 'explain':
        return this.#ends.explain(open, recovery, mayFinish);
      case 'settled':
        return this.#ends.settle(lease, open, recovery.to, isNews(entry, recovery.to, cause === 'automatic'), failure);
      case 'steps': {
        const { plan } = recovery;
        if (agreed !== undefined && !sameSteps(agreed, plan.steps)) {
          throw new Failure('refused', { refusal: refuse('stalePlan', { vm: facts.vm.name }).refusal });
        }
        lease.log.info(`goes on: ${[entry.request, ...plan.steps].map(({ kind }) => kind).join(', ')}`);
        const beforeStep = beforeRecoveryStep(look, lease, interruptedOf(entry), plan);
        const run = { plan, entry: open, beforeStep, watch: watchSteps(look, lease, facts) };
        try {
          await noteWriting(persistence, lease.request.vm, plan, facts);
          await runSteps(steps, { ...run, begun: cause === 'failedJustNow', lease: { ...lease, recovers: true } });
        } catch (error) {
          const { kind, message } = asFailure(error);
          if (recovery.to === 'after' && agreed === undefined && (await turnBack(open, kind))) {
            return await this.#decideAndDo(lease, open, { cause, ...(failure && { failure }) });
          }
          // QEMU refuses, or libvirt does, which may name the job still that QEMU has ended (9.0).
          if (recovery.otherwise === undefined || (kind !== 'failed' && kind !== 'busy')) {
            throw error;
          }
          lease.log.info(`it was tried, and is refused: ${message}`);
          return await this.#ends.explain(open, { kind: 'explain', why: recovery.otherwise, commands: [] });
        }
        if (entry.request.kind !== 'discard') {
          await lease.live.read(lease.request.vm.uuid, ['vm', 'tree']);
          await noteFrozen(lease, store.vm(lease.request.vm), persistence, clock.now());
        }
        return this.#ends.settle(lease, open, recovery.to, true, failure);
      }
    }
  }

  async #readFacts(lease: Lease, entry: JournalEntry): Promise<CompleteFacts | 'vmIsGone'> {
    lease.status.begin(checkStep);
    try {
      // What is seen while libvirt still works is neither before nor after.
      await (await lease.live.open()).untilNoJob(lease.request.vm.uuid);
      return (await this.#options.look.read(lease, (known) => factsToRecover(interruptedOf(entry), known))).facts;
    } catch (error) {
      const failure = asFailure(error);
      if (failure.kind === 'notFound' && this.#options.store.vm(lease.request.vm) === undefined) {
        return 'vmIsGone';
      }
      throw failure;
    }
  }
}

/** `agreed`: the steps that a person was shown. */
interface SettleWish {
  readonly cause: RecoveryCause;
  readonly failure?: Failure;
  readonly agreed?: readonly Step[];
}
