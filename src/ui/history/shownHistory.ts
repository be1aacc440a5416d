// What the page of the history shows: the rows, and what can be done about each as things are now.
import { join } from 'node:path';
import type { Log } from '../../base/log.js';
import type { EnginePort } from '../../engine/enginePort.js';
import { UndoLook } from '../../engine/undoLook.js';
import type { VmView } from '../../live/views.js';
import {
  type AgentCheckpoint,
  AgentCheckpoints,
  existingCheckpoints,
  findCheckpointBefore,
} from '../../journal/agentCheckpoints.js';
import { type HistoryEntry, historyDays, withSystem } from '../../text/historyRows.js';
import { undoingText } from '../../text/loggedText.js';
import { titleOf } from '../../text/operationProgress.js';
import type { ShownHistory, WayBack } from './historyPage.js';

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
  const views = new Map(engine.connections.flatMap(({ vms }) => vms.map((view) => [view.ref.uuid, view])));
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
        ofDay.map((row) => {
          const way = back(row.entry);
          const { uuid } = row.entry.vm;
          const system = seen.get(uuid)?.look.find(row.entry.entry ?? '')?.system?.name;
          return { ...withSystem(row, system), ...(way !== undefined && { back: way }) };
        }),
      ]),
    ),
    older,
    path: join(folder, 'audit.jsonl'),
  };
}

/** Of a VM that cannot be asked nothing is said. */
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
 * | in the log, nothing undoes it                  | why |
 * | the step of an agent, its snapshot is there    | Revert to before It |
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
  return {
    ref,
    entry: entry.id,
    words: undoingText(undoing, view),
    ...(undoing.way.kind !== 'refusal' && { does: undoing.does }),
    ...(restores && { restores }),
  };
}
