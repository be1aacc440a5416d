// What somebody has agreed to in a picture, for the command that carries it out: it asks the same not once more. Each
// is good for one run. Carries out nothing.
import type { Plan } from '../../operations/plan.js';
import type { OperationRequest } from '../../domain/operation.js';
import { sameVm } from '../../domain/vm.js';

export class AgreedPlans {
  readonly #plans = new Set<Plan>();

  /** As long as it runs, a command that asks finds the plan. */
  async during(plan: Plan, run: () => Promise<void>): Promise<void> {
    this.#plans.add(plan);
    try {
      await run();
    } finally {
      this.#plans.delete(plan);
    }
  }

  /** The plan for such an operation; what differs in how it is done was shown, and agreed to. */
  take(wanted: AgreedRequest): Plan | undefined {
    const found = [...this.#plans].find(({ request }) => isSame(request, wanted));
    if (found !== undefined) {
      this.#plans.delete(found);
    }
    return found;
  }
}

type AgreedRequest = Pick<OperationRequest, 'kind' | 'vm'> & {
  readonly snapshot?: string;
  readonly scope?: string;
};

function isSame(request: OperationRequest, wanted: AgreedRequest): boolean {
  return (
    request.kind === wanted.kind &&
    sameVm(request.vm, wanted.vm) &&
    ('snapshot' in request ? request.snapshot : undefined) === wanted.snapshot &&
    ('scope' in request ? request.scope : undefined) === wanted.scope
  );
}
