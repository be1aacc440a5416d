// Disposable clones go when they were on and are off, whoever stopped them: for an editor, which sees that. Decides
// nothing of how.
import type { Disposable } from '../base/disposable.js';
import { isSpentClone } from '../domain/vm.js';
import { vmKey } from '../live/views.js';
import type { EnginePort } from './enginePort.js';

type SpentCloneEngine = Pick<EnginePort, 'connections' | 'onDidChange' | 'discardIfSpent'>;

/** Each is tried once for each time that it goes off. */
export function watchSpentClones(engine: SpentCloneEngine): Disposable {
  const tried = new Set<string>();
  return engine.onDidChange(() => {
    for (const { state, vms } of engine.connections) {
      for (const { ref, vm } of state === 'connected' ? vms : []) {
        const key = vmKey(ref);
        if (!isSpentClone(vm)) {
          tried.delete(key);
        } else if (!tried.has(key)) {
          tried.add(key);
          void engine.discardIfSpent(ref);
        }
      }
    }
  });
}
