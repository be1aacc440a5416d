// The doctor: what works with a VM here, what is wrong with it, and for each thing that can be mended the plan, or the
// reason why not now. Pure; changes nothing and asks nobody.
import { abilities } from './abilities.js';
import type { Diagnosis, Examination } from './examination.js';
import { findings } from './findings.js';
import type { OperationRequest } from '../domain/operation.js';
import type { Facts } from '../domain/facts.js';
import { planRepair } from '../operations/repair/planRepair.js';

const severities: readonly Diagnosis['severity'][] = ['error', 'warning', 'note'];

/** The worst first. @param facts with everything that `factsToExamine` names, other VMs, block jobs, the agent */
export function examine(vm: OperationRequest['vm'], facts: Facts): Examination {
  const diagnoses = findings(facts).map(({ finding, severity, repair }): Diagnosis => ({
    finding,
    severity,
    ...(repair === undefined
      ? {}
      : { repair: { repair, decision: planRepair({ kind: 'repair', vm, repair }, facts) } }),
  }));
  return {
    of: { vm: facts.vm, tree: facts.tree },
    abilities: abilities(vm, facts),
    diagnoses: severities.flatMap((severity) => diagnoses.filter((one) => one.severity === severity)),
  };
}
