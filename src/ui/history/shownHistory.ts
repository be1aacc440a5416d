// What the page of the history shows: the rows, and what can be done about each as things are now.
import type { Log } from '../../base/log.js';
import type { InventoryPort } from '../../engine/inventory.js';
import { UndoLook } from '../../engine/undoing.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import type { VmView } from '../../inventory/views.js';
import { type HistoryEntry, historyDays } from '../../text/historyRows.js';
import { undoingText } from '../../text/loggedText.js';
import { titleOf } from '../../text/operationProgress.js';
import type { ShownHistory, WayBack } from './historyPage.js';

export { historyLinks, historyPage } from './historyPage.js';

/** @param lines of the audit, oldest first */
export async function shownHistory(
  lines: readonly string[],
  inventory: InventoryPort,
  path: string,
  log: Pick<Log, 'debug'>,
): Promise<ShownHistory> {
  const views = new Map(inventory.connections.flatMap(({ vms }) => vms.map((view) => [view.ref.uuid, view])));
  const { days, older } = historyDays(lines, (uuid, snapshot) => titleOf(views.get(uuid) ?? {}, snapshot));
  const rows = [...days.values()].flat();
  const looks = new Map<string, UndoLook>();
  for (const uuid of new Set(rows.map(({ entry }) => entry.vm.uuid))) {
    const view = views.get(uuid);
    const look = view && (await lookAt(view, inventory, log));
    if (look !== undefined) {
      looks.set(uuid, look);
    }
  }
  const back = (entry: HistoryEntry): WayBack | undefined => {
    const [view, look] = [views.get(entry.vm.uuid), looks.get(entry.vm.uuid)];
    return view && look && wayBack(entry, inventory.findVm(view.ref) ?? view, look);
  };
  return {
    days: new Map(
      [...days].map(([day, ofDay]) => [
        day,
        ofDay.map((row) => {
          const way = back(row.entry);
          return way === undefined ? row : { ...row, back: way };
        }),
      ]),
    ),
    older,
    path,
  };
}

/** Of a VM that cannot be asked nothing is said. */
async function lookAt(
  { ref }: VmView,
  inventory: InventoryPort,
  log: Pick<Log, 'debug'>,
): Promise<UndoLook | undefined> {
  try {
    return await UndoLook.at(inventory, ref);
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
function wayBack({ request, entry: id }: HistoryEntry, view: VmView, look: UndoLook): WayBack | undefined {
  const { ref } = view;
  if (request['kind'] === 'agent') {
    const { before } = request;
    const snapshot = typeof before === 'string' ? findSnapshot(look.tree, before) : undefined;
    return snapshot && { ref, before: { snapshot: snapshot.name, title: snapshot.title } };
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
