// What a tooltip tells beside what the row knows: where a running VM can be reached, and what its display showed when a snapshot
// was made. Asked for when somebody looks, and never waited for long.
import { t } from '@vscode/l10n';
import { systemClock, within } from '../../base/clock.js';
import type { VmRef } from '../../domain/vm.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import type { InventoryPort } from '../../engine/inventory.js';
import type { FactList } from '../../text/factList.js';
import type { SnapshotNode } from './nodes.js';

/** A tooltip that comes later is none. */
const patienceMs = 1_000;

/** The same facts where nobody knows an address in time. */
export async function withAddresses(
  facts: FactList,
  ref: VmRef,
  inventory: Pick<InventoryPort, 'findVm' | 'guests'>,
): Promise<FactList> {
  if (inventory.findVm(ref)?.vm.power !== 'running') {
    return facts;
  }
  const asked = inventory.guests.addressesOf(ref).then(
    (found) => found.map(({ address }) => address),
    // The row itself shows what is wrong with the VM or its connection.
    () => [],
  );
  const addresses = await within(systemClock, patienceMs, asked, []);
  return addresses.length === 0
    ? facts
    : { ...facts, lines: [...facts.lines, { name: t('IP address'), value: addresses.join(', ') }] };
}

export async function shownThen(
  { ref, snapshot }: SnapshotNode,
  inventory: Pick<InventoryPort, 'findVm' | 'guests'>,
): Promise<Uint8Array | undefined> {
  const tree = inventory.findVm(ref)?.tree;
  const made = tree && findSnapshot(tree, snapshot);
  return made?.kind === 'memory' ? inventory.guests.shownAt(ref, made.createdAt) : undefined;
}
