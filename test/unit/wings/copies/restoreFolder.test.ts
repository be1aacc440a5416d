// The room that a restore needs, before anything is written.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { thisComputer } from '../../../../src/base/fileSystem.js';
import { beginFolder } from '../../../../src/wings/copies/restore/restoreFolder.js';

describe('the folder of a restore', () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'virt-rewind-test-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('is not begun without the room for all that is written, and says whether holes are the reason', async () => {
    const bytes = Number.MAX_SAFE_INTEGER;
    const folder = join(dir, 'web');
    for (const [needed, kind] of [
      [1, 'noRoomWhole'],
      [bytes, 'noRoom'],
    ] as const) {
      await assert.rejects(
        beginFolder(thisComputer, folder, { needed, bytes }),
        ({ problem }: { problem: { kind: string; bytes: number } }) => problem.kind === kind && problem.bytes === bytes,
      );
    }
    assert.deepEqual(readdirSync(dir), []);
    await beginFolder(thisComputer, folder, { needed: 1, bytes: 1 });
    assert.equal(readdirSync(dir).length, 1);
  });
});
