// Each health check with what triggers it and what is just right.
import assert from 'node:assert/strict';
import { healthOf } from '../../../src/diagnosis/health.js';
import { refuse } from '../../../src/domain/refusal.js';
import type { HealthFacts } from '../../../src/diagnosis/healthFacts.js';
import type { CheckId, Problem } from '../../../src/diagnosis/problem.js';
import { checkOf, checksBy, keyOf, severityOf, snapshotOf } from '../../../src/diagnosis/problemTable.js';
import { shareFloorBytes, thresholdsOf, usualThresholds } from '../../../src/diagnosis/thresholds.js';
import type { Layer, VmLayers } from '../../../src/domain/layers.js';
import { capabilities, disk, external, internal, ref, tree, vm } from '../domain/someFacts.js';

const now = 1_800_000_000_000;
const hour = 3_600_000;
const GiB = 1024 ** 3;

const layer = (file: string, more: Partial<Layer> = {}): Layer => ({
  file,
  virtualBytes: 100 * GiB,
  allocatedBytes: 2 * GiB,
  seen: 'there',
  snapshots: [],
  sharedWith: [],
  ...more,
});

/** `sizes`: of the deltas, the top first; the base takes 20 GiB. */
function layers(
  sizes: readonly (number | 'unknown')[],
  more: Partial<VmLayers> = {},
  base: Partial<Layer> = {},
): VmLayers {
  return {
    readAt: now,
    from: 'statistics',
    disks: [
      {
        target: 'vda',
        layers: [
          ...sizes.map((allocatedBytes, at) => layer(`/img/web.${sizes.length - at}`, { allocatedBytes })),
          layer('/img/web.qcow2', { allocatedBytes: 20 * GiB, ...base }),
        ],
        whole: true,
      },
    ],
    snapshots: [],
    rooms: [{ folder: '/img', freeBytes: 500 * GiB, totalBytes: 1000 * GiB }],
    ...more,
  };
}
const many = (count: number, bytes = 0): readonly number[] => Array.from({ length: count }, () => bytes);

function facts(more: Partial<HealthFacts> = {}): HealthFacts {
  return {
    vm: vm(),
    capabilities: capabilities(),
    tree: tree([]),
    layers: layers([]),
    examined: [],
    forecasts: new Map(),
    thresholds: usualThresholds,
    now,
    ...more,
  };
}

const then = now - 99 * hour;
const aged = (hours: number, name = 'a'): ReturnType<typeof external> =>
  external(name, undefined, { createdAt: now - hours * hour });
const diagnosed = (problem: Problem): Partial<HealthFacts> => ({ examined: [problem] });
const allChecks = checksBy('health', 'tree', 'examination');
const room = (freeBytes: number): Partial<HealthFacts> => ({
  layers: layers([], { rooms: [{ folder: '/img', freeBytes, totalBytes: 1000 * GiB }] }),
});
const full = (days: number): Partial<HealthFacts> => ({
  forecasts: new Map([['/img', { bytesPerDay: GiB, days }]]),
});
const crashConsistent = { ...external('s'), trailers: { consistency: 'crash-consistent' as const } };

/** What triggers it, and what does not. */
const rows: Readonly<Record<CheckId, readonly [Partial<HealthFacts>, Partial<HealthFacts>]>> = {
  chainTooDeep: [{ layers: layers(many(9)) }, { layers: layers(many(8)) }],
  chainTooDeepToStart: [
    { layers: layers(many(25)), capabilities: capabilities(11, 10) },
    { layers: layers(many(24)), capabilities: capabilities(11, 10) },
  ],
  deltaTooOld: [{ tree: tree([aged(73)], 'a') }, { tree: tree([aged(71)], 'a') }],
  deltaTooLarge: [{ layers: layers([GiB, 10 * GiB + 1]) }, { layers: layers([GiB, 10 * GiB]) }],
  deltasTooLarge: [{ layers: layers(many(4, 8 * GiB)) }, { layers: layers(many(3, 8 * GiB)) }],
  freeSpaceLow: [room(99 * GiB), room(101 * GiB)],
  freeSpaceRunsOut: [full(6.9), full(7.1)],
  backingMissing: [{ layers: layers([], {}, { seen: 'missing' }) }, { layers: layers([], {}, { seen: 'unknown' }) }],
  mixedUndeletable: [
    { tree: tree([internal('i'), external('e', 'i')], 'e') },
    { tree: tree([external('d'), external('e', 'd')], 'e') },
  ],
  notQuiesced: [
    { tree: tree([crashConsistent], 's') },
    { tree: tree([external('s', undefined, { quiesced: true })], 's') },
  ],
  inTrash: [{ trash: [{ name: 'a', until: now }] }, { trash: [] }],
  backingLost: [diagnosed({ kind: 'overlayMissing', file: '/img/web.qcow2' }), {}],
  backingChanged: [diagnosed({ kind: 'backingChanged', file: '/img/a', overlay: '/img/b' }), {}],
  orphan: [
    diagnosed({ kind: 'orphanFile', file: '/img/a', bytes: 1 }),
    diagnosed({ kind: 'usedByOtherVm', file: '/img/a', vm: 'clone' }),
  ],
  metadataWithoutFile: [diagnosed({ kind: 'tagMissing', snapshot: 'a', file: '/img/a' }), {}],
  noCurrent: [
    { examined: undefined, tree: tree([external('a')]) },
    { examined: undefined, tree: tree([external('a')], 'a') },
  ],
  unfinishedDelete: [
    {
      examined: undefined,
      tree: tree(
        [external('a', undefined, { disks: [{ target: 'vda', location: 'external', deleteInProgress: true }] })],
        'a',
      ),
    },
    { examined: undefined, tree: tree([external('a')], 'a') },
  ],
  nvramNotHeld: [diagnosed({ kind: 'nvramNotHeld', snapshot: 'a' }), {}],
  knownBadLibvirt: [
    { examined: undefined, capabilities: capabilities(9, 9), tree: tree([internal('a')], 'a') },
    { examined: undefined, capabilities: capabilities(12, 8), tree: tree([internal('a')], 'a') },
  ],
  damaged: [diagnosed({ kind: 'corruptImage', file: '/img/a' }), {}],
  unfinishedOperation: [
    diagnosed({
      kind: 'unfinishedOperation',
      refusal: refuse('unfinishedOperation', { vm: 'web', operation: 'revert' }).refusal,
    }),
    {},
  ],
  standsStill: [
    { examined: undefined, vm: vm({ power: 'paused', powerReason: 'saving' }) },
    { examined: undefined, vm: vm({ power: 'paused' }) },
  ],
};

const ids = (more: Partial<HealthFacts>): readonly (CheckId | undefined)[] => healthOf(facts(more)).found.map(checkOf);

describe('health checks', () => {
  it('are all here', () => assert.deepEqual(Object.keys(rows).sort(), [...allChecks].sort()));
  it('find nothing on a VM that is well', () => assert.deepEqual(healthOf(facts()), { found: [], unjudged: [] }));

  for (const [id, [wrong, right]] of Object.entries(rows)) {
    it(`${id}: is found`, () => assert.ok(ids(wrong).includes(id as CheckId), ids(wrong).join()));
    it(`${id}: is not found where nothing is wrong`, () => assert.ok(!ids(right).includes(id as CheckId)));
  }

  const more: readonly (readonly [string, Partial<HealthFacts>, readonly CheckId[]])[] = [
    [
      'a chain too deep to start is none on a libvirt before',
      { layers: layers(many(30)), capabilities: capabilities(10, 7) },
      ['chainTooDeep'],
    ],
    ['nor on one after', { layers: layers(many(30)), capabilities: capabilities(12, 0) }, ['chainTooDeep']],
    [
      'a chain that libvirt’s XML tells is judged without sizes',
      {
        layers: undefined,
        vm: vm({ disks: [disk('vda', '/img/9', { backing: many(9).map((_, at) => `/img/${at}`) })] }),
      },
      ['chainTooDeep'],
    ],
    [
      'a chain that libvirt does not tell is as deep as the snapshots that the VM stands on',
      {
        layers: layers([], {
          disks: [{ target: 'vda', whole: false, layers: [layer('/img/web.8', { allocatedBytes: 0 })] }],
        }),
        tree: tree(
          many(9).map((_, at) =>
            external(String(at), at === 0 ? undefined : String(at - 1), { createdAt: now / 1_000 }),
          ),
          '8',
        ),
      },
      ['chainTooDeep'],
    ],
    [
      'a share of the base counts from 1 GB on',
      { layers: layers([shareFloorBytes], {}, { allocatedBytes: GiB }) },
      ['deltaTooLarge'],
    ],
    ['and not below', { layers: layers([shareFloorBytes - 1], {}, { allocatedBytes: GiB }) }, []],
    [
      'of a base of unknown size there is no share',
      { layers: layers([2 * GiB], {}, { allocatedBytes: 'unknown' }) },
      [],
    ],
    [
      'an old snapshot inside an image makes no delta',
      { tree: tree([internal('a', undefined, { createdAt: 0 })], 'a') },
      [],
    ],
    ['an old snapshot of another branch neither', { tree: tree([aged(99), aged(1, 'b')], 'b') }, []],
    ['one that is kept is meant to be old', { tree: tree([aged(99)], 'a'), kept: ['a'] }, []],
    ['a snapshot of the future is not old', { tree: tree([aged(-99)], 'a') }, []],
    [
      'without a tree the layers tell the age',
      {
        tree: undefined,
        layers: layers([], {
          disks: [
            {
              target: 'vda',
              whole: true,
              layers: [layer('/img/b', { since: then, allocatedBytes: 0 }), layer('/img/a')],
            },
          ],
        }),
      },
      ['deltaTooOld'],
    ],
    [
      'a layer of 1970 tells no age',
      {
        tree: undefined,
        layers: layers([], {
          disks: [
            { target: 'vda', whole: true, layers: [layer('/img/b', { since: 1, allocatedBytes: 0 }), layer('/img/a')] },
          ],
        }),
      },
      [],
    ],
    [
      'neither does a snapshot that is older than the one that it came after',
      {
        tree: tree([aged(1), external('b', 'a', { createdAt: 86_000 }), { ...aged(99, 'c'), parent: 'b' }], 'c'),
      },
      [],
    ],
    [
      'a limit of 0 switches off',
      {
        layers: layers(many(20, 20 * GiB)),
        tree: tree([aged(99)], 'a'),
        thresholds: { ...usualThresholds, layers: 0, ageHours: 0, deltaBytes: 0, deltaPercent: 0, allDeltasBytes: 0 },
      },
      [],
    ],
    [
      'what the doctor saw missing is told once',
      { ...diagnosed({ kind: 'overlayMissing', file: '/img/web.qcow2' }), layers: layers([], {}, { seen: 'missing' }) },
      ['backingLost'],
    ],
    [
      'another hypervisor is not judged',
      { capabilities: capabilities(9, 9, { driver: 'test' }), layers: layers(many(30)) },
      [],
    ],
  ];
  for (const [name, given, expected] of more) {
    it(name, () => assert.deepEqual(ids(given), expected));
  }

  it('say what they could not judge', () => {
    const { found, unjudged } = healthOf({ vm: vm(), thresholds: usualThresholds, now });
    assert.deepEqual(found, []);
    assert.deepEqual([...unjudged].sort(), [...allChecks].sort());
    assert.deepEqual(healthOf(facts({ examined: undefined })).unjudged, checksBy('examination'));
  });

  it('put the worst first', () => {
    const { found } = healthOf(
      facts({ ...room(1), layers: layers(many(9), { rooms: [{ folder: '/img', freeBytes: 0, totalBytes: 9 }] }) }),
    );
    assert.deepEqual(found.map(severityOf), ['error', 'warning']);
  });

  it('are the same thing while their values move, and another on another disk, snapshot or VM', () => {
    const deep = (deltas: number, on = 'vda') => ({ kind: 'chainTooDeep', disk: on, deltas, limit: 8 }) as const;
    assert.equal(keyOf(ref, deep(9)), keyOf(ref, deep(10)));
    const keys = [deep(9), deep(9, 'vdb')].map((one) => keyOf(ref, one));
    keys.push(keyOf({ ...ref, uuid: 'another' }, deep(9)));
    assert.equal(new Set(keys).size, 3);
    const orphan = (file: string, bytes: number) => ({ kind: 'orphanFile', file, bytes }) as const;
    assert.equal(keyOf(ref, orphan('/a', 1)), keyOf(ref, orphan('/a', 2)));
    assert.notEqual(keyOf(ref, orphan('/a', 1)), keyOf(ref, orphan('/b', 1)));
    const low = { kind: 'freeSpaceLow', folder: '/img', freeBytes: 1, totalBytes: 2, limitPercent: 10 } as const;
    assert.equal(keyOf(ref, low), keyOf({ ...ref, uuid: 'another' }, low));
  });

  it('know which snapshot they are about', () => {
    assert.equal(snapshotOf({ kind: 'notQuiesced', snapshot: 's' }), 's');
    assert.equal(snapshotOf({ kind: 'nvramNotHeld', snapshot: 's' }), 's');
    assert.equal(snapshotOf({ kind: 'orphanFile', file: '/a', bytes: 1 }), undefined);
  });
});

describe('thresholds', () => {
  it('are changed for VMs that a name, a pattern or a UUID names, the later exception last', () => {
    const exceptions = [
      { vm: 'build-*', thresholds: { layers: 20, ageHours: 0 } },
      { vm: ref.uuid, thresholds: { layers: 30 } },
    ];
    const of = (name: string, uuid: string): readonly number[] => {
      const { layers: most, ageHours, deltaPercent } = thresholdsOf({ name, uuid }, usualThresholds, exceptions);
      return [most, ageHours, deltaPercent];
    };
    assert.deepEqual(of('web', 'x'), [8, 72, 50]);
    assert.deepEqual(of('build-1', 'x'), [20, 0, 50]);
    assert.deepEqual(of('build-1', ref.uuid), [30, 0, 50]);
  });
});

describe('what is in the trash', () => {
  const size = (snapshot: string, bytes: number | 'unknown'): VmLayers['snapshots'][number] => ({
    snapshot,
    bytes,
    how: 'exact',
  });
  const trash = [
    { name: 'a', until: now + 2 * hour },
    { name: 'b', until: now + hour },
  ];
  const withSizes = (b: number | 'unknown', more: Partial<VmLayers> = {}): Partial<HealthFacts> => ({
    trash,
    layers: layers([], { snapshots: [size('a', GiB), size('b', b), size('stays', 9 * GiB)], ...more }),
  });
  const found = (more: Partial<HealthFacts>): readonly Problem[] => healthOf(facts(more)).found;

  it('is a note of how many, how much and until when', () => {
    const [note, ...others] = found(withSizes(2 * GiB));
    assert.deepEqual([note, others], [{ kind: 'inTrash', snapshots: 2, bytes: 3 * GiB, until: now + hour }, []]);
    assert.equal(severityOf(note!), 'note');
    assert.deepEqual(found(withSizes('unknown')), [{ ...note, bytes: 'unknown' }]);
    assert.deepEqual(found({ trash }), [{ ...note, bytes: 'unknown' }], 'nobody has looked');
  });

  it('is named by what tells that space is short', () => {
    const rooms = [{ folder: '/img', freeBytes: 99 * GiB, totalBytes: 1000 * GiB }];
    const taken = { snapshots: 2, bytes: 3 * GiB };
    const told = (more: Partial<HealthFacts>): readonly unknown[] =>
      found(more).map((problem) => [problem.kind, 'trash' in problem ? problem.trash : undefined]);
    assert.deepEqual(told({ ...withSizes(2 * GiB, { rooms }), ...full(1) }), [
      ['freeSpaceLow', taken],
      ['freeSpaceRunsOut', taken],
      ['inTrash', undefined],
    ]);
    assert.deepEqual(told({ layers: layers([], { rooms }) }), [['freeSpaceLow', undefined]]);
  });
});
