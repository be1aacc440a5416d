// The log of operations on a disk: what is read back, how many are kept, and what is not believed.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoggedOperation } from '../../../src/domain/loggedOperation.js';
import { newOperationId, OperationLog } from '../../../src/journal/operationLog.js';
import { silentLog } from '../../silentLog.js';

const vm = { connection: 'qemu:///system', uuid: '6695eb01-f6a4-8304-79aa-97f2502e193f' };
const state = { power: 'off', disks: [{ target: 'vda', file: '/a.qcow2' }] } as const;
const operation = (id = newOperationId()): Omit<LoggedOperation, 'at'> => ({
  id,
  vm,
  request: { kind: 'describe', vm, snapshot: 'one', title: 'One', description: '' },
  snapshot: 'one',
  before: state,
  after: { ...state, current: 'one' },
  changes: [{ before: { name: 'one', createdAt: 7_000, title: 'one', description: '' } }],
});

describe('the log of operations', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'vr-log-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const files = (): readonly string[] =>
    readdirSync(join(folder, 'operations'), { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.json'))
      .sort();

  it('is read back as it was written, in its order, of one VM', async () => {
    const log = new OperationLog(folder, silentLog);
    assert.deepEqual(await log.of(vm), []);
    const [first, second] = [operation(), operation()];
    await log.add(first);
    await log.add(second);
    await log.add({ ...operation(), vm: { ...vm, uuid: 'other' } });
    const read = await log.of(vm);
    assert.deepEqual(
      read.map(({ at: _, ...rest }) => rest),
      [first, second],
    );
    assert.ok(read[0]!.at < read[1]!.at);
  });

  it('tells how long one took, and the newest of them alone', async () => {
    const log = new OperationLog(folder, silentLog);
    const took = { ms: 1_234, style: 'internal', kind: 'memory', snapshots: 2 } as const;
    const [first, second] = [operation(), { ...operation(), took }];
    await log.add(first);
    await log.add(second);
    assert.deepEqual(
      (await log.of(vm)).map((one) => one.took),
      [undefined, took],
    );
    assert.deepEqual(
      (await log.of(vm, 1)).map(({ id }) => id),
      [second.id],
    );
  });

  it('keeps the last two hundred', async () => {
    const log = new OperationLog(folder, silentLog);
    const ids: string[] = [];
    for (let index = 0; index < 203; index++) {
      const one = operation(index.toString(16).padStart(8, '0'));
      ids.push(one.id);
      await log.add(one);
    }
    assert.deepEqual(
      (await log.of(vm)).map(({ id }) => id),
      ids.slice(3),
    );
    assert.equal(files().length, 200);
  });

  it('believes nothing that is damaged, of another VM, or of another name', async () => {
    const log = new OperationLog(folder, silentLog);
    await log.add(operation());
    const [name = ''] = files();
    const path = join(folder, 'operations', name);
    const text = readFileSync(path, 'utf8');
    for (const other of [
      text.slice(0, -5),
      text.replaceAll(vm.uuid, 'x'.repeat(36)),
      text.replace('"version":1', '"version":2'),
      text.replace(/"id":"[^"]*"/u, '"id":"00000000"'),
      '{"__proto__":1}',
    ]) {
      writeFileSync(path, other);
      assert.deepEqual(await log.of(vm), [], other);
    }
    writeFileSync(path, text);
    assert.equal((await log.of(vm)).length, 1);
  });

  it('keeps one that is too long without what it changed, and fails for nobody', async () => {
    const log = new OperationLog(folder, silentLog);
    const change = operation().changes[0]!;
    await log.add({ ...operation(), changes: Array.from({ length: 5_000 }, () => change) });
    assert.deepEqual((await log.of(vm))[0]?.changes, []);
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await new OperationLog(file, silentLog).add(operation());
  });
});
