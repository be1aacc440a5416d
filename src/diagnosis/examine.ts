// The doctor: what works with a VM here, what is wrong with it, and for each thing that can be mended the plan, or the
// reason why not now. Pure; changes nothing and asks nobody.
import { abilities } from './abilities.js';
import type { Diagnosis, Examination } from './examination.js';
import { findings } from './findings.js';
import type { OperationRequest } from '../domain/operation.js';
import type { Situation } from '../domain/situation.js';
import { planRepair } from '../operations/repair/planRepair.js';

const severities: readonly Diagnosis['severity'][] = ['error', 'warning', 'note'];

/** The worst first. @param situation with everything that `examinationNeeds` names, other VMs, block jobs, the agent */
export function examine(vm: OperationRequest['vm'], situation: Situation): Examination {
  const diagnoses = findings(situation).map(({ finding, severity, repair }): Diagnosis => ({
    finding,
    severity,
    ...(repair === undefined
      ? {}
      : { repair: { repair, decision: planRepair({ kind: 'repair', vm, repair }, situation) } }),
  }));
  return {
    of: { vm: situation.vm, tree: situation.tree },
    abilities: abilities(vm, situation),
    diagnoses: severities.flatMap((severity) => diagnoses.filter((one) => one.severity === severity)),
  };
}
