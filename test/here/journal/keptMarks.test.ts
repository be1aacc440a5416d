// A mark "keep" outlives the editor, and where it cannot be read nobody takes its snapshot for one that may go.
import assert from 'node:assert/strict';
import { chmodSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Marks, marksIn } from '../../../src/journal/marks.js';
import { silentLog } from '../../silentLog.js';
import { vm } from '../../unit/journal/plans.js';
import { ownFolders } from '../../unit/journal/samples.js';

const mark = { name: 'golden', createdAt: 1_800_000_000_000 };

describe('marks of snapshots that are to be kept', () => {
  const folder = ownFolders();
  const marks = (): Marks['kept'] => marksIn(folder(), silentLog).kept;
  const file = (): string =>
    readdirSync(folder(), { recursive: true, encoding: 'utf8' })
      .map((path) => join(folder(), path))
      .find((path) => statSync(path).isFile())!;

  it('are there for every editor until they are taken off', async () => {
    await marks().add(vm, mark);
    assert.deepEqual(await marks().of(vm), [mark]);
    assert.deepEqual(await marks().of({ ...vm, connection: 'qemu:///session' }), []);
    await marks().forget(vm, { ...mark, createdAt: 1 });
    assert.deepEqual(await marks().of(vm), [mark]);
    await marks().forget(vm, mark);
    assert.deepEqual(await marks().of(vm), []);
  });

  it('are no records of snapshots that we took, and the other way round', async () => {
    await marks().add(vm, mark);
    const records = marksIn(folder(), silentLog).auto;
    assert.deepEqual(await records.of(vm), []);
    await records.add(vm, { ...mark, name: 'auto', why: 'revert' });
    assert.deepEqual(await marks().of(vm), [mark]);
  });

  it('are a failure where one is damaged: it may be any snapshot’s', async () => {
    await marks().add(vm, mark);
    writeFileSync(file(), '{}');
    await assert.rejects(marks().of(vm), { name: 'Failure', kind: 'journal' });
  });

  it('are a failure where their folder cannot be read', async () => {
    await marks().add(vm, mark);
    const own = join(file(), '..');
    rmSync(own, { recursive: true });
    writeFileSync(own, 'a file');
    chmodSync(own, 0o600);
    await assert.rejects(marks().of(vm), { name: 'Failure', kind: 'journal' });
  });
});
