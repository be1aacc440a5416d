// The item in the status bar that counts what is under way, what waits, and what failed or was refused; there is none
// while there is nothing of it.
import { t } from '@vscode/l10n';
import { type Disposable, DisposableStore, toDisposable } from '../../../base/disposable.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import type { CommandId } from '../../../verbs/verbs.js';
import { keptFailures } from '../../keptFailures.js';
import { type StatusItem, statusItem } from '../../prompts/notify.js';
import { operationCounts, operationRows } from './operationRows.js';
import type { RunningOperations } from './runningOperations.js';

/** What is over sooner is not counted, lest the items beside this one jump. */
const quietMs = 1_000;

export class OperationStatusItem implements Disposable {
  readonly #engine: Pick<EnginePort, 'connections' | 'findVm' | 'onDidChange'>;
  readonly #running: Pick<RunningOperations, 'all' | 'onDidChange'>;
  readonly #store = new DisposableStore();
  #item: StatusItem | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    engine: Pick<EnginePort, 'connections' | 'findVm' | 'onDidChange'>,
    running: Pick<RunningOperations, 'all' | 'onDidChange'>,
  ) {
    this.#engine = engine;
    this.#running = running;
    const show = (): void => this.#show();
    this.#store.add(engine.onDidChange(({ vm }) => vm ?? keptFailures.removeBack(engine.connections)));
    [engine.onDidChange(show), running.onDidChange(show), keptFailures.onDidChange(show)].forEach((one) =>
      this.#store.add(one),
    );
    this.#store.add(toDisposable(() => clearTimeout(this.#timer)));
  }

  dispose(): void {
    this.#item?.dispose();
    this.#store.dispose();
  }

  #show(): void {
    const now = Date.now();
    const rows = operationRows(this.#engine, this.#running.all, keptFailures.all, now);
    const counted = rows.filter(({ since = 0 }) => now - since >= quietMs);
    clearTimeout(this.#timer);
    this.#timer = counted.length === rows.length ? undefined : setTimeout(() => this.#show(), quietMs);
    const counts = operationCounts(counted);
    if (counts === '') {
      this.#item?.dispose();
      this.#item = undefined;
      return;
    }
    const command: CommandId = 'virtRewind.showOperations';
    this.#item ??= statusItem('virtRewind.operations', t('VM operations'), 'server-process');
    this.#item.say(t('Operations: {0}', counts), t('Virt Rewind: {0}. Click for the list.', counts), command);
  }
}
