// Only our own record of an automatic snapshot counts, and only where it fits word for word.
import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Marks, marksIn } from '../../../src/journal/marks.js';
import { silentLog } from '../../silentLog.js';
import type { AutoSnapshot } from '../../../src/domain/facts.js';
import { vm } from '../../unit/journal/plans.js';
import { keptLog, ownFolders } from '../../unit/journal/samples.js';

const auto: AutoSnapshot = { name: 'auto-1', why: 'revert', createdAt: 1_800_000_000_000, target: 'before upgrade' };
const leaf: AutoSnapshot = { name: 'leaf', why: 'layout', createdAt: 1_800_000_001_000 };

describe('the records of snapshots that we took unasked', () => {
  const folder = ownFolders();
  const records = (): Marks['auto'] => marksIn(folder(), silentLog).auto;
  const files = (): readonly string[] =>
    readdirSync(folder(), { recursive: true, encoding: 'utf8' })
      .map((path) => join(folder(), path))
      .filter((path) => statSync(path).isFile());

  it('are there for every editor until they are forgotten, each VM for itself', async () => {
    await records().add(vm, auto);
    await records().add(vm, leaf);
    const other = { ...vm, connection: 'qemu:///session' };
    await records().add(other, { ...leaf, name: 'theirs' });
    assert.deepEqual(await records().of(vm), [auto, leaf]);
    assert.deepEqual(await records().of(other), [{ ...leaf, name: 'theirs' }]);
    await records().forget(vm, { name: auto.name, createdAt: auto.createdAt + 1_000 });
    assert.equal((await records().of(vm)).length, 2);
    await records().forget(vm, auto);
    await records().forget(vm, auto);
    await records().forget({ ...vm, uuid: 'unknown' }, auto);
    assert.deepEqual(await records().of(vm), [leaf]);
  });

  it('are none where nothing was ever recorded', async () => {
    assert.deepEqual(await records().of(vm), []);
  });

  it('hold one of each name and time', async () => {
    await records().add(vm, auto);
    await records().add(vm, { ...auto, target: 'another' });
    await records().add(vm, { ...auto, createdAt: 7_000 });
    assert.deepEqual(await records().of(vm), [
      { ...auto, target: 'another' },
      { ...auto, createdAt: 7_000 },
    ]);
  });

  it('lose nothing when two editors add at once', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `auto-${i}`);
    await Promise.all(names.map((name) => records().add(vm, { ...auto, name })));
    assert.deepEqual((await records().of(vm)).map(({ name }) => name).sort(), names.sort());
  });

  it('are in the order in which they were added, whatever the clock said', async () => {
    const real = Date.now;
    try {
      for (const [index, now] of [2_000_000_000_000, 1_900_000_000_000, 0, 1_950_000_000_000].entries()) {
        Date.now = () => now;
        await records().add(vm, { ...auto, name: `r${index}` });
      }
    } finally {
      Date.now = real;
    }
    assert.deepEqual(
      (await records().of(vm)).map(({ name }) => name),
      ['r0', 'r1', 'r2', 'r3'],
    );
  });

  it('keep the newest two hundred of a VM', async () => {
    const mine = records();
    const add = (i: number): Promise<void> => mine.add(vm, { ...auto, name: `auto-${i}` });
    await add(0);
    await Promise.all(Array.from({ length: 199 }, (_, i) => add(i + 1)));
    for (const i of [200, 201, 202]) {
      await add(i);
    }
    const kept = await mine.of(vm);
    assert.equal(kept.length, 200);
    assert.equal(files().length, 200);
    assert.ok(kept.some(({ name }) => name === 'auto-202'));
    assert.ok(!kept.some(({ name }) => name === 'auto-0'));
  });

  it('believe no file that was moved, changed or made up', async () => {
    const log = keptLog();
    const watched = marksIn(folder(), log).auto;
    await watched.add(vm, auto);
    const [path = ''] = files();
    const sound = readFileSync(path, 'utf8');
    const wrongs = [
      sound.replace('"auto-1"', '"precious"'),
      sound.replace(String(auto.createdAt / 1_000), '1'),
      sound.replace(vm.uuid, 'another'),
      sound.replace(vm.connection, 'test:///default'),
      sound.replace('"revert"', '"toString"'),
      sound.replace('"version":1', '"version":2'),
      sound.replace('"before upgrade"', '{}'),
      sound.replace('{', '{"__proto__":{},'),
      sound.slice(0, -1),
      `${sound}${' '.repeat(20_000)}`,
      '',
      'null',
      '[]',
    ];
    for (const wrong of wrongs) {
      assert.notEqual(wrong, sound);
      writeFileSync(path, wrong);
      assert.deepEqual(await watched.of(vm), [], wrong.slice(0, 300));
      assert.equal(readFileSync(path, 'utf8'), wrong, 'it stays');
    }
    assert.equal(log.lines.length, wrongs.length);
    writeFileSync(path, sound);
    assert.deepEqual(await watched.of(vm), [auto]);
    renameSync(path, join(path, '..', `${'0'.repeat(64)}.json`));
    assert.deepEqual(await watched.of(vm), []);
  });

  it('are readable by their owner alone, and half-made ones go', async () => {
    mkdirSync(folder());
    chmodSync(folder(), 0o755);
    await records().add(vm, auto);
    const [path = ''] = files();
    const half = join(path, '..', `new-${'0'.repeat(32)}`);
    writeFileSync(half, '');
    await records().add(vm, leaf);
    assert.equal(files().length, 3, 'somebody may be at it just now');
    utimesSync(half, 0, 0);
    await records().add(vm, auto);
    assert.equal(files().length, 2);
    assert.deepEqual(
      ['', 'records', join(path, '..'), ...files()].map(
        (each) => statSync(each.startsWith('/') ? each : join(folder(), each)).mode & 0o777,
      ),
      [0o700, 0o700, 0o700, 0o600, 0o600],
    );
    assert.doesNotMatch(files().join(), /auto-1|leaf|1111/);
  });

  it('fail as the journal does where they cannot be written', async () => {
    writeFileSync(folder(), 'a file');
    await assert.rejects(records().add(vm, auto), { name: 'Failure', kind: 'journal' });
    await assert.rejects(records().forget(vm, auto), { name: 'Failure', kind: 'journal' });
    assert.deepEqual(await records().of(vm), []);
  });
});
