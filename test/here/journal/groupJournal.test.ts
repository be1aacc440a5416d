// What is under way on several VMs as one is written down before it begins, is held by one process, and outlives it.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GroupHead, GroupJournal } from '../../../src/journal/groupJournal.js';
import { silentLog } from '../../silentLog.js';
import { ownFolders } from '../../unit/journal/samples.js';

const head: GroupHead = {
  id: 'a'.repeat(32),
  kind: 'revert',
  system: { id: 'b'.repeat(32), name: 'shop' },
  point: { id: 'c'.repeat(32), title: 'clean' },
  kept: 'd'.repeat(32),
  members: [
    {
      connection: 'qemu:///system',
      uuid: 'u1',
      name: 'db',
      state: 'running',
      snapshot: 'clean',
      checkpoint: 'before',
      end: 'running',
      withRam: true,
      protected: false,
      daemon: { hostname: 'here' },
    },
  ],
};

describe('the journal of what is done on several VMs', () => {
  const folder = ownFolders();
  const journal = (): GroupJournal => new GroupJournal(folder(), silentLog, undefined, 'test');
  const groups = (): string => join(folder(), 'groups');

  it('has an entry from before it begins until it has ended, with what is done so far', async () => {
    const open = await journal().begin(head);
    await Promise.all([open.put({ moment: { at: 5, spreadMs: 1.5 } }), open.put({ done: ['u1'] })]);
    const [entry] = (await journal().readInterrupted()).entries;
    assert.deepEqual(
      [entry?.moment, entry?.done, entry?.members, entry?.writer.editor],
      [{ at: 5, spreadMs: 1.5 }, ['u1'], head.members, 'test'],
    );
    assert.equal(await journal().lock(head.id), 'busy');
    await open.end();
    assert.deepEqual(await journal().readInterrupted(), { entries: [], unreadable: [] });
    assert.deepEqual(readdirSync(groups()), []);
    assert.equal(await journal().lock(head.id), 'gone');
  });

  it('lets one take up what was left, with its last word', async () => {
    const open = await journal().begin(head);
    await open.put({ done: ['u1'] });
    await open.leave();
    const [first, second] = await Promise.all([journal().lock(head.id), journal().lock(head.id)]);
    const [taken] = [first, second].filter((one) => typeof one !== 'string');
    assert.deepEqual(
      [first, second].filter((one) => typeof one === 'string'),
      ['busy'],
    );
    assert.ok(typeof taken === 'object');
    assert.deepEqual(taken.entry.done, ['u1']);
    await taken.end();
  });

  it('tells what it cannot read, and gives it to nobody', async () => {
    const open = await journal().begin(head);
    await open.leave();
    for (const written of ['{', '{}', JSON.stringify({ version: 1, ...head }), 'x'.repeat(300_000)]) {
      writeFileSync(join(groups(), head.id, 'group.json'), written);
      assert.deepEqual(await journal().readInterrupted(), { entries: [], unreadable: [join(groups(), head.id)] });
      assert.equal(await journal().lock(head.id), 'busy');
    }
  });

  it('begins nothing that it cannot write down', async () => {
    mkdirSync(folder());
    writeFileSync(groups(), 'a file');
    await assert.rejects(journal().begin(head), { name: 'Failure', kind: 'journal' });
  });
});
