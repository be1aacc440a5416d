import assert from 'node:assert/strict';
import { type Attention, vmKey } from '../../../src/live/views.js';
import { Attentions } from '../../../src/ui/attentions.js';

const look = (visible: boolean, connection: string, vm: string): Attention => ({
  visible,
  connections: new Set([connection]),
  vms: new Set([vm]),
});

describe('the attention of several views', () => {
  it('is what those that are seen look at', () => {
    const told: Attention[] = [];
    const attentions = new Attentions({ setAttention: (attention) => told.push(attention) });
    const [tree, picture] = [attentions.share(), attentions.share()];
    tree.set(look(true, 'a', 'a#1'));
    picture.set(look(true, 'b', 'b#2'));
    assert.deepEqual(told.at(-1), { visible: true, connections: new Set(['a', 'b']), vms: new Set(['a#1', 'b#2']) });
    tree.set(look(false, 'a', 'a#1'));
    assert.deepEqual(told.at(-1), look(true, 'b', 'b#2'));
    picture.dispose();
    assert.deepEqual(told.at(-1), { visible: false, connections: new Set(), vms: new Set() });
    assert.deepEqual(
      [
        ['a', '1'],
        ['b', '2'],
      ].map(([connection = '', uuid = '']) => attentions.isLookedAt({ connection, uuid })),
      [false, false],
    );
    const before = told.length;
    picture.dispose();
    assert.equal(told.length, before);
  });

  it('is on a VM whose connection or whose picture is seen, and changes are told', () => {
    const attentions = new Attentions({ setAttention: () => undefined });
    const [tree, picture] = [attentions.share(), attentions.share()];
    const vm = { connection: 'b', uuid: '2' };
    const seen: boolean[] = [];
    attentions.onDidChange(() => seen.push(attentions.isLookedAt(vm)));
    const key = vmKey(vm);
    tree.set({ visible: true, connections: new Set(['b']), vms: new Set() });
    tree.set({ visible: false, connections: new Set(['b']), vms: new Set([key]) });
    picture.set({ visible: true, connections: new Set(), vms: new Set([key]) });
    picture.dispose();
    assert.deepEqual(seen, [true, false, true, false]);
  });
});
