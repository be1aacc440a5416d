// The example of a lab, as CI would use it: made, broken, reset, tested; and a member that fails.
import assert from 'node:assert/strict';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { exitCode } from '../../src/cli/exitCodes.js';
import { ExampleLab, exampleVms } from './exampleLab.js';

describe('the example of a lab', () => {
  let example: ExampleLab;

  before(async () => {
    example = await ExampleLab.put();
  });
  after(() => example.daemon.stop());

  it('is broken, reset and tested, again and again', async () => {
    await example.create();
    assert.deepEqual((await example.virsh('list', '--name')).split('\n').sort(), exampleVms);
    for (let round = 0; round < 2; round += 1) {
      await example.break();
      await example.reset();
      await example.test();
    }
    // The test tells a lab that was not reset.
    await example.run(1, process.execPath, 'test/shop.test.mjs');
  });

  it('is made anew by what was exported of it, when its own file is gone', async () => {
    const [own, exported] = ['virt-rewind.yaml', 'exported.yaml'].map((name) => join(example.folder, name));
    assert.ok(own !== undefined && exported !== undefined);
    await example.run(0, 'virt-rewind', 'lab', 'export', '--system', 'shop', '--file', exported);
    const first = await readFile(exported, 'utf8');
    await example.run(0, 'virt-rewind', 'lab', 'destroy', '--yes');
    assert.equal(await example.virsh('list', '--all', '--name'), '');
    await rename(exported, own);
    await example.create();
    await example.test();
    await example.break();
    await example.reset();
    await example.test();
    // What was made of it is described as it was.
    await example.run(0, 'virt-rewind', 'lab', 'export', '--system', 'shop', '--file', exported);
    assert.equal(await readFile(exported, 'utf8'), first);
    // Its program came before the restore point, and not after each reset.
    assert.match(first, /2 pears: 4/u);
  });

  it('leaves the others alone where one member cannot go back', async () => {
    const names = (await example.virsh('snapshot-list', 'shop-server', '--name')).split('\n');
    const point = names.find((name) => name.startsWith('with-one-order'));
    assert.ok(point !== undefined, names.join());
    await example.virsh('snapshot-delete', 'shop-server', point);
    const before = await example.left();
    await example.run(0, 'virt-rewind', 'run', 'shop-database', '--', 'sh', '-c', 'echo now >/run/now');
    const said = await example.run(exitCode('notFound'), 'virt-rewind', 'lab', 'reset', '--yes');
    assert.match(said, /shop-server/u);
    assert.match(await example.run(0, 'virt-rewind', 'run', 'shop-database', '--', 'cat', '/run/now'), /now/u);
    assert.deepEqual(await example.left(), before);
    await example.run(0, 'virt-rewind', 'lab', 'destroy', '--yes');
    assert.equal(await example.virsh('list', '--all', '--name'), '');
  });
});
