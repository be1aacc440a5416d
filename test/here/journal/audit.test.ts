// A line for each operation, also while others write, and never more than two files of a mebibyte.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import * as promises from 'node:fs/promises';
import { userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { Audit } from '../../../src/journal/audit.js';
import { silentLog } from '../../silentLog.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import { head } from '../../unit/journal/plans.js';
import { children, message } from './processes.js';
import { keptLog, ownFolders } from '../../unit/journal/samples.js';

const { connection, vm, request } = head();
const note = { connection, vm, request, outcome: 'done', durationMs: 12 } as const;
const mebibyte = 1024 * 1024;

describe('the audit', () => {
  const folder = ownFolders();
  const { start } = children();
  const lines = (name = 'audit.jsonl'): readonly Record<string, unknown>[] =>
    readFileSync(join(folder(), name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it('says who did what to which VM, when, and with what result', async () => {
    const before = Date.now();
    await new Audit(folder(), silentLog).note({ ...note, outcome: 'failed', failure: 'lost' });
    const [line] = lines();
    assert.ok(Date.parse(String(line?.['at'])) >= before - 1);
    const user = userInfo().username;
    assert.deepEqual(line, {
      at: line?.['at'],
      user,
      connection,
      vm,
      request,
      outcome: 'failed',
      durationMs: 12,
      failure: 'lost',
    });
  });

  it('keeps the lines of several editors whole, and all of the newest mebibyte', async () => {
    const each = 400;
    const editors = [0, 1, 2].map(() => start('audit', folder(), String(each)));
    await Promise.all(editors.map(message));
    const [older, newer] = [lines('audit.1.jsonl'), lines()];
    assert.deepEqual(readdirSync(folder()).sort(), ['audit.1.jsonl', 'audit.jsonl']);
    for (const { failure } of [...older, ...newer]) {
      assert.equal(failure, 'x'.repeat(2000));
    }
    // How much longer depends on when the one that fills it comes to its turn: until then others go on writing.
    assert.ok(statSync(join(folder(), 'audit.1.jsonl')).size >= mebibyte);
  });

  it('loses no line when it is put aside', async () => {
    const audit = new Audit(folder(), silentLog);
    await audit.note(note);
    writeFileSync(join(folder(), 'audit.jsonl'), `${' '.repeat(mebibyte)}\n`, { flag: 'a' });
    await Promise.all([1, 2, 3, 4].map((durationMs) => audit.note({ ...note, durationMs })));
    const durations = ['audit.1.jsonl', 'audit.jsonl']
      .filter((name) => readdirSync(folder()).includes(name))
      .flatMap((name) => readFileSync(join(folder(), name), 'utf8').match(/"durationMs":\d+/g) ?? [])
      .map((text) => Number(text.split(':')[1]));
    assert.deepEqual(durations.sort(), [1, 12, 2, 3, 4]);
  });

  for (const after of [0, 1]) {
    it(`is put aside once when two editors find it full, and ${after} lines come in between`, async () => {
      const other = new Audit(folder(), silentLog);
      await other.note(note);
      writeFileSync(join(folder(), 'audit.jsonl'), `${' '.repeat(mebibyte)}\n`, { flag: 'a' });
      const late = async (path: string, options: { readonly mode: number }): Promise<void> => {
        if (basename(path) === 'audit.rotating') {
          await other.note(note);
          for (let i = 0; i < after; i += 1) {
            await other.note(note);
          }
        }
        await promises.mkdir(path, options);
      };
      const mkdir = late as typeof promises.mkdir;
      const log = keptLog();
      await new Audit(folder(), log, { ...promises, mkdir }).note(note);
      assert.deepEqual(log.lines, []);
      assert.ok(statSync(join(folder(), 'audit.1.jsonl')).size > mebibyte);
      assert.equal(readdirSync(folder()).includes('audit.jsonl'), after > 0);
    });
  }

  it('is put aside again although an editor died while it did so', async () => {
    const audit = new Audit(folder(), silentLog);
    await audit.note(note);
    const rotating = join(folder(), 'audit.rotating');
    mkdirSync(rotating);
    writeFileSync(join(folder(), 'audit.jsonl'), `${' '.repeat(mebibyte)}\n`, { flag: 'a' });
    await audit.note(note);
    assert.ok(!readdirSync(folder()).includes('audit.1.jsonl'), 'somebody may be at it just now');
    utimesSync(rotating, 0, 0);
    await audit.note(note);
    await audit.note(note);
    assert.deepEqual(readdirSync(folder()).sort(), ['audit.1.jsonl']);
    assert.throws(() => rmdirSync(rotating), { code: 'ENOENT' });
  });

  it('cuts long texts and lists so that a line goes out in one write', async () => {
    const log = keptLog();
    const audit = new Audit(folder(), log);
    const long = '\u0001“'.repeat(100_000);
    const files = Array.from({ length: 5000 }, (_, i) => `/img/${i}${long.slice(0, 300)}`);
    const requests: readonly OperationRequest[] = [
      { kind: 'create', vm: note.request.vm, snapshotKind: 'auto', title: long, description: long, git: long },
      { kind: 'repair', vm: note.request.vm, repair: { kind: 'removeFiles', files } },
    ];
    for (const each of requests) {
      await audit.note({ ...note, request: each, failure: long, vm: { uuid: vm.uuid, name: long }, connection: long });
    }
    assert.deepEqual(log.lines, []);
    const told = readFileSync(join(folder(), 'audit.jsonl'), 'utf8').trimEnd().split('\n');
    assert.equal(told.length, requests.length);
    for (const [i, line] of told.entries()) {
      assert.ok(Buffer.byteLength(line) < 4096);
      assert.equal((JSON.parse(line) as { request: OperationRequest }).request.kind, requests[i]?.kind);
    }
  });

  it('begins a line of its own after one that was cut', async () => {
    mkdirSync(folder(), { recursive: true });
    writeFileSync(join(folder(), 'audit.jsonl'), '{"at":"20');
    await new Audit(folder(), silentLog).note(note);
    const told = readFileSync(join(folder(), 'audit.jsonl'), 'utf8').split('\n');
    assert.equal(told[0], '{"at":"20');
    assert.equal((JSON.parse(told[1]!) as { outcome: string }).outcome, 'done');
  });

  it('tells the log what it cannot write, and fails nobody', async () => {
    mkdirSync(join(folder(), 'audit.jsonl'), { recursive: true });
    const log = keptLog();
    await new Audit(folder(), log).note(note);
    assert.equal(log.lines.length, 1);
    assert.match(log.lines[0]!, /EISDIR.*withDescendants/);
  });
});
