// What is known to be wrong with a VM once it was examined, or as far as it is seen where that fails.
import { checksBy, keyOf } from '../diagnosis/problemTable.js';
import type { Problem } from '../diagnosis/problem.js';
import { asFailure } from '../domain/asFailure.js';
import type { VmRef } from '../domain/vm.js';
import type { EnginePort } from '../engine/enginePort.js';
import type { HealthWatch } from './healthWatch.js';

/** Undefined where the VM is gone meanwhile. Never rejects. */
export async function checkVm(watch: HealthWatch, engine: Pick<EnginePort, 'findVm'>, ref: VmRef) {
  const examined = await watch.examine(ref).catch((error: unknown) => asFailure(error));
  const view = engine.findVm(ref);
  if (view === undefined) {
    return undefined;
  }
  const seen = watch.everything(ref) ?? { found: [], unjudged: checksBy('health', 'tree', 'examination') };
  const isSnoozed = (problem: Problem): boolean => watch.isSnoozed(keyOf(ref, problem));
  const diagnoses = 'diagnoses' in examined ? examined.diagnoses : seen.found.map((problem) => ({ problem }));
  return {
    view,
    diagnoses: diagnoses.filter(({ problem }) => !isSnoozed(problem)),
    snoozed: diagnoses.filter(({ problem }) => isSnoozed(problem)).length,
    unjudged: seen.unjudged,
    ...('diagnoses' in examined ? { abilities: examined.abilities } : { failure: examined }),
  };
}
