// The number of connections to a repository: it ends where more would not be faster, whatever the line is.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Connections,
  type MeasuredSpeed,
  nextConnections,
  type TargetConnections,
} from '../../../../src/wings/copies/repository/connections.js';

type Line = (connections: number) => number;

const dayMs = 24 * 3_600_000;
/** As measured: sftp behind 40 ms, and REST on a line that few connections fill. */
const far: Line = (connections) => Math.min(connections, 20) * 1e6;
const full: Line = (connections) => (connections > 10 ? 3e6 : 12e6);

/** The numbers that backups have, one a day. */
function backUp(
  days: number,
  line: Line,
  from: TargetConnections = { connections: 5, measured: [] },
  start = 0,
): { readonly numbers: readonly number[]; readonly last: TargetConnections } {
  const numbers: number[] = [];
  let last = from;
  for (let day = 0; day < days; day += 1) {
    const { connections } = last;
    numbers.push(connections);
    const now: MeasuredSpeed = { connections, bytesPerSecond: line(connections), at: (start + day) * dayMs };
    last = nextConnections(last.measured, now);
  }
  return { numbers, last };
}

describe('the number of connections', () => {
  it('doubles as long as that is faster, and stays where it is not', () => {
    assert.deepEqual(backUp(7, far).numbers, [5, 10, 20, 40, 20, 20, 20]);
    assert.deepEqual(backUp(5, full).numbers, [5, 10, 5, 5, 5]);
    assert.deepEqual(backUp(6, (connections) => connections).numbers, [5, 10, 20, 40, 40, 40]);
  });

  it('follows a line that changes, in either direction', () => {
    const { last } = backUp(7, far);
    assert.equal(last.connections, 20);
    assert.equal(backUp(8, full, last, 7).last.connections, 5);
    const slow = backUp(4, full).last;
    assert.equal(slow.connections, 5);
    assert.equal(backUp(8, far, slow, 4).last.connections, 20);
  });

  it('is found anew after a month', () => {
    const { last } = backUp(4, (connections) => (connections === 10 ? 1e6 : 5e6));
    assert.equal(last.connections, 5);
    // At five it is as before, so only the time tells.
    const { numbers } = backUp(45, (connections) => (connections === 5 ? 5e6 : 9e6), last, 4);
    assert.ok(numbers.slice(0, 25).every((connections) => connections === 5));
    assert.equal(numbers.at(-1), 10);
  });

  it('never leaves its bounds, whatever is measured', () => {
    let last: TargetConnections = { connections: 5, measured: [] };
    for (const [at, bytesPerSecond] of [0, 1e9, 1, 1e12, 0, 3, 1e6, 1e7, 1e8, 1e9, 1e10].entries()) {
      last = nextConnections(last.measured, { connections: last.connections, bytesPerSecond, at });
      assert.ok(last.connections >= 5 && last.connections <= 40);
      assert.ok(last.measured.length <= 4);
    }
  });

  it('is kept for each repository elsewhere, by backups that moved enough', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'connections-'));
    try {
      const of = (target: string, host?: string) => new Connections(target, { VIRT_REWIND_STATE: folder }, host);
      const enough = { bytes: 200 * 1024 * 1024, seconds: 10 };
      await of('/mnt/backups').measure(enough);
      await of('sftp:nas:/backups').measure({ bytes: 100 * 1024 * 1024, seconds: 10 });
      assert.deepEqual(await of('sftp:nas:/backups').words(), []);
      await of('sftp:nas:/backups').measure(enough);
      assert.deepEqual(await of('sftp:nas:/backups').words(), ['--option=sftp.connections=10']);
      // As much as was enough for half of them.
      await of('sftp:nas:/backups').measure({ ...enough, seconds: 100 });
      assert.deepEqual(await of('sftp:nas:/backups').words(), ['--option=sftp.connections=10']);
      for (const other of [of('/mnt/backups'), of('sftp:nas:/other'), of('sftp:nas:/backups', 'far')]) {
        assert.deepEqual(await other.words(), []);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
