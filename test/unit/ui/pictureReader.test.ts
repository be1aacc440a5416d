// One read at a time, the last wish counts, and none after the end.
import assert from 'node:assert/strict';
import type { BlockMap } from '../../../src/domain/blockMap.js';
import { PictureReader } from '../../../src/ui/picture/pictureDisk.js';

const mapOf = (target: string): BlockMap => ({
  target,
  virtualBytes: 0,
  clusterBytes: 0,
  rows: [],
  reads: [],
  exact: 'exact',
  readAt: 0,
});

describe('the reader of a picture', () => {
  function reader(): {
    readonly reader: PictureReader<BlockMap>;
    readonly began: string[];
    readonly said: string[];
    readonly answer: (result: BlockMap | Error) => Promise<void>;
    readonly tick: () => void;
  } {
    const began: string[] = [];
    const said: string[] = [];
    const open: { readonly resolve: (map: BlockMap) => void; readonly reject: (error: Error) => void }[] = [];
    let time = 0;
    const made = new PictureReader<BlockMap>({
      read: (disk) => {
        began.push(disk);
        return new Promise((resolve, reject) => open.push({ resolve, reject }));
      },
      done: ({ target }) => said.push(target),
      failed: (_, disk) => said.push(`${disk} failed`),
      now: () => time,
    });
    return {
      reader: made,
      began,
      said,
      tick: () => (time += 5_000),
      answer: async (result) => {
        const one = open.shift();
        if (result instanceof Error) one?.reject(result);
        else one?.resolve(result);
        await new Promise((resolve) => setImmediate(resolve));
      },
    };
  }

  it('reads at once, and what was wished meanwhile only once, the last of it', async () => {
    const r = reader();
    r.reader.ask('vda');
    r.reader.ask('vdb');
    r.reader.ask('vdc');
    assert.deepEqual(r.began, ['vda']);
    r.tick();
    await r.answer(mapOf('vda'));
    assert.deepEqual(r.began, ['vda', 'vdc']);
    r.tick();
    await r.answer(mapOf('vdc'));
    assert.deepEqual([r.began.length, r.said], [2, ['vda', 'vdc']]);
  });

  it('goes on after a read that failed', async () => {
    const r = reader();
    r.reader.ask('vda');
    r.reader.ask('vdb');
    r.tick();
    await r.answer(new Error('no'));
    assert.deepEqual(r.began, ['vda', 'vdb']);
    assert.deepEqual(r.said, ['vda failed']);
  });

  it('waits between two reads, and begins none when nobody waits any more', async () => {
    const r = reader();
    r.reader.ask('vda');
    await r.answer(mapOf('vda'));
    r.reader.ask('vda');
    assert.equal(r.began.length, 1);
    r.reader.stop();
    r.tick();
    r.reader.ask('vdb');
    assert.deepEqual(r.began, ['vda', 'vdb']);
  });

  it('tells nobody what comes after the end, and reads again for who waits then', async () => {
    const r = reader();
    r.reader.ask('vda');
    r.reader.stop();
    r.reader.ask('vda');
    r.tick();
    await r.answer(mapOf('vda'));
    assert.deepEqual([r.began, r.said], [['vda', 'vda'], []]);
    r.tick();
    await r.answer(mapOf('vda'));
    assert.deepEqual(r.said, ['vda']);
    r.reader.ask('vdb');
    r.reader.stop();
    await r.answer(new Error('no'));
    assert.deepEqual(r.said, ['vda']);
  });
});
