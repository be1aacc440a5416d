// On a disk that is full or read-only nothing begins, nothing is half written, and what was begun can be ended later.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Failure } from '../../../src/domain/failure.js';
import { head } from '../../unit/journal/plans.js';
import { killed } from './processes.js';
import { journalIn } from '../../unit/journal/samples.js';

describe('the journal on a small disk', () => {
  let outside = '';
  let owner: ChildProcess | undefined;
  let disk = '';

  /** In a mount namespace of its own, so that the machine's is left alone and nothing stays after a crash. */
  beforeEach(async function () {
    outside = mkdtempSync(join(tmpdir(), 'virt-rewind-disk-'));
    const rights = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount'];
    const script =
      'mount -t tmpfs -o size=64k,mode=700 tmpfs "$1" && echo ready && while read -r how; do mount -o "remount,$how" "$1" && echo "$how"; done';
    owner = spawn('unshare', [...rights, 'sh', '-c', script, 'sh', outside], { stdio: ['pipe', 'pipe', 'pipe'] });
    const [said] = (await Promise.race([once(owner.stdout!, 'data'), once(owner, 'close'), once(owner, 'error')])) as [
      unknown,
    ];
    if (!String(said).includes('ready')) {
      process.stdout.write(`      skipped: no disk of its own can be mounted here: ${String(said)}\n`);
      this.skip();
    }
    disk = join(`/proc/${owner.pid}/root`, outside);
  });

  afterEach(async () => {
    if (owner?.pid !== undefined) {
      await killed(owner);
    }
    rmSync(outside, { recursive: true, force: true });
  });

  function fill(): void {
    for (const size of [4096, 1]) {
      for (let i = 0; ; i += 1) {
        try {
          writeFileSync(join(disk, `filler-${size}-${i}`), Buffer.alloc(size));
        } catch (error) {
          assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
          break;
        }
      }
    }
  }

  function free(): void {
    for (const name of readdirSync(disk).filter((each) => each.startsWith('filler'))) {
      rmSync(join(disk, name));
    }
  }

  it('begins nothing when there is no room, leaves nothing, and begins again when there is', async () => {
    const folder = join(disk, 'journal');
    const { journal } = journalIn(folder);
    await (await journal.begin(head())).end({ outcome: 'done' });
    fill();
    await assert.rejects(journal.begin(head()), (failure: Failure) => {
      assert.equal(failure.kind, 'journal');
      assert.equal(failure.details.path, folder);
      assert.notEqual(failure.details.begun, true);
      assert.equal((failure.cause as NodeJS.ErrnoException).code, 'ENOSPC');
      return true;
    });
    assert.deepEqual(readdirSync(folder), ['audit.jsonl']);
    free();
    await journal.begin(head());
    assert.equal((await journal.readInterrupted()).entries.length, 1);
  });

  it('stops between two steps when the disk fills up, and goes on from there', async () => {
    const { journal } = journalIn(join(disk, 'journal'));
    const open = await journal.begin(head(100));
    await open.markBegun(0);
    fill();
    let kept = 1;
    const failure = await (async (): Promise<Failure> => {
      for (;;) {
        try {
          await open.markDone(kept, 'x'.repeat(1000));
          kept += 1;
        } catch (error) {
          return error as Failure;
        }
      }
    })();
    assert.equal(failure.kind, 'journal');
    assert.equal(failure.details.begun, true);
    const { entries, unreadable } = await journal.readInterrupted();
    assert.deepEqual(unreadable, []);
    assert.equal(entries[0]?.steps.length, kept);
    // A full disk keeps nobody from leaving, be it without a word, nor from ending.
    await open.leave('why '.repeat(1_100));
    free();
    const claimed = await journal.lock(open.entry.id);
    assert.ok(typeof claimed !== 'string');
    assert.equal(claimed.entry.steps.length, kept);
    await claimed.markDone(99);
    fill();
    await claimed.end({ outcome: 'recovered' });
    assert.deepEqual((await journal.readInterrupted()).entries, []);
  });

  it('takes the next line after one that did not fit', async () => {
    const { journal } = journalIn(join(disk, 'journal'));
    const open = await journal.begin(head(100));
    fill();
    await assert.rejects(
      (async () => {
        for (let index = 0; ; index += 1) {
          await open.markBegun(index);
        }
      })(),
      { kind: 'journal' },
    );
    free();
    const before = open.entry.steps.length;
    await open.markDone(50, 'a line that is longer than the one that was torn, '.repeat(10));
    const [entry] = (await journal.readInterrupted()).entries;
    assert.equal(entry?.steps.length, before + 1);
    assert.deepEqual(entry.steps.at(-1), open.entry.steps.at(-1));
  });

  it('begins nothing on a disk that is read-only, and ends what was begun there', async () => {
    const { journal, log } = journalIn(join(disk, 'journal'));
    const open = await journal.begin(head());
    const remount = async (how: string): Promise<void> => {
      const done = once(owner!.stdout!, 'data');
      owner!.stdin!.write(`${how}\n`);
      await done;
    };
    await remount('ro');
    await assert.rejects(journal.begin(head()), { kind: 'journal' });
    await assert.rejects(open.markBegun(0), { kind: 'journal' });
    assert.equal((await journal.readInterrupted()).entries.length, 1);
    await open.end({ outcome: 'failed' });
    assert.ok(log.lines.length > 0, 'what could not be written is in the log');
    await remount('rw');
    assert.equal((await journal.readInterrupted()).entries.length, 1);
  });
});
