// What a tooltip tells beside its row: the addresses of a guest that runs, where somebody knows them, and its display.
import assert from 'node:assert/strict';
import type { KeptBy } from '../../../src/domain/keeper.js';
import type { PowerState } from '../../../src/domain/vm.js';
import type { EnginePort } from '../../../src/engine/enginePort.js';
import { type TooltipContent, tooltipContent } from '../../../src/ui/tree/tooltipFacts.js';
import { ref, vm, vmView } from './samples.js';

const none = (): Promise<readonly string[]> => Promise.resolve([]);
const facts = { heading: 'web-test', lines: [{ name: 'State', value: 'running' }] };

function inventory(
  power: PowerState,
  addresses: () => Promise<readonly string[]>,
  thumbnail: () => Promise<Uint8Array | undefined> = () => Promise.resolve(undefined),
) {
  const asked: string[] = [];
  const guests = {
    addressesOf: async () => {
      asked.push('addresses');
      return (await addresses()).map((address) => ({ address, from: 'agent' as const }));
    },
    thumbnailOf: () => {
      asked.push('thumbnail');
      return thumbnail();
    },
  };
  return {
    asked,
    findVm: () => vmView({ vm: vm({ power }) }),
    guests: guests as unknown as EnginePort['guests'],
    keeperOf: (): Promise<KeptBy | 'unseen'> => Promise.resolve('nobody'),
  };
}

const told = (of: ReturnType<typeof inventory>): Promise<TooltipContent> =>
  tooltipContent({ kind: 'vm', id: 'web', ref }, facts, of);

describe('the tooltip of a VM', () => {
  it('has its IP addresses below the facts', async () => {
    const addresses = (): Promise<string[]> => Promise.resolve(['192.0.2.7', '2001:db8::7']);
    const { lines } = (await told(inventory('running', addresses))).facts;
    assert.deepEqual(lines.slice(0, -1), facts.lines);
    assert.deepEqual(lines.at(-1), { name: 'IP address', value: '192.0.2.7, 2001:db8::7' });
  });

  it('has none where none is known, or nobody can tell', async () => {
    assert.equal((await told(inventory('running', none))).facts, facts);
    const broken = inventory('running', () => Promise.reject(new Error('the agent is silent')));
    assert.equal((await told(broken)).facts, facts);
  });

  it('has what the display shows, and nothing where there is none', async () => {
    const png = Uint8Array.of(1, 2);
    const seen = await told(inventory('running', none, () => Promise.resolve(png)));
    assert.deepEqual(seen.picture, { png, is: 'Current display' });
    const blind = inventory('running', none, () => Promise.reject(new Error('no display')));
    assert.deepEqual(await told(blind), { facts, picture: undefined });
    assert.deepEqual(blind.asked, ['addresses', 'thumbnail']);
  });

  it('has the cluster that runs it, and where it may', async () => {
    const keeper = { resource: 'vm1', config: '/x', elsewhere: [], mayRunOn: ['n1', 'n2'], rests: 'no' } as const;
    const kept = { ...inventory('off', none), keeperOf: () => Promise.resolve(keeper) };
    const { lines } = (await told(kept)).facts;
    assert.deepEqual(lines.at(-1), { name: 'Cluster', value: 'runs it as “vm1” · may run it on n1, n2' });
  });

  it('asks no guest that does not run', async () => {
    const off = inventory('off', () => Promise.resolve(['192.0.2.7']));
    assert.deepEqual(await told(off), { facts, picture: undefined });
    assert.deepEqual(off.asked, []);
  });
});
