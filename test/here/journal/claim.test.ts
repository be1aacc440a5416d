// An operation that broke off is taken up by one process, and only when the one before is gone.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import type { FileSystem } from '../../../src/journal/durable.js';
import { Journal, type OpenEntry } from '../../../src/journal/journal.js';
import { isAlive, thisWriter } from '../../../src/journal/writer.js';
import { silentLog } from '../../silentLog.js';
import { head } from '../../unit/journal/plans.js';
import { children, killed, message } from './processes.js';
import { journalIn, ownFolders } from '../../unit/journal/samples.js';

const rounds = 200;

describe('claiming an entry of the journal', () => {
  const folder = ownFolders();
  const { start } = children();

  /** Entries that a process began which is dead by now. */
  async function orphans(count: number): Promise<readonly string[]> {
    const writer = start('begin', folder(), String(count));
    const ids = (await message(writer)) as readonly string[];
    await killed(writer);
    return ids;
  }

  it('is won by exactly one of two editors, two hundred times', async () => {
    const ids = await orphans(rounds);
    const editors = [start('claim', folder()), start('claim', folder())];
    await Promise.all(editors.map(message));
    const winners = new Set<number>();
    for (const id of ids) {
      const answers = editors.map(message);
      editors.forEach((editor) => editor.send(id));
      const told = await Promise.all(answers);
      assert.deepEqual([...told].sort(), ['busy', 'won'], id);
      winners.add(told.indexOf('won'));
    }
    assert.equal(winners.size, 2, 'each has won at least once, so they did race');
  });

  it('is won by exactly one of many attempts within one editor', async () => {
    for (const id of await orphans(20)) {
      const told = await Promise.all(Array.from({ length: 16 }, () => journalIn(folder()).journal.lock(id)));
      assert.equal(told.filter((one) => typeof one !== 'string').length, 1);
      assert.equal(told.filter((one) => one === 'busy').length, 15);
    }
  });

  it('breaks the hold of a dead process once, and then that of the one that broke it', async () => {
    const [id = ''] = await orphans(1);
    const first = start('claim', folder());
    await message(first);
    first.send(id);
    assert.equal(await message(first), 'won');
    const { journal } = journalIn(folder());
    assert.equal(await journal.lock(id), 'busy');
    await killed(first);
    const claimed = await journal.lock(id);
    assert.ok(typeof claimed !== 'string');
    assert.equal(claimed.entry.recoveries, 2);
    assert.equal(claimed.entry.writer.pid, process.pid);
    await claimed.end({ outcome: 'recovered' });
    assert.equal(await journal.lock(id), 'gone');
  });

  it('finds an entry busy while its writer lives, in this process too, until it leaves', async () => {
    const writer = start('begin', folder(), '1');
    const [theirs = ''] = (await message(writer)) as readonly string[];
    const { journal } = journalIn(folder());
    assert.equal(await journal.lock(theirs), 'busy');
    const ours = await journal.begin(head());
    const { id } = ours.entry;
    assert.equal(await journalIn(folder()).journal.lock(id), 'busy');
    await ours.markBegun(0);
    await ours.leave();
    const claimed = await journalIn(folder()).journal.lock(id);
    assert.ok(typeof claimed !== 'string');
    assert.equal(claimed.entry.steps.length, 1);
    assert.equal(await journal.lock(id), 'busy');
    await claimed.leave();
    assert.notEqual(await journal.lock(id), 'busy');
  });

  it('is not deceived by another process that got the number of the dead one', async () => {
    const us = await thisWriter();
    assert.ok(us.startTime !== undefined, 'this test needs /proc');
    const { journal } = journalIn(folder());
    const begin = async (writer: object): Promise<string> => {
      const { id } = (await journal.begin(head())).entry;
      writeFileSync(join(folder(), id, 'holder.1/process.json'), JSON.stringify(writer));
      return id;
    };
    assert.equal(await journal.lock(await begin(us)), 'busy');
    const reused = await journal.lock(await begin({ ...us, startTime: us.startTime - 1 }));
    assert.ok(typeof reused !== 'string');
    const beforeBoot = await journal.lock(await begin({ ...us, boot: 'an earlier one' }));
    assert.ok(typeof beforeBoot !== 'string');
  });

  it('takes a process for gone that is dead and that nobody has collected', async () => {
    const script = 'cat <&3 & echo $!; exec cat 3<&-';
    const parent = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit', 'pipe'] });
    const said = async (): Promise<string> => String(((await once(parent.stdout!, 'data')) as [Buffer])[0]);
    try {
      const pid = Number(await said());
      // From here on the parent is a program that collects no children.
      parent.stdin!.write('go');
      await said();
      (parent.stdio[3] as Writable).end();
      const fields = (): readonly string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
      while (fields()[0] !== 'Z') {
        await new Promise((resolve) => setImmediate(resolve));
      }
      const { journal } = journalIn(folder());
      const { id } = (await journal.begin(head())).entry;
      const dead = { ...(await thisWriter()), pid, startTime: Number(fields()[19]) };
      writeFileSync(join(folder(), id, 'holder.1/process.json'), JSON.stringify(dead));
      assert.notEqual(await journal.lock(id), 'busy');
    } finally {
      parent.stdin!.end();
      await once(parent, 'close');
    }
  });

  it('waits a day for one that it cannot see', async () => {
    const us = await thisWriter();
    const { journal } = journalIn(folder());
    for (const writer of [
      { ...us, host: 'another', boot: 'another' },
      { ...us, pidNamespace: 'pid:[1]' },
      { pid: '1' },
      [],
      'nobody',
    ]) {
      const { id } = (await journal.begin(head())).entry;
      writeFileSync(join(folder(), id, 'holder.1/process.json'), JSON.stringify(writer));
      assert.equal(await journal.lock(id), 'busy', JSON.stringify(writer));
      const aDayAgo = Date.now() / 1000 - 25 * 3600;
      utimesSync(join(folder(), id, 'plan.jsonl'), aDayAgo, aDayAgo);
      assert.ok(typeof (await journal.lock(id)) !== 'string', JSON.stringify(writer));
    }
  });

  it('waits that day by the clock of the file system, and not for one that is yet to come', async () => {
    const us = await thisWriter();
    const { journal } = journalIn(folder());
    const { id } = (await journal.begin(head())).entry;
    writeFileSync(join(folder(), id, 'holder.1/process.json'), JSON.stringify({ ...us, pidNamespace: 'pid:[1]' }));
    for (const days of [-3, 3]) {
      const server: FileSystem = {
        ...promises,
        stat: (async (path: string) => {
          const stats = await promises.stat(path);
          return Object.assign(stats, { mtimeMs: stats.mtimeMs + days * 24 * 3600 * 1000 });
        }) as FileSystem['stat'],
      };
      assert.equal(await new Journal(folder(), silentLog, server).lock(id), 'busy', `${days} days`);
    }
    const ahead = Date.now() / 1000 + 25 * 3600;
    utimesSync(join(folder(), id, 'plan.jsonl'), ahead, ahead);
    assert.ok(typeof (await journal.lock(id)) !== 'string');
  });

  it('takes nobody for gone because the clock was set, where only a clock tells the boot', async () => {
    const us = { ...(await thisWriter()), boot: '1800000000' };
    const { journal } = journalIn(folder());
    const { id } = (await journal.begin(head())).entry;
    const word = { fs: promises, folder: folder(), file: join(folder(), id, 'plan.jsonl') };
    const other = { ...us, boot: '1799990000' };
    assert.equal(await isAlive({ ...other, pid: process.ppid }, us, word), true);
    const child = spawn('true');
    await once(child, 'close');
    assert.equal(await isAlive({ ...other, pid: child.pid! }, us, word), false);
    assert.equal(await isAlive({ ...other, boot: 'a-boot-id', pid: process.ppid }, us, word), false);
  });

  it('leaves nothing behind where it did not win', async () => {
    const { journal } = journalIn(folder());
    const { id } = (await journal.begin(head())).entry;
    const names = readdirSync(join(folder(), id));
    assert.equal(await journal.lock(id), 'busy');
    assert.deepEqual(readdirSync(join(folder(), id)), names);
    for (const unknown of ['0'.repeat(32), '../../etc', '', 'x'.repeat(5000)]) {
      assert.equal(await journal.lock(unknown), 'gone');
    }
  });

  it('takes away what a line that broke off had written, before the next line', async () => {
    const { journal } = journalIn(folder());
    const open = await journal.begin(head());
    const { id } = open.entry;
    await open.markBegun(0);
    await open.leave();
    const file = join(folder(), id, 'plan.jsonl');
    const torn = `{"index":0,"state":"done","at":1,"outcome":"${'x'.repeat(1000)}`;
    writeFileSync(file, torn, { flag: 'a' });
    const claimed = await journal.lock(id);
    assert.ok(typeof claimed !== 'string');
    await claimed.markDone(0, 'again');
    await claimed.leave();
    const [entry] = (await journal.readInterrupted()).entries;
    assert.deepEqual(
      entry?.steps.map(({ state, outcome }) => [state, outcome]),
      [
        ['begun', undefined],
        ['done', 'again'],
      ],
    );
    assert.doesNotMatch(readFileSync(file, 'utf8'), /xxx/);
  });

  it('lets an entry not grow, however often it is taken up and left as it was, by an earlier version too', async () => {
    const { journal } = journalIn(folder());
    const open = await journal.begin(head());
    const { id } = open.entry;
    await open.markBegun(0);
    await open.leave();
    const again = async (): Promise<OpenEntry> => {
      const claimed = await journal.lock(id);
      assert.ok(typeof claimed !== 'string');
      return claimed;
    };
    // Somebody died at it: that counts as an attempt, and as something that may have been done.
    const { writer, startedAt } = open.entry;
    const died = { recovery: { ...writer, session: 'died' }, at: startedAt + 1000 };
    const left = [
      { recovery: writer, at: startedAt + 2000 },
      { explained: 'x', at: startedAt + 3000 },
    ];
    const lines = (records: readonly object[]): string => records.map((one) => `${JSON.stringify(one)}\n`).join('');
    const file = join(folder(), id, 'plan.jsonl');
    writeFileSync(file, lines([died]), { flag: 'a' });
    const { size } = statSync(file);
    const room = 1024 * 1024 - size;
    writeFileSync(file, lines(left).repeat(room / lines(left).length), { flag: 'a' });
    for (let i = 0; i < 5; i += 1) {
      const claimed = await again();
      assert.deepEqual([claimed.entry.recoveries, claimed.entry.lastActedAt], [2, died.at]);
      await claimed.leave('a person is asked');
      assert.ok(statSync(file).size < size + 1000);
    }
    const [entry] = (await journal.readInterrupted()).entries;
    assert.deepEqual([entry?.recoveries, entry?.steps.length, entry?.writer.session], [1, 1, 'died']);
    const claimed = await again();
    await claimed.markDone(0);
    await claimed.leave('what was done stays');
    assert.equal((await again()).entry.steps.length, 2);
  });

  it('fails for an entry that it cannot read, and lets go of it', async () => {
    const { journal } = journalIn(folder());
    const id = 'f'.repeat(32);
    mkdirSync(join(folder(), id), { recursive: true });
    writeFileSync(join(folder(), id, 'plan.jsonl'), 'nonsense\n');
    for (let i = 0; i < 2; i += 1) {
      await assert.rejects(journal.lock(id), { name: 'Failure', kind: 'journal' });
    }
    assert.equal(readFileSync(join(folder(), id, 'plan.jsonl'), 'utf8'), 'nonsense\n');
  });
});
