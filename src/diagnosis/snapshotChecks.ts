// The health checks on a VM's snapshots that the doctor has no rule for. Pure.
import { styleOfVm } from '../domain/snapshotTree.js';
import { planDelete } from '../operations/delete/planDelete.js';
import type { HealthFacts } from './healthFacts.js';
import type { HealthFinding } from './healthFinding.js';

export function undeletable({ vm, tree, capabilities, now }: HealthFacts): readonly HealthFinding[] {
  if (tree === undefined || capabilities === undefined || styleOfVm(tree) !== 'mixed') {
    return [];
  }
  const facts = { vm, tree, capabilities, now: now / 1_000 };
  const ref = { connection: '', uuid: vm.uuid };
  const stuck = tree.snapshots
    .map(({ name }) => name)
    .filter((name) => planDelete({ kind: 'delete', vm: ref, snapshot: name, scope: 'one' }, facts).kind !== 'plan');
  return stuck.length === 0 ? [] : [{ kind: 'mixedUndeletable', snapshots: stuck }];
}

/** Another client's snapshot says nothing of it, so nothing is said. */
export function notQuiesced({ tree }: HealthFacts): readonly HealthFinding[] {
  return (tree?.snapshots ?? [])
    .filter(({ kind, trailers }) => kind === 'disk' && trailers.consistency === 'crash-consistent')
    .map(({ name }): HealthFinding => ({ kind: 'notQuiesced', snapshot: name }));
}
