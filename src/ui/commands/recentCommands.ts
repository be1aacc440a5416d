// Revert to…: one list of where one can go back to, over all VMs and systems, the last used first; or over all VMs, of the git branch
// that is checked out, the newest first.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { branchOf } from '../../domain/gitReference.js';
import { displayLine } from '../../domain/plainText.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { sortSnapshots } from '../../domain/snapshotTree.js';
import type { SystemPoint } from '../../domain/system.js';
import type { VmRef } from '../../domain/vm.js';
import { openConnections } from '../../engine/findTargets.js';
import { readAudit } from '../../journal/readAudit.js';
import type { CommandId } from '../../verbs/verbs.js';
import { historyEntries } from '../../text/historyRows.js';
import { relativeAge } from '../../text/relativeAge.js';
import { pointTitle } from '../../text/systemPointText.js';
import { kindWords } from '../../text/words.js';
import { NothingThere } from '../prompts/commandError.js';
import { type Choice, pick } from '../prompts/pickTarget.js';
import type { CommandRun, CommandTable } from './commandServices.js';
import { gitReference } from './gitReference.js';

/** More than a person reads. */
const mostOffered = 50;

export const recentCommands = {
  'virtRewind.revertToRecent': revertToRecent,
  'virtRewind.revertToBranch': revertToBranch,
} satisfies CommandTable;

interface RecentCommand {
  readonly command: CommandId;
  readonly given: object;
}

interface RecentUse {
  readonly at: number;
  /** Of a restore point: the id of its system. */
  readonly system?: string;
  readonly choice: Choice<RecentCommand>;
}

/** The command that it leads to asks, as from a row. */
async function revertToRecent(run: CommandRun): Promise<unknown> {
  const chosen = (await run.chosen.find())?.known.system.id;
  const now = Date.now();
  const lastUsed = usesOf(await readAudit(run.history.folder, run.log));
  const points = await pointsOf(run, now, { lastUsed, isMeant: ({ auto }) => auto === undefined });
  const snapshots = await snapshotsOf(run, now, {
    lastUsed,
    isMeant: ({ uuid }, { name, trailers }) => trailers.auto === undefined && !points.taken.has(`${uuid} ${name}`),
  });
  // Those of the system that one works with come before all others.
  const rank = ({ system }: RecentUse): number => (system !== undefined && system === chosen ? 1 : 0);
  const recent = [...points.found, ...snapshots]
    .toSorted((one, other) => rank(other) - rank(one) || other.at - one.at)
    .slice(0, mostOffered);
  if (recent.length === 0) {
    throw new NothingThere(t('No VM has snapshots yet.'));
  }
  const { command, given } = await pick(
    recent.map(({ choice }) => choice),
    t('Select a snapshot or restore point to revert to (last used first)'),
  );
  return vscode.commands.executeCommand(command, given);
}

/** Also those that a setting wanted: the branch is why one looks for them. */
async function revertToBranch(run: CommandRun): Promise<unknown> {
  const branch = branchOf(gitReference());
  if (branch === undefined) {
    throw new NothingThere(t('No Git repository is open. Open one and check out a branch, or use Revert to.'));
  }
  const now = Date.now();
  const lastUsed: LastUsed = () => 0;
  const points = await pointsOf(run, now, {
    lastUsed,
    isMeant: ({ auto, git }) => auto !== 'revert' && branchOf(git) === branch,
  });
  const snapshots = await snapshotsOf(run, now, {
    lastUsed,
    isMeant: ({ uuid }, { name, trailers }) =>
      branchOf(trailers.git) === branch && !points.taken.has(`${uuid} ${name}`),
  });
  const found = [...points.found, ...snapshots];
  if (found.length === 0) {
    throw new NothingThere(
      t('The branch {0} has no snapshots yet. Quick Checkpoint creates one.', displayLine(branch)),
    );
  }
  const newest = found.toSorted((one, other) => other.at - one.at).slice(0, mostOffered);
  const { command, given } = await pick(
    newest.map(({ choice }) => choice),
    t('Select a snapshot of the branch {0} to revert to (newest first)', displayLine(branch)),
  );
  return vscode.commands.executeCommand(command, given);
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

/** @returns beside them which snapshots they are made of: those stand in the list as one */
async function pointsOf(
  run: CommandRun,
  now: number,
  { lastUsed, isMeant }: { readonly lastUsed: LastUsed; readonly isMeant: (point: SystemPoint) => boolean },
): Promise<{ readonly found: readonly RecentUse[]; readonly taken: ReadonlySet<string> }> {
  const { systems } = await (await run.systems.open()).list();
  const all = systems.flatMap(({ system, points }) => points.map((point) => ({ system, point })));
  return {
    taken: new Set(all.flatMap(({ point }) => point.members.map(({ uuid, snapshot }) => `${uuid} ${snapshot}`))),
    found: all
      .filter(({ point }) => isMeant(point))
      .map(({ system, point }) => ({
        system: system.id,
        at: Math.max(point.createdAt, ...point.members.map(({ uuid, snapshot }) => lastUsed(uuid, snapshot))),
        choice: {
          label: pointTitle(point),
          description: [system.name, t('all VMs'), relativeAge(point.createdAt, now)].join(' · '),
          value: { command: 'virtRewind.revert', given: { system: system.id, snapshot: point.title } },
        },
      })),
  };
}

interface RecentFilter {
  readonly lastUsed: LastUsed;
  readonly isMeant: (vm: VmRef, snapshot: Snapshot) => boolean;
}

/** Of VMs whose snapshots cannot be read, none: the tree says why. */
async function snapshotsOf(
  { engine }: CommandRun,
  now: number,
  { lastUsed, isMeant }: RecentFilter,
): Promise<readonly RecentUse[]> {
  await openConnections(engine);
  const views = engine.connections.flatMap(({ vms }) => vms).filter(({ snapshotCount }) => snapshotCount !== 0);
  const trees = await Promise.allSettled(views.map(({ ref }) => engine.readTree(ref)));
  return trees.flatMap((tree, index) => {
    const view = views[index];
    return tree.status === 'rejected' || view === undefined
      ? []
      : sortSnapshots(tree.value, 'time')
          .toReversed()
          .filter((snapshot) => isMeant(view.ref, snapshot))
          .map((snapshot) => ({
            at: Math.max(snapshot.createdAt, lastUsed(view.ref.uuid, snapshot.name)),
            choice: {
              label: snapshot.title,
              description: [view.vm.name, kindWords(snapshot), relativeAge(snapshot.createdAt, now)].join(' · '),
              value: {
                command: 'virtRewind.revert' as const,
                given: { vm: view.ref.uuid, connection: view.ref.connection, snapshot: snapshot.name },
              },
            },
          }));
  });
}
