// The trash: what somebody wants gone and may want back. It stays a snapshot like any other, with a mark on it, and takes its space.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { type VmView, vmKey } from '../../inventory/views.js';
import type { Plan } from '../../operations/plan.js';
import { withLine } from '../../text/questionText.js';
import { askQuestion } from '../prompts/askQuestion.js';
import { NothingThere } from '../prompts/commandError.js';
import { noteInStatusBar, notify } from '../prompts/notify.js';
import { readSettings } from '../readSettings.js';
import { showFailure } from './runCommand.js';
import type { CommandRun, CommandTable } from './commandServices.js';
import { operateConfirmed } from './operate.js';
import { targetSnapshots, targetVm } from './targets.js';

const dayMs = 24 * 3_600_000;

export const trashCommands = {
  /** Snapshots that were put into the trash stay. */
  'virtRewind.restoreFromTrash': async (run) => {
    const targets = await targetSnapshots(run, t('Restore which snapshot from the trash?'));
    for (const { view } of new Map(targets.map((one) => [vmKey(one.view.ref), one])).values()) {
      const ofVm = targets.filter((one) => vmKey(one.view.ref) === vmKey(view.ref));
      const names = ofVm.map(({ snapshot }) => snapshot.name).filter((name) => isTrashed(view, name));
      if (names.length === 0) {
        throw new NothingThere(t('{0} is not in the trash.', displayLine(ofVm[0]?.snapshot.title ?? '')), {
          vm: view.vm.name,
        });
      }
      await run.inventory.mark({ kind: 'trash', vm: view.ref, snapshots: names, put: 'out', until: 0 });
    }
    noteInStatusBar(t('Restored from the trash: {0}', targets.map(({ snapshot }) => snapshot.title).join(', ')));
  },
  /** Deletes what is in the trash of a VM, which frees its space. */
  'virtRewind.emptyTrash': async (run) => {
    const view = await targetVm(run, t('Empty the trash of which VM?'), ({ trash }) => trash !== undefined);
    const snapshots = (view.trash ?? []).map(({ name }) => name);
    if (snapshots.length === 0) {
      throw new NothingThere(t('The trash of {0} is empty.', displayLine(view.vm.name)), {
        vm: view.vm.name,
      });
    }
    return operateConfirmed(run, { kind: 'prune', vm: view.ref, snapshots });
  },
} satisfies CommandTable;

function isTrashed({ trash = [] }: VmView, snapshot: string): boolean {
  return trash.some(({ name }) => name === snapshot);
}

export interface TrashOffer {
  /** Of the button. */
  readonly label: string;
  /** What it means. */
  readonly line: string;
  readonly put: () => Promise<void>;
}

/** The other answer to the question whether to delete; none where all of it is in the trash, or marked to be kept. */
export function trashOffer(run: CommandRun, view: VmView, { deletes = [] }: Plan): TrashOffer | undefined {
  const days = readSettings().trashDays;
  const names = deletes.filter((name) => !isTrashed(view, name));
  if (days === 0 || names.length === 0 || names.some((name) => view.kept?.includes(name) === true)) {
    return undefined;
  }
  return {
    label: t('Move to Trash'),
    line:
      days === 1
        ? t('In the trash it can be restored for a day, and frees nothing until then.')
        : t('In the trash it can be restored for {0} days, and frees nothing until then.', days),
    put: () => putIntoTrash(run, view, names, days),
  };
}

async function putIntoTrash(run: CommandRun, view: VmView, names: readonly string[], days: number): Promise<void> {
  const request = { kind: 'trash', vm: view.ref, snapshots: names, until: Date.now() + days * dayMs } as const;
  await run.inventory.mark({ ...request, put: 'in' });
  const titles = names.map((name) => view.tree?.snapshots.find((one) => one.name === name)?.title ?? name);
  const undo = t('Undo');
  const entry = (await run.inventory.readLog(view.ref)).at(-1);
  void notify('info', t('In the trash: {0}', displayLine(titles.join(', '))), undo)
    .then((button) => (button === undo ? run.inventory.mark({ ...request, put: 'out' }, entry?.id) : undefined))
    .then(undefined, (reason: unknown) => showFailure(run.log, 'virtRewind.restoreFromTrash', reason));
}

/** @returns what puts it into the trash, where that was the answer */
export async function askDelete(
  question: Parameters<typeof askQuestion>[0],
  offer: TrashOffer | undefined,
): Promise<TrashOffer['put'] | undefined> {
  if (offer === undefined) {
    await askQuestion(question);
    return undefined;
  }
  const lines = withLine(question.lines, offer.line);
  return (await askQuestion({ ...question, lines }, offer.label)) === offer.label ? offer.put : undefined;
}
