// The list of what runs, waits and failed in this window: it follows them while it is open, and no row of it moves to
// another place under the pointer.
import { t } from '@vscode/l10n';
import { DisposableStore, toDisposable } from '../../../base/disposable.js';
import { keptFailures } from '../../keptFailures.js';
import { type LiveLine, showLive } from '../../prompts/ask.js';
import { NothingThere } from '../../prompts/commandError.js';
import type { CommandRun } from '../commandServices.js';
import { type OperationRow, operationRows } from './operationRows.js';

/** How long something runs is told anew so often. */
const tickMs = 1_000;

const icons = {
  running: 'sync',
  waiting: 'clock',
  refused: 'warning',
  failed: 'error',
  ended: 'dash',
} as const;

type ShownRow = Omit<OperationRow, 'state'> & { readonly state: OperationRow['state'] | 'ended' };

/** Choosing a failure shows its message again. */
export async function showOperations({ engine, running, title = '' }: CommandRun): Promise<void> {
  const rowsNow = (): readonly OperationRow[] => operationRows(engine, running.all, keptFailures.all, Date.now());
  let shown: readonly ShownRow[] = rowsNow();
  if (shown.length === 0) {
    throw new NothingThere(t('No operation is running or waiting, and none has failed.'));
  }
  await showLive({
    title,
    placeHolder: t('Choose what failed or was refused to show its message again'),
    lines: () => {
      const now = rowsNow();
      const places = shown.flatMap((row) => now.find(({ key }) => key === row.key) ?? endedRow(row));
      shown = [...places, ...now.filter(({ key }) => places.every((row) => row.key !== key))];
      return shown.map(lineOf);
    },
    button: () =>
      keptFailures.all.length === 0
        ? undefined
        : { icon: 'clear-all', label: t('Clear'), press: () => keptFailures.remove() },
    onDidChange: (draw) => {
      const store = new DisposableStore();
      [engine, running, keptFailures].forEach((one) => store.add(one.onDidChange(() => draw())));
      const timer = setInterval(draw, tickMs);
      store.add(toDisposable(() => clearInterval(timer)));
      return store;
    },
  });
}

/** It keeps its place until the list is closed; a failure goes when somebody took it out. */
function endedRow({ key, label, failure }: ShownRow): readonly ShownRow[] {
  return failure === undefined ? [{ key, label, state: 'ended', detail: t('ended') }] : [];
}

function lineOf({ key, state, label, description, detail, cancel, failure }: ShownRow): LiveLine {
  return {
    value: key,
    icon: icons[state],
    label,
    ...(description !== undefined && { description }),
    detail,
    choose: failure?.show,
    button:
      failure !== undefined
        ? { icon: 'close', label: t('Remove'), press: () => keptFailures.remove(failure) }
        : cancel && { icon: 'debug-stop', label: t('Cancel'), press: () => void cancel() },
  };
}
