// Where one can go back to, over all VMs and systems, as one list: of the git branch that is checked out, the
// favourites, the last used.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { branchOf } from '../../../domain/titleSuggestion.js';
import { displayLine } from '../../../domain/plainText.js';
import { sortSnapshots } from '../../../domain/snapshotTree.js';
import type { StoredSystem } from '../../../domain/system.js';
import { openConnections } from '../../../engine/findTargets.js';
import { readAudit } from '../../../journal/readAudit.js';
import { vmsOnce } from '../../../live/sameDaemon.js';
import type { VmView } from '../../../live/views.js';
import type { CommandArguments } from '../../../verbs/arguments.js';
import type { CommandId } from '../../../verbs/verbs.js';
import { historyEntries } from '../../../text/rows/historyRows.js';
import { relativeAge } from '../../../text/relativeAge.js';
import { pointTitle } from '../../../text/systems/systemPointText.js';
import { kindWords } from '../../../text/words.js';
import { NothingThere } from '../../prompts/commandError.js';
import { type Choice, pick, mostOffered } from '../../prompts/pickTarget.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun } from '../commandServices.js';
import { gitReference } from '../snapshots/gitReference.js';
import { isForSystem, targetSystem } from '../systems/systemTargets.js';
import { targetVm } from '../targets.js';

/** The most rows of the branch, where the list has other sections too. */
const mostOfBranch = 10;

interface RevertTarget {
  readonly createdAt: number;
  /** When it was last gone back to, or else made. */
  readonly usedAt: number;
  /** The branch of the git repository that it was created in. */
  readonly branch?: string | undefined;
  readonly isFavourite?: boolean;
  /** Nobody asked for it. */
  readonly isAutomatic: boolean;
  /** The id of the system of a restore point. */
  readonly system?: string;
  /** With its arguments the command asks as from a row. */
  readonly choice: Choice<CommandArguments>;
}

/**
 * Lists targets of the given VM or system, else of all. Also what a setting wanted is listed for the branch: it is why
 * one looks for it.
 * @param only that section alone
 */
export async function revertByList(run: CommandRun, only: 'branch' | undefined): Promise<unknown> {
  const branch = branchOf(gitReference());
  if (only === 'branch' && branch === undefined) {
    throw new NothingThere(t('No Git repository is open. Open one and check out a branch.'));
  }
  const chosen = (await run.chosen.find())?.known.system.id;
  const all = await findTargets(run);
  const ofBranch = newestFirst(all.filter((target) => branch !== undefined && target.branch === branch));
  if (only === 'branch') {
    if (ofBranch.length === 0) {
      const name = displayLine(branch ?? '');
      throw new NothingThere(t('The branch {0} has no snapshots yet. Quick Checkpoint creates one.', name));
    }
    return revertToPicked(
      run,
      ofBranch.slice(0, mostOffered).map(({ choice }) => choice),
      t('Select a snapshot of the branch {0} to revert to (newest first)', displayLine(branch ?? '')),
    );
  }
  // Those of the system that one works with come before all others.
  const rank = ({ system }: RevertTarget): number => (system !== undefined && system === chosen ? 1 : 0);
  const byUse = all.toSorted((one, other) => rank(other) - rank(one) || other.usedAt - one.usedAt);
  if (run.call.kind === 'rows') {
    // For one VM, the last target comes first, and automatic ones after the others.
    const ofOne = byUse.toSorted((one, other) => Number(one.isAutomatic) - Number(other.isAutomatic));
    return revertToPicked(
      run,
      requireSome(ofOne.slice(0, mostOffered).map(({ choice }) => choice)),
      t('Select a snapshot to revert to (last used first)'),
    );
  }
  const sections = [
    { group: t('Git branch {0}', displayLine(branch ?? '')), targets: ofBranch.slice(0, mostOfBranch) },
    { group: t('Favourites'), targets: byUse.filter(({ isFavourite }) => isFavourite === true) },
    { group: t('Last used'), targets: byUse.filter(({ isAutomatic }) => !isAutomatic) },
  ];
  const choices = requireSome(sectionedChoices(sections).slice(0, mostOffered));
  return revertToPicked(run, choices, t('Select a snapshot or restore point to revert to (last used first)'));
}

function requireSome<T>(choices: readonly T[]): readonly T[] {
  if (choices.length === 0) {
    throw new NothingThere(t('No VM has snapshots yet.'));
  }
  return choices;
}

interface Section {
  readonly group: string;
  readonly targets: readonly RevertTarget[];
}

/** Each target once, in the first section that has it. If there is one section, its name says nothing. */
function sectionedChoices(sections: readonly Section[]): readonly Choice<CommandArguments>[] {
  const told = new Set<RevertTarget>();
  const own = sections.map(({ group, targets }) => {
    const choices = targets.filter((target) => !told.has(target)).map(({ choice }) => ({ ...choice, group }));
    targets.forEach((target) => told.add(target));
    return choices;
  });
  const shown = own.filter(({ length }) => length > 0);
  return shown.length > 1 ? shown.flat() : shown.flat().map(({ group: _, ...choice }) => choice);
}

/** In the way that the call asks for. */
async function revertToPicked(
  { call }: CommandRun,
  choices: readonly Choice<CommandArguments>[],
  placeholder: string,
): Promise<unknown> {
  const { after, checkpointFirst, confirm } = argumentsOf(call);
  const given = await pick(choices, placeholder);
  const how = { after, checkpointFirst, confirm };
  return vscode.commands.executeCommand('virtRewind.revert' satisfies CommandId, { ...how, ...given });
}

function newestFirst(targets: readonly RevertTarget[]): readonly RevertTarget[] {
  return targets.toSorted((one, other) => other.createdAt - one.createdAt);
}

/** Finds the targets of all VMs and systems; the snapshots of a restore point are one entry. */
async function findTargets(run: CommandRun): Promise<readonly RevertTarget[]> {
  const now = Date.now();
  const lastUsed = usesOf(await readAudit(run.history.folder, run.log));
  if (isForSystem(run)) {
    return pointsOf([await targetSystem(run)], now, lastUsed).found;
  }
  if (run.call.kind === 'rows' || argumentsOf(run.call).vm !== undefined) {
    return snapshotsOf(run, [await targetVm(run)], now, lastUsed);
  }
  const { systems } = await (await run.systems.open()).list();
  await openConnections(run.engine);
  const views = vmsOnce(run.engine.connections).filter(({ snapshotCount }) => snapshotCount !== 0);
  const points = pointsOf(systems, now, lastUsed);
  return [...points.found, ...(await snapshotsOf(run, views, now, lastUsed, points.taken))];
}

/** When it was last gone back to from here, by UUID and name; 0: never. */
type LastUsed = (uuid: string, snapshot: string) => number;

function usesOf(audit: readonly string[]): LastUsed {
  const uses = new Map<string, number>();
  for (const { at, vm, request, outcome } of historyEntries(audit)) {
    const key = `${vm.uuid} ${String(request['snapshot'])}`;
    if (request['kind'] === 'revert' && outcome === 'done' && !uses.has(key)) {
      uses.set(key, at);
    }
  }
  return (uuid, snapshot) => uses.get(`${uuid} ${snapshot}`) ?? 0;
}

/** @returns beside them which snapshots they are made of */
function pointsOf(
  systems: readonly StoredSystem[],
  now: number,
  lastUsed: LastUsed,
): { readonly found: readonly RevertTarget[]; readonly taken: ReadonlySet<string> } {
  const all = systems.flatMap(({ system, points }) => points.map((point) => ({ system, point })));
  return {
    taken: new Set(all.flatMap(({ point }) => point.members.map(({ uuid, snapshot }) => `${uuid} ${snapshot}`))),
    found: all
      .filter(({ point }) => point.auto !== 'revert' && point.auto !== 'layer')
      .map(({ system, point }) => ({
        createdAt: point.createdAt,
        usedAt: Math.max(point.createdAt, ...point.members.map(({ uuid, snapshot }) => lastUsed(uuid, snapshot))),
        branch: branchOf(point.git),
        isAutomatic: point.auto !== undefined,
        system: system.id,
        choice: {
          label: pointTitle(point),
          description: [system.name, t('all VMs'), relativeAge(point.createdAt, now)].join(' · '),
          value: { system: system.id, snapshot: point.title },
        },
      })),
  };
}

/** Returns no snapshots for VMs that cannot be read: the tree says why. */
async function snapshotsOf(
  { engine }: CommandRun,
  views: readonly VmView[],
  now: number,
  lastUsed: LastUsed,
  taken: ReadonlySet<string> = new Set(),
): Promise<readonly RevertTarget[]> {
  const trees = await Promise.allSettled(views.map(({ ref }) => engine.readTree(ref)));
  return trees.flatMap((tree, index) => {
    const view = views[index];
    return tree.status === 'rejected' || view === undefined
      ? []
      : sortSnapshots(tree.value, 'time')
          .toReversed()
          .filter(({ name }) => !taken.has(`${view.ref.uuid} ${name}`))
          .map((snapshot) => ({
            createdAt: snapshot.createdAt,
            usedAt: Math.max(snapshot.createdAt, lastUsed(view.ref.uuid, snapshot.name)),
            branch: branchOf(snapshot.trailers.git),
            isFavourite: snapshot.name === view.favourite,
            isAutomatic: snapshot.trailers.auto !== undefined,
            choice: {
              label: snapshot.title,
              description: [view.vm.name, kindWords(snapshot), relativeAge(snapshot.createdAt, now)].join(' · '),
              value: { vm: view.ref.uuid, connection: view.ref.connection, snapshot: snapshot.name },
            },
          }));
  });
}
