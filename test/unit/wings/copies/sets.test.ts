// Whether the backups of several VMs are of one moment, and what their tags tell of it.
import assert from 'node:assert/strict';
import type { SystemPoint } from '../../../../src/domain/system.js';
import {
  type BackupSet,
  momentOf,
  type SetMember,
  setOf,
  tagsOfSet,
} from '../../../../src/wings/copies/repository/sets.js';

describe('a set of backups', () => {
  const now = 9_000;
  const member = (uuid: string, isActive: boolean, createdAt = 1_000): SetMember => ({
    ...{ connection: 'c', uuid, isActive },
    current: { name: 'both', createdAt },
  });
  const point: SystemPoint = {
    ...{ id: 'p', title: 'both', createdAt: 1_234 },
    members: (['running', 'off'] as const).map((state, at) => ({
      ...{ connection: 'c', uuid: `u${at}`, name: `vm${at}`, snapshot: 'both', createdAt: 1_000, kind: 'disk', state },
    })),
  };
  const without: SetMember = { connection: 'c', uuid: 'u0', isActive: true };

  const rows: readonly (readonly [
    what: string,
    vms: readonly SetMember[],
    made: SystemPoint | undefined,
    number | undefined,
  ])[] = [
    ['all are off', [member('u0', false), member('u1', false)], undefined, now],
    ['all run at it', [member('u0', true), member('u1', true)], undefined, 1_234],
    ['one is off, since nobody knows when', [member('u0', true), member('u1', false)], undefined, undefined],
    ['one was off when it was made', [member('u0', true), member('u1', false)], point, 1_234],
    ['one has gone off since it was made', [member('u0', false), member('u1', false)], point, undefined],
    ['one is at another snapshot of that name', [member('u0', true), member('u1', true, 2_000)], undefined, undefined],
    ['one is none of its members', [member('u0', true), member('u2', true)], undefined, undefined],
    ['one has no snapshot', [without, member('u1', true)], undefined, undefined],
  ];
  for (const [what, vms, made, moment] of rows) {
    it(`${moment === undefined ? 'is not of one moment' : 'is of one moment'} where ${what}`, () => {
      assert.equal(momentOf(vms, { points: [point], ...(made !== undefined && { made }), now }), moment);
    });
  }

  for (const set of [
    { id: 'set-0123abcd', vms: 3 },
    { id: 'set-0123abcd', vms: 2, moment: 1_234 },
  ] satisfies readonly BackupSet[]) {
    it(`is read again from its tags: ${Object.keys(set).join()}`, () => {
      const tags = tagsOfSet(set);
      assert.deepEqual(
        setOf((key) => tags.find((tag) => tag.startsWith(`${key}:`))?.slice(key.length + 1) ?? ''),
        set,
      );
    });
  }

  it('is none where somebody changed its tag', () => {
    assert.equal(
      setOf((key) => (key === 'set' ? 'shop' : '')),
      undefined,
    );
  });
});
