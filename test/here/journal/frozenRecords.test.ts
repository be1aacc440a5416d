import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../../src/domain/failure.js';
import type { FrozenRecord } from '../../../src/domain/frozenRecord.js';
import { FrozenRecords } from '../../../src/journal/frozenRecords.js';
import { silentLog } from '../../silentLog.js';

const vm = { connection: 'qemu:///system', uuid: '11111111-2222-3333-4444-555555555555' };
const layer = (file: string) => ({ file, format: 'qcow2', bytes: 1, virtualBytes: 2, modifiedAt: 1.5, tables: 't' });
const record = (name: string, second: number, ...files: readonly string[]): FrozenRecord => ({
  name,
  createdAt: second * 1_000,
  chains: [{ target: 'vda', layers: files.map(layer) }],
});

describe('what snapshots rest on, as it is noted', () => {
  let folder: string;
  let records: FrozenRecords;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'frozen-'));
    records = new FrozenRecords(folder, silentLog);
  });
  afterEach(() => rm(folder, { recursive: true }));

  const path = async (): Promise<string> => {
    const [name] = await readdir(join(folder, 'frozen'));
    return join(folder, 'frozen', name!);
  };

  it('comes back as it was, each layer written once', async () => {
    const inside = { name: 'in', createdAt: 3_000, chains: [{ target: 'vda', layers: [], tagAt: 1.000_001e12 }] };
    const all = [record('one', 1, '/base'), record('two', 2, '/a', '/base'), inside];
    await records.keep(vm, all);
    assert.equal(JSON.stringify(await records.of(vm)), JSON.stringify(all));
    assert.equal((await readFile(await path(), 'utf8')).split('"/base"').length, 2);
    assert.deepEqual(await records.of({ ...vm, connection: 'qemu:///session' }), []);
  });

  it('vouches for nothing where it is damaged, or of another VM', async () => {
    await records.keep(vm, [record('one', 1, '/base')]);
    const text = await readFile(await path(), 'utf8');
    for (const other of ['', '{', text.replace('system', 'other'), text.replace('"version":1', '"version":9')]) {
      await writeFile(await path(), other);
      assert.deepEqual(await records.of(vm), []);
    }
  });

  it('is no file where nothing is noted, or the VM is gone', async () => {
    await records.forget(vm);
    for (const end of [() => records.keep(vm, []), () => records.forget(vm)]) {
      await records.keep(vm, [record('one', 1, '/base')]);
      await end();
      assert.deepEqual(await readdir(join(folder, 'frozen')), []);
      assert.deepEqual(await records.of(vm), []);
    }
  });

  it('is bounded: the newest are kept', async () => {
    await records.keep(
      vm,
      Array.from({ length: 1_001 }, (_, second) => record(`s${second}`, second, '/base')),
    );
    const names = (await records.of(vm)).map(({ name }) => name);
    assert.equal(names.length, 1_000);
    assert.equal(names[0], 's1');
    const long = Array.from({ length: 2_000 }, (_, at) => `/${at}${'x'.repeat(4_000)}`);
    await assert.rejects(records.keep(vm, [record('one', 1, ...long)]), (error) => error instanceof Failure);
    assert.equal((await records.of(vm)).length, 1_000);
  });
});
