// Files keep the times of snapshots in whole seconds, as the first release did and libvirt does; here they are
// milliseconds.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { entryOf, parseEntry, writeHead } from '../../../src/journal/entryText.js';
import { marksIn } from '../../../src/journal/marks.js';
import { silentLog } from '../../silentLog.js';
import { head, vm } from '../../unit/journal/plans.js';
import { ownFolders } from '../../unit/journal/samples.js';

const seconds = 1_800_000_000;
const createdAt = seconds * 1_000;
const hash = (...parts: readonly string[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex');

describe('times of snapshots on the disk', () => {
  const folder = ownFolders();
  const place = (): string =>
    join(folder(), 'kept', hash(vm.connection, vm.uuid), `${hash('golden', String(seconds))}.json`);

  it('are read out of an old mark as what they mean', async () => {
    mkdirSync(dirname(place()), { recursive: true, mode: 0o700 });
    writeFileSync(place(), JSON.stringify({ version: 1, ...vm, name: 'golden', createdAt: seconds, at: 1 }));
    assert.deepEqual(await marksIn(folder(), silentLog).kept.of(vm), [{ name: 'golden', createdAt }]);
  });

  it('are written into a mark as before, in its place, and found there to be forgotten', async () => {
    const marks = marksIn(folder(), silentLog).kept;
    await marks.add(vm, { name: 'golden', createdAt });
    const written = JSON.parse(readFileSync(place(), 'utf8')) as { readonly createdAt: unknown };
    assert.equal(written.createdAt, seconds);
    await marks.forget(vm, { name: 'golden', createdAt });
    assert.deepEqual(readdirSync(dirname(place())), []);
  });

  it('are read out of an old entry as what they mean, and written again as they were', () => {
    const { plan, ...rest } = head(1);
    const adopted = { kind: 'adoptSnapshot', createdAt: seconds };
    const snapshots = [{ name: 'a', createdAt: seconds }];
    const old = {
      ...{ version: 2, id: 'old', ...rest, startedAt: createdAt, origin: { host: 'here' } },
      plan: { ...plan, before: { ...plan.before, snapshots }, steps: [adopted, ...plan.steps] },
      writer: { pid: 1, boot: 'b', host: 'here', session: 's' },
    };
    const read = parseEntry(Buffer.from(`${JSON.stringify(old)}\n`), 'old');
    assert.ok('entry' in read);
    const [step] = read.entry.plan.steps;
    assert.equal(step?.kind === 'adoptSnapshot' && step.createdAt, createdAt);
    assert.deepEqual(read.entry.plan.before.snapshots, [{ name: 'a', createdAt }]);
    assert.equal(read.entry.startedAt, createdAt);
    const { steps, recoveries, lastActedAt, ...again } = read.entry;
    assert.deepEqual(read.entry, entryOf(again));
    assert.deepEqual(JSON.parse(writeHead(again)), old);
  });
});
