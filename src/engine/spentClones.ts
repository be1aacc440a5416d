// Deletes disposable clones that were on and are off, by whichever client: in an editor, which sees that.
import type { Disposable } from '../base/disposable.js';
import { isSpentClone, type VmRef } from '../domain/vm.js';
import { vmKey } from '../live/views.js';
import type { EnginePort } from './enginePort.js';

type SpentCloneEngine = Pick<EnginePort, 'connections' | 'onDidChange' | 'discardIfSpent' | 'readLog'>;

/** What a person deletes says so itself. */
async function tellGone(
  engine: SpentCloneEngine,
  ref: VmRef,
  name: string,
  tell: (name: string) => void,
): Promise<void> {
  const last = (await engine.readLog(ref)).at(-1);
  if (last?.request.kind === 'discard' && last.unasked === true) {
    tell(name);
  }
}

/**
 * Each is tried once for each time that it goes off.
 * @param tell is told the name of each that has gone by itself
 */
export function watchSpentClones(engine: SpentCloneEngine, tell: (name: string) => void): Disposable {
  const tried = new Set<string>();
  return engine.onDidChange(({ connection, vm: changed }) => {
    const connections = engine.connections.filter(({ uri }) => connection === undefined || uri === connection);
    for (const { state, vms } of connections) {
      const views = changed === undefined ? vms : vms.filter(({ ref }) => ref.uuid === changed.uuid);
      for (const { ref, vm } of state === 'connected' ? views : []) {
        const key = vmKey(ref);
        if (!isSpentClone(vm)) {
          tried.delete(key);
        } else if (!tried.has(key)) {
          tried.add(key);
          void engine.discardIfSpent(ref).then(() => tellGone(engine, ref, vm.name, tell));
        }
      }
    }
  });
}
