// What the journal promises to those who write to it, and how it takes what others have written.
import assert from 'node:assert/strict';
import * as promises from 'node:fs/promises';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import type { FileSystem } from '../../../src/journal/durable.js';
import { Journal } from '../../../src/journal/journal.js';
import { silentLog } from '../../silentLog.js';
import type { Failure } from '../../../src/domain/failure.js';
import { thisWriter } from '../../../src/journal/writer.js';
import type { Plan } from '../../../src/operations/plan.js';
import { head } from '../../unit/journal/plans.js';
import { journalIn, ownFolders } from '../../unit/journal/samples.js';

/** What reaches the disk, in order, as `what name`. */
function watched(events: string[]): FileSystem {
  return {
    ...promises,
    rename: async (from, to) => {
      await promises.rename(from, to);
      events.push(`rename ${basename(String(to))}`);
    },
    open: async (path, ...others) => {
      const file = await promises.open(path, ...others);
      for (const flush of ['sync', 'datasync'] as const) {
        const real = file[flush].bind(file);
        file[flush] = async () => {
          await real();
          events.push(`${flush} ${basename(String(path))}`);
        };
      }
      return file;
    },
  };
}

describe('the journal', () => {
  const folder = ownFolders();

  it('has plan, hold and folders on the disk before an operation begins, and each line before it is told', async () => {
    const events: string[] = [];
    const journal = new Journal(folder(), silentLog, watched(events));
    const open = await journal.begin(head());
    const { id } = open.entry;
    assert.deepEqual(events.splice(0), [
      `sync ${basename(join(folder(), '..'))}`,
      'sync plan.jsonl',
      'sync process.json',
      'sync holder.1',
      `sync new-${id}`,
      `rename ${id}`,
      'sync journal',
    ]);
    await open.markBegun(0);
    assert.deepEqual(events.splice(0), ['datasync plan.jsonl']);
    await open.markDone(0);
    assert.deepEqual(events.splice(0), ['datasync plan.jsonl']);
    await open.end({ outcome: 'done' });
    assert.deepEqual(events.splice(0), ['datasync audit.jsonl', `rename old-${id}`, 'sync journal']);
  });

  it('gives back what it was given, to every editor', async () => {
    const { journal } = journalIn(folder());
    const first = await journal.begin(head());
    const second = await journal.begin(head(3, { connection: 'test:///other', ...otherVm() }));
    await first.markBegun(0);
    await first.markDone(0, { file: '/img/a.qcow2', sizes: [1, 2], nothing: null });
    const { entries, unreadable } = await journalIn(folder()).journal.readInterrupted();
    assert.deepEqual(unreadable, []);
    assert.deepEqual(entries, [first.entry, second.entry]);
    assert.deepEqual(entries[0]?.plan, head().plan);
    assert.deepEqual(entries[0].steps[1]?.outcome, { file: '/img/a.qcow2', sizes: [1, 2], nothing: null });
    assert.deepEqual((await journal.readInterrupted('test:///other')).entries, [second.entry]);
  });

  it('keeps lines apart that are written at once', async () => {
    const { journal } = journalIn(folder());
    const open = await journal.begin(head(50));
    await Promise.all(Array.from({ length: 50 }, (_, index) => open.markBegun(index)));
    const [entry] = (await journal.readInterrupted()).entries;
    assert.deepEqual(
      entry?.steps.map(({ index }) => index),
      Array.from({ length: 50 }, (_, index) => index),
    );
  });

  it('notes the end in the audit and forgets the entry', async () => {
    const { journal } = journalIn(folder());
    const open = await journal.begin(head());
    await open.end({ outcome: 'failed', failure: 'noSpace' });
    assert.deepEqual(readdirSync(folder()), ['audit.jsonl']);
    const line = JSON.parse(readFileSync(join(folder(), 'audit.jsonl'), 'utf8')) as Record<string, unknown>;
    assert.equal(line['outcome'], 'failed');
    assert.equal(line['failure'], 'noSpace');
    assert.deepEqual(line['vm'], head().vm);
  });

  it('takes nothing more of an operation that has ended or was left, nor a step that its plan does not have', async () => {
    const { journal } = journalIn(folder());
    const ended = await journal.begin(head());
    await ended.end({ outcome: 'done' });
    await assert.rejects(ended.markBegun(0), /closed/);
    await assert.rejects(ended.leave(), /closed/);
    const left = await journal.begin(head());
    await assert.rejects(left.markBegun(2), RangeError);
    await assert.rejects(left.markDone(-1), RangeError);
    await left.leave();
    await assert.rejects(left.markDone(0), /closed/);
    await assert.rejects(left.end({ outcome: 'done' }), /closed/);
  });

  it('is readable by its owner alone, and names no VM in any path', async () => {
    mkdirSync(folder(), { recursive: true });
    chmodSync(folder(), 0o777);
    const { journal } = journalIn(folder());
    await journal.begin(head());
    await (await journal.begin(head())).end({ outcome: 'done' });
    for (const path of ['.', ...readdirSync(folder(), { recursive: true, encoding: 'utf8' })]) {
      const facts = statSync(join(folder(), path));
      assert.equal(facts.mode & 0o777, facts.isDirectory() ? 0o700 : 0o600, path);
      assert.doesNotMatch(path, /web|qemu|1111/);
    }
  });

  it('refuses a plan that would come back as another, and one without end, before anything begins', async () => {
    const { journal } = journalIn(folder());
    for (const strange of [new Map([['a', 1]]), Number.NaN, 1n, new Date(0), () => 0, Symbol('a')]) {
      const plan = { ...head().plan, estimateMs: strange } as unknown as Plan;
      await assert.rejects(journal.begin({ ...head(), plan }), TypeError);
    }
    await assert.rejects(journal.begin(head(20_000)), { name: 'Failure', kind: 'journal' });
    assert.deepEqual((await journal.readInterrupted()).entries, []);
    assert.deepEqual(readdirSync(join(folder(), '..')), []);
  });

  it('keeps a step, though not its outcome, when that is too long', async () => {
    const { journal, log } = journalIn(folder());
    const open = await journal.begin(head(400));
    await open.markDone(0, 'x'.repeat(100_000));
    assert.equal(log.lines.length, 1);
    for (let index = 1; index < 400; index += 1) {
      await open.markDone(index, 'x'.repeat(10_000));
    }
    const { entries, unreadable } = await journal.readInterrupted();
    assert.deepEqual(unreadable, []);
    assert.equal(entries[0]?.steps.length, 400);
    assert.equal(entries[0].steps[0]?.outcome, undefined);
    assert.equal(String(entries[0].steps[1]?.outcome).length, 10_000);
    assert.equal(entries[0].steps[399]?.outcome, undefined);
  });

  it('begins nothing where its folder cannot be, and says which', async () => {
    const file = join(folder(), '..', 'a file');
    writeFileSync(file, '');
    const { journal } = journalIn(join(file, 'journal'));
    await assert.rejects(journal.begin(head()), (failure: Failure) => {
      assert.equal(failure.kind, 'journal');
      assert.equal(failure.details.path, join(file, 'journal'));
      assert.equal(failure.details.vm, 'web');
      assert.notEqual(failure.details.begun, true);
      return true;
    });
    const { entries, unreadable } = await journal.readInterrupted();
    assert.deepEqual([entries.length, unreadable.length], [0, 1]);
  });

  it('begins nothing in a folder that belongs to somebody else', async () => {
    const others: FileSystem = {
      ...promises,
      stat: (async (path: string) => Object.assign(await promises.stat(path), { uid: 12_345 })) as FileSystem['stat'],
    };
    await assert.rejects(new Journal(folder(), silentLog, others).begin(head()), ({ kind }: Failure) => {
      assert.equal(kind, 'journal');
      return true;
    });
    assert.deepEqual(readdirSync(folder()), []);
  });

  it('has nothing unfinished where there is no folder yet, and makes none', async () => {
    assert.deepEqual(await journalIn(folder()).journal.readInterrupted(), { entries: [], unreadable: [] });
    assert.deepEqual(readdirSync(join(folder(), '..')), []);
  });
});

function otherVm(): Pick<ReturnType<typeof head>, 'vm' | 'request' | 'plan'> {
  const vm = { connection: 'test:///other', uuid: 'u' };
  const request = { kind: 'power', vm, action: 'start' } as const;
  return { vm: { uuid: 'u', name: 'other' }, request, plan: { ...head().plan, request } };
}

describe('a journal that somebody else wrote to', () => {
  const folder = ownFolders();
  const id = 'a'.repeat(32);

  /** The line of a sound entry, with other values. */
  async function line(more: object): Promise<string> {
    const elsewhere = journalIn(mkdtempSync(join(tmpdir(), 'virt-rewind-sound-'))).journal;
    const { entry } = await elsewhere.begin(head());
    await promises.rm(elsewhere.folder, { recursive: true });
    return `${JSON.stringify({ ...entry, steps: undefined, recoveries: undefined, id, ...more })}\n`;
  }

  async function read(content: string | Buffer): Promise<string> {
    mkdirSync(join(folder(), id), { recursive: true });
    writeFileSync(join(folder(), id, 'plan.jsonl'), content);
    const { entries, unreadable } = await journalIn(folder()).journal.readInterrupted();
    assert.equal(entries.length + unreadable.length, 1);
    assert.ok(readFileSync(join(folder(), id, 'plan.jsonl')).equals(Buffer.from(content)), 'it stays as it is');
    return unreadable[0]?.why ?? entries[0]!.steps.map(({ index, state }) => `${state} ${index}`).join();
  }

  it('reads a sound one', async () => {
    assert.equal(await read(await line({})), '');
  });

  it('tells one of a later version apart from a damaged one', async () => {
    assert.equal(await read(await line({ version: 3, plan: 'of another shape' })), 'newer');
    for (const version of [0, -1, 1.5, '1', '3', null, undefined, [3]]) {
      assert.equal(await read(await line({ version })), 'damaged', String(version));
    }
  });

  it('tells the VM of an entry that it cannot read, where that can be read', async () => {
    const { uuid } = head().vm;
    for (const [wrong, vm] of [
      [{ version: 3, plan: 'of another shape' }, uuid],
      [{ plan: null }, uuid],
      [{ version: 3, vm: { uuid: 7 } }, undefined],
      [{ version: 3, vm: undefined }, undefined],
    ] as const) {
      await read(await line(wrong));
      const { unreadable } = await journalIn(folder()).journal.readInterrupted();
      assert.equal(unreadable[0]?.vm?.uuid, vm, JSON.stringify(wrong));
    }
  });

  it('tells which editor began it, and protected its VM', async () => {
    const journal = new Journal(folder(), silentLog, undefined, 'VSCodium');
    await journal.begin({ ...head(), protectedIn: 'VSCodium' });
    const { entries } = await journalIn(folder()).journal.readInterrupted();
    assert.deepEqual([entries[0]!.writer.editor, entries[0]!.protectedIn], ['VSCodium', 'VSCodium']);
  });

  it('believes no head with a wrong type in it', async () => {
    const { plan, request } = head();
    for (const wrong of [
      { id: 'b'.repeat(32) },
      { connection: 1 },
      { connection: 'test:///other' },
      { vm: null },
      { vm: { uuid: 'other', name: 'web' } },
      { vm: { uuid: head().vm.uuid } },
      { request: [] },
      { request: { ...request, vm: null } },
      { plan: { ...plan, kind: 'refused' } },
      { plan: { ...plan, steps: {} } },
      { plan: { ...plan, steps: [null] } },
      { plan: { ...plan, steps: [{ kind: 1 }] } },
      { plan: { ...plan, deletes: [1] } },
      { plan: { ...plan, removes: 'all' } },
      { plan: { ...plan, merges: [1] } },
      { plan: { ...plan, before: undefined } },
      { plan: { ...plan, before: { ...plan.before, lastWrites: [{ file: 1 }] } } },
      { plan: { ...plan, request: otherVm().request } },
      { startedAt: 'yesterday' },
      { startedAt: -1 },
      { protectedIn: true },
      { writer: { ...(await thisWriter()), editor: 7 } },
      { writer: { ...(await thisWriter()), editor: 'x'.repeat(101) } },
      { writer: { pid: -1 } },
      { writer: undefined },
    ]) {
      assert.equal(await read(await line(wrong)), 'damaged', JSON.stringify(wrong));
    }
  });

  it('takes no prototype from it', async () => {
    const sound = await line({});
    assert.equal(await read(sound.replace('{', '{"__proto__":{"polluted":1},')), 'damaged');
    assert.equal(await read(sound.replace('"plan":{', '"plan":{"__proto__":{"polluted":1},')), 'damaged');
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
    const outcome = '{"index":0,"state":"done","at":1,"outcome":{"__proto__":{"polluted":1}}}\n';
    assert.equal(await read(`${sound}${outcome}`), '');
    assert.equal(await read(`${sound}${outcome}{"index":1,"state":"begun","at":1}\n`), 'damaged');
  });

  it('believes no step that the plan does not have, and no state that there is not', async () => {
    const sound = await line({});
    const good = '{"index":1,"state":"begun","at":1}\n';
    assert.equal(await read(`${sound}${good}`), 'begun 1');
    for (const wrong of [
      '{"index":2,"state":"done","at":1}',
      '{"index":-1,"state":"done","at":1}',
      '{"index":"0","state":"done","at":1}',
      '{"index":0,"state":"finished","at":1}',
      '{"index":0,"state":"done"}',
      '{"index":0,"state":"done","at":1,"recovery":1}',
      '[]',
      'null',
      '',
      '{',
      '\0\0\0',
      '['.repeat(300_000),
    ]) {
      assert.equal(await read(`${sound}${wrong}\n`), '', wrong.slice(0, 60));
      assert.equal(await read(`${sound}${wrong}\n${good}`), 'damaged', wrong.slice(0, 60));
    }
  });

  it('reads no more than a mebibyte, and nothing of what is no file', async () => {
    const sound = await line({});
    const room = 1024 * 1024 - Buffer.byteLength(sound);
    assert.equal(await read(`${sound}${' '.repeat(room)}`), '');
    assert.equal(await read(`${sound}${' '.repeat(room + 1)}`), 'tooLong');
    assert.equal(await read('x'.repeat(1024 * 1024)), 'damaged');
    assert.equal(await read(Buffer.alloc(1000)), 'damaged');
    assert.equal(await read(''), 'damaged');
    const { journal } = journalIn(folder());
    const file = join(folder(), id, 'plan.jsonl');
    for (const make of [
      () => mkdirSync(file),
      () => symlinkSync('/dev/zero', file),
      // Nobody writes to it: an open for reading would wait.
      () => spawnSync('mkfifo', [file]),
    ]) {
      await promises.rm(file, { recursive: true });
      make();
      const { entries, unreadable } = await journal.readInterrupted();
      assert.deepEqual([entries.length, unreadable[0]?.why, unreadable[0]?.path], [0, 'damaged', join(folder(), id)]);
    }
  });

  it('looks at a thousand entries, and says that there are more', async () => {
    const sound = await line({});
    for (let i = 0; i < 1002; i += 1) {
      const other = i.toString(16).padStart(32, '0');
      mkdirSync(join(folder(), other), { recursive: true });
      writeFileSync(join(folder(), other, 'plan.jsonl'), sound.replace(id, other));
    }
    const { entries, unreadable } = await journalIn(folder()).journal.readInterrupted();
    assert.equal(entries.length, 1000);
    assert.deepEqual(
      unreadable.map(({ why }) => why),
      ['beyond'],
    );
  });

  it('reads the others beside one that is damaged', async () => {
    const { journal } = journalIn(folder());
    const good = await journal.begin(head());
    mkdirSync(join(folder(), id));
    writeFileSync(join(folder(), id, 'plan.jsonl'), 'nonsense');
    mkdirSync(join(folder(), 'a folder of somebody'));
    writeFileSync(join(folder(), 'b'.repeat(32)), 'a file where a folder should be');
    const { entries, unreadable } = await journal.readInterrupted();
    assert.deepEqual(entries, [good.entry]);
    assert.deepEqual(
      unreadable.map(({ path }) => path),
      [join(folder(), id), join(folder(), 'b'.repeat(32))],
    );
  });
});
