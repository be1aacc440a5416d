// Fewer layers: by the deletes of the snapshots that own them, or by merging layers that nobody owns; and everything that
// stands against either.
import assert from 'node:assert/strict';
import type { ImageFacts, Seen } from '../../../src/domain/hostFiles.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Facts } from '../../../src/domain/facts.js';
import { planOperation } from '../../../src/operations/planOperation.js';
import { planRest } from '../../../src/operations/planRest.js';
import {
  ask,
  capabilities,
  disk,
  external,
  frozen,
  image,
  internal,
  looked,
  planned,
  ref,
  refused,
  shortSteps,
  facts,
  tree,
  verdict,
  vm,
} from '../domain/someFacts.js';

type Wish = Partial<Extract<OperationRequest, { kind: 'consolidate' }>>;
const consolidate = (wish: Wish = {}): OperationRequest => ({ kind: 'consolidate', vm: ref, ...wish });
const prune = (...snapshots: readonly string[]): OperationRequest => ({ kind: 'prune', vm: ref, snapshots });
const base = '/img/web.qcow2';
const [one, two] = ['/img/web.1', '/img/web.2'];

type Images = Readonly<Record<string, Seen<ImageFacts>>>;

/** base ← 1 ← 2, and no snapshot. */
function byHand(more: Partial<Facts> = {}, images: Images = {}, canChange?: 'yes' | 'no'): Facts {
  const files = looked({ images: { [two]: image(one), [one]: image(base), [base]: image(), ...images } });
  const can = canChange === 'no' ? { why: 'denied' as const } : 'yes';
  return facts({
    vm: vm({ disks: [disk('vda', two, { backing: [one, base] })] }),
    files: canChange === undefined ? files : { ...files, canChange: new Map([base, two].map((file) => [file, can])) },
    otherVms: [],
    blockJobs: [],
    frozenDisks: new Map(),
    ...more,
  });
}
const off = (more: Partial<Facts> = {}): Partial<Facts> => ({
  vm: vm({ power: 'off', disks: [disk('vda', two)] }),
  ...more,
});
const stranger = (files: readonly string[], unread: readonly string[] = []): Partial<Facts> => ({
  otherVms: [{ uuid: 'x', name: 'other', files, unread }],
});

describe('planConsolidate: layers that nobody owns', () => {
  const rows: readonly (readonly [what: string, at: Facts, wish: Wish, expected: string])[] = [
    ['running', byHand(), {}, `${two}→${base} rm ${two},${one}`],
    ['down to a layer', byHand(), { downTo: one }, `${two}→${one} rm ${two}`],
    ['off', byHand(off(), {}, 'yes'), {}, `off ${two}→${base} rm ${two},${one}`],
    ['files that cannot be removed', byHand({ files: looked({ canAct: {} }) }), {}, `${two}→${base}`],
    ['a transient VM', byHand({ vm: { ...byHand().vm, persistent: false } }), {}, `${two}→${base} rm ${two},${one}`],
    [
      'internal snapshots of other files',
      byHand({ tree: tree([internal('i')], 'i') }),
      {},
      `${two}→${base} rm ${two},${one}`,
    ],
  ];
  for (const [what, at, wish, expected] of rows) {
    it(`${what}: ${expected}`, () => {
      assert.equal(shortSteps(planned(consolidate(wish), at)), expected);
    });
  }

  it('tells the direction, how much at most, that nothing is lost, and what the base will be', () => {
    const plan = planned(consolidate(), byHand());
    assert.deepEqual(plan.losses, []);
    assert.deepEqual(
      plan.warnings.filter(({ kind: about }) => about !== 'unreadVms'),
      [
        { kind: 'merges', into: base, bytes: 2 ** 21 },
        { kind: 'changesBase', file: base },
      ],
    );
    assert.deepEqual([plan.spaceBytes, plan.progress], [2 ** 21, 'percent']);
  });

  it('says what it needs where less is free, and says nothing of sizes that nobody knows', () => {
    const tight = byHand({ files: { ...byHand().files!, freeBytes: new Map([['/img', 10]]) } });
    const about = planned(consolidate(), tight).warnings.find((warning) => warning.kind === 'needsSpace');
    assert.deepEqual(about, { kind: 'needsSpace', bytes: 2 ** 21, folder: '/img', free: 10 });
    const blind = planned(consolidate(), byHand({}, { [one]: 'unknown' }));
    assert.equal(blind.spaceBytes, undefined);
  });

  it('takes sizes that were read before, for files that cannot be seen now', () => {
    const layer = { virtualBytes: 0, seen: 'there', snapshots: [], sharedWith: [] } as const;
    const layers = [
      { ...layer, file: two, allocatedBytes: 5 },
      { ...layer, file: one, allocatedBytes: 7 },
    ];
    const known = { readAt: 0, from: 'statistics', snapshots: [], rooms: [] } as const;
    const at = byHand({ layers: { ...known, disks: [{ target: 'vda', layers, whole: true }] }, files: looked({}) });
    assert.equal(planned(consolidate(), at).spaceBytes, 12);
  });

  const frozenOne = { tree: tree([internal('i')], 'i'), frozenDisks: frozen({ i: one }) };
  const refusals: readonly (readonly [what: string, at: Facts, wish: Wish, expected: string])[] = [
    ['one layer', facts({ files: looked({ images: { [base]: image() } }) }), {}, 'nothingToConsolidate'],
    ['down to the top', byHand(), { downTo: two }, 'nothingToConsolidate'],
    ['down to a stranger', byHand(), { downTo: '/img/x' }, 'layerNotInChain'],
    ['no such disk', byHand(), { targets: ['vdx'] }, 'noSuchDisk'],
    ['another VM rests on the base', byHand(stranger([base])), {}, 'usedByOtherVm'],
    ['another VM rests on a layer', byHand(stranger([one])), {}, 'usedByOtherVm'],
    ['a chain that cannot be read', byHand(stranger([], ['/x'])), {}, 'otherVmUnread'],
    ['a block job', byHand({ blockJobs: ['vda'] }), {}, 'blockJobRunning'],
    ['a managed save', byHand({ vm: { ...byHand().vm, managedSave: true } }), {}, 'managedSaveExists'],
    ['an internal snapshot of a layer', byHand(frozenOne), {}, 'layerNeeded'],
    ['a tag in a layer', byHand({}, { [one]: image(base, { tags: ['t'] }) }), {}, 'tagInLayer'],
    ['another overlay', byHand({}, { '/img/x': image(one) }), {}, 'layerNeeded'],
    ['a layer that is gone', byHand({}, { [base]: 'missing' }), {}, 'layerBroken'],
    ['a damaged layer', byHand({}, { [one]: image(base, { corrupt: true }) }), {}, 'layerBroken'],
    ['a smaller overlay', byHand({}, { [two]: image(one, { virtualBytes: 5 }) }), {}, 'layerSmaller'],
    ['a base that nobody may write', byHand({}, { [base]: image(undefined, { readOnly: true }) }), {}, 'baseReadOnly'],
    ['images that say otherwise', byHand({}, { [one]: image('/img/x'), '/img/x': image() }), {}, 'chainUnknown'],
    [
      'a shareable disk',
      byHand({ vm: vm({ disks: [disk('vda', two, { backing: [one, base], shareable: true })] }) }),
      {},
      'diskTypeUnsupported',
    ],
    [
      'a device as base',
      byHand({ vm: vm({ disks: [disk('vda', one, { backing: ['/dev/vg/lv'] })] }) }, { [one]: image('/dev/vg/lv') }),
      {},
      'diskTypeUnsupported',
    ],
    [
      'off, of a format that is not told',
      byHand(off(), { [one]: image(undefined, { backing: { file: base } }) }, 'yes'),
      {},
      'chainUnknown',
    ],
    ['off, images that cannot be seen', byHand(off(), { [two]: 'unknown' }, 'yes'), {}, 'chainUnknown'],
    ['off, files that are not ours to change', byHand(off(), {}, 'no'), {}, 'filesOutOfReach'],
    ['asleep', byHand({ vm: { ...byHand().vm, power: 'asleep' } }), {}, 'asleepVm'],
    ['shutting down', byHand({ vm: { ...byHand().vm, power: 'shuttingDown' } }), {}, 'wrongState'],
    ['read-only', byHand({ capabilities: capabilities(12, 8, { readOnly: true }) }), {}, 'readOnlyConnection'],
    ['the test driver', byHand({ capabilities: capabilities(12, 8, { driver: 'test' }) }), {}, 'driverCannot'],
  ];
  for (const [what, at, wish, expected] of refusals) {
    it(`${what}: ${expected}`, () => {
      assert.equal(verdict(planOperation(consolidate(wish), at)), expected);
    });
  }

  it('plans for a menu what is not known yet', () => {
    const { vm: own } = byHand();
    assert.equal(verdict(planOperation(consolidate(), facts({ vm: own }))), 'ok');
  });

  it('looks at each disk again before its turn', () => {
    const b = ['/img/b.1', '/img/b.qcow2'];
    const disks = [disk('vda', two, { backing: [one, base] }), disk('vdb', b[0], { backing: [b[1]!] })];
    const at = byHand({ vm: vm({ disks }) }, { [b[0]!]: image(b[1]), [b[1]!]: image() });
    const plan = planned(consolidate(), at);
    const done = { ...at, vm: vm({ disks: [disk('vda', base, { backing: [] }), disks[1]!] }) };
    assert.equal(planRest(plan.request, done, plan, 1), 'same');
    const taken = { ...done, otherVms: [{ uuid: 'x', name: 'other', files: [b[1]!], unread: [] }] };
    assert.notEqual(planRest(plan.request, taken, plan, 1), 'same');
  });
});

/** base ← a ← b ← c, each layer the overlay of a snapshot; c is current. */
function owned(more: Partial<Facts> = {}): Facts {
  const [a, b, c] = ['/img/web.a', '/img/web.b', '/img/web.c'];
  return facts({
    tree: tree([external('a'), external('b', 'a'), external('c', 'b')], 'c'),
    vm: vm({ disks: [disk('vda', c, { backing: [b, a, base] })] }),
    frozenDisks: frozen({ a: base, b: a, c: b }),
    files: looked({
      images: {
        [c]: image(b, { allocatedBytes: 4 }),
        [b]: image(a, { allocatedBytes: 2 }),
        [a]: image(base, { allocatedBytes: 1 }),
        [base]: image(),
      },
    }),
    otherVms: [],
    blockJobs: [],
    ...more,
  });
}
const offOwned = (): Partial<Facts> => ({ vm: { ...owned().vm, power: 'off' } });

describe('planConsolidate: layers that snapshots own', () => {
  const rows: readonly (readonly [what: string, at: Facts, wish: Wish, expected: string])[] = [
    ['running', owned(), {}, 'a b c'],
    ['running, 9.0', owned({ capabilities: capabilities(9, 0) }), {}, 'a b c'],
    ['off', owned(offOwned()), {}, 'a b c'],
    ['off, 9.0, the current one first', owned({ ...offOwned(), capabilities: capabilities(9, 0) }), {}, 'c b a'],
    ['down to one', owned(), { downTo: 'a' }, 'b c'],
    ['one is kept', owned({ kept: ['b'] }), {}, 'a c'],
    ['off, 9.0, one is kept', owned({ ...offOwned(), kept: ['b'], capabilities: capabilities(9, 0) }), {}, 'c'],
    ['all disks of them', owned(), { targets: ['vda'] }, 'a b c'],
  ];
  for (const [what, at, wish, expected] of rows) {
    it(`${what}: ${expected}`, () => {
      assert.equal(shortSteps(planned(consolidate(wish), at)), expected);
    });
  }

  it('says which snapshots go, how much is moved in all, and what stays and why', () => {
    const plan = planned(consolidate(), owned({ kept: ['b'] }));
    assert.deepEqual(plan.losses, [{ kind: 'restorePoints', names: ['a', 'c'] }]);
    assert.equal(plan.spaceBytes, 1 + 4);
    const skipped = plan.warnings.flatMap((one) => (one.kind === 'skipped' ? [[one.snapshot, one.why.reason]] : []));
    assert.deepEqual(skipped, [['b', 'snapshotKept']]);
  });

  it('counts what is moved again where the newest has to go first', () => {
    const { spaceBytes } = planned(consolidate(), owned({ ...offOwned(), capabilities: capabilities(9, 0) }));
    assert.equal(spaceBytes, 4 + (4 + 2) + (4 + 2 + 1));
  });

  const other = '/img/web.x';
  const branch = owned({
    tree: tree([external('a'), external('b', 'a'), external('c', 'b'), external('x', 'a')], 'c'),
    frozenDisks: frozen({ a: base, b: '/img/web.a', c: '/img/web.b', x: other }),
    files: looked({
      images: {
        ...Object.fromEntries(owned().files!.images),
        [other]: image(base),
        '/img/web.x.over': image(other),
      },
    }),
  });
  it('leaves what another branch needs', () => {
    const plan = planned(consolidate(), branch);
    assert.equal(shortSteps(plan), 'b c');
    assert.deepEqual(
      plan.warnings.flatMap((one) => (one.kind === 'skipped' ? [one.snapshot] : [])),
      ['a'],
    );
  });

  const refusals: readonly (readonly [what: string, at: Facts, wish: Wish, expected: string])[] = [
    ['all are kept', owned({ kept: ['a', 'b', 'c'] }), {}, 'snapshotKept'],
    ['down to the current one', owned(), { downTo: 'c' }, 'nothingToConsolidate'],
    ['down to one that is not there', owned(), { downTo: 'y' }, 'snapshotMissing'],
    ['down to one of another branch', branch, { downTo: 'x' }, 'notOnSnapshot'],
    ['only a disk of several', owned(), { targets: [] }, 'snapshotsHoldAllDisks'],
    ['another VM rests on the base', owned(stranger([base, '/img/web.a', '/img/web.b'])), {}, 'usedByOtherVm'],
    [
      'a delete that broke off',
      owned({
        tree: tree(
          [
            external('a'),
            external('b', 'a', {
              disks: [{ target: 'vda', location: 'external', file: '/img/web.b', deleteInProgress: true }],
            }),
            external('c', 'b'),
          ],
          'c',
        ),
      }),
      {},
      'unfinishedDelete',
    ],
    ['8.0', owned({ capabilities: capabilities(8, 0) }), {}, 'externalDeleteUnsupported'],
    ['an internal parent', owned({ tree: tree([internal('i'), external('a', 'i')], 'a') }), {}, 'internalParent'],
  ];
  for (const [what, at, wish, expected] of refusals) {
    it(`${what}: ${expected}`, () => {
      assert.equal(verdict(planOperation(consolidate(wish), at)), expected);
    });
  }
});

describe('planPrune', () => {
  it('deletes each by itself, and says what stays and why', () => {
    const plan = planned(prune('c', 'a', 'b', 'gone'), owned({ kept: ['b'] }));
    assert.equal(shortSteps(plan), 'a');
    const skipped = plan.warnings.flatMap((one) => (one.kind === 'skipped' ? [[one.snapshot, one.why.reason]] : []));
    assert.deepEqual(skipped, [
      ['b', 'snapshotKept'],
      ['c', 'currentStays'],
    ]);
  });

  it('takes internal ones, leaves first', () => {
    const at = facts({ tree: tree([internal('a'), internal('b', 'a'), internal('x', 'a')], 'b') });
    const plan = planned(prune('a', 'x'), at);
    assert.equal(shortSteps(plan), 'x a');
    assert.deepEqual(plan.losses, [{ kind: 'restorePoints', names: ['x', 'a'] }]);
  });

  it('lets one go that can only after another', () => {
    const at = owned({
      tree: tree([external('a'), external('b', 'a'), external('c', 'b'), external('x', 'a')], 'c'),
      frozenDisks: frozen({ a: base, b: '/img/web.a', c: '/img/web.b', x: '/img/web.x' }),
      files: looked({ images: { ...Object.fromEntries(owned().files!.images), '/img/web.x': image(base) } }),
    });
    assert.equal(verdict(planOperation(ask.remove('a'), at)), 'severalChildren');
    assert.equal(shortSteps(planned(prune('a', 'x'), at)), 'x a');
  });

  it('is refused where nothing can go', () => {
    assert.equal(refused(prune('gone'), owned()).reason, 'snapshotMissing');
    assert.equal(refused(prune('c'), owned()).reason, 'currentStays');
    assert.equal(refused(prune('b'), owned({ kept: ['b'] })).reason, 'snapshotKept');
  });

  it('looks at each again before its turn', () => {
    const plan = planned(prune('a', 'b'), owned());
    const without = owned({
      tree: tree([external('b'), external('c', 'b')], 'c'),
      vm: vm({ disks: [disk('vda', '/img/web.c', { backing: ['/img/web.b', base] })] }),
      frozenDisks: frozen({ b: base, c: '/img/web.b' }),
      files: looked({ images: { '/img/web.c': image('/img/web.b'), '/img/web.b': image(base), [base]: image() } }),
    });
    assert.equal(planRest(plan.request, without, plan, 1), 'same');
    const rest = planRest(plan.request, { ...without, blockJobs: ['vda'] }, plan, 1);
    assert.ok(rest !== 'same' && rest.refusal.reason === 'blockJobRunning', JSON.stringify(rest));
  });
});
