// Fewer layers: by the deletes of the snapshots that own them, or by merging layers that nobody owns; and everything
// that stands against either.
import assert from 'node:assert/strict';
import type { ImageFacts, Observation } from '../../../src/domain/hostFiles.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Facts } from '../../../src/domain/facts.js';
import { consolidateWays } from '../../../src/operations/consolidate/consolidateWays.js';
import { remainingPlan } from '../../../src/operations/decide/remainingPlan.js';
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
  facts,
  tree,
  vm,
} from '../domain/someFacts.js';
import { asked, Golden, type GoldenCase } from './golden.js';

type Wish = Partial<Extract<OperationRequest, { kind: 'consolidate' }>>;
const consolidate = (wish: Wish = {}): OperationRequest => ({ kind: 'consolidate', vm: ref, ...wish });
const prune = (...snapshots: readonly string[]): OperationRequest => ({ kind: 'prune', vm: ref, snapshots });
const base = '/img/web.qcow2';
const [one, two] = ['/img/web.1', '/img/web.2'];

type Images = Readonly<Record<string, Observation<ImageFacts>>>;

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

const frozenOne = { tree: tree([internal('i')], 'i'), frozenDisks: frozen({ i: one }) };
const layer = { virtualBytes: 0, seen: 'there', snapshots: [], sharedWith: [] } as const;
const layers = {
  readAt: 0,
  from: 'statistics',
  snapshots: [],
  rooms: [],
  disks: [
    {
      target: 'vda',
      layers: [
        { ...layer, file: two, allocatedBytes: 5 },
        { ...layer, file: one, allocatedBytes: 7 },
      ],
      whole: true,
    },
  ],
} as const;

type Row = readonly [what: string, at: Facts, wish?: Wish];

const nobodys: readonly Row[] = [
  ['running', byHand()],
  ['down to a layer', byHand(), { downTo: one }],
  ['off', byHand(off(), {}, 'yes')],
  ['files that cannot be removed', byHand({ files: looked({ canAct: {} }) })],
  ['a transient VM', byHand({ vm: { ...byHand().vm, persistent: false } })],
  ['internal snapshots of other files', byHand({ tree: tree([internal('i')], 'i') })],
  ['less is free than it may need', byHand({ files: { ...byHand().files!, freeBytes: new Map([['/img', 10]]) } })],
  ['a size that nobody knows', byHand({}, { [one]: 'unknown' })],
  ['sizes that were read before, of files that cannot be seen now', byHand({ layers, files: looked({}) })],
  ['nothing known yet, for a menu', facts({ vm: byHand().vm })],
  ['one layer', facts({ files: looked({ images: { [base]: image() } }) })],
  ['down to the top', byHand(), { downTo: two }],
  ['down to a stranger', byHand(), { downTo: '/img/x' }],
  ['no such disk', byHand(), { targets: ['vdx'] }],
  ['another VM rests on the base', byHand(stranger([base]))],
  ['another VM rests on a layer', byHand(stranger([one]))],
  ['a chain that cannot be read', byHand(stranger([], ['/x']))],
  ['a block job', byHand({ blockJobs: ['vda'] })],
  ['a managed save', byHand({ vm: { ...byHand().vm, managedSave: true } })],
  ['an internal snapshot of a layer', byHand(frozenOne)],
  ['a tag in a layer', byHand({}, { [one]: image(base, { tags: ['t'] }) })],
  ['another overlay', byHand({}, { '/img/x': image(one) })],
  ['a layer that is gone', byHand({}, { [base]: 'missing' })],
  ['a damaged layer', byHand({}, { [one]: image(base, { corrupt: true }) })],
  ['a smaller overlay', byHand({}, { [two]: image(one, { virtualBytes: 5 }) })],
  ['a base that nobody may write', byHand({}, { [base]: image(undefined, { readOnly: true }) })],
  ['images that say otherwise', byHand({}, { [one]: image('/img/x'), '/img/x': image() })],
  ['a shareable disk', byHand({ vm: vm({ disks: [disk('vda', two, { backing: [one, base], shareable: true })] }) })],
  [
    'a device as base',
    byHand({ vm: vm({ disks: [disk('vda', one, { backing: ['/dev/vg/lv'] })] }) }, { [one]: image('/dev/vg/lv') }),
  ],
  ['off, of a format that is not told', byHand(off(), { [one]: image(undefined, { backing: { file: base } }) }, 'yes')],
  ['off, images that cannot be seen', byHand(off(), { [two]: 'unknown' }, 'yes')],
  ['off, files that are not ours to change', byHand(off(), {}, 'no')],
  ['asleep', byHand({ vm: { ...byHand().vm, power: 'asleep' } })],
  ['shutting down', byHand({ vm: { ...byHand().vm, power: 'shuttingDown' } })],
  ['read-only', byHand({ capabilities: capabilities(12, 8, { readOnly: true }) })],
  ['the test driver', byHand({ capabilities: capabilities(12, 8, { driver: 'test' }) })],
];

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
const marked = external('b', 'a', {
  disks: [{ target: 'vda', location: 'external', file: '/img/web.b', deleteInProgress: true }],
});
const old = { capabilities: capabilities(9, 0) };

const snapshots: readonly Row[] = [
  ['running', owned()],
  ['running, 9.0', owned(old)],
  ['off', owned(offOwned())],
  ['off, 9.0: the newest has to go first, and what is moved is moved again', owned({ ...offOwned(), ...old })],
  ['down to one', owned(), { downTo: 'a' }],
  ['one is kept', owned({ kept: ['b'] })],
  ['off, 9.0, one is kept', owned({ ...offOwned(), ...old, kept: ['b'] })],
  ['all disks of them', owned(), { targets: ['vda'] }],
  ['another branch needs one', branch],
  ['all are kept', owned({ kept: ['a', 'b', 'c'] })],
  ['down to the current one', owned(), { downTo: 'c' }],
  ['down to one that is not there', owned(), { downTo: 'y' }],
  ['down to one of another branch', branch, { downTo: 'x' }],
  ['only a disk of several', owned(), { targets: [] }],
  ['another VM rests on the base', owned(stranger([base, '/img/web.a', '/img/web.b']))],
  ['a delete that broke off', owned({ tree: tree([external('a'), marked, external('c', 'b')], 'c') })],
  ['8.0', owned({ capabilities: capabilities(8, 0) })],
  ['an internal parent', owned({ tree: tree([internal('i'), external('a', 'i')], 'a') })],
];

const waits = owned({
  tree: tree([external('a'), external('b', 'a'), external('c', 'b'), external('x', 'a')], 'c'),
  frozenDisks: frozen({ a: base, b: '/img/web.a', c: '/img/web.b', x: other }),
  files: looked({ images: { ...Object.fromEntries(owned().files!.images), [other]: image(base) } }),
});
const inside = facts({ tree: tree([internal('a'), internal('b', 'a'), internal('x', 'a')], 'b') });

const consolidates = (rows: readonly Row[]): readonly GoldenCase[] =>
  asked(rows.map(([what, at, wish]) => [what, consolidate(wish), at]));

const consolidateGolden = new Golden('consolidate');
consolidateGolden.section('layers that nobody owns', consolidates(nobodys));
consolidateGolden.section('layers that snapshots own', consolidates(snapshots));
consolidateGolden.end();

const pruneGolden = new Golden('prune');
pruneGolden.section(
  'prune',
  asked([
    ['one is kept, one is current and one is not there', prune('c', 'a', 'b', 'gone'), owned({ kept: ['b'] })],
    ['internal ones, leaves first', prune('a', 'x'), inside],
    ['one that can go only after another', prune('a', 'x'), waits],
    ['that one alone', ask.remove('a'), waits],
    ['none of them is there', prune('gone'), owned()],
    ['the current one', prune('c'), owned()],
    ['one that is kept', prune('b'), owned({ kept: ['b'] })],
  ]),
);
pruneGolden.end();

describe('planConsolidate', () => {
  it('looks at each disk again before its turn', () => {
    const b = ['/img/b.1', '/img/b.qcow2'];
    const disks = [disk('vda', two, { backing: [one, base] }), disk('vdb', b[0], { backing: [b[1]!] })];
    const at = byHand({ vm: vm({ disks }) }, { [b[0]!]: image(b[1]), [b[1]!]: image() });
    const plan = planned(consolidate(), at);
    const done = { ...at, vm: vm({ disks: [disk('vda', base, { backing: [] }), disks[1]!] }) };
    assert.equal(remainingPlan(plan.request, done, plan, 1), 'same');
    const taken = { ...done, otherVms: [{ uuid: 'x', name: 'other', files: [b[1]!], unread: [] }] };
    assert.notEqual(remainingPlan(plan.request, taken, plan, 1), 'same');
  });
});

describe('planPrune', () => {
  it('looks at each again before its turn', () => {
    const plan = planned(prune('a', 'b'), owned());
    const without = owned({
      tree: tree([external('b'), external('c', 'b')], 'c'),
      vm: vm({ disks: [disk('vda', '/img/web.c', { backing: ['/img/web.b', base] })] }),
      frozenDisks: frozen({ b: base, c: '/img/web.b' }),
      files: looked({ images: { '/img/web.c': image('/img/web.b'), '/img/web.b': image(base), [base]: image() } }),
    });
    assert.equal(remainingPlan(plan.request, without, plan, 1), 'same');
    const rest = remainingPlan(plan.request, { ...without, blockJobs: ['vda'] }, plan, 1);
    assert.ok(rest !== 'same' && rest.refusal.reason === 'blockJobRunning', JSON.stringify(rest));
  });
});

describe('the ways to consolidate', () => {
  const three = tree([external('a'), external('b', 'a'), external('c', 'b')]);

  it('begin with the one down to the newest that is kept, else go as far as it goes', () => {
    assert.deepEqual(consolidateWays({ ...three, current: 'c' }, ['a', 'b'], ['vda']), [
      { downTo: 'b' },
      { downTo: 'a' },
      {},
    ]);
    assert.deepEqual(consolidateWays({ ...three, current: 'c' }, [], ['vda']), [{}, { downTo: 'b' }, { downTo: 'a' }]);
    assert.deepEqual(consolidateWays({ ...three, current: 'c' }, ['c'], ['vda'])[0], {});
  });

  it('are by disk where no snapshot owns the layers', () => {
    assert.deepEqual(consolidateWays({ snapshots: [] }, [], ['vda', 'vdb']), [
      {},
      { targets: ['vda'] },
      { targets: ['vdb'] },
    ]);
    assert.deepEqual(consolidateWays({ snapshots: [] }, [], ['vda']), [{}]);
  });
});
