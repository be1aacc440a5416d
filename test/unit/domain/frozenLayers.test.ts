// What a snapshot rests on is compared with what was noted of it.
import assert from 'node:assert/strict';
import { frozenAgainRefusal } from '../../../src/domain/chains/frozenAgain.js';
import {
  changedLayers,
  contentChangedRefusal,
  isOtherTag,
  recordsToKeep,
  recordsWhileWritten,
  unnotedSnapshots,
} from '../../../src/domain/chains/frozenLayers.js';
import { isSame, vouchedTime } from '../../../src/domain/chains/layerIdentity.js';
import type { Facts } from '../../../src/domain/facts.js';
import type { FileFacts, ImageFacts } from '../../../src/domain/hostFiles.js';
import { planOperation } from '../../../src/operations/decide/planOperation.js';
import { image, over, seen } from './hostFiles.js';
import { disk, external, facts, frozen, internal, ref, tree, vm } from './someFacts.js';

const base = '/img/web.qcow2';
const [a, b, c] = ['/img/web.a', '/img/web.b', '/img/web.c'];
const then = 1e12 + 0.5;
const hour = 3_600_000;

type Images = Readonly<Record<string, ImageFacts>>;
const whole: Images = {
  [base]: image({ modifiedAt: then, tables: 'base', sample: 'base', change: { at: then, of: 'base' } }),
  [a]: over(base, { modifiedAt: then, tables: 'a' }),
  [b]: over(a, { modifiedAt: then, tables: 'b', sample: 'b' }),
  [c]: over(b, { modifiedAt: then + hour }),
};

/** `one` froze the base, `two` a, `three` b; the VM is on c. */
function chain(images: Images, names: Readonly<Record<string, string>> = {}): Facts {
  const snapshots = [
    external('one', undefined, { createdAt: 1_000, disks: [{ target: 'vda', location: 'external', file: a }] }),
    external('two', 'one', { createdAt: 2_000, disks: [{ target: 'vda', location: 'external', file: b }] }),
    external('three', 'two', { createdAt: 3_000, disks: [{ target: 'vda', location: 'external', file: c }] }),
  ];
  return facts({
    tree: tree(snapshots, 'three'),
    vm: vm({ power: 'off', disks: [disk('vda', c)] }),
    frozenDisks: frozen({ one: base, two: a, three: b, ...names }),
    files: seen(images),
  });
}
const noted = recordsToKeep(chain(whole));
const changedIn = (now: Facts): string =>
  now.tree.snapshots
    .flatMap((one) => changedLayers(one, now).map(({ file }) => `${one.name}: ${file.slice('/img/web.'.length)}`))
    .join(', ');
const with_ = (file: string, more: Partial<ImageFacts>): Images => ({ ...whole, [file]: { ...whole[file]!, ...more } });

describe('what a snapshot keeps beside its disks', () => {
  const nvram = '/img/VARS.fd';
  const copy = `${nvram}.one`;
  const kept = { bytes: 528, allocatedBytes: 4_096, modifiedAt: then, sum: 'a' };
  const now = (file: FileFacts | 'missing', more: Partial<Facts> = {}): Facts => {
    const before = chain(whole);
    const [one, ...others] = before.tree.snapshots;
    const own = { ...one!, trailers: { ...one!.trailers, createdBy: 'virt-rewind' } };
    return {
      ...before,
      vm: { ...before.vm, nvram },
      tree: tree([own, ...others], 'three'),
      files: { ...before.files!, files: new Map([[copy, file]]) },
      ...more,
    };
  };
  const notes = recordsToKeep(now(kept));
  const rows: readonly (readonly [what: string, FileFacts | 'missing', is: 'same' | 'changed'])[] = [
    ['as it was', kept, 'same'],
    ['gone', 'missing', 'same'],
    ['a copy of it', { ...kept, modifiedAt: then + hour }, 'same'],
    ['with other bytes and its old time', { ...kept, sum: 'b' }, 'changed'],
    ['shorter', { ...kept, bytes: 100, sum: 'b' }, 'changed'],
    ['empty', { ...kept, bytes: 0, sum: 'c' }, 'changed'],
    ['a link to one like it', { ...kept, isLink: true }, 'changed'],
  ];
  for (const [what, file, is] of rows) {
    it(`${what} → ${is}`, () => {
      const facts_ = now(file, { frozenRecords: notes! });
      const found = changedLayers(facts_.tree.snapshots[0]!, facts_).map((one) => one.file);
      assert.deepEqual(found, is === 'same' ? [] : [copy]);
    });
  }

  it('is not known to notes of before, which are noted anew', () => {
    const old = notes!.map((one) => ({ ...one, chains: one.chains.filter(({ target }) => target === 'vda') }));
    const facts_ = now({ ...kept, sum: 'b' }, { frozenRecords: old });
    assert.deepEqual(changedLayers(facts_.tree.snapshots[0]!, facts_), []);
    assert.ok(unnotedSnapshots(facts_).includes('one'));
    assert.ok(!unnotedSnapshots(now(kept, { frozenRecords: notes! })).includes('one'));
  });
});

describe('what a snapshot rests on', () => {
  const all = 'one: qcow2, two: qcow2, three: qcow2';
  const merged: Images = {
    [base]: image({ modifiedAt: then + hour, tables: 'base and a' }),
    [b]: over(base, { modifiedAt: then + hour, tables: 'b' }),
    [c]: whole[c]!,
  };
  const rows: readonly (readonly [what: string, Images, names: Readonly<Record<string, string>>, expected: string])[] =
    [
      ['nothing changed', whole, {}, ''],
      ['the base was written to', with_(base, { modifiedAt: then + 5 }), {}, all],
      ['another file came with an older time', with_(base, { modifiedAt: then - hour }), {}, all],
      ['one of another size came with the same time', with_(base, { virtualBytes: 2 ** 30 }), {}, all],
      ['one with other tables came with the same time', with_(base, { tables: 'other' }), {}, all],
      ['one with other blocks came with the same time', with_(base, { sample: 'other' }), {}, all],
      ['who looks sees no blocks', { ...whole, [base]: image({ modifiedAt: then, tables: 'base' }) }, {}, ''],
      ['it was copied to where times are whole seconds', with_(base, { modifiedAt: 1e12 }), {}, ''],
      ['who looks sees no tables', { ...whole, [base]: image({ modifiedAt: then }) }, {}, ''],
      ['who looks sees no times', { ...whole, [base]: { ...image(), modifiedAt: undefined } as never }, {}, ''],
      ['it is read as another format', with_(base, { format: 'raw', virtualBytes: 4_096 }), {}, ''],
      ['its owner and mode changed', with_(base, { readOnly: true, real: '9:9' }), {}, ''],
      ['somebody gave it its time back', with_(base, { change: { at: then + 5, of: 'base' } }), {}, all],
      ['its owner changed, and so did the rest', with_(base, { change: { at: then + 5, of: 'other' } }), {}, ''],
      ['it cannot be written to', with_(base, { change: { at: then + 5, of: 'base' }, immutable: true }), {}, ''],
      [
        'somebody vouches for it, by its time in milliseconds',
        with_(base, { change: { at: then + 5, of: 'base' }, modifiedAt: 1e12 + 1 }),
        {},
        '',
      ],
      ['the VM writes to its own file', with_(c, { modifiedAt: then + 2 * hour, bytes: 9_999 }), {}, ''],
      ['a layer was written to', with_(b, { modifiedAt: then + 5 }), {}, 'three: web.b'.replace('web.', '')],
      [
        'its header names its base by another path',
        with_(a, { modifiedAt: then + 5, backing: { file: '/link/web.qcow2', format: 'qcow2' } }),
        {},
        'two: a, three: a',
      ],
      [
        'the same, and its time was set back by hand',
        with_(a, { backing: { file: '/link/web.qcow2', format: 'qcow2' } }),
        {},
        '',
      ],
      [
        'a merge took a layer out, and other blocks were written too',
        { ...merged, [b]: { ...merged[b]!, sample: 'other' } },
        { two: base },
        'one: qcow2, three: b',
      ],
      [
        'another client merged the second layer into the base, libvirt knows nothing of it',
        { ...whole, [base]: merged[base]!, [b]: merged[b]! },
        {},
        'one: qcow2',
      ],
      ['libvirt merged the second layer into the base', merged, { two: base }, 'one: qcow2'],
      [
        'the base was written to long after such a merge',
        { ...merged, [base]: image({ modifiedAt: then + 2 * hour }) },
        { two: base },
        'one: qcow2, three: qcow2',
      ],
    ];
  it('is told apart from one that was changed, where only its last change is another', () => {
    const reasonOf = (images: Images): unknown => {
      const now = { ...chain(images, {}), frozenRecords: noted! };
      return contentChangedRefusal(now.tree.snapshots[0]!, now)?.refusal.facts['time'];
    };
    const change = { at: then + 5, of: 'base' };
    assert.equal(reasonOf(with_(base, { change })), 'old');
    assert.equal(reasonOf(with_(base, { change, modifiedAt: then + 5 })), undefined);
    assert.equal(reasonOf(with_(base, { change, sample: 'other' })), undefined);
  });
  it('is as it was where libvirt gave it to QEMU’s user anew, as at a revert to RAM', () => {
    const of = '1:2:64055:64055:33152';
    const facts_ = (at: number, more: Partial<ImageFacts> = {}) => {
      const seen = chain(with_(base, { change: { at, of }, ...more }), {});
      return { ...seen, capabilities: { ...seen.capabilities, fileOwner: '64055:64055' } };
    };
    const before = { ...facts_(then), capabilities: facts().capabilities };
    const after = (more: Partial<ImageFacts>) => ({ ...facts_(then + 5, more), frozenRecords: recordsToKeep(before)! });
    const changed = (now: Facts): number => changedLayers(now.tree.snapshots[0]!, now).length;
    assert.equal(changed(after({})), 0);
    assert.equal(changed(after({ modifiedAt: then + 5 })), 1);
    assert.equal(changed(after({ sample: 'other' })), 1);
  });
  it('is vouched for by a time that counts as the same, on a file system of seconds too', () => {
    for (const at of [1e12, 1e12 + 1, 1e12 + 998, 1e12 + 999, 1e12 + 999.7]) {
      const was = { file: base, format: 'qcow2', bytes: 1, virtualBytes: 1, modifiedAt: at, change: { at, of: 'a' } };
      const now = { ...image({ bytes: 1, virtualBytes: 1 }), change: { at: at + 9, of: 'a' } };
      assert.ok(isSame(was, { ...now, modifiedAt: Date.parse(vouchedTime(was)) }), String(at));
    }
  });
  for (const [what, images, names, expected] of rows) {
    it(`${what} → ${expected === '' ? 'as it was' : expected}`, () => {
      assert.equal(changedIn({ ...chain(images, names), frozenRecords: noted! }), expected);
    });
  }

  it('is below an image, where the snapshot is inside of that', () => {
    const inside = (images: Images): Facts =>
      facts({ tree: tree([internal('in')], 'in'), frozenDisks: frozen({ in: a }), files: seen(images) });
    const records = recordsToKeep(inside(whole));
    assert.equal(changedIn({ ...inside(with_(a, { modifiedAt: then + 5 })), frozenRecords: records! }), '');
    assert.equal(changedIn({ ...inside(with_(base, { modifiedAt: then + 5 })), frozenRecords: records! }), 'in: qcow2');
  });

  it('is its RAM too, known by its size and time; what an earlier version noted has none', () => {
    const ram = '/img/web.mem';
    const taken = external('on', undefined, { createdAt: 1_000, memory: 'external', memoryFile: ram });
    const on = (more: { readonly bytes?: number; readonly modifiedAt?: number } | 'missing' | 'unknown'): Facts => {
      const file = typeof more === 'string' ? more : { bytes: 9, allocatedBytes: 9, modifiedAt: then, ...more };
      return facts({
        tree: tree([taken], 'on'),
        frozenDisks: frozen({ on: base }),
        files: { ...seen(whole), files: new Map([[ram, file]]) },
      });
    };
    const records = recordsToKeep(on({}))!;
    const told = (now: Facts): string =>
      changedLayers(taken, now)
        .map(({ target, file }) => `${target} ${file}`)
        .join();
    const rows = [
      [on({}), ''],
      [on({ bytes: 8 }), `memory ${ram}`],
      [on({ modifiedAt: then + 5 }), `memory ${ram}`],
      [on({ modifiedAt: then - 5 }), `memory ${ram}`],
      [on({ bytes: 0 }), ''],
      [{ ...on({ bytes: 8 }), savedRam: new Map([[ram, 'broken' as const]]) }, ''],
      [on('missing'), ''],
      [on('unknown'), ''],
    ] as const;
    for (const [now, expected] of rows) {
      assert.equal(told({ ...now, frozenRecords: records }), expected);
      assert.equal(recordsToKeep({ ...now, frozenRecords: records }), undefined, 'the note stays');
    }
    assert.equal(recordsToKeep({ ...on({}), frozenDisks: new Map(), frozenRecords: records }), undefined);
    const earlier = records.map((one) => ({ ...one, chains: one.chains.filter(({ target }) => target === 'vda') }));
    assert.equal(told({ ...on({ bytes: 8 }), frozenRecords: earlier }), '');
    assert.deepEqual(unnotedSnapshots({ ...on({}), frozenRecords: earlier }), ['on']);
    assert.deepEqual(recordsToKeep({ ...on({}), frozenRecords: earlier }), records);
    assert.deepEqual(recordsToKeep({ ...on('unknown'), frozenRecords: [] }), earlier);
    assert.deepEqual(unnotedSnapshots({ ...on({}), frozenRecords: records }), []);
  });

  it('is its RAM under whatever name; one that two name is the RAM of the one that was noted with it', () => {
    const [ramA, ramB, moved] = ['/img/a.mem', '/img/b.mem', '/img/moved.mem'];
    const file = { bytes: 9, allocatedBytes: 9, modifiedAt: then };
    const of = (one: string, two: string, [at, overlay]: readonly [number, string] = [2_000, b]): Facts => {
      const taken = (name: string, createdAt: number, memoryFile: string, made: string) =>
        external(name, undefined, {
          createdAt,
          memory: 'external',
          memoryFile,
          disks: [{ target: 'vda', location: 'external', file: made }],
        });
      return facts({
        tree: tree([taken('one', 1_000, one, a), taken('two', at, two, overlay)], 'two'),
        frozenDisks: frozen({ one: base, two: base }),
        files: {
          ...seen(whole),
          files: new Map([
            [ramA, file],
            [ramB, { ...file, modifiedAt: then + hour }],
            [moved, file],
          ]),
        },
      });
    };
    const records = recordsToKeep(of(ramA, ramB))!;
    const told = (now: Facts): string =>
      now.tree.snapshots
        .flatMap((one) => changedLayers(one, now).map((is) => `${one.name}: ${is.file} ${is.by ?? is.was?.file ?? ''}`))
        .join(', ');
    const swapped = { ...of(ramB, ramB), frozenRecords: records };
    assert.equal(told(swapped), `one: ${ramB} ${ramA}`);
    assert.equal(recordsToKeep(swapped), undefined, 'the note stays');
    const gone = { ...of('/img/gone.mem', ramB), frozenRecords: records };
    assert.equal(told(gone), '');
    assert.equal(recordsToKeep(gone), undefined, 'the note stays');
    const elsewhere = { ...of(moved, ramB), frozenRecords: records };
    assert.equal(told(elsewhere), '');
    assert.equal(told({ ...of(ramB, ramB), frozenRecords: recordsToKeep(elsewhere)! }), `one: ${ramB} ${moved}`);
    const unnoted = { ...of(ramB, ramB), frozenRecords: [] };
    assert.equal(told(unnoted), `one: ${ramB} two, two: ${ramB} one`);
    assert.equal(recordsToKeep(unnoted), undefined);
    const inOneSecond = { ...of(ramB, ramB, [1_000, b]), frozenRecords: [] };
    assert.equal(told(inOneSecond), `one: ${ramB} two, two: ${ramB} one`);
    assert.equal(told({ ...of(ramB, ramB, [1_000, a]), frozenRecords: [] }), '', 'one snapshot under two names');
  });

  it('is its tag too, known by when it was taken', () => {
    const taken = internal('in');
    const at = (time: number | undefined, tags: readonly string[] = ['in']): Facts => {
      const takenAt = time === undefined ? {} : { takenAt: new Map([['in', time]]) };
      return facts({
        tree: tree([taken], 'in'),
        frozenDisks: frozen({ in: c }),
        files: seen({ [c]: image({ tags, ...takenAt }) }),
      });
    };
    const records = recordsToKeep(at(then))!;
    const rows = [
      [at(then), false],
      [at(then + 0.001), true],
      [at(undefined), false],
      [at(then + 5, ['in', 'in']), false],
      [at(then + 5, []), false],
    ] as const;
    for (const [now, expected] of rows) {
      assert.equal(isOtherTag(taken, 'vda', { ...now, frozenRecords: records }), expected);
      assert.equal(recordsToKeep({ ...now, frozenRecords: records }), undefined, 'the note stays');
    }
    assert.equal(isOtherTag(taken, 'vda', { ...at(then + 5), frozenRecords: [] }), false);
    assert.deepEqual(unnotedSnapshots({ ...at(then), frozenRecords: [] }), ['in']);
    assert.deepEqual(unnotedSnapshots({ ...at(then), frozenRecords: records }), []);
  });

  it('is noted once, and again where a merge has changed it; what somebody has changed stays as it was noted', () => {
    assert.equal(recordsToKeep({ ...chain(whole), frozenRecords: noted! }), undefined);
    const now = { ...chain(merged, { two: base }), frozenRecords: noted! };
    const next = recordsToKeep(now)!;
    assert.deepEqual(next[0], noted![0]);
    assert.deepEqual(
      next[2]!.chains[0]!.layers.map(({ file }) => file),
      [b, base],
    );
    assert.equal(changedIn({ ...now, frozenRecords: next }), 'one: qcow2');
  });

  it('is not noted where a layer is not seen, and forgotten with the snapshot', () => {
    const { [base]: _, ...rest } = whole;
    assert.equal(recordsToKeep({ ...chain(rest), frozenRecords: [] }), undefined);
    const gone = { ...chain(whole), tree: tree([external('one', undefined, { createdAt: 1_000 })], 'one') };
    assert.deepEqual(
      recordsToKeep({ ...gone, frozenRecords: noted! })!.map(({ name }) => name),
      ['one'],
    );
  });

  it('is found under the new name of a snapshot', () => {
    const now = chain(with_(base, { modifiedAt: then + 5 }));
    const [one, ...more] = now.tree.snapshots;
    const renamed = { ...now, tree: tree([{ ...one!, name: 'first' }, ...more], 'three') };
    const named = { ...renamed, frozenDisks: frozen({ first: base, two: a, three: b }), frozenRecords: noted! };
    assert.equal(changedIn(named), 'first: qcow2, two: qcow2, three: qcow2');
  });

  it('may be anything while we write into it, unless it was changed before, or is to go', () => {
    const started = { ...chain(whole), frozenRecords: noted! };
    const half = with_(base, { modifiedAt: then + 5, tables: 'half' });
    const records = recordsWhileWritten(new Set([base, a, b, c]), ['one'], started);
    assert.equal(changedIn({ ...chain(half), frozenRecords: records }), 'one: qcow2');
    const spoilt = { ...chain(half), frozenRecords: noted! };
    const kept = recordsWhileWritten(new Set([base, a, b, c]), [], spoilt);
    assert.equal(changedIn({ ...chain(half), frozenRecords: kept }), all);
  });

  it('takes no merge where somebody has changed it; what our own merge, or libvirt’s, has left half done goes on', () => {
    const started = { ...chain(whole), frozenRecords: noted! };
    const half = chain(with_(base, { modifiedAt: then + 5, tables: 'half' }));
    const merge = (snapshot: string, at: Facts): string => {
      const request = { kind: 'delete', vm: ref, snapshot, scope: 'one' } as const;
      const decision = planOperation(request, { ...at, vm: { ...at.vm, power: 'running' } });
      return decision.kind === 'plan' ? 'plan' : decision.refusal.reason;
    };
    assert.deepEqual(
      ['one', 'two', 'three'].map((one) => merge(one, { ...half, frozenRecords: noted! })),
      ['contentChanged', 'contentChanged', 'contentChanged'],
    );
    const ours = recordsWhileWritten(new Set([base, a, b, c]), ['one'], started);
    assert.equal(merge('one', { ...half, frozenRecords: ours }), 'plan');
    // Somebody has changed it before we began.
    const theirs = recordsWhileWritten(new Set([base, a, b, c]), ['one'], { ...half, frozenRecords: noted! });
    assert.equal(merge('one', { ...half, frozenRecords: theirs }), 'contentChanged');
    // Nothing was written: from then on others are blamed again.
    const again = recordsToKeep({ ...started, frozenRecords: ours });
    assert.deepEqual(again, noted);
    const [one, two, ...more] = half.tree.snapshots;
    const begun = { ...one!, disks: one!.disks.map((each) => ({ ...each, deleteInProgress: true })) };
    const marked = (at: Facts): Facts => ({
      ...at,
      tree: tree([begun, two!, ...more], 'three'),
      frozenRecords: noted!,
    });
    const takes = chain(with_(a, { modifiedAt: then + 5, tables: 'half' }));
    assert.notEqual(merge('two', marked(takes)), 'contentChanged');
    // libvirt merges into what that one froze, and into nothing below it.
    assert.equal(merge('two', marked(half)), 'contentChanged');
  });
});

describe('a file that two snapshots froze', () => {
  const at = 1_000_000;
  /** The VM was defined on the base anew, below `one`, and `two` was created there. */
  const twice = (modifiedAt: number): Facts =>
    facts({
      tree: tree(
        [
          external('one', undefined, { createdAt: at, disks: [{ target: 'vda', location: 'external', file: a }] }),
          external('two', 'one', { createdAt: at + hour, disks: [{ target: 'vda', location: 'external', file: b }] }),
        ],
        'two',
      ),
      vm: vm({ power: 'off', disks: [disk('vda', b)] }),
      frozenDisks: frozen({ one: base, two: base }),
      files: seen({ [base]: image({ modifiedAt, tables: 'base', sample: 'base' }), [a]: over(base), [b]: over(base) }),
    });
  const refused = (now: Facts): string | undefined => frozenAgainRefusal(now.tree.snapshots[0]!, now)?.refusal.reason;
  const [before, after] = [at - 5, at + hour / 2];
  const rows: readonly (readonly [
    what: string,
    noted: Facts | undefined,
    now: number,
    expected: string | undefined,
  ])[] = [
    ['nobody wrote into it since', twice(before), before, undefined],
    ['it was written to', twice(before), after, 'frozenAgain'],
    ['it was written to before it was noted', twice(after), after, 'frozenAgain'],
    ['it was written to, and has an older time', twice(before), before - hour, 'frozenAgain'],
    ['nothing was noted', undefined, before, 'frozenAgain'],
  ];
  for (const [what, was, now, expected] of rows) {
    it(`${what} → ${expected ?? 'is as the first one froze it'}`, () => {
      const frozenRecords = was === undefined ? [] : recordsToKeep(was)!;
      assert.equal(refused({ ...twice(now), frozenRecords }), expected);
    });
  }
});
