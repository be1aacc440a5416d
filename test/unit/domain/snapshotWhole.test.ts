// What is missing is noticed before the VM is stopped for it, by libvirt's reverts and by ours alike.
import assert from 'node:assert/strict';
import type { ImageFacts } from '../../../src/domain/hostFiles.js';
import type { HardwareItem, HardwarePart } from '../../../src/domain/hardware.js';
import type { AfterRevert } from '../../../src/domain/operation.js';
import type { FileFactsByPath, OtherVm, Facts } from '../../../src/domain/facts.js';
import { planOperation } from '../../../src/operations/decide/planOperation.js';
import type { SavedRam } from '../../../src/domain/snapshot.js';
import type { VmDisk } from '../../../src/domain/vm.js';
import { type SeenFile, image, over, seen } from './hostFiles.js';
import {
  ask,
  capabilities,
  disk,
  external,
  frozen,
  internal,
  planned,
  refused,
  facts,
  tree,
  verdict,
  vm,
} from './someFacts.js';

const base = '/img/web.qcow2';

function outside(images: Readonly<Record<string, SeenFile>>, ram: 'there' | 'missing' | 'unknown' = 'there'): Facts {
  const b = external('b', 'a', { state: 'running', memory: 'external', memoryFile: '/img/b.mem' });
  return facts({
    tree: tree([external('a'), b], 'b'),
    vm: vm({ disks: [disk('vda', '/img/web.b', { backing: ['/img/web.a', base] })] }),
    frozenDisks: frozen({ a: base, b: '/img/web.a' }),
    files: seen(
      { [base]: image(), '/img/web.a': over(base), '/img/web.b': over('/img/web.a'), ...images },
      { '/img/b.mem': ram },
    ),
    otherVms: [],
    blockJobs: [],
  });
}
/** When each was written last, in milliseconds. */
function written(at: Readonly<Record<'base' | 'a' | 'b', number>>): Facts {
  const modifiedAt = (ms: number) => ({ modifiedAt: 1e12 + ms });
  return outside({
    [base]: image(modifiedAt(at.base)),
    '/img/web.a': over(base, modifiedAt(at.a)),
    '/img/web.b': over('/img/web.a', modifiedAt(at.b)),
  });
}

function inside(images: Readonly<Record<string, SeenFile>>): Facts {
  return facts({
    tree: tree([internal('a')], 'a'),
    frozenDisks: frozen({ a: base }),
    files: seen(images),
    otherVms: [],
    blockJobs: [],
  });
}

describe('a revert to a snapshot that is not whole', () => {
  const rows: readonly (readonly [what: string, to: string, Facts, expected: string, unchecked: string])[] = [
    ['all there', 'b', outside({}), 'ok', ''],
    ['its own file is gone', 'b', outside({ '/img/web.a': 'missing' }), 'overlayMissing', ''],
    ['a file below it is gone', 'b', outside({ [base]: 'missing' }), 'overlayMissing', ''],
    ['the overlay above it is gone', 'a', outside({ '/img/web.a': 'missing' }), 'ok', ''],
    ['a file below it is damaged', 'b', outside({ [base]: image({ corrupt: true }) }), 'imageCorrupt', ''],
    ['a file below it cannot be seen', 'b', outside({ [base]: 'unknown' }), 'ok', base],
    ['its own file was written to since', 'b', written({ base: 0, a: 61_000, b: 0 }), 'writtenSince', ''],
    ['the base was written to since', 'b', written({ base: 61_000, a: 0, b: 0 }), 'writtenSince', ''],
    ['a merge into the base gave its own file another name', 'b', written({ base: 80_000, a: 81_000, b: 0 }), 'ok', ''],
    ['the same, and a later merge', 'b', written({ base: 999_000, a: 999_000, b: 80_000 }), 'ok', ''],
    ['its memory file is gone', 'b', outside({}, 'missing'), 'memoryFileMissing', ''],
    ['its memory file cannot be seen', 'b', outside({}, 'unknown'), 'ok', '/img/b.mem'],
    ['another one’s memory file is gone', 'a', outside({}, 'missing'), 'ok', ''],
    ['its tag is there', 'a', inside({ [base]: image({ tags: ['a'] }) }), 'ok', ''],
    ['its tag is gone', 'a', inside({ [base]: image({ tags: ['b'] }) }), 'tagMissing', ''],
    ['its tag holds its RAM', 'a', inside({ [base]: image({ tags: ['a', 'b'], ramTags: ['a'] }) }), 'ok', ''],
    ['its tag holds no RAM', 'a', inside({ [base]: image({ tags: ['a', 'b'], ramTags: ['b'] }) }), 'tagWithoutRam', ''],
    ['its image is gone', 'a', inside({ [base]: 'missing' }), 'overlayMissing', ''],
    [
      'the tags cannot be seen',
      'a',
      inside({ [base]: { bytes: 1, allocatedBytes: 1, format: 'qcow2', virtualBytes: 1 } }),
      'ok',
      base,
    ],
    ['nobody looked at the image', 'a', inside({}), 'ok', base],
  ];
  for (const [what, to, inWhat, expected, unchecked] of rows) {
    for (const capability of [capabilities(12, 8), capabilities(9, 0)]) {
      it(`${what} → ${expected}, libvirt ${capability.libvirt}`, () => {
        const decision = planOperation(ask.revert(to), { ...inWhat, capabilities: capability });
        assert.equal(verdict(decision), expected);
        const warnings = decision.kind === 'plan' ? decision.warnings : [];
        const files = warnings.flatMap((one) => (one.kind === 'notChecked' ? one.files : []));
        assert.equal(files.join(' '), unchecked);
      });
    }
  }

  it('is not refused where another disk, or the UEFI variables, may hold its RAM', () => {
    const without = image({ tags: ['a'], ramTags: [] });
    const one = inside({ [base]: without });
    const disks = [disk('vda', base), disk('vdb', '/img/data')];
    const told = internal('a', undefined, { disks: disks.map(({ target }) => ({ target, location: 'internal' })) });
    const two = (second: ImageFacts): Facts => ({
      ...one,
      tree: tree([told], 'a'),
      vm: vm({ disks }),
      frozenDisks: new Map([['a', disks]]),
      files: seen({ [base]: without, '/img/data': second }),
    });
    const to = (inWhat: Facts): string => verdict(planOperation(ask.revert('a'), inWhat));
    assert.equal(to(two(image({ tags: ['a'], ramTags: ['a'] }))), 'ok');
    assert.equal(to(two(image({ tags: ['a'] }))), 'ok');
    assert.equal(to(two(without)), 'tagWithoutRam');
    assert.notEqual(to({ ...one, vm: { ...one.vm, nvram: '/nvram/web' } }), 'tagWithoutRam');
  });

  it('has its RAM where libvirt reads the file, which this program does not see at its path', () => {
    const saved = (told: SavedRam): string =>
      verdict(planOperation(ask.revert('b'), { ...outside({}, 'missing'), savedRam: new Map([['/img/b.mem', told]]) }));
    const { name, uuid } = vm({});
    assert.equal(saved({ name, uuid }), 'ok');
    assert.equal(saved('broken'), 'memoryFileMissing');
  });

  it('is refused where the file with its RAM is empty', () => {
    const whole = outside({});
    const inWhat = (bytes: number): Facts => ({
      ...whole,
      files: { ...whole.files!, files: new Map([['/img/b.mem', { bytes, allocatedBytes: bytes }]]) },
    });
    assert.equal(refused(ask.revert('b'), inWhat(0)).reason, 'memoryFileBroken');
    assert.equal(verdict(planOperation(ask.revert('b'), inWhat(1))), 'ok');
  });

  it('is refused where the RAM is that of a VM with another name or UUID, unless the VM is to be off', () => {
    const saved = (told: SavedRam, major: number): Facts => ({
      ...outside({}),
      savedRam: new Map([['/img/b.mem', told]]),
      capabilities: capabilities(major),
    });
    const { name, uuid } = vm();
    for (const major of [9, 12]) {
      const to = (told: SavedRam, after: 'running' | 'off'): string =>
        verdict(planOperation(ask.revert('b', after), saved(told, major)));
      assert.equal(to({ name, uuid }, 'running'), 'ok');
      assert.equal(to({ name: 'before', uuid }, 'running'), 'ramOfOther');
      assert.equal(to({ name, uuid: 'another' }, 'running'), 'ramOfOther');
      assert.equal(to('broken', 'off'), 'memoryFileBroken');
      const off = planOperation(ask.revert('b', 'off'), saved({ name: 'before', uuid }, major));
      assert.ok(off.kind === 'plan');
      assert.ok(off.steps.every((step) => step.kind !== 'revert' && step.kind !== 'restoreMemory'));
    }
  });

  it('is refused by what the files say of themselves, where the metadata tells another chain', () => {
    const elsewhere = outside({ '/img/web.a': over('/img/moved'), '/img/moved': 'missing' });
    assert.deepEqual(refused(ask.revert('b'), elsewhere).facts, { snapshot: 'b', disk: 'vda', file: '/img/moved' });
  });

  it('does not follow a circle of backing files for ever', () => {
    const circle = outside({ [base]: over('/img/web.a') });
    assert.equal(verdict(planOperation(ask.revert('a'), circle)), 'unjudgedImage');
  });
});

describe('a revert to a VM with a medium in its drive', () => {
  const iso = '/iso/i.iso';
  const drive = (more: Partial<VmDisk> = {}): VmDisk =>
    disk('sda', iso, { device: 'cdrom', format: 'raw', readonly: true, ...more });
  const withDrive = (inWhat: Facts, medium: VmDisk, more: Partial<FileFactsByPath> = {}): Facts => ({
    ...inWhat,
    frozenDisks: new Map([...inWhat.frozenDisks!].map(([name, disks]) => [name, [...disks, medium]])),
    files: { ...inWhat.files!, ...more, images: new Map([...inWhat.files!.images, ...(more.images ?? [])]) },
  });
  const gone = { images: new Map([[iso, 'missing' as const]]) };
  const there = { images: new Map([[iso, image({ format: 'raw' })]]) };
  const tagged = inside({ [base]: image({ tags: ['a'] }) });
  const rows: readonly (readonly [what: string, Facts, to: string, after: AfterRevert, expected: string])[] = [
    ['there', withDrive(outside({}), drive(), there), 'b', 'asSnapshot', 'ok'],
    ['gone, with RAM', withDrive(outside({}), drive(), gone), 'b', 'asSnapshot', 'overlayMissing'],
    ['gone, booted', withDrive(outside({}), drive(), gone), 'a', 'running', 'overlayMissing'],
    ['gone, not started', withDrive(outside({}), drive(), gone), 'a', 'asSnapshot', 'ok'],
    ['gone, optional', withDrive(outside({}), drive({ whenMissing: 'optional' }), gone), 'a', 'running', 'ok'],
    [
      'gone, requisite, RAM',
      withDrive(outside({}), drive({ whenMissing: 'requisite' }), gone),
      'b',
      'asSnapshot',
      'ok',
    ],
    [
      'gone, requisite',
      withDrive(outside({}), drive({ whenMissing: 'requisite' }), gone),
      'a',
      'running',
      'overlayMissing',
    ],
    ['gone, internal', withDrive(tagged, drive(), gone), 'a', 'asSnapshot', 'overlayMissing'],
    ['gone, internal RAM that is loaded to be off', withDrive(tagged, drive(), gone), 'a', 'off', 'overlayMissing'],
    ['gone, a disk', withDrive(outside({}), drive({ device: 'disk' }), gone), 'a', 'asSnapshot', 'overlayMissing'],
    ['an empty drive', withDrive(outside({}), disk('sda', undefined, { device: 'cdrom' })), 'b', 'asSnapshot', 'ok'],
  ];
  for (const [what, inWhat, to, after, expected] of rows) {
    for (const capability of [capabilities(12, 8), capabilities(9, 0)]) {
      it(`${what} → ${expected}, libvirt ${capability.libvirt}`, () => {
        assert.equal(verdict(planOperation(ask.revert(to, after), { ...inWhat, capabilities: capability })), expected);
      });
    }
  }

  it('says that a medium which nobody can see was not checked', () => {
    const plan = planned(ask.revert('b'), withDrive(outside({}), drive()));
    assert.deepEqual(
      plan.warnings.find((one) => one.kind === 'notChecked'),
      { kind: 'notChecked', files: [iso] },
    );
  });

  it('is done by us where libvirt would put an overlay on it and cannot', () => {
    const denied = { why: 'denied' } as const;
    const folders = (img: 'yes' | typeof denied, isos: 'yes' | typeof denied): Partial<FileFactsByPath> => ({
      ...there,
      canAct: new Map([
        ['/img', img],
        ['/iso', isos],
      ]),
    });
    const why = (inWhat: Facts): string | undefined =>
      planned(ask.revert('a'), inWhat).warnings.find((one) => one.kind === 'doneByUs')?.why.reason;
    assert.equal(why(withDrive(outside({}), drive(), folders('yes', denied))), 'filesOutOfReach');
    assert.equal(why(withDrive(outside({}), drive(), gone)), 'overlayMissing');
    assert.equal(why(withDrive(outside({}), drive(), folders('yes', 'yes'))), undefined);
    // Nothing is known of what libvirt may do where we may do nothing at all.
    assert.equal(why(withDrive(outside({}), drive(), folders(denied, denied))), undefined);
  });
});

describe('a revert after a merge by hand', () => {
  const chain = (
    images: Readonly<Record<string, SeenFile>>,
    backing: readonly string[],
    current = '/img/web.c',
  ): Facts =>
    facts({
      tree: tree([external('a'), external('b', 'a'), external('c', 'b')], 'c'),
      vm: vm({ disks: [disk('vda', current, { backing })] }),
      frozenDisks: frozen({ a: base, b: '/img/web.a', c: '/img/web.b' }),
      files: seen({
        [base]: image(),
        '/img/web.a': over(base),
        '/img/web.b': over('/img/web.a'),
        '/img/web.c': over('/img/web.b'),
        ...images,
      }),
      otherVms: [],
      blockJobs: [],
    });
  const rows: readonly (readonly [what: string, Facts, a: string, b: string, c: string])[] = [
    ['as its snapshots say', chain({}, ['/img/web.b', '/img/web.a', base]), 'ok', 'ok', 'ok'],
    [
      'a’s overlay was committed',
      chain({ '/img/web.b': over(base) }, ['/img/web.b', base]),
      'mergedByHand',
      'ok',
      'ok',
    ],
    ['the chain is told by the files alone', chain({ '/img/web.b': over(base) }, []), 'mergedByHand', 'ok', 'ok'],
    ['everything was pulled up', chain({ '/img/web.c': image() }, []), 'ok', 'ok', 'ok'],
    ['everything was committed', chain({}, [], base), 'frozenFileInUse', 'frozenFileInUse', 'frozenFileInUse'],
  ];
  for (const [what, inWhat, ...expected] of rows) {
    it(`${what} → ${expected.join(', ')}`, () => {
      assert.deepEqual(
        ['a', 'b', 'c'].map((name) => verdict(planOperation(ask.revert(name), inWhat))),
        expected,
      );
    });
  }
});

describe('a revert beside other VMs', () => {
  const clone = (files: readonly string[]): readonly OtherVm[] => [{ uuid: 'u', name: 'clone', files, unread: [] }];
  it('does not write into an image that one is built on', () => {
    const inWhat = { ...inside({ [base]: image({ tags: ['a'] }) }), otherVms: clone(['/img/clone', base]) };
    assert.deepEqual(refused(ask.revert('a'), inWhat), {
      reason: 'usedByOtherVm',
      facts: { vm: 'web', other: 'clone', file: base },
    });
  });
  it('is done by us where libvirt would remove a file that one is built on', () => {
    const plan = planned(ask.revert('a'), {
      ...outside({}),
      otherVms: clone(['/img/clone', '/img/web.b', '/img/web.a', base]),
    });
    assert.ok(plan.steps.every((step) => step.kind !== 'revert' && step.kind !== 'removeFiles'));
    assert.ok(plan.warnings.some((one) => one.kind === 'doneByUs' && one.why.reason === 'usedByOtherVm'));
  });
});

describe('a revert to a VM of other hardware', () => {
  it('says what comes back, goes and changes, by name: files of disks are no change, their sizes are', () => {
    const item = (part: HardwarePart, id: string, facts: HardwareItem['facts'], whole: string): HardwareItem => ({
      part,
      id,
      facts,
      whole,
      ...(part === 'disk' && { bare: id }),
    });
    const now = [
      item('memory', 'memory', { bytes: '2' }, '2'),
      item('disk', 'vda', { file: '/img/web.b' }, 'b'),
      item('disk', 'vdb', {}, 'vdb'),
      // Renamed since, which it stays.
      item('other', 'name', {}, 'web'),
    ];
    const then = [
      item('memory', 'memory', { bytes: '1' }, '1'),
      item('disk', 'vda', { file: base }, 'base'),
      item('other', 'sound', {}, ''),
      item('other', 'name', {}, 'old'),
    ];
    const at = outside({});
    const inWhat = {
      ...at,
      files: seen({
        '/img/web.b': over('/img/web.a', { virtualBytes: 2 ** 27 }),
        '/img/web.a': over(base, { virtualBytes: 2 ** 27 }),
        [base]: image({ virtualBytes: 2 ** 26 }),
      }),
      hardware: { now: { xml: '', items: now }, then: new Map([['a', { xml: '', items: then }]]) },
    };
    const warning = planned(ask.revert('a'), inWhat).warnings.find((one) => one.kind === 'hardwareChanges');
    assert.deepEqual(
      warning?.what.map(({ id, how, facts }) => [id, how, ...facts.map(({ from, to }) => `${from ?? ''}→${to ?? ''}`)]),
      [
        ['memory', 'changed', '2→1'],
        ['vdb', 'removed'],
        ['sound', 'added'],
        ['vda', 'changed', `${String(2 ** 27)}→${String(2 ** 26)}`],
      ],
    );
    assert.ok(planned(ask.revert('a'), outside({})).warnings.every((one) => one.kind !== 'hardwareChanges'));
  });
  it('says that a TPM is not brought back', () => {
    const inWhat = { ...outside({}), vm: vm({ devices: ['tpm'], disks: [disk('vda', '/img/web.b')] }) };
    assert.ok(planned(ask.revert('a'), inWhat).warnings.some((one) => one.kind === 'tpmNotCaptured'));
  });
});
