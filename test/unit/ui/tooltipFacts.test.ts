// What a tooltip tells beside its row: the addresses of a guest that runs, where somebody knows them.
import assert from 'node:assert/strict';
import type { PowerState } from '../../../src/domain/vm.js';
import type { InventoryPort } from '../../../src/engine/inventory.js';
import { withAddresses } from '../../../src/ui/tree/tooltipFacts.js';
import { ref, vm, vmView } from './samples.js';

const facts = { heading: 'web-test', lines: [{ name: 'State', value: 'running' }] };

function inventory(power: PowerState, addresses: () => Promise<readonly string[]>) {
  const asked: string[] = [];
  const guests = {
    addressesOf: async () => {
      asked.push('addresses');
      return (await addresses()).map((address) => ({ address, from: 'agent' as const }));
    },
  };
  return { asked, findVm: () => vmView({ vm: vm({ power }) }), guests: guests as unknown as InventoryPort['guests'] };
}

describe('the tooltip of a VM', () => {
  it('has its IP addresses below the facts', async () => {
    const { lines } = await withAddresses(
      facts,
      ref,
      inventory('running', () => Promise.resolve(['192.0.2.7', '2001:db8::7'])),
    );
    assert.deepEqual(lines.slice(0, -1), facts.lines);
    assert.deepEqual(lines.at(-1), { name: 'IP address', value: '192.0.2.7, 2001:db8::7' });
  });

  it('has none where none is known, or nobody can tell', async () => {
    assert.equal(
      await withAddresses(
        facts,
        ref,
        inventory('running', () => Promise.resolve([])),
      ),
      facts,
    );
    const broken = inventory('running', () => Promise.reject(new Error('the agent is silent')));
    assert.equal(await withAddresses(facts, ref, broken), facts);
  });

  it('asks no guest that does not run', async () => {
    const off = inventory('off', () => Promise.resolve(['192.0.2.7']));
    assert.equal(await withAddresses(facts, ref, off), facts);
    assert.deepEqual(off.asked, []);
  });
});
