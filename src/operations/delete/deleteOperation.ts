// Snapshots are deleted.
import type { Snapshot, SnapshotTree } from '../../domain/snapshot.js';
import { descendantsOf, leafFirst } from '../../domain/snapshotTree.js';
import type { OperationDefinition, RequestOf } from '../operationDefinition.js';
import { factsOfDeleted, filesOfDeleted } from '../requiredFacts.js';
import { planDelete } from './planDelete.js';
import { recoverDelete } from './recoverDelete.js';

export const deleteOperation: OperationDefinition<'delete'> = {
  plan: planDelete,
  recover: recoverDelete,
  requiredFacts: (request, known) => factsOfDeleted(doomedBy(request, known.tree), known),
  requiredFiles: (request, facts) => filesOfDeleted(doomedBy(request, facts.tree), facts),
  refusesPaths: () => 'unclear',
  mindsCheckpoints: () => true,
};

/** In the order in which they would go: children before their parents. */
function doomedBy(request: RequestOf<'delete'>, tree: SnapshotTree): readonly string[] {
  return doomedSnapshots(request, tree).map(({ name }) => name);
}

function doomedSnapshots({ snapshot, scope }: RequestOf<'delete'>, tree: SnapshotTree): readonly Snapshot[] {
  switch (scope) {
    case 'one':
      return leafFirst(tree, snapshot).slice(-1);
    case 'withDescendants':
      return leafFirst(tree, snapshot);
    case 'descendants':
      return descendantsOf(tree, snapshot).toReversed();
  }
}
