// What a prune of several VMs would do, a row for each: what goes, what it frees, what stays and why. Plain text.
import { t } from '@vscode/l10n';
import type { SnapshotTree } from '../../domain/snapshot.js';
import { sortSnapshots } from '../../domain/snapshotTree.js';
import type { Plan } from '../../operations/plan.js';
import { displayLine } from '../../domain/plainText.js';
import { freedText } from '../operations/freedText.js';
import { titleOf } from '../operations/operationProgress.js';
import { refusalText } from '../refusals/refusalText.js';
import type { PlannedTarget } from './lossText.js';
import { snapshotCountText } from '../words.js';

/** A title that is one of many. */
const longestTitle = 40;

export interface PlannedPrune extends PlannedTarget {
  readonly tree: SnapshotTree;
}

/** Names. */
export function prunedIn({ losses }: Plan): readonly string[] {
  return losses.flatMap((loss) => (loss.kind === 'restorePoints' ? loss.names : []));
}

/** What the rule would have deleted, and why it stays. */
export function skippedIn({ warnings }: Plan): readonly { readonly snapshot: string; readonly why: string }[] {
  return warnings.flatMap((warning) =>
    warning.kind === 'skipped' ? [{ snapshot: warning.snapshot, why: refusalText(warning.why).reason }] : [],
  );
}

/** How many go of how many, and what that frees. */
export function pruneCount({ plan, target, tree }: PlannedPrune): string {
  const count = t('{0} of {1}', prunedIn(plan).length, snapshotCountText(tree.snapshots.length));
  return [count, ...freedText([{ plan, target }])].join(' · ');
}

/** Which go, which stay and why, and which stay because of the rule; the oldest first. */
export function pruneDetail({ plan, target, tree }: PlannedPrune): string {
  const going = prunedIn(plan);
  const skipped = skippedIn(plan);
  const told = new Set([...going, ...skipped.map(({ snapshot }) => snapshot)]);
  const all = sortSnapshots(tree, 'time').map(({ name }) => name);
  const byRule = all.filter((name) => !told.has(name));
  const titles = (names: readonly string[]): string =>
    names.map((name) => displayLine(titleOf(target, name), longestTitle)).join(', ');
  return [
    t('Deletes: {0}.', titles(all.filter((name) => going.includes(name)))),
    ...skipped.map(({ snapshot, why }) => t('“{0}” is not deleted: {1}', titles([snapshot]), why)),
    ...(byRule.length === 0 ? [] : [t('Keeps by the rule: {0}.', titles(byRule))]),
  ].join(' ');
}
