// What is wrong with VMs, for programs.
import { type Diagnosis, plannedRepairs, repairName } from '../../diagnosis/examination.js';
import type { Problem } from '../../diagnosis/problem.js';
import { severityOf } from '../../diagnosis/problemTable.js';
import type { VmView } from '../../live/views.js';
import { refusalText } from '../refusals/refusalText.js';
import { problemText, repairText } from './problemText.js';

/** @param now milliseconds since 1970 */
export function problemInfos(diagnoses: readonly Diagnosis[], view: VmView, now: number) {
  return diagnoses.map((diagnosis) => ({
    ...problemInfo(diagnosis.problem, view, now),
    repairs: plannedRepairs(diagnosis).map(({ repair, decision }) => ({
      repair: repairName(repair),
      what: repairText(repair, view),
      ...(decision.kind === 'refusal' && {
        reason: decision.refusal.reason,
        message: refusalText(decision.refusal).reason,
      }),
    })),
  }));
}

export function problemInfo(problem: Problem, view: Pick<VmView, 'vm' | 'tree'>, now: number) {
  return { kind: problem.kind, severity: severityOf(problem), ...problemText(problem, view, now) };
}
