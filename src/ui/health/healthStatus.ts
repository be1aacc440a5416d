// The item in the status bar that says how much is wrong with the VMs; there is none while nothing is.
import { t } from '@vscode/l10n';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import type { CommandId } from '../../verbs/verbs.js';
import { healthMark } from '../../text/problems/healthText.js';
import { type StatusItem, statusItem } from '../prompts/notify.js';
import type { HealthWatch } from '../../health/healthWatch.js';

export class HealthStatus implements Disposable {
  readonly #watch: Pick<HealthWatch, 'wrong' | 'onDidChange'>;
  readonly #store = new DisposableStore();
  #item: StatusItem | undefined;

  constructor(watch: Pick<HealthWatch, 'wrong' | 'onDidChange'>) {
    this.#watch = watch;
    this.#store.add(watch.onDidChange(() => this.#show()));
  }

  /** What is read there; undefined while nothing is wrong. */
  get text(): string | undefined {
    return this.#item?.text;
  }

  dispose(): void {
    this.#item?.dispose();
    this.#store.dispose();
  }

  #show(): void {
    const wrong = this.#watch.wrong();
    if (wrong.length === 0) {
      this.#item?.dispose();
      this.#item = undefined;
      return;
    }
    const mark = healthMark(wrong.map(({ problem }) => problem)).replace('⚠ ', '');
    const command: CommandId = 'virtRewind.checkHealth';
    this.#item ??= statusItem('virtRewind.health', t('VM health'), 'warning');
    this.#item.say(t('VMs: {0}', mark), t('Virt Rewind: {0}. Click for the report.', mark), command);
  }
}
