// The trash: what somebody wants gone and may want back. It stays a snapshot like any other, with a mark on it, and
// takes its space.
import { t } from '@vscode/l10n';
import { displayLine } from '../../../domain/plainText.js';
import type { MarkRequest } from '../../../domain/loggedOperation.js';
import { requireSnapshotByName } from '../../../engine/findTargets.js';
import { vmsOnce } from '../../../live/sameDaemon.js';
import { type VmView, vmKey } from '../../../live/views.js';
import { titleOf } from '../../../text/operations/operationProgress.js';
import { type LeftOut, type QuestionText, withLine } from '../../../text/questions/questionText.js';
import { trashWords } from '../../../text/rows/rows.js';
import type { PlannedTarget } from '../../../text/questions/lossText.js';
import {
  type TrashedSnapshots,
  isKept,
  isTrashed,
  trashLabel,
  trashLine,
  trashOffer,
} from '../../../text/questions/trashText.js';
import { snapshotCountText, vmCountText } from '../../../text/words.js';
import { askQuestion } from '../../prompts/askQuestion.js';
import { CommandError, NothingThere } from '../../prompts/commandError.js';
import { noteInStatusBar, notify } from '../../prompts/notify.js';
import { pick } from '../../prompts/pickTarget.js';
import { readSettings } from '../../readSettings.js';
import { tickStep } from '../../contextKeys.js';
import { vmOfNode } from '../../tree/nodes.js';
import { showFailure } from '../runCommand.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { argumentsOf } from '../commandArguments.js';
import { mustConfirm } from '../consent.js';
import { existingVm, operateConfirmed } from '../operate.js';
import { leftOutText, type OtherAnswer } from '../operateAll.js';
import { type SnapshotTarget, targetSnapshots, targetVm } from '../targets.js';

const dayMs = 24 * 3_600_000;
/** More are in the details. */
const mostVms = 2;
/** Two rows of a dialog. */
const longestLine = 200;

export const trashCommands = {
  /** Snapshots that were put into the trash stay. */
  'virtRewind.restoreFromTrash': async (run) => {
    const targets = await targetSnapshots(run);
    for (const { view } of new Map(targets.map((one) => [vmKey(one.view.ref), one])).values()) {
      const ofVm = targets.filter((one) => vmKey(one.view.ref) === vmKey(view.ref));
      const names = ofVm.map(({ snapshot }) => snapshot.name).filter((name) => isTrashed(view, name));
      if (names.length === 0) {
        throw new NothingThere(t('{0} is not in the trash.', displayLine(ofVm[0]?.snapshot.title ?? '')), {
          vm: view.vm.name,
        });
      }
      await run.engine.mark({ kind: 'trash', vm: view.ref, snapshots: names, put: 'out', until: 0 });
    }
    noteInStatusBar(t('Restored from the trash: {0}', targets.map(({ snapshot }) => snapshot.title).join(', ')));
  },
  /** Snapshots go into the trash, from where they can be restored. */
  'virtRewind.moveToTrash': async (run) => {
    const days = readSettings().trashDays;
    if (days === 0) {
      throw new CommandError(
        'refused',
        t('The trash is disabled: the setting {0} is 0. Nothing was moved.', 'virtRewind.trash.days'),
      );
    }
    const thrown = await snapshotsToTrash(run);
    if (mustConfirm(run)) {
      await askAboutSeveral(thrown, days);
    }
    await putIntoTrash(run, thrown, days);
  },
  'virtRewind.openTrash': openTrash,
  /** Deletes what is in the trash of a VM, which frees its space. */
  'virtRewind.emptyTrash': async (run) => {
    const view = await targetVm(run, ({ trash }) => trash !== undefined);
    const snapshots = (view.trash ?? []).map(({ name }) => name);
    if (snapshots.length === 0) {
      throw new NothingThere(t('The trash of {0} is empty.', displayLine(view.vm.name)), {
        vm: view.vm.name,
      });
    }
    const request = { kind: 'prune', vm: view.ref, snapshots } as const;
    return operateConfirmed(run, request);
  },
} satisfies CommandTable;

/** Lists what is in the trash of a VM, or of all: the one picked is restored or deleted. */
async function openTrash(run: CommandRun): Promise<unknown> {
  const isOfVm =
    run.call.kind === 'rows'
      ? run.call.rows.some((row) => vmOfNode(row) !== undefined)
      : argumentsOf(run.call).vm !== undefined;
  const views = isOfVm ? [await targetVm(run)] : vmsOnce(run.engine.connections);
  const now = Date.now();
  const lines = views.flatMap((view) =>
    (view.trash ?? []).map(({ name, until }) => ({
      label: `${displayLine(view.vm.name)}: ${displayLine(titleOf(view, name))}`,
      description: trashWords({ trashedUntil: until }, now).join(),
      value: { view, name },
    })),
  );
  if (lines.length === 0) {
    throw new NothingThere(t('The trash is empty.'));
  }
  const { view, name } = await pick(lines, t('Select a snapshot'), run.title);
  const title = displayLine(titleOf(view, name));
  const act = await pick(
    [
      { label: t('Restore from Trash'), value: 'restore' },
      { label: t('Delete Snapshot…'), value: 'delete' },
    ],
    t('Select what to do with {0}', title),
    title,
  );
  if (act === 'delete') {
    return operateConfirmed(run, { kind: 'delete', vm: view.ref, snapshot: name, scope: 'one' });
  }
  await run.engine.mark({ kind: 'trash', vm: view.ref, snapshots: [name], put: 'out', until: 0 });
  noteInStatusBar(t('Restored from the trash: {0}', title));
  return undefined;
}

/** Those that were called for and are not there yet, by VM. */
async function snapshotsToTrash(run: CommandRun): Promise<readonly TrashedSnapshots[]> {
  const targets = await targetsOf(run);
  const views = new Map(targets.map(({ view }) => [vmKey(view.ref), view]));
  const ofVm = (view: VmView): readonly SnapshotTarget[] =>
    targets.filter((one) => vmKey(one.view.ref) === vmKey(view.ref));
  const held = targets.find(({ view, snapshot }) => isKept(view, snapshot.name));
  if (held !== undefined) {
    throw new CommandError(
      'refused',
      t('{0} is marked as kept. Clear that mark first: Keep…', displayLine(held.snapshot.title)),
      { vm: held.view.vm.name, snapshot: held.snapshot.name },
    );
  }
  const thrown = [...views.values()].map((view) => ({
    view,
    names: ofVm(view).flatMap(({ snapshot: { name } }) => (isTrashed(view, name) ? [] : [name])),
  }));
  const wanted = thrown.filter(({ names }) => names.length > 0);
  if (wanted.length === 0) {
    const [{ view, snapshot }] = targets;
    throw new NothingThere(t('{0} is already in the trash.', displayLine(snapshot.title)), { vm: view.vm.name });
  }
  return wanted;
}

async function targetsOf(run: CommandRun): Promise<readonly [SnapshotTarget, ...SnapshotTarget[]]> {
  const { snapshots: [first, ...others] = [] } = argumentsOf(run.call);
  if (first === undefined) {
    return targetSnapshots(run);
  }
  const view = await targetVm(run);
  const findTarget = async (name: string): Promise<SnapshotTarget> => {
    const snapshot = await requireSnapshotByName(run.engine, view, name);
    return { view: existingVm(run, view.ref), snapshot };
  };
  return [await findTarget(first), ...(await Promise.all(others.map(findTarget)))];
}

/** Says once what goes. One alone needs no question: nothing is lost, and the message afterwards takes it back. */
async function askAboutSeveral(thrown: readonly TrashedSnapshots[], days: number): Promise<void> {
  const count = thrown.flatMap(({ names }) => names).length;
  if (count === 1) {
    return;
  }
  // All of it stands in the lines, unless it is too long for them.
  const what = thrown.map(({ view, names }) => `${view.vm.name}: ${titlesOf(view, names).join(', ')}`);
  await askQuestion({
    title: t('Move {0} snapshots to the trash?', count),
    lines: [...what.slice(0, mostVms), ...(what.length > mostVms ? ['…'] : []), trashLine(days)].map((line) =>
      displayLine(line, longestLine),
    ),
    details: what.length > mostVms || what.some((line) => line.length > longestLine) ? what.join('\n') : '',
    confirm: trashLabel(),
  });
}

function titlesOf(view: VmView, names: readonly string[]): readonly string[] {
  return names.map((name) => displayLine(titleOf(view, name)));
}

function movedText(thrown: readonly TrashedSnapshots[]): string {
  const [first, ...others] = thrown.flatMap(({ view, names }) => titlesOf(view, names));
  const [{ view } = {}] = thrown;
  return others.length === 0
    ? t('Moved “{0}” to the trash.', first ?? '')
    : t(
        'Moved {0} of {1} to the trash.',
        snapshotCountText(others.length + 1),
        thrown.length === 1 ? displayLine(view?.vm.name ?? '') : vmCountText(thrown.length),
      );
}

/** With a message that takes all of it out again. */
async function putIntoTrash(
  run: CommandRun,
  thrown: readonly TrashedSnapshots[],
  days: number,
  leftOut: readonly LeftOut[] = [],
): Promise<void> {
  const until = Date.now() + days * dayMs;
  const done: { readonly request: Extract<MarkRequest, { kind: 'trash' }>; readonly entry: string | undefined }[] = [];
  for (const { view, names } of thrown) {
    const request = { kind: 'trash', vm: view.ref, snapshots: names, until, put: 'in' } as const;
    await run.engine.mark(request);
    done.push({ request, entry: (await run.engine.readLog(view.ref)).at(-1)?.id });
  }
  tickStep('trash');
  const undo = t('Undo');
  void notify('info', [movedText(thrown), ...leftOutText(run, leftOut)].join(' '), undo)
    .then(async (button) => {
      for (const { request, entry } of button === undo ? done : []) {
        await run.engine.mark({ ...request, put: 'out' }, entry);
      }
    })
    .then(undefined, (reason: unknown) => showFailure(run.log, 'virtRewind.restoreFromTrash', reason));
}

/**
 * The other answer to the question whether to delete: its button, what it means, and what it does.
 * @param leftOut what stays, and why
 */
export function trashAnswer(
  run: CommandRun,
  planned: readonly PlannedTarget[],
  leftOut: readonly LeftOut[] = [],
): OtherAnswer | undefined {
  const days = readSettings().trashDays;
  const offer = trashOffer(planned, days);
  return offer && { label: offer.label, line: offer.line, act: () => putIntoTrash(run, offer.thrown, days, leftOut) };
}

/** The question with the trash first, where there is one: it loses nothing. */
export function withTrash(question: QuestionText, trash: OtherAnswer | undefined): QuestionText {
  return trash === undefined
    ? question
    : { ...question, lines: withLine(question.lines, trash.line), confirm: trash.label };
}

/** @returns whether it went to the trash, so that there is nothing left to do */
export async function askWithTrash(question: QuestionText, trash: OtherAnswer | undefined): Promise<boolean> {
  const answer = await askQuestion(withTrash(question, trash), trash && question.confirm);
  const isTrash = answer === trash?.label;
  if (isTrash) {
    await trash.act();
  }
  return isTrash;
}
