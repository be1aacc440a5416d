// Keeps the context keys that menus and welcome texts ask for in step with the engine; sets only what changed.
import type { ConnectionView } from '../../live/views.js';
import type { Log } from '../../base/log.js';
import { setContextKeys } from '../contextKeys.js';
import type { ContextKeys, WelcomeState } from '../../manifest/contextKeyTable.js';
import { vmsOf } from './vmsOf.js';
import { welcomeOf } from './welcome.js';

export class ViewKeys {
  readonly #log: Log;
  #keys: Partial<ContextKeys> = {};
  #isSeen = false;

  constructor(log: Log) {
    this.#log = log;
  }

  get welcome(): WelcomeState | undefined {
    return this.#keys['virtRewind.welcome'];
  }

  get operationRunning(): boolean {
    return this.#keys['virtRewind.operationRunning'] === true;
  }

  /** Once in each window. */
  noteOpened(): void {
    if (!this.#isSeen) {
      this.#isSeen = true;
      this.#set({ 'virtRewind.viewOpened': true });
    }
  }

  update(connections: readonly ConnectionView[], isFiltered: boolean): void {
    const welcome = welcomeOf(connections);
    const keys: Pick<
      ContextKeys,
      | 'virtRewind.welcome'
      | 'virtRewind.deniedGroup'
      | 'virtRewind.deniedEntry'
      | 'virtRewind.filtered'
      | 'virtRewind.operationRunning'
    > = {
      'virtRewind.welcome': welcome.state,
      'virtRewind.deniedGroup': welcome.deniedGroup,
      'virtRewind.deniedEntry': welcome.deniedEntry,
      'virtRewind.filtered': isFiltered,
      'virtRewind.operationRunning': vmsOf(connections).some(([, vm]) => vm.operation !== undefined),
    };
    const before: Readonly<Record<string, unknown>> = this.#keys;
    const changed = Object.entries(keys).filter(([key, value]) => before[key] !== value);
    this.#keys = keys;
    if (changed.length > 0) {
      this.#set(Object.fromEntries(changed));
    }
  }

  #set(values: Partial<ContextKeys>): void {
    setContextKeys(values).catch((error: unknown) => {
      this.#log.error(`Menus could not be updated: ${String(error)}`);
    });
  }
}
