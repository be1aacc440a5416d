// Where the members of an interrupted operation stand, and how it ends.
import assert from 'node:assert/strict';
import { Failure } from '../../../src/domain/failure.js';
import type { MemberState } from '../../../src/domain/system.js';
import type { PowerState } from '../../../src/domain/vm.js';
import type { GroupEntry, GroupMember } from '../../../src/journal/groupJournal.js';
import {
  endOf,
  judgeMember,
  snapshotOf,
  standingOf,
  standsAt,
  standsOf,
  type ObservedMember,
} from '../../../src/systems/standing.js';
import { internal } from '../domain/someFacts.js';

const made = (name: string, createdAt: number): ReturnType<typeof internal> => ({
  ...internal(name),
  createdAt,
  trailers: { createdBy: 'virt-rewind' },
});

const second = 1_800_000_000_000;
const member = (more: Partial<GroupMember> = {}): GroupMember => ({
  connection: 'qemu:///system',
  uuid: 'u1',
  name: 'db',
  state: 'running',
  current: 'old',
  snapshot: 'clean',
  protected: false,
  daemon: { hostname: 'here' },
  ...more,
});
const seen = (power: PowerState, current: string | undefined, ...names: readonly string[]): ObservedMember => ({
  vm: { power },
  tree: {
    snapshots: names.map((name) => made(name, second)),
    ...(current !== undefined && { current }),
  },
});
const of = (kind: GroupEntry['kind'], done: readonly string[] = []): Pick<GroupEntry, 'kind' | 'done'> => ({
  kind,
  done,
});

describe('where a member of a system stands', () => {
  for (const [state, power, isMade, standing] of [
    ['running', 'running', false, 'before'],
    ['running', 'paused', false, 'before'],
    ['running', 'paused', true, 'after'],
    ['running', 'running', true, 'after'],
    ['running', 'off', true, 'unclear'],
    ['off', 'off', true, 'after'],
    ['off', 'running', false, 'unclear'],
    ['paused', 'paused', false, 'before'],
    ['paused', 'running', false, 'unclear'],
  ] as const satisfies readonly (readonly [MemberState, PowerState, boolean, string])[]) {
    it(`in a checkpoint: it was ${state}, is ${power}, ${isMade ? 'with' : 'without'} its snapshot`, () => {
      const now = seen(power, 'old', 'old', ...(isMade ? ['clean'] : []));
      assert.equal(standingOf(of('checkpoint'), member({ state }), now), standing);
    });
  }

  it('in a checkpoint, by whether the snapshot of that name is the one that was made', () => {
    const checkpoint = of('checkpoint');
    const now = seen('paused', 'old', 'old', 'clean');
    const others = {
      ...now,
      tree: { ...now.tree, snapshots: now.tree.snapshots.map((one) => ({ ...one, trailers: {} })) },
    };
    assert.equal(standingOf(checkpoint, member(), others), 'before');
    assert.equal(standingOf({ ...checkpoint, made: { u1: second } }, member(), others), 'after');
    assert.equal(standingOf({ ...checkpoint, made: { u1: second - 1_000 } }, member(), now), 'before');
    assert.equal(standingOf(checkpoint, member(), now, new Failure('exists')), 'before');
    assert.equal(standingOf(checkpoint, member(), now, new Failure('journal')), 'after');
  });

  it('in a revert and a delete, by whether those of these names are the ones that were meant', () => {
    const to = member({ checkpoint: 'kept', end: 'running', withRam: true, times: { old: second, clean: second } });
    const later = member({ ...to, times: { old: second, clean: second - 1_000 } });
    const now = seen('paused', 'clean', 'old', 'clean', 'kept');
    assert.equal(standingOf(of('revert'), to, now), 'after');
    assert.equal(standingOf(of('revert'), later, now), 'unclear');
    assert.equal(standingOf({ ...of('revert'), made: { u1: second - 1_000 } }, to, now), 'unclear');
    const replaced = member({ ...to, times: { old: second - 1_000, clean: second } });
    assert.equal(standingOf(of('revert'), replaced, seen('paused', 'old', 'old', 'clean')), 'unclear');
    assert.equal(standingOf(of('delete'), to, seen('off', 'old', 'old', 'clean')), 'before');
    assert.equal(standingOf(of('delete'), later, seen('off', 'old', 'old', 'clean')), 'after');
  });

  it('is not known where it cannot be seen', () => {
    assert.equal(standingOf(of('checkpoint'), member(), undefined), 'unclear');
  });

  const back = member({ checkpoint: 'kept', end: 'running', withRam: true });
  for (const [power, current, names, standing] of [
    ['paused', 'old', ['old', 'clean'], 'before'],
    ['paused', 'kept', ['old', 'clean', 'kept'], 'before'],
    ['paused', 'clean', ['old', 'clean', 'kept'], 'after'],
    ['running', 'clean', ['old', 'clean', 'kept'], 'after'],
    ['off', 'clean', ['old', 'clean', 'kept'], 'unclear'],
    ['off', 'kept', ['old', 'clean', 'kept'], 'unclear'],
    ['paused', 'clean', ['old', 'clean'], 'unclear'],
    ['paused', 'other', ['old', 'clean', 'kept', 'other'], 'unclear'],
    ['paused', undefined, ['old', 'clean'], 'before'],
    ['off', undefined, ['old', 'clean'], 'unclear'],
    ['paused', undefined, ['old', 'clean', 'kept'], 'unclear'],
  ] as const) {
    it(`in a revert: ${power}, current is ${current ?? 'none'} of ${names.join(', ')}`, () => {
      assert.equal(standingOf(of('revert'), back, seen(power, current, ...names)), standing);
    });
  }

  it('in a revert, on a leaf that holds the layout alone', () => {
    const leaf = { ...made('leaf', second), parent: 'clean', trailers: { auto: 'layout' as const } };
    const now = seen('paused', 'leaf', 'old', 'clean', 'kept');
    const on = { ...now, tree: { ...now.tree, snapshots: [...now.tree.snapshots, leaf] } };
    assert.equal(standingOf(of('revert'), back, on), 'after');
    const other = { ...on, tree: { ...on.tree, snapshots: [...now.tree.snapshots, { ...leaf, trailers: {} }] } };
    assert.equal(standingOf(of('revert'), back, other), 'unclear');
  });

  it('in a revert that kept nothing, by what is written of it', () => {
    const unchanged = member({ state: 'off', end: 'off', current: 'clean' });
    assert.equal(standingOf(of('revert'), unchanged, seen('off', 'clean', 'clean')), 'before');
    assert.equal(standingOf(of('revert', ['u1']), unchanged, seen('off', 'clean', 'clean')), 'after');
  });

  it('in a delete, by whether the snapshot is there', () => {
    assert.equal(standingOf(of('delete'), member(), seen('off', 'old', 'old', 'clean')), 'before');
    assert.equal(standingOf(of('delete'), member(), seen('off', 'old', 'old')), 'after');
  });

  it('decides how all of it ends: nothing is done where one is unclear', () => {
    assert.equal(endOf(of('checkpoint'), ['after', 'after']), 'finish');
    assert.equal(endOf(of('checkpoint'), ['after', 'before']), 'back');
    assert.equal(endOf(of('revert'), ['after', 'unclear']), 'explain');
    assert.equal(endOf(of('delete'), ['after', 'before']), 'finish');
  });
});

describe('a restore point of a system', () => {
  const own = { connection: 'qemu:///system', uuid: 'u1', name: 'db' };
  const point = (title: string, name: string): Parameters<typeof judgeMember>[0] => ({
    id: title,
    title,
    createdAt: second,
    members: [{ ...own, snapshot: name, createdAt: second, kind: 'memory', state: 'running' }],
  });
  const vm = {} as NonNullable<Parameters<typeof judgeMember>[3]['vm']>;

  it('goes along with a snapshot that was renamed, unless it could be one of two', () => {
    const { tree } = seen('off', undefined, 'renamed');
    const clean = point('p', 'clean');
    assert.equal(snapshotOf(tree, own, clean, [clean])?.name, 'renamed');
    assert.equal(snapshotOf(seen('off', undefined, 'a', 'b').tree, own, clean, [clean]), undefined);
    const other = { snapshots: [made('clean', second + 1_000)] };
    assert.equal(snapshotOf(other, own, clean, [clean]), undefined);
  });

  it('is not taken for its neighbour of the same second where its own snapshot is gone', () => {
    const points = [point('p', 'clean'), point('q', 'next')] as const;
    assert.equal(snapshotOf(seen('off', undefined, 'next').tree, own, points[0], points), undefined);
    assert.equal(snapshotOf(seen('off', undefined, 'next').tree, own, points[1], points)?.name, 'next');
    assert.equal(snapshotOf(seen('off', undefined, 'next', 'new name').tree, own, points[0], points)?.name, 'new name');
    const left = { ...made('before revert', second), trailers: { auto: 'revert' } } as const;
    assert.equal(snapshotOf({ snapshots: [left] }, own, points[0], points), undefined);
    assert.equal(snapshotOf({ snapshots: [left] }, own, { ...points[0], auto: 'revert' }, points), left);
    const disks = { ...made('foreign', second), kind: 'disk' } as const;
    assert.equal(snapshotOf({ snapshots: [disks] }, own, points[0], points), undefined);
  });

  it('tells what is the matter with each member', () => {
    const { tree } = seen('off', 'clean', 'clean');
    const look = (given: Parameters<typeof judgeMember>[3]): string => judgeMember(point('p', 'clean'), own, [], given);
    assert.equal(look({ connection: 'connected', vm, tree }), 'there');
    assert.equal(look({ connection: 'connected', vm, tree: { snapshots: [] } }), 'snapshotGone');
    assert.equal(look({ connection: 'connected', vm }), 'unread');
    assert.equal(look({ connection: 'connected' }), 'vmGone');
    assert.equal(look({ connection: 'away', vm, tree }), 'away');
  });

  it('is where the system stands when all its members came from it', () => {
    const points = [point('p', 'clean')];
    const other = { ...own, uuid: 'u2', name: 'api' };
    const { tree } = seen('off', 'clean', 'clean');
    assert.equal(standsAt(points, [[own, tree]]), points[0]);
    assert.equal(
      standsAt(points, [
        [own, tree],
        [other, tree],
      ]),
      'apart',
    );
    assert.equal(standsAt(points, [[own, { snapshots: [] }]]), undefined);
  });

  it('is the one that all came from, also where a revert kept no other of one that had not changed', () => {
    const api = { ...own, uuid: 'u2', name: 'api' };
    const both = (id: string, ...names: readonly [string, string]): Parameters<typeof judgeMember>[0] => {
      const [first, second_] = names.map((name) => point(id, name).members[0]!);
      return { ...point(id, names[0]), members: [first!, { ...second_!, uuid: api.uuid }] };
    };
    const points = [both('p', 'clean', 'clean'), { ...both('left', 'kept', 'clean'), auto: 'revert' as const }];
    const db = seen('running', 'clean', 'clean', 'kept').tree;
    const { tree } = seen('running', 'clean', 'clean');
    for (const members of [
      [
        [own, db],
        [api, tree],
      ],
      [
        [api, tree],
        [own, db],
      ],
      [[api, tree]],
    ] as const) {
      assert.equal(standsAt(points, members), points[0]);
    }
    assert.deepEqual(standsOf(points, api, tree), [points[1], points[0]]);
    const back = seen('running', 'kept', 'clean', 'kept').tree;
    assert.equal(
      standsAt(points, [
        [own, back],
        [api, tree],
      ]),
      points[1],
    );
  });
});
