// VMs of a lab that are clones of a restore point of another VM: made by the operation that makes any clone, thrown
// away by the one that throws any away.
import { createHash } from 'node:crypto';
import type { OperationRequest } from '../domain/operation.js';
import { makeClone, throwAway } from '../engine/clones.js';
import type { GroupLease } from '../engine/operationService.js';
import { requireVmByName } from '../engine/findTargets.js';
import type { RecordedVm } from '../journal/labStore.js';
import type { Session } from '../session/session.js';
import type { ClonedVm } from './labFile.js';

export type LabClone = Extract<OperationRequest, { kind: 'clone' }>;

/** Names no file: what a clone stands on is kept by the rules of clones. */
export function digestOfClone({ of, point, way, network }: ClonedVm): string {
  return createHash('sha256').update(JSON.stringify({ of, point, way, network })).digest('hex');
}

/** Known again by this: a VM that is made has a folder of the lab. */
export function isCloneOfLab({ parts, folder }: Pick<RecordedVm, 'parts' | 'folder'>): boolean {
  return parts !== undefined && folder === '';
}

/**
 * @param isPlanned false where a clone of that name is in the way yet, which goes before
 * @throws Failure `notFound`, `ambiguous`, `refused`: nothing was touched
 */
export async function checkClone(
  session: Session,
  { of, point, way, network }: ClonedVm,
  made: LabClone['clone'],
  connection: string,
  isPlanned: boolean,
): Promise<LabClone> {
  const view = await requireVmByName(session.engine, of, connection);
  const { name: snapshot } = await session.snapshot(view, point);
  const request = { kind: 'clone', vm: view.ref, clone: made, way, network, snapshot } as const;
  if (isPlanned) {
    await session.plan(view, request);
  }
  return request;
}

export async function makeLabClone({ engine }: Session, request: LabClone, signal: AbortSignal): Promise<void> {
  await makeClone(engine, request, { signal });
}

/**
 * What is gone already is as good as removed.
 * @returns files that stay
 * @throws Failure `refused` where it is no clone of ours, or a VM rests on it
 */
export async function removeLabClone(
  { engine }: Session,
  { connection, uuid }: RecordedVm,
  turn: GroupLease,
): Promise<readonly string[]> {
  await engine.connect(connection);
  await engine.refresh({ connection });
  const view = engine.findVm({ connection, uuid });
  if (view === undefined) {
    return [];
  }
  const plan = await engine.plan({ kind: 'discard', vm: view.ref });
  await throwAway({ runOperation: (...asked) => turn.run(...asked) }, view.ref);
  return plan.kind === 'refusal' ? [] : plan.warnings.flatMap((one) => (one.kind === 'filesStay' ? one.files : []));
}
