// Whatever breaks off, wherever: what was told to be on the disk is there, and nothing that did not happen.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { JournalEntry } from '../../../src/journal/entry.js';
import { parseEntry } from '../../../src/journal/entryText.js';
import { head } from '../../unit/journal/plans.js';
import { children } from './processes.js';
import { journalIn, ownFolders } from '../../unit/journal/samples.js';

const states = ({ steps }: JournalEntry): readonly string[] => steps.map(({ index, state }) => `${state} ${index}`);
const allStates = ['begun 0', 'done 0', 'begun 1', 'done 1'];

describe('a journal entry that breaks off', () => {
  const folder = ownFolders();
  const { start } = children();

  it('says no more than what its whole lines say, wherever its file is cut', async () => {
    const { journal } = journalIn(folder());
    const open = await journal.begin(head());
    for (const index of [0, 1]) {
      await open.markBegun(index);
      await open.markDone(index, { text: '}\n{"index":1,"state":"done","at":1}' });
    }
    const { id } = open.entry;
    const whole = readFileSync(join(folder(), id, 'plan.jsonl'));
    const told = new Set<string>();
    for (let length = 0; length <= whole.length; length += 1) {
      const read = parseEntry(whole.subarray(0, length), id);
      const lines = whole.subarray(0, length).filter((byte) => byte === 0x0a).length;
      if ('entry' in read) {
        assert.deepEqual(states(read.entry), allStates.slice(0, lines - 1));
        assert.deepEqual(read.entry.plan, head().plan);
        told.add(states(read.entry).join());
      } else {
        assert.equal(lines, 0, `${length} bytes: ${read.detail}`);
        assert.equal(read.why, 'damaged');
      }
    }
    assert.equal(told.size, allStates.length + 1);
  });

  it('ignores a last line of which only some blocks reached the disk, and no line before it', async () => {
    const { journal } = journalIn(folder());
    const open = await journal.begin(head());
    await open.markBegun(0);
    await open.markDone(0);
    const { id } = open.entry;
    const whole = readFileSync(join(folder(), id, 'plan.jsonl'));
    const lastLine = whole.lastIndexOf(0x0a, whole.length - 2) + 1;
    const zeroed = Buffer.from(whole);
    zeroed.fill(0, lastLine, whole.length - 1);
    const read = parseEntry(zeroed, id);
    assert.ok('entry' in read);
    assert.deepEqual(states(read.entry), ['begun 0']);
    assert.equal(read.bytes, lastLine);
    const before = Buffer.from(whole);
    before[whole.lastIndexOf(0x0a, lastLine - 2) + 1] = 0;
    const damaged = parseEntry(before, id);
    assert.ok('why' in damaged);
    assert.equal(damaged.why, 'damaged');
    assert.equal(damaged.vm?.uuid, head().vm.uuid, 'it still holds its VM back');
  });

  it('holds what was told before its process was killed, at whichever call to the file system', async () => {
    let reached = '';
    const left = new Set<string>();
    for (let dieAt = 1; !reached.includes('calls'); dieAt += 1) {
      const place = join(folder(), String(dieAt));
      const child = start('operate', place, String(dieAt));
      const [said] = await Promise.all([text(child.stdout!), once(child, 'exit')]);
      reached = said;
      const lines = said.trim().split('\n');
      const { journal } = journalIn(place);
      const { entries, unreadable } = await journal.readInterrupted();
      assert.deepEqual(unreadable, [], `killed at call ${dieAt}`);
      const kept = lines.filter((line) => allStates.includes(line));
      if (entries.length === 0) {
        assert.ok(!lines.includes('begin') || lines.includes('end?'), `lost at call ${dieAt}: ${said}`);
      } else {
        assert.equal(entries.length, 1);
        const tried = lines.filter((line) => line.includes('?')).length;
        const found = states(entries[0]!);
        assert.ok(found.length >= kept.length && found.length <= tried, `killed at call ${dieAt}: ${found.join()}`);
        assert.deepEqual(found, allStates.slice(0, found.length));
        left.add(found.join());
        const claimed = await journal.lock(entries[0]!.id);
        assert.ok(typeof claimed !== 'string', `killed at call ${dieAt}: ${JSON.stringify(claimed)}`);
        assert.deepEqual(states(claimed.entry), found);
        assert.equal(claimed.entry.recoveries, 1);
        await claimed.end({ outcome: 'recovered' });
      }
      assert.deepEqual((await journal.readInterrupted()).entries, []);
      // Halves of entries go as soon as they can be nobody's work any more.
      mkdirSync(place, { recursive: true });
      for (const name of readdirSync(place)) {
        utimesSync(join(place, name), 0, 0);
      }
      const next = await journal.begin(head());
      const names = readdirSync(place).filter((name) => !name.startsWith('audit'));
      assert.deepEqual(names, [next.entry.id]);
    }
    assert.equal(left.size, allStates.length + 1, 'a crash was met after every step');
  });
});
