// What the page of the history shows: the rows, and what can be done about each as things are now.
import { join } from 'node:path';
import type { Log } from '../../base/log.js';
import type { LoggedOperation, SystemOfOperation } from '../../domain/loggedOperation.js';
import type { EnginePort } from '../../engine/enginePort.js';
import { UndoLook } from '../../engine/undoLook.js';
import { vmsOnce } from '../../live/sameDaemon.js';
import type { VmView } from '../../live/views.js';
import {
  type AgentCheckpoint,
  AgentCheckpoints,
  existingCheckpoints,
  findCheckpointBefore,
} from '../../journal/agentCheckpoints.js';
import { type HistoryEntry, historyDays } from '../../text/rows/historyRows.js';
import { undoingWords, undoLabel, undoneText } from '../../text/operations/loggedText.js';
import { titleOf } from '../../text/operations/operationProgress.js';
import type { ShownHistory, ShownRow, WayBack } from './historyPage.js';

export { historyLinks, historyPage } from './historyPage.js';

/** What is there of a VM now. */
interface VmHistory {
  readonly look: UndoLook;
  /** Taken before steps of agents. */
  readonly taken: readonly AgentCheckpoint[];
}

/** @param lines of the audit, oldest first @param folder of the journal */
export async function readShownHistory(
  lines: readonly string[],
  engine: EnginePort,
  folder: string,
  log: Log,
): Promise<ShownHistory> {
  const views = new Map(vmsOnce(engine.connections).map((view) => [view.ref.uuid, view]));
  const { days, older } = historyDays(lines, (uuid, snapshot) => titleOf(views.get(uuid) ?? {}, snapshot));
  const rows = [...days.values()].flat();
  const checkpoints = new AgentCheckpoints(folder, log);
  const seen = new Map<string, VmHistory>();
  for (const uuid of new Set(rows.map(({ entry }) => entry.vm.uuid))) {
    const view = views.get(uuid);
    const now = view && (await lookAt(view, engine, checkpoints, log));
    if (now !== undefined) {
      seen.set(uuid, now);
    }
  }
  const back = (entry: HistoryEntry): WayBack | undefined => {
    const [view, now] = [views.get(entry.vm.uuid), seen.get(entry.vm.uuid)];
    return view && now && wayBack(entry, engine.findVm(view.ref) ?? view, now);
  };
  return {
    days: new Map(
      [...days].map(([day, ofDay]) => [
        day,
        joinSystems(
          ofDay.map((row) => {
            const { vm, entry: id } = row.entry;
            const way = back(row.entry);
            const look = seen.get(vm.uuid)?.look;
            const logged = look?.find(id ?? '');
            return {
              ...row,
              ...(look && logged && { facts: withUndone(row.facts, look, logged, views.get(vm.uuid)) }),
              name: vm.name,
              ...(logged?.system && { system: logged.system }),
              ...(way !== undefined && { back: way }),
            };
          }),
        ),
      ]),
    ),
    older,
    path: join(folder, 'audit.jsonl'),
  };
}

/** An undo is called by what it undid. */
function withUndone(
  [what = '', ...facts]: readonly string[],
  look: UndoLook,
  entry: LoggedOperation,
  view: VmView | undefined,
): readonly string[] {
  const root = look.root(entry);
  const undone = undoneText(look.of(entry).does === 'redo' ? 'undo' : 'redo', root, view);
  return [entry.undoes === undefined ? what : undone, ...facts];
}

type RowOfVm = ShownRow & { readonly system?: SystemOfOperation };

/**
 * What was done to the VMs of a system at once is one row, as it was one operation to the user. @param rows newest
 * first
 */
function joinSystems(rows: readonly RowOfVm[]): readonly ShownRow[] {
  const joined: RowOfVm[][] = [];
  for (const row of rows) {
    const own = joined.findLast(([first]) => first?.system !== undefined && first.system.id === row.system?.id);
    if (own?.every(({ entry, facts }) => entry.vm.uuid !== row.entry.vm.uuid && facts[0] === row.facts[0]) === true) {
      own.push(row);
    } else {
      joined.push([row]);
    }
  }
  return joined.flatMap((parts) => {
    const [first] = parts;
    // How it ended is how the worst of them did, or the slowest.
    const told = parts.toSorted((a, b) => rankOf(b.entry) - rankOf(a.entry))[0];
    return first?.system === undefined || told === undefined
      ? (first ?? [])
      : [{ ...first, facts: told.facts, name: first.system.name, parts }];
  });
}

function rankOf({ outcome, durationMs = 0 }: HistoryEntry): number {
  return outcome === 'done' ? durationMs : Infinity;
}

/** Says nothing about a VM that cannot be read. */
async function lookAt(
  { ref }: VmView,
  engine: EnginePort,
  checkpoints: AgentCheckpoints,
  log: Log,
): Promise<VmHistory | undefined> {
  try {
    const look = await UndoLook.at(engine, ref);
    return { look, taken: existingCheckpoints(await checkpoints.of(ref), look.tree) };
  } catch (error) {
    log.debug(`history: ${String(error)}`);
    return undefined;
  }
}

/**
 * | the entry                                      | offered |
 * |------------------------------------------------|---------|
 * | in the log, something undoes it                | Undo or Redo |
 * | the same, and others after it can be undone too | also Restore the State before It |
 * | the last revert of a system                    | Undo of the system |
 * | the step of an agent, its snapshot is there    | Revert to before It |
 * | any other                                      | nothing |
 */
function wayBack({ request, entry: id }: HistoryEntry, view: VmView, { look, taken }: VmHistory): WayBack | undefined {
  const { ref } = view;
  if (request['kind'] === 'agent') {
    const { before, step } = request;
    const noted = taken.filter(({ name }) => name === before);
    const checkpoint = findCheckpointBefore(noted, Number(step));
    return checkpoint && { ref, before: checkpoint.name };
  }
  const entry = id === undefined ? undefined : look.find(id);
  if (entry === undefined) {
    return undefined;
  }
  const undoing = look.of(entry);
  const steps = look.backTo(entry);
  const restores = steps.length > 1 && steps.every(({ way }) => way.kind !== 'refusal');
  if (entry.system !== undefined) {
    const isLast = look.ofSystem(entry.system.id, 'revert')?.id === entry.id;
    return isLast ? { ref, system: entry.system.id } : undefined;
  }
  return {
    ref,
    entry: entry.id,
    ...(undoing.way.kind !== 'refusal' && {
      words: undoLabel(undoing.does, look.root(entry), undoingWords(undoing.way, view), view),
      does: undoing.does,
    }),
    ...(restores && { restores }),
  };
}
