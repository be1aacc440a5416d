// Under which name QEMU on one host reaches that on the other.
import assert from 'node:assert/strict';
import { addressOf } from '../../../../src/wings/cluster/move/planLive.js';
import type { Sides } from '../../../../src/wings/cluster/move/sides.js';

/** @param known what its own host resolves */
function sides(from: string, to: string, uri: string, known: Readonly<Record<string, string>>): Sides {
  const run = (...words: readonly string[]): Promise<unknown> => {
    const said = known[words.at(-1) ?? ''];
    return Promise.resolve({ code: said === undefined ? 2 : 0, said: said ?? '' });
  };
  return { from: { name: from, shell: { run } }, to: { name: to, connection: uri } } as unknown as Sides;
}

describe('the address of the other host', () => {
  const all = { near: '192.0.2.1', far: '192.0.2.2', 'far.example': '192.0.2.2', node: '192.0.2.1' };

  it('is that of the URI, before what the host calls itself', async () => {
    assert.equal(await addressOf(sides('near', 'far', 'qemu+ssh://far.example/system', all), undefined), 'far.example');
    assert.equal(await addressOf(sides('near', 'far', 'qemu+ssh://alias/system', all), undefined), 'far');
    assert.equal(await addressOf(sides('near', 'far', 'qemu+ssh://alias/system', all), '192.0.2.7'), '192.0.2.7');
  });

  it('is never the name of its own host, where both have one', async () => {
    assert.equal(
      await addressOf(sides('node', 'node', 'qemu+ssh://far.example/system', all), undefined),
      'far.example',
    );
    for (const uri of ['qemu+ssh://alias/system', 'qemu+ssh://node/system', 'qemu:///system']) {
      await assert.rejects(addressOf(sides('node', 'node', uri, all), undefined), { reason: 'noWay' });
    }
  });
});
