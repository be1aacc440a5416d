// Where a running VM can be reached, as a line of its tooltip. Asked for when somebody looks, and never waited for long.
import { t } from '@vscode/l10n';
import { systemClock, within } from '../../base/clock.js';
import type { VmRef } from '../../domain/vm.js';
import type { InventoryPort } from '../../engine/inventory.js';
import type { FactList } from '../../text/factList.js';

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
