// An editor that has opened the connections of a system brings to its end what broke off on it. Refuses to decide how
// it ends.
import type { Disposable } from '../base/disposable.js';
import type { Log } from '../base/log.js';
import type { EnginePort } from '../engine/enginePort.js';
import { GroupJournal } from '../journal/groupJournal.js';
import type { RecoveredSystem, Systems, SystemsOptions } from './systems.js';

interface WhenOpenOptions extends SystemsOptions {
  /** Called once for each that was brought to its end, or is left to a person. */
  readonly tell: (recovered: RecoveredSystem) => void;
}

export function recoverWhenOpen({ tell, ...options }: WhenOpenOptions): Disposable {
  const { engine, folder, log } = options;
  const groups = new GroupJournal(folder, log);
  const told = new Set<string>();
  let open: ReadonlySet<string> = new Set();
  let last: Promise<void> = Promise.resolve();
  let systems: Systems | undefined;
  const look = async (): Promise<void> => {
    if ((await groups.readInterrupted()).entries.length === 0) {
      return;
    }
    systems ??= new (await import('./systems.js')).Systems(options);
    for (const recovered of await systems.recoverAll()) {
      if (recovered.to !== 'nothing' && !told.has(recovered.entry.id)) {
        told.add(recovered.entry.id);
        tell(recovered);
      }
    }
  };
  return engine.onDidChange(({ vm }) => {
    const now = vm === undefined ? openIn(engine) : open;
    const isNew = [...now].some((uri) => !open.has(uri));
    open = now;
    if (isNew) {
      last = last.then(look).catch((error: unknown) => logError(log, error));
    }
  });
}

function openIn({ connections }: EnginePort): ReadonlySet<string> {
  return new Set(connections.flatMap(({ uri, state, loaded }) => (state === 'connected' && loaded ? [uri] : [])));
}

function logError(log: Log, error: unknown): void {
  log.error(`what was interrupted on a system is left for now: ${String(error)}`);
}
