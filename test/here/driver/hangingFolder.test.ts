// A share whose server has gone, for real: a file system in user space that answers nothing.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localContents } from '../../../src/driver/files/localContents.js';
import { localFiles } from '../../../src/driver/files/directFiles.js';

describe('a folder that gives no answer', () => {
  let dir: string;
  let share: string;
  let hangUp: (() => void) | undefined;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'virt-rewind-share-'));
    share = join(dir, 'share');
    mkdirSync(share);
    hangUp = mountSilent(share);
  });
  // Whatever waits must be told first, and by no thread of Node's: they may all be waiting.
  afterEach(() => {
    hangUp?.();
    hangUp = undefined;
    rmSync(dir, { recursive: true, force: true });
  });

  it('takes two threads of Node’s four, and other files are read meanwhile', async () => {
    if (hangUp === undefined) {
      // fileTurns.test.ts has the same without one.
      return;
    }
    const there = join(dir, 'there');
    writeFileSync(there, 'there');
    const files = localFiles(process.env);
    const some = Array.from({ length: 20 }, (_, index) => join(share, String(index)));
    const looks = [
      ...some.flatMap((path) => [files.file(path), files.image(path), files.canChange(path)]),
      files.list(share),
      files.space(share),
      files.canAct(share),
      localContents(process.env).internalSizes(join(share, '1'), 'still'),
    ];
    const ended = Promise.allSettled(looks);

    assert.equal(await readFile(there, 'utf8'), 'there');
    const seen = await files.file(there);
    assert.ok(typeof seen === 'object' && seen.bytes === 5);

    hangUp();
    assert.equal((await ended).length, looks.length);
  });
});

/** @returns what ends it: all who wait are told that it is gone; undefined where none can be mounted */
function mountSilent(folder: string): (() => void) | undefined {
  let server: number;
  try {
    server = openSync('/dev/fuse', 'r+');
  } catch (error) {
    process.stdout.write(`    skipped: no file system in user space here: ${String(error)}\n`);
    return undefined;
  }
  const options = 'fd=3,rootmode=40000,user_id=0,group_id=0';
  const { status, stderr } = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'silent', folder], {
    stdio: ['ignore', 'ignore', 'pipe', server],
  });
  if (status !== 0) {
    closeSync(server);
    process.stdout.write(`    skipped: no file system in user space can be mounted: ${String(stderr).trim()}\n`);
    return undefined;
  }
  let isOpen = true;
  return () => {
    if (isOpen) {
      isOpen = false;
      closeSync(server);
      spawnSync('umount', ['-l', folder]);
    }
  };
}
