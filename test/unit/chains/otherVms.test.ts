// Who else reads a file, and that a chain which cannot be read counts as a reader.
import assert from 'node:assert/strict';
import { otherUserOf, otherVmObstacle, unreadVms } from '../../../src/chains/otherVms.js';
import type { OtherVm } from '../../../src/model/plan.js';
import { situation } from '../model/situations.js';

const clone: OtherVm = { uuid: 'c', name: 'clone', files: ['/img/clone.qcow2', '/img/web.qcow2'], unread: [] };
const hidden: OtherVm = { uuid: 'h', name: 'hidden', files: ['/far/h.qcow2'], unread: ['/far/h.qcow2'] };

describe('otherVms', () => {
  it('finds who names a file or rests on it', () => {
    const inWhat = situation({ otherVms: [hidden, clone] });
    assert.deepEqual(otherUserOf(['/img/other', '/img/web.qcow2'], inWhat), { vm: 'clone', file: '/img/web.qcow2' });
    assert.equal(otherUserOf(['/img/other'], inWhat), undefined);
    assert.equal(otherUserOf(['/img/web.qcow2'], situation()), undefined);
    assert.deepEqual(unreadVms(inWhat), ['hidden']);
    assert.deepEqual(unreadVms(situation()), []);
  });

  const rows: readonly (readonly [
    what: string,
    files: readonly string[],
    others: readonly OtherVm[] | undefined,
    unread: 'refuse' | 'passOver',
    expected: string | undefined,
  ])[] = [
    ['a clone reads it', ['/img/web.qcow2'], [clone], 'refuse', 'usedByOtherVm'],
    ['a clone reads it, known before what is not', ['/img/web.qcow2'], [hidden, clone], 'refuse', 'usedByOtherVm'],
    ['a clone reads it, whoever is passed over', ['/img/web.qcow2'], [clone, hidden], 'passOver', 'usedByOtherVm'],
    ['a chain is unread', ['/img/web.a'], [clone, hidden], 'refuse', 'otherVmUnread'],
    ['a chain is unread, and that is accepted', ['/img/web.a'], [clone, hidden], 'passOver', undefined],
    ['nobody reads it', ['/img/web.a'], [clone], 'refuse', undefined],
    ['no file is touched', [], [clone, hidden], 'refuse', undefined],
    ['nobody was looked at', ['/img/web.qcow2'], undefined, 'refuse', undefined],
  ];
  for (const [what, files, otherVms, unread, expected] of rows) {
    it(`${what} → ${expected ?? 'ok'}`, () => {
      const inWhat = situation(otherVms === undefined ? {} : { otherVms });
      assert.equal(otherVmObstacle(files, inWhat, unread)?.refusal.reason, expected);
    });
  }
});
