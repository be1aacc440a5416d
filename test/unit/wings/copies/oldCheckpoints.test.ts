// Which checkpoints of backups are old.
import assert from 'node:assert/strict';
import type { Snapshot } from '../../../../src/domain/snapshot.js';
import { checkpointStaysText } from '../../../../src/wings/copies/doneText.js';
import {
  backupCheckpointTitle,
  deleteOldCheckpoints,
  oldCheckpoints,
} from '../../../../src/wings/copies/oldCheckpoints.js';
import { vmView } from '../../ui/samples.js';

describe('old checkpoints of backups', () => {
  const snapshot = (title: string, createdAt: number): Snapshot => ({ name: title, title, createdAt }) as Snapshot;
  const made = [3, 1, 2].map((at) => snapshot(backupCheckpointTitle([], at * 1_000), at));

  it('are all but the newest, and none that no record names', () => {
    const all = [...made, snapshot('mine', 0), snapshot(backupCheckpointTitle(made, 0), 0)];
    assert.deepEqual(
      oldCheckpoints(all, made, 1).map(({ createdAt }) => createdAt),
      [1, 2],
    );
    assert.deepEqual(oldCheckpoints(all, made, 3), []);
  });

  it('have titles of their own in one second', () => {
    assert.notEqual(backupCheckpointTitle(made, 1_000), made[1]!.title);
  });

  it('all stay where they cannot be read, and that is no failure of the backup', async () => {
    const engine = { keptSnapshots: () => Promise.reject(new Error('gone')) };
    const context = { session: { engine }, interruption: {} } as unknown as Parameters<typeof deleteOldCheckpoints>[0];
    const [stays, ...others] = await deleteOldCheckpoints(context, vmView(), 1);
    assert.deepEqual([stays?.title, others], [undefined, []]);
    assert.match(checkpointStaysText(stays!), /^Older checkpoints were not deleted\. .*gone/u);
  });

  it('never include the newest one', () => {
    assert.equal(oldCheckpoints(made, made, 0).length, 2);
  });
});
