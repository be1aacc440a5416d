// While libvirt makes a snapshot, for whichever client, nothing is begun on its VM but what ends it.
import type { OperationRequest } from '../domain/operation.js';
import { type RefusedDecision, refuse } from '../domain/refusal.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import type { KnownFacts } from './requiredFacts.js';

/** @param request absent: the VM is only looked at, and what is half written would look broken */
export function beingWrittenRefusal(
  { vm, tree }: Pick<KnownFacts, 'vm' | 'tree'>,
  request?: OperationRequest,
): RefusedDecision | undefined {
  const { beingWritten } = tree;
  const ends = request?.kind === 'power' && request.action === 'forceOff';
  if (beingWritten === undefined || ends) {
    return undefined;
  }
  const snapshot = findSnapshot(tree, beingWritten)?.title ?? beingWritten;
  return refuse('snapshotBeingWritten', { vm: vm.name, snapshot });
}
