// What others see of moves that have not ended.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { movesIn, readBegunMoves } from '../../../src/journal/begunMoves.js';
import { newId } from '../../../src/journal/durable.js';
import { LabStore, newVmsIn } from '../../../src/journal/labStore.js';
import { MoveStore, type OpenMove } from '../../../src/wings/cluster/move/moveStore.js';
import { silentLog } from '../../silentLog.js';
import { ownFolders } from '../../unit/journal/samples.js';

describe('moves that have not ended', () => {
  const folder = ownFolders();
  const begin = (): Promise<OpenMove> =>
    new MoveStore(folder(), silentLog).begin({
      ...{ id: newId(), vm: { uuid: 'u', name: 'web' }, from: 'one', to: 'two', startedAt: 1, phase: 'sending' },
      ...{ stages: [], files: [], documents: { definition: '', snapshots: [] } },
    });

  it('are under way until they are gone, and never look interrupted between', async () => {
    for (let round = 0; round < 30; round += 1) {
      const open = await begin();
      const seen = Promise.all(Array.from({ length: 20 }, () => readBegunMoves(folder(), silentLog)));
      await open.forget();
      const entries = (await seen).flatMap((one) => one.entries);
      assert.deepEqual(
        entries.filter(({ isHeld }) => !isHeld),
        [],
      );
    }
  });

  it('end with the record of `new`, which would remove what the other host uses', async () => {
    const store = new LabStore(newVmsIn(folder()), silentLog);
    for (const [uuid, name] of [
      ['u', 'web'],
      ['other', 'db'],
    ] as const) {
      const vm = { key: name, uuid, name, connection: 'one', folder: `/labs/${name}`, parts: uuid };
      const begun = { id: newId(), file: name, name, isProtected: false, phase: 'ready', vms: [vm] } as const;
      await (await store.begin(begun)).leave();
    }
    const open = await begin();
    await open.forgetMade();
    await open.forgetMade();
    assert.deepEqual(
      (await store.list()).map(({ name }) => name),
      ['db'],
    );
    await open.forget();
  });

  it('are unknown where their folder is none', async () => {
    mkdirSync(folder());
    writeFileSync(movesIn(folder()), '');
    assert.deepEqual(await readBegunMoves(folder(), silentLog), { entries: [], unreadable: [movesIn(folder())] });
  });

  it('are unknown where one is no folder, and others are told', async () => {
    const { record } = await begin();
    const file = join(movesIn(folder()), newId());
    writeFileSync(file, '');
    mkdirSync(join(movesIn(folder()), newId()));
    const { entries, unreadable } = await readBegunMoves(folder(), silentLog);
    assert.deepEqual(
      entries.map(({ id, isHeld }) => [id, isHeld]),
      [[record.id, true]],
    );
    assert.deepEqual(unreadable, [file]);
  });
});
