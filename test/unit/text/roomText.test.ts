// What is said of the space that is left where files of VMs stand.
import assert from 'node:assert/strict';
import { roomLines } from '../../../src/text/problems/roomText.js';

const gib = 2 ** 30;
const room = (folder: string, free: number, total: number, on = 'here') => ({
  folder,
  freeBytes: free * gib,
  totalBytes: total * gib,
  on,
});
const linesOf = (...rooms: Parameters<typeof roomLines>[0]): readonly string[] =>
  roomLines(rooms).map(({ name, value }) => `${name}: ${value}`);

describe('the space that is left', () => {
  it('is said once for the folders of a file system, also where somebody wrote between two looks', () => {
    assert.deepEqual(linesOf(room('/vm', 75, 252), room('/vm/demo', 75.5, 252), room('/vm', 75.2, 252)), [
      'Free in /vm, /vm/demo: 75 GB of 252 GB',
    ]);
  });

  it('is said for each file system and host, the fullest first', () => {
    assert.deepEqual(linesOf(room('/a', 90, 252), room('/b', 20, 252), room('/a', 20, 252, 'there')), [
      'Free in /b: 20 GB of 252 GB',
      'Free in /a: 20 GB of 252 GB',
      'Free in /a: 90 GB of 252 GB',
    ]);
  });

  it('names three folders and counts the others', () => {
    const rooms = ['/a', '/b', '/c', '/d', '/e'].map((folder) => room(folder, 1, 2));
    assert.deepEqual(linesOf(...rooms), ['Free in /a, /b, /c, 2 more: 1.0 GB of 2.0 GB']);
  });

  it('is not known to be the same where it is not known', () => {
    const unknown = { freeBytes: 'unknown', totalBytes: 'unknown' } as const;
    assert.equal(
      roomLines([
        { folder: '/a', ...unknown },
        { folder: '/b', ...unknown },
      ]).length,
      2,
    );
  });
});
