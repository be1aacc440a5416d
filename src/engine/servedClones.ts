// Disposable clones go when they were on and are off, whoever stopped them: for an editor, which sees that. Decides nothing of how.
import type { Disposable } from '../base/disposable.js';
import { hasServed } from '../domain/vm.js';
import { vmKey } from '../inventory/views.js';
import type { InventoryPort } from './inventory.js';

type Inventory = Pick<InventoryPort, 'connections' | 'onDidChange' | 'endServed'>;

/** Each is tried once for each time that it goes off. */
export function watchServedClones(inventory: Inventory): Disposable {
  const tried = new Set<string>();
  return inventory.onDidChange(() => {
    for (const { state, vms } of inventory.connections) {
      for (const { ref, vm } of state === 'connected' ? vms : []) {
        const key = vmKey(ref);
        if (!hasServed(vm)) {
          tried.delete(key);
        } else if (!tried.has(key)) {
          tried.add(key);
          void inventory.endServed(ref);
        }
      }
    }
  });
}
