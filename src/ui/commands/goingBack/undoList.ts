// The lines of the lists of Undo and Redo: of one VM, or of all that was done from here.
import { t } from '@vscode/l10n';
import type { OperationRequest } from '../../../domain/operation.js';
import { displayLine } from '../../../domain/plainText.js';
import { type UndoableOperation, UndoLook } from '../../../engine/undoLook.js';
import { readAudit } from '../../../journal/readAudit.js';
import type { VmView } from '../../../live/views.js';
import type { KnownSystem } from '../../../systems/knownSystems.js';
import { historyEntries } from '../../../text/rows/historyRows.js';
import { loggedWords, wayText } from '../../../text/operations/loggedText.js';
import { operationWords } from '../../../text/operations/operationText.js';
import { agoText } from '../../../text/relativeAge.js';
import { type Choice, mostOffered } from '../../prompts/pickTarget.js';
import { agentStepLines, revertToBeforeStep } from './agentSteps.js';
import type { CommandRun } from '../commandServices.js';
import { existingVm } from '../operate.js';
import { undoSystemRevert } from '../systems/systemOperations.js';
import { undoOne } from './undoOne.js';
import { undoWithLater } from './undoWithLater.js';

/** Of the history, to learn which VMs something was done to lately. */
const mostEntries = 200;

/** With an icon where nothing undoes it. */
export interface UndoLine extends Choice<(run: CommandRun) => unknown> {
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * Each says what it would do, or why nothing undoes it; where only later operations forbid it, they are undone with it.
 * What has been undone is done again by Redo, and stands in that list alone.
 */
export function operationLines(look: UndoLook, view: VmView, does: UndoableOperation['does']): readonly UndoLine[] {
  const now = Date.now();
  return look.log
    .filter(({ unasked }) => unasked !== true)
    .map((entry) => look.of(entry))
    .filter((one) => one.does === does && !isUndone(one))
    .slice(-mostOffered)
    .reverse()
    .map((one) => {
      const { entry, way } = one;
      const steps = way.kind === 'refusal' ? look.backTo(entry) : [];
      const isWithLater = steps.length > 1 && steps.every((step) => step.way.kind !== 'refusal');
      return {
        at: entry.at,
        label: loggedWords(look.root(entry), view),
        description: agoText(entry.at, now),
        detail: `→ ${isWithLater ? (steps.length === 2 ? t('together with 1 later operation') : t('together with {0} later operations', steps.length - 1)) : wayText(view, way)}`,
        ...(way.kind === 'refusal' && !isWithLater && { icon: 'circle-slash' }),
        value: (run: CommandRun) =>
          isWithLater ? undoWithLater(run, view, look, entry) : undoOne(run, view, look, one),
      };
    });
}

function isUndone({ way }: UndoableOperation): boolean {
  return way.kind === 'refusal' && way.refusal.reason === 'notUndoable' && way.refusal.facts['why'] === 'undone';
}

/** Those of its operations, and of the steps that agents took on it. */
export async function undoLinesOf(run: CommandRun, view: VmView): Promise<readonly UndoLine[]> {
  const look = await UndoLook.at(run.engine, view.ref);
  const steps = await agentStepLines(run, view);
  return [
    ...operationLines(look, existingVm(run, view.ref), 'undo'),
    ...steps.map((line) => ({ ...line, value: () => revertToBeforeStep(view, line.value) })),
  ];
}

async function redoLinesOf({ engine }: CommandRun, view: VmView): Promise<readonly UndoLine[]> {
  return operationLines(await UndoLook.at(engine, view.ref), view, 'redo');
}

/** Of all VMs and systems, the newest first; without what nothing undoes. */
export async function allLines(run: CommandRun, does: UndoableOperation['does']): Promise<readonly UndoLine[]> {
  const entries = historyEntries(await readAudit(run.history.folder, run.log)).slice(0, mostEntries);
  const uuids = new Set(entries.map(({ vm }) => vm.uuid));
  const views = run.engine.connections.flatMap(({ vms }) => vms).filter(({ ref }) => uuids.has(ref.uuid));
  const ofVms = await Promise.all(
    views.map(async (view) =>
      (await (does === 'undo' ? undoLinesOf(run, view) : redoLinesOf(run, view))).flatMap(
        ({ icon, group: _, ...line }) =>
          icon === undefined ? [{ ...line, label: `${displayLine(view.vm.name)}: ${line.label}` }] : [],
      ),
    ),
  );
  await run.systems.known.read();
  const lines = [...ofVms.flat(), ...(does === 'undo' ? run.systems.known.all.flatMap(systemLines) : [])];
  return lines.sort((a, b) => b.at - a.at).slice(0, mostOffered);
}

/** The last revert of a system is undone as a whole. */
function systemLines({ system, points }: KnownSystem): readonly UndoLine[] {
  const point = points.findLast(({ auto }) => auto === 'revert');
  return point === undefined
    ? []
    : [
        {
          at: point.createdAt,
          label: `${displayLine(system.name)}: ${operationWords({ kind: 'revert' } as OperationRequest, displayLine(point.title))}`,
          description: agoText(point.createdAt, Date.now()),
          value: (run) => undoSystemRevert({ ...run, call: { kind: 'palette', given: { system: system.id } } }),
        },
      ];
}
