// What becomes of the current state before a revert leaves it.
import assert from 'node:assert/strict';
import type { AfterRevert, OperationRequest } from '../../../src/domain/operation.js';
import type { Facts } from '../../../src/domain/facts.js';
import type { Hardware } from '../../../src/domain/hardware.js';
import type { Vm } from '../../../src/domain/vm.js';
import { alone, image, over, seen } from '../domain/hostFiles.js';
import { recordsToKeep } from '../../../src/domain/chains/frozenLayers.js';
import { automaticTitles } from '../../../src/domain/automaticTitles.js';
import { ask, capabilities, disk, external, frozen, internal, facts, now, tree, vm } from '../domain/someFacts.js';
import { planOperation } from '../../../src/operations/decide/planOperation.js';
import { asked, Golden } from './golden.js';

const golden = new Golden('checkpoint');
type Row = readonly [what: string, Facts, name?: string, after?: AfterRevert];
const revertTo = ([what, at, name = 'a', after]: Row) => [what, ask.revert(name, after), at] as const;
const keep = (row: Row) => {
  const [what, request, at] = revertTo(row);
  return [what, { ...request, checkpointFirst: true } as OperationRequest, at] as const;
};
const kept = (rows: readonly Row[]) => asked(rows.map(keep));
const bare = (rows: readonly Row[]) => asked(rows.map(revertTo));
/** Each with its checkpoint and without. */
const both = (rows: readonly Row[]) => [
  ...kept(rows),
  ...bare(rows.map(([what, ...rest]) => [`without: ${what}`, ...rest])),
];

const base = '/img/web.qcow2';
/** `a`, then `b`, and the VM above it. */
function outside(more: Partial<Vm> = {}, rest: Partial<Facts> = {}): Facts {
  return facts({
    tree: tree([external('a'), external('b', 'a')], 'b'),
    vm: vm({ disks: [disk('vda', '/img/web.b', { backing: ['/img/web.a', base] })], ...more }),
    frozenDisks: frozen({ a: base, b: '/img/web.a' }),
    files: seen({
      [base]: image(),
      '/img/web.a': over(base),
      '/img/web.b': over('/img/web.a', { allocatedBytes: 77 }),
    }),
    ...alone,
    ...rest,
  });
}
function inside(more: Partial<Vm> = {}, rest: Partial<Facts> = {}): Facts {
  return facts({
    tree: tree([internal('a'), internal('b', 'a')], 'b'),
    vm: vm(more),
    frozenDisks: frozen({ a: base }),
    files: seen({ [base]: image({ tags: ['a', 'b'] }) }),
    ...alone,
    ...rest,
  });
}
const off = { power: 'off' } as const;
const saved = { ...off, managedSave: true } as const;

golden.section(
  'its kind, and the revert that follows',
  kept([
    ['running, internal', inside()],
    ['paused, internal', inside({ power: 'paused' })],
    ['off, internal', inside(off)],
    ['a managed save, internal', inside(saved)],
    ['a managed save, internal, as before', inside(saved), 'a', 'asBefore'],
    ['running, external', outside()],
    ['off, external', outside(off)],
    ['a managed save, external', outside(saved)],
    ['RAM cannot be saved, external', outside({ devices: ['hostDevice'] })],
    ['RAM cannot be saved, external, an agent answers', outside({ devices: ['virtiofs'] }, { agent: 'answers' })],
    ['only a TPM, external', outside({ devices: ['tpm'] })],
    ['the test driver', inside({}, { capabilities: capabilities(9, 0, { driver: 'test' }) })],
  ]),
);

const seamlessly = (what: string, at: Facts) => {
  const [, request] = keep([what, at]);
  return [what, { ...request, seamless: true } as OperationRequest, at] as const;
};
golden.section(
  'the guest runs on while it is taken, where that can be had and is wanted',
  asked([
    seamlessly('it can be had', outside({}, { seamless: { kind: 'yes' } })),
    seamlessly('nobody has asked QEMU', outside({}, { seamless: { kind: 'untried' } })),
    seamlessly('it cannot be had', outside({}, { seamless: { kind: 'no', why: 'kernel' } })),
    seamlessly('paused', outside({ power: 'paused' }, { seamless: { kind: 'yes' } })),
    seamlessly('internal', inside({}, { seamless: { kind: 'yes' } })),
    keep(['nobody wants it', outside({}, { seamless: { kind: 'yes' } })]),
  ]),
);

const titled = (title: string, auto?: 'revert'): Facts => {
  const trailers = auto === undefined ? {} : { auto };
  return outside({}, { tree: tree([{ ...external('a', undefined, { title }), trailers }], 'a') });
};
golden.section(
  'its title does not grow when reverts are undone, and undone again',
  kept([
    [
      'a title that is taken',
      outside(
        {},
        { tree: tree([external('a'), external('b', 'a', { title: automaticTitles.beforeRevert(now) })], 'b') },
      ),
    ],
    ['undone', titled('Before revert, 05:29', 'revert')],
    ['undone again', titled('Before undo, 05:29', 'revert')],
    ['a person’s own title', titled('Before revert, 05:29')],
  ]),
);

const mixed = { tree: tree([internal('a'), external('b', 'a')], 'b'), frozenDisks: frozen({ a: '/img/x' }) };
const tight = seen({ [base]: image({ tags: ['a', 'b'] }) }, {}, { freeBytes: new Map([['/img', 2 ** 20]]) });
golden.section('it cannot be taken, and the revert without it can be done', [
  ...both([
    ['RAM cannot be saved, internal', inside({ devices: ['9p'] })],
    [
      'a managed save that would be continued below an overlay',
      outside({ ...saved, savedDisks: [{ target: 'vda', file: '/img/web.a' }] }),
    ],
    ['a managed save that cannot be saved again', outside({ ...saved, devices: ['9p'] })],
    [
      'a managed save, internal, where QEMU takes no snapshot inside before the VM ran again',
      inside(saved, { capabilities: capabilities(11, 3, { hypervisor: 10_000_013 }) }),
    ],
    ['both styles', inside({}, mixed)],
    ['asleep', inside({ power: 'asleep' })],
    ['crashed', inside({ power: 'crashed' })],
    ['no room', inside({}, { files: tight })],
  ]),
  ...kept([
    [
      'not what stands in the way of a revert that cannot be done anyway',
      inside({ devices: ['9p'] }, { files: seen({ [base]: image({ tags: ['b'] }) }) }),
    ],
  ]),
]);

const images = { [base]: image(), '/img/web.a': over(base), '/img/web.b': over('/img/web.a', { empty: true }) };
const empty = { files: seen(images) };
const top = (of: (typeof images)['/img/web.b'] | 'unknown'): Facts =>
  outside(off, { files: seen({ ...images, '/img/web.b': of }) });
const unchanged = (tags: readonly string[], ...since: readonly string[]) => ({
  files: seen({ [base]: image({ tags, unchangedSince: since }) }),
});
/** The configuration has another file, or other memory, than when each snapshot was taken. */
const configured = (file: string, memory: string): Pick<Facts, 'hardware'> => {
  const of = (file: string, bytes: string): Hardware => ({
    xml: '',
    items: [
      { part: 'memory', id: 'memory', facts: { bytes }, whole: bytes },
      { part: 'disk', id: 'vda', facts: { file }, whole: file, bare: '' },
    ],
  });
  const then = of('external', '1');
  return { hardware: { now: of(file, memory), then: new Map(['a', 'b'].map((name) => [name, then])) } };
};
/** `b` froze a layer that was written at the first time, and is at the other. */
const written = (...[then, now]: readonly [number, number]): Facts => {
  const at = (modifiedAt: number): Facts =>
    outside(off, { files: seen({ ...images, '/img/web.a': over(base, { modifiedAt }) }) });
  return { ...at(now), frozenRecords: recordsToKeep(at(then)) ?? [] };
};
/** `b` is a tag that was taken at the first time, and is at the other. */
const retaken = (...[then, now]: readonly [number, number]): Facts => {
  const takenAt = new Map([['b', now]]);
  return inside(off, {
    files: seen({ [base]: image({ tags: ['a', 'b'], unchangedSince: ['b'], takenAt }) }),
    frozenRecords: [{ name: 'b', createdAt: 0, chains: [{ target: 'vda', layers: [], tagAt: then }] }],
  });
};
const unknown = ({ hardware: _, ...known }: Facts): Facts => known;
golden.section(
  'the configuration is lost without it, unless it is that of the current one',
  bare([
    ['as when the current one was taken', outside(off, empty)],
    ['configured otherwise since', outside(off, { ...empty, ...configured('external', '2') })],
    ['not known how it was configured', unknown(outside(off, empty))],
  ]),
);
golden.section(
  'it can be spared',
  kept([
    ['external, an empty overlay on what the current one froze', outside(off, empty)],
    ['external, running', outside({}, empty)],
    ['external, a managed save', outside(saved, empty)],
    ['external, not known whether empty', outside(off)],
    ['external, written to', top(over('/img/web.a', { empty: false }))],
    ['external, empty on another file', top(over(base, { empty: true }))],
    ['external, empty and larger', top(over('/img/web.a', { empty: true, virtualBytes: 2 ** 40 }))],
    ['external, files not seen', top('unknown')],
    ['external, configured otherwise since', outside(off, { ...empty, ...configured('external', '2') })],
    [
      'internal, configured otherwise since',
      inside(off, { ...unchanged(['a', 'b'], 'b'), ...configured('file', '2') }),
    ],
    ['internal, on another file since', inside(off, { ...unchanged(['a', 'b'], 'b'), ...configured('file', '1') })],
    ['external, on an overlay since', outside(off, { ...empty, ...configured('file', '1') })],
    ['external, not known how it was configured', unknown(outside(off, empty))],
    ['external, UEFI', outside({ ...off, firmware: 'uefiRawNvram' }, empty)],
    [
      'external, one of two disks took no part',
      outside(
        { ...off, disks: [disk('vda', '/img/web.b'), disk('vdb', '/img/data')] },
        { files: seen({ ...images, '/img/data': image({ empty: true }) }) },
      ),
    ],
    ['internal, as when the current one was taken', inside(off, unchanged(['a', 'b'], 'b'))],
    ['internal, as when another one was taken', inside(off, unchanged(['a', 'b'], 'a'))],
    ['external, the layer that the current one froze is as it was noted', written(9_000, 9_000)],
    ['external, the layer that the current one froze has changed', written(9_000, 19_000)],
    ['internal, the current tag is as it was noted', retaken(9, 9)],
    ['internal, the current tag was made anew', retaken(9, 19)],
    ['internal, not known', inside(off)],
    ['no current snapshot', inside(off, { tree: tree([internal('a')]), ...unchanged(['a'], 'a') })],
    ['nothing looked at', facts({ tree: tree([internal('a')], 'a'), vm: vm(off) })],
  ]),
);

// Measured on 11.3: p, a; revert to p; b; delete b: without a checkpoint, the file that a is built on would go.
const onP = outside(
  { disks: [disk('vda', '/img/web.77', { backing: [base] })] },
  {
    tree: tree([external('p'), external('a', 'p')], 'p'),
    frozenDisks: frozen({ p: base, a: '/img/web.p' }),
    files: seen({ [base]: image(), '/img/web.p': over(base), '/img/web.77': over(base) }),
  },
);
golden.section(
  'the way back is decided on the tree with the checkpoint in it',
  both([
    ['libvirt removes its overlay, and no other', onP],
    [
      'it is a current snapshot, so that the daemon does not crash',
      outside({}, { tree: tree([external('a'), external('b', 'a')]) }),
    ],
    [
      'it does not make good what the VM wrote into the snapshot’s own file',
      outside({ disks: [disk('vda', '/img/web.a', { backing: [base] })] }),
      'b',
    ],
  ]),
);

golden.section(
  'without a checkpoint',
  bare([
    ['a managed save, which would put its RAM on other disks', inside(saved)],
    ['an overlay that holds just the changes', outside()],
    ['an image that holds everything', inside()],
    ['off, external', outside(off)],
  ]),
);
golden.end();

describe('a checkpoint of a revert that is decided twice', () => {
  for (const [when, begunAt, isSame] of [
    ['after the minute in which it began', now, true],
    ['else after that of the decision', undefined, false],
  ] as const) {
    it(`is named ${when}`, () => {
      const name = (at: number): unknown => {
        const request = { ...ask.revert('a'), checkpointFirst: true, ...(begunAt !== undefined && { begunAt }) };
        const plan = planOperation(request, inside({}, { now: at }));
        return typeof plan === 'object' && plan.kind === 'plan' ? plan.checkpoint : assert.fail();
      };
      assert.equal(name(now) === name(now + 60_000), isSame);
    });
  }
});
