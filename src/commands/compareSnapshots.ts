// virtRewind.compareSnapshots: what differs between two snapshots of a VM; the older one stands on the left.
import * as vscode from 'vscode';
import { givenTo } from '../dialogue/commandArguments.js';
import { CommandError } from '../dialogue/commandError.js';
import type { CommandRun } from '../dialogue/commandServices.js';
import { compareStates, type ComparisonResult } from '../dialogue/compareStates.js';
import { pickSnapshot } from '../dialogue/pickTarget.js';
import { namedSnapshot, targetSnapshots } from '../dialogue/targets.js';
import { sortSnapshots } from '../model/snapshotTree.js';
import { sameVm } from '../model/vm.js';

const t = vscode.l10n.t;

export async function compareSnapshots(run: CommandRun): Promise<ComparisonResult> {
  const [first, second, ...more] = await targetSnapshots(run, t('Compare which snapshot?'));
  const { view, snapshot } = first;
  if (second !== undefined && (more.length > 0 || !sameVm(view.ref, second.view.ref))) {
    throw new CommandError('invalid', t('Select two snapshots of one VM to compare them.'));
  }
  const { other: given } = givenTo(run.call);
  const tree = await run.inventory.readTree(view.ref);
  const other =
    second?.snapshot ??
    (given === undefined
      ? await pickSnapshot(
          view,
          { snapshots: tree.snapshots.filter(({ name }) => name !== snapshot.name) },
          t('Compare {0} with which snapshot?', snapshot.title),
        )
      : await namedSnapshot(run, view, given));
  const byAge = sortSnapshots(tree, 'time').map(({ name }) => name);
  const older = byAge.indexOf(snapshot.name) <= byAge.indexOf(other.name);
  return older ? compareStates(run, view, snapshot, other) : compareStates(run, view, other, snapshot);
}
