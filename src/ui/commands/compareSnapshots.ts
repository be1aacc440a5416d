// virtRewind.compareSnapshots: what differs between two snapshots of a VM; the older one stands on the left.
import * as vscode from 'vscode';
import { givenTo } from './commandArguments.js';
import { CommandError } from '../prompts/commandError.js';
import type { CommandRun } from './commandServices.js';
import { compareStates, type ComparisonResult } from './compareStates.js';
import { pickSnapshot } from '../prompts/pickTarget.js';
import { namedSnapshot, targetSnapshots } from './targets.js';
import { sortSnapshots } from '../../domain/snapshotTree.js';
import { sameVm } from '../../domain/vm.js';

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
