// What is asked about a VM before anything is done to it: how an operation would go, and what is wrong. Changes nothing.
import { examine } from '../diagnosis/examine.js';
import type { Log } from '../base/log.js';
import type { Examination } from '../diagnosis/examination.js';
import { Failure } from '../domain/failure.js';
import type { OperationRequest } from '../domain/operation.js';
import type { Decision } from '../operations/plan.js';
import type { VmRef } from '../domain/vm.js';
import { planOperation } from '../operations/planOperation.js';
import { factsToPlan, factsToDiagnose } from './factsRequests.js';
import { type Clock, within } from '../base/clock.js';
import type { Persistence } from './persistence.js';
import type { LiveConnection } from '../inventory/liveConnection.js';
import { knownFacts, readOwnKnowledge } from './ownKnowledge.js';
import { knownVm, type Store } from '../inventory/store.js';
import { FactsReader } from './factsReader.js';

/** How long a plan waits for what its rules ask for, before it does with what is known. */
const planMs = 5000;

export interface QuestionsOptions {
  readonly store: Store;
  readonly persistence: Persistence;
  readonly clock: Clock;
  readonly log: Log;
}

export class Questions {
  readonly #options: QuestionsOptions;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /**
   * What is read but not followed now, because nobody looks at it, is read again first. What only the rules of this
   * request ask for is read too, so that a refusal comes before a question and not after it; but not for long, and
   * never under an operation of ours, during which the answer would not come.
   */
  async plan(live: LiveConnection, request: OperationRequest): Promise<Decision> {
    const { uuid } = request.vm;
    const { clock, persistence, log, store } = this.#options;
    const hypervisor = await live.open();
    if (!live.isFollowed(uuid) && !(live.isHeld(uuid) && store.vm(request.vm)?.tree !== undefined)) {
      await live.read(uuid, live.isHeld(uuid) ? ['tree'] : ['vm', 'tree']);
    }
    const { vm, tree, layers, ranSince } = knownVm(store, request.vm);
    const own = await readOwnKnowledge(persistence, request.vm);
    const known = knownFacts(hypervisor, vm, tree, clock.now(), { ...own, layers, ranSince });
    if (live.isHeld(uuid)) {
      return planOperation(request, known);
    }
    const reader = new FactsReader({ hypervisor, otherVms: live.otherVms, neighbours: live.neighbours, log }, known);
    await within(clock, planMs, reader.read(factsToPlan(request, known)), undefined);
    return planOperation(request, reader.soFar);
  }

  /** Not while an operation of ours is on it: what is half done would look broken. */
  async examine(live: LiveConnection, ref: VmRef): Promise<Examination> {
    if (live.isHeld(ref.uuid)) {
      throw new Failure('busy', { vm: ref.uuid, connection: ref.connection });
    }
    const { clock, persistence, log, store } = this.#options;
    const hypervisor = await live.open();
    const [own] = await Promise.all([readOwnKnowledge(persistence, ref), live.read(ref.uuid, ['vm', 'tree'])]);
    const { vm, tree, ranSince } = knownVm(store, ref);
    const known = knownFacts(hypervisor, vm, tree, clock.now(), { ...own, ranSince });
    const reader = new FactsReader({ hypervisor, otherVms: live.otherVms, neighbours: live.neighbours, log }, known);
    return examine(ref, await reader.read(factsToDiagnose(known)));
  }
}
