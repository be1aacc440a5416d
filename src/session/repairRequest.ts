// A repair of the doctor by the name that its report has, as a request.
import { repairName, repairsOf } from '../diagnosis/examination.js';
import { Failure } from '../domain/failure.js';
import type { OperationRequest } from '../domain/operation.js';
import { refuse } from '../domain/refusal.js';
import type { VmView } from '../live/views.js';
import type { Session } from './session.js';

/** @throws Failure `refused` where the doctor does not find it any more */
export async function repairRequest(
  { engine }: Pick<Session, 'engine'>,
  view: VmView,
  name: string,
): Promise<OperationRequest> {
  const { diagnoses } = await engine.examine(view.ref);
  const found = repairsOf(diagnoses).find(({ repair }) => repairName(repair) === name);
  if (found === undefined) {
    const { refusal } = refuse('nothingToRepair', { vm: view.vm.name });
    throw new Failure('refused', { connection: view.ref.connection, vm: view.vm.name, refusal });
  }
  return { kind: 'repair', vm: view.ref, repair: found.repair };
}
