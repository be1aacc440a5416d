// What the doctor mends and by which steps, and that it keeps its hands off what is not certain.
import assert from 'node:assert/strict';
import type { Repair } from '../../../src/domain/operation.js';
import { orphanFiles, orphanTags } from '../../../src/domain/chains/orphans.js';
import type { OtherVm, Facts } from '../../../src/domain/facts.js';
import type { SavedRam, Snapshot, SnapshotTree } from '../../../src/domain/snapshot.js';
import {
  capabilities,
  disk,
  external,
  frozen,
  image,
  internal,
  looked,
  now,
  ref,
  facts,
  tree,
  vm,
} from '../domain/someFacts.js';
import { asked, Golden, type GoldenCase } from './golden.js';

const base = '/img/web.qcow2';
const off = (...disks: Parameters<typeof disk>[]): Facts['vm'] =>
  vm({ power: 'off', disks: disks.map((one) => disk(...one)) });
const golden = new Golden('repair');
const repairs = (rows: readonly (readonly [what: string, Repair, Facts])[]): readonly GoldenCase[] =>
  asked(rows.map(([what, repair, at]) => [what, { kind: 'repair', vm: ref, repair }, at]));
const clone = (...files: string[]): OtherVm => ({ uuid: 'c', name: 'clone', files, unread: [] });
const unread: OtherVm = { uuid: 'h', name: 'hidden', files: [], unread: ['/far'] };

describe('planRepair: an orphaned tag', () => {
  const inWhat = (more: Partial<Facts> = {}, tags: readonly string[] | 'unseen' = ['s', 'lost']): Facts =>
    facts({
      vm: off(['vda', base]),
      tree: tree([internal('s')], 's'),
      frozenDisks: frozen({ s: base }),
      otherVms: [],
      files: looked({ images: { [base]: image(undefined, tags === 'unseen' ? {} : { tags }) } }),
      ...more,
    });
  const rows = [
    ['nobody’s', 'lost', inWhat()],
    ['a snapshot’s', 's', inWhat()],
    ['not there', 'other', inWhat()],
    ['of another image', 'lost', inWhat(), '/img/strange'],
    ['tags not seen', 'lost', inWhat({}, 'unseen')],
    ['the VM runs', 'lost', inWhat({ vm: vm() })],
    ['the VM is being saved', 'lost', inWhat({ vm: vm({ power: 'paused', powerReason: 'saving' }) })],
    ['a block job', 'lost', inWhat({ blockJobs: ['vda'] })],
    ['another VM uses the image', 'lost', inWhat({ otherVms: [clone(base)] })],
    ['a chain cannot be read', 'lost', inWhat({ otherVms: [unread] })],
    ['other VMs were not looked at', 'lost', { ...inWhat(), otherVms: undefined as never }],
    ['read-only', 'lost', inWhat({ capabilities: capabilities(12, 8, { readOnly: true }) })],
    ['the test driver', 'lost', inWhat({ capabilities: capabilities(12, 8, { driver: 'test' }) })],
    [
      'out of reach',
      'lost',
      inWhat({
        files: looked({
          images: { [base]: image(undefined, { tags: ['lost'] }) },
          canAct: { '/img': { why: 'denied' } },
        }),
      }),
    ],
  ] as const;
  golden.section(
    'an orphaned tag',
    repairs(rows.map(([what, tag, at, file = base]) => [what, { kind: 'removeTag', file, tag }, at])),
  );

  it('is none of another image', () => {
    assert.deepEqual(orphanTags(inWhat()), [{ file: base, tag: 'lost' }]);
  });
});

describe('planRepair: a tag that becomes a snapshot', () => {
  const second = '/img/data.qcow2';
  const tagged = (more: Parameters<typeof image>[1] = {}): ReturnType<typeof image> =>
    image(undefined, { tags: ['lost'], takenAt: new Map([['lost', 1_700_000_000_000]]), ramTags: [], ...more });
  const inWhat = (
    more: Partial<Facts> = {},
    [one, other]: readonly ReturnType<typeof image>[] = [tagged(), tagged()],
  ): Facts =>
    facts({
      vm: off(['vda', base], ['vdb', second]),
      otherVms: [],
      files: looked({ images: { [base]: one!, [second]: other! } }),
      ...more,
    });
  const taken = (at: number): Parameters<typeof image>[1] => ({ takenAt: new Map([['lost', at]]) });
  const named = (name: string): ReturnType<typeof image> =>
    tagged({ tags: [name], takenAt: new Map([[name, 1_700_000_000_000]]) });
  const ram = { ramTags: ['lost'] };
  const known = { tags: ['s', 'lost'], tagIds: ['1', '2'] };
  const beside = { tree: tree([internal('s')], 's') };
  const rows: readonly (readonly [what: string, tag: string, Facts])[] = [
    ['of disks that were off', 'lost', inWhat()],
    ['with RAM', 'lost', inWhat({}, [tagged(ram), tagged()])],
    ['while the VM runs', 'lost', inWhat({ vm: vm({ disks: [disk('vda', base), disk('vdb', second)] }) })],
    ['beside internal ones', 'lost', inWhat(beside, [tagged(known), tagged(known)])],
    ['beside an external one', 'lost', inWhat({ tree: tree([external('a')], 'a'), frozenDisks: frozen({ a: base }) })],
    ['a snapshot’s', 's', inWhat(beside, [tagged(known), tagged(known)])],
    ['in one of two disks', 'lost', inWhat({}, [tagged(), image(undefined, { tags: [] })])],
    ['a disk that was not seen', 'lost', inWhat({}, [tagged(), 'unknown' as never])],
    ['a raw disk', 'lost', inWhat({}, [tagged(), image(undefined, { format: 'raw' })])],
    ['taken of one disk minutes later', 'lost', inWhat({}, [tagged(), tagged(taken(1_700_000_300_000))])],
    ['taken of one disk an hour later', 'lost', inWhat({}, [tagged(), tagged(taken(1_700_003_600_000))])],
    ['with RAM, of one disk a second later', 'lost', inWhat({}, [tagged(ram), tagged(taken(1_700_000_001_000))])],
    ['there twice', 'lost', inWhat({}, [tagged({ tags: ['lost', 'lost'], tagIds: ['1', '2'] }), tagged()])],
    ['of the ID of another', 'lost', inWhat({}, [tagged({ tags: ['lost', 'x'], tagIds: ['1', 'lost'] }), tagged()])],
    ['with spaces in its name', 'a b', inWhat({}, [named('a b'), named('a b')])],
    ...['a/b', '.a', 'a\nb', 'x'.repeat(241), ' a'].map(
      (name) =>
        [`of the name ${JSON.stringify(name.slice(0, 9))}`, name, inWhat({}, [named(name), named(name)])] as const,
    ),
    ['another VM uses one image', 'lost', inWhat({ otherVms: [clone(second)] })],
    ['a chain cannot be read', 'lost', inWhat({ otherVms: [unread] })],
    ['a block job', 'lost', inWhat({ blockJobs: ['vda'] })],
    ['checkpoints', 'lost', inWhat({ checkpoints: ['c'] })],
  ];
  golden.section(
    'a tag that becomes a snapshot',
    repairs(rows.map(([what, tag, at]) => [what, { kind: 'adoptTag', tag }, at])),
  );
});

describe('planRepair: orphaned files', () => {
  const second = String(now / 1_000);
  const memory = `web.s-${second}-11111111.mem`;
  const inWhat = (more: Partial<Facts> = {}, images: Parameters<typeof looked>[0]['images'] = {}): Facts =>
    facts({
      vm: off(['vda', '/img/web.a', { backing: [base] }]),
      tree: tree([external('a')], 'a'),
      frozenDisks: frozen({ a: base }),
      otherVms: [clone('/img/clone.qcow2', '/img/web.clone')],
      files: looked({
        lists: {
          '/img': [
            'web.qcow2',
            'web.a',
            `web.${second}`,
            'web.old',
            'web-vda.old',
            'web.upper',
            'web.alone',
            'web.strange',
            'web.clone',
            'web.iso',
            'web.2.qcow2',
            'web.new.qcow2',
            `web.${second}.qcow2`,
            'web-vda.new.qcow2',
            'web.copy.raw.qcow2',
            'website.x',
            'notes',
            memory,
            `web.s-${second}-22222222.mem`,
          ],
        },
        images: {
          '/img/web.a': image(base),
          [base]: image(),
          [`/img/web.${second}`]: image(base, { allocatedBytes: 7 }),
          '/img/web.old': image('/img/web.a', { empty: true }),
          '/img/web-vda.old': image(base),
          '/img/web.upper': image('/img/web.old', { empty: true }),
          '/img/web.alone': image(),
          '/img/web.strange': image('/elsewhere'),
          '/img/web.clone': image(base),
          '/img/web.iso': image(base),
          '/img/web.2.qcow2': image(base),
          '/img/web.new.qcow2': image(base),
          [`/img/web.${second}.qcow2`]: image(base),
          '/img/web-vda.new.qcow2': image('/img/web.new.qcow2', { empty: true }),
          '/img/web.copy.raw.qcow2': image(base),
          ...images,
        },
        files: { [`/img/${memory}`]: { bytes: 9, allocatedBytes: 9 } },
      }),
      ...more,
    });
  const found = (of: Facts): string =>
    orphanFiles(of)
      .map(({ file }) => file.slice('/img/'.length))
      .sort()
      .join(' ');

  it('are overlays and memory files of this VM that nobody needs', () => {
    const ours = ['web.new.qcow2', `web.${second}.qcow2`, 'web-vda.new.qcow2'];
    const older = ['web-vda.old', memory, `web.${second}`, 'web.old', 'web.upper'];
    assert.equal(found(inWhat()), [...ours, ...older].sort().join(' '));
    assert.equal(orphanFiles(inWhat()).find(({ file }) => file.endsWith(second))?.bytes, 7);
  });

  it('are what the RAM of a fork went through, unless that fork is there', () => {
    const uuid = '22222222-3333-4444-5555-666666666666';
    const at = (otherVms: readonly OtherVm[]): Facts => {
      const where = inWhat({ otherVms });
      return { ...where, files: { ...where.files!, lists: new Map([['/img', [`.${uuid}.ram`, '.other.ram']]]) } };
    };
    assert.equal(found(at([])), `.${uuid}.ram`);
    assert.equal(found(at([{ ...clone(), uuid }])), '');
  });

  it('are none where somebody needs them, or may', () => {
    assert.equal(found(inWhat({ otherVms: [unread] })), '');
    assert.equal(found({ ...inWhat(), otherVms: undefined as never }), '');
    assert.equal(
      found(inWhat({ otherVms: [clone('/img/web.upper'), clone('/img/web.clone')] })).includes('web.old'),
      false,
    );
    assert.equal(found(inWhat({}, { '/img/web.old': 'unknown' })).includes('web.old'), false);
    assert.equal(found(inWhat({}, { '/img/web.old': 'unknown' })).includes('web.upper'), true);
    const named = tree(
      [external('a'), external('old', 'a', { disks: [{ target: 'vda', location: 'external', file: '/img/web.old' }] })],
      'a',
    );
    assert.equal(found(inWhat({ tree: named })).includes('web.old'), false);
  });

  const unmovable = (): Facts => {
    const where = inWhat();
    const canChange = new Map([['/img/web.old', { why: 'noStorageDriver' } as const]]);
    return { ...where, files: { ...where.files!, canChange } };
  };
  const holding = (saved?: SavedRam): Facts => {
    const where = inWhat();
    const canChange = new Map([[`/img/${memory}`, 'yes'] as const]);
    const savedRam = new Map(saved === undefined ? [] : [[`/img/${memory}`, saved]]);
    return { ...where, savedRam, files: { ...where.files!, canChange } };
  };
  const rows = [
    ['orphans', ['/img/web.old', `/img/${memory}`], inWhat()],
    ['RAM of ours', [`/img/${memory}`], inWhat()],
    ['an orphan that libvirt alone reaches', ['/img/web.old'], unmovable()],
    ['RAM of ours that libvirt alone reaches', [`/img/${memory}`], holding({ name: 'web', uuid: ref.uuid })],
    ['RAM of another VM under a name of ours', [`/img/${memory}`], holding({ name: 'web', uuid: 'other' })],
    ['something else under a name of ours', [`/img/${memory}`], holding('broken')],
    ['something under a name of ours, and nobody could look into it', [`/img/${memory}`], holding()],
    ['one that is needed', ['/img/web.old', base], inWhat()],
    ['anything on the host', ['/etc/passwd'], inWhat()],
    ['nothing', [], inWhat()],
  ] as const;
  golden.section(
    'orphaned files',
    repairs(rows.map(([what, removed, at]) => [what, { kind: 'removeFiles', files: removed }, at])),
  );
});

describe('planRepair: metadata without data', () => {
  const chained = tree([external('a'), external('b', 'a'), external('c', 'b')], 'c');
  const files = { a: base, b: '/img/web.a', c: '/img/web.b' };
  const seen = (images: Parameters<typeof looked>[0]['images']): Partial<Facts> => ({
    frozenDisks: frozen(files),
    vm: off(['vda', '/img/web.c']),
    files: looked({ images: images ?? {} }),
  });
  const whole = {
    '/img/web.c': image('/img/web.b'),
    '/img/web.b': image('/img/web.a'),
    '/img/web.a': image(base),
    [base]: image(),
  };
  const rows = [
    ['its data is there', chained, 'b', seen(whole)],
    ['nothing was seen', chained, 'b', {}],
    ['a file could not be seen', chained, 'b', seen({ ...whole, '/img/web.a': 'unknown' })],
    ['its file is gone', chained, 'b', seen({ ...whole, '/img/web.a': 'missing' })],
    ['its file is gone, a root with children', chained, 'a', seen({ ...whole, [base]: 'missing' })],
    [
      'its file is gone, and the VM’s own too',
      chained,
      'b',
      seen({ '/img/web.c': 'missing', '/img/web.a': 'missing' }),
    ],
    ['its file is gone, a leaf', chained, 'c', seen({ ...whole, '/img/web.b': 'missing' })],
    [
      'its tag is gone',
      tree([internal('i'), internal('j', 'i')], 'j'),
      'i',
      {
        vm: off(['vda', base]),
        frozenDisks: frozen({ i: base, j: base }),
        files: looked({ images: { [base]: image(undefined, { tags: ['j'] }) } }),
      },
    ],
    ['it is not there', chained, 'x', seen(whole)],
  ] as const;
  golden.section(
    'metadata without data',
    repairs(
      rows.map(([what, of, snapshot, more]) => [
        what,
        { kind: 'forgetSnapshot', snapshot },
        facts({ tree: of, ...more }),
      ]),
    ),
  );
});

describe('planRepair: a snapshot without its RAM', () => {
  const ram = '/img/web.b.mem';
  const withRam = { state: 'running', memory: 'external', memoryFile: ram } as const;
  const b = (more: Parameters<typeof external>[2] = {}): Snapshot => external('b', 'a', { ...withRam, ...more });
  const chain = (of: Snapshot, ...others: readonly Snapshot[]): SnapshotTree =>
    tree([external('a'), of, ...others], others.at(-1)?.name ?? 'b');
  const inWhat = (
    of: SnapshotTree,
    more: Partial<Facts> = {},
    file: 'missing' | 'unknown' | number = 'missing',
    images: Parameters<typeof looked>[0]['images'] = {},
  ): Facts =>
    facts({
      tree: of,
      vm: off(['vda', '/img/web.c']),
      frozenDisks: frozen({ a: base, b: '/img/web.a', c: '/img/web.b' }),
      otherVms: [],
      files: looked({
        images: {
          '/img/web.c': image('/img/web.b'),
          '/img/web.b': image('/img/web.a'),
          '/img/web.a': image(base),
          [base]: image(),
          ...images,
        },
        files: { [ram]: typeof file === 'number' ? { bytes: file, allocatedBytes: file } : file },
      }),
      ...more,
    });
  const c = external('c', 'b');
  const old = { capabilities: capabilities(9, 0) };
  const noted: Snapshot = {
    ...b(),
    revertDisks: [{ target: 'vda', location: 'external', file: '/img/web.c', deleteInProgress: false }],
  };
  const withCopy = (can: 'yes' | { readonly why: 'denied' }): Facts => {
    const from = inWhat(chain(b(), c));
    const files = new Map([...from.files!.files, ['/img/VARS.b', { bytes: 1, allocatedBytes: 1 }] as const]);
    const vars = { ...from.vm, firmware: 'uefiRawNvram', nvram: '/img/VARS' } as const;
    return { ...from, vm: vars, files: { ...from.files!, files, canAct: new Map([['/img', can]]) } };
  };
  const rows = [
    ['its RAM is gone', inWhat(chain(b(), c))],
    ['its RAM is empty', inWhat(chain(b(), c), {}, 0)],
    ['libvirt reads none there', inWhat(chain(b(), c), { savedRam: new Map([[ram, 'broken']]) }, 9)],
    ['its RAM is there', inWhat(chain(b(), c), {}, 9)],
    ['its RAM cannot be seen', inWhat(chain(b(), c), {}, 'unknown')],
    ['it never had any', inWhat(chain(external('b', 'a'), c))],
    ['its storage is away', inWhat(chain(b(), c), {}, 'missing', { '/img/web.c': 'missing' })],
    ['its disks are gone too', inWhat(chain(b(), c), {}, 'missing', { '/img/web.a': 'missing' })],
    ['it has no disks', inWhat(chain(b({ disks: [{ target: 'vda', location: 'no' }] }), c))],
    ['half merged', inWhat(chain(b({ disks: [{ target: 'vda', location: 'external', deleteInProgress: true }] }), c))],
    ['the current one', inWhat(chain(b()))],
    ['the current one, on an old libvirt', inWhat(chain(b()), old)],
    ['the current one, reverted to', inWhat(chain(noted))],
    ['the current one, with children', inWhat({ ...chain(b(), c), current: 'b' })],
    ['… on an old libvirt', inWhat({ ...chain(b(), c), current: 'b' }, old)],
    ['a block job', inWhat(chain(b(), c), { blockJobs: ['vda'] })],
    ['with a copy of the UEFI variables', withCopy('yes')],
    ['with a copy that cannot be moved', withCopy({ why: 'denied' })],
  ] as const;
  golden.section(
    'a snapshot without its RAM',
    repairs(rows.map(([what, at]) => [what, { kind: 'keepDisks', snapshot: 'b' }, at])),
  );
});

describe('planRepair: a delete that broke off', () => {
  const marked = external('a', undefined, {
    disks: [{ target: 'vda', location: 'external', file: '/img/web.a', deleteInProgress: true }],
  });
  const of = tree([marked, external('b', 'a')], 'b');
  const chain = (...all: readonly [string, ...string[]]): Partial<Facts> => ({
    tree: of,
    frozenDisks: frozen({ a: base, b: '/img/web.a' }),
    vm: off(['vda', all[0]]),
    otherVms: [],
    files: looked({
      images: {
        '/img/web.b': image('/img/web.a'),
        ...Object.fromEntries(all.map((file, at) => [file, image(all[at + 1])])),
      },
    }),
  });
  const rows = [
    ['not merged', chain('/img/web.b', '/img/web.a', base)],
    ['merged, and libvirt does not know', chain('/img/web.a', base)],
    ['elsewhere', chain('/img/web.9', base)],
    [
      'nothing marked',
      { ...chain('/img/web.b', '/img/web.a', base), tree: tree([external('a'), external('b', 'a')], 'b') },
    ],
    ['nothing after it', { ...chain('/img/web.b', '/img/web.a', base), tree: tree([marked], 'a') }],
  ] as const;
  golden.section(
    'a delete that broke off',
    repairs(rows.map(([what, more]) => [what, { kind: 'finishDelete', snapshot: 'a' }, facts(more)])),
  );
});

describe('planRepair: no current one', () => {
  const on = (file: string, ...backing: string[]): Partial<Facts> => ({
    vm: off(['vda', file, { backing }]),
    frozenDisks: frozen({ a: base, b: '/img/web.a' }),
  });
  const none = tree([external('a'), external('b', 'a')]);
  const rows = [
    ['the VM is on it', none, 'b', on('/img/web.b', '/img/web.a', base)],
    ['on it, after a revert', none, 'b', on('/img/web.17', '/img/web.a', base)],
    ['the VM is on its child', none, 'a', on('/img/web.b', '/img/web.a', base)],
    ['it has children', none, 'a', on('/img/web.17', base)],
    ['nothing is known of the chain', none, 'a', {}],
    ['there is one', { ...none, current: 'b' }, 'b', on('/img/web.b', '/img/web.a', base)],
  ] as const;
  golden.section(
    'no current one',
    repairs(
      rows.map(([what, of, snapshot, more]) => [what, { kind: 'makeCurrent', snapshot }, facts({ tree: of, ...more })]),
    ),
  );
});

describe('planRepair: a VM on frozen files', () => {
  const of = tree([external('a')], 'a');
  const inWhat = (power: 'running' | 'paused' | 'off', source = base): Facts =>
    facts({
      tree: of,
      vm: vm({ power, powerReason: power === 'paused' ? 'fromSnapshot' : 'other', disks: [disk('vda', source)] }),
      frozenDisks: frozen({ a: base }),
      otherVms: [],
      files: looked({
        images: { [base]: image(), '/img/web.a': image(base) },
        lists: { '/img': ['web.qcow2', 'web.a'] },
      }),
    });

  const repair: Repair = { kind: 'leaveFrozenFiles', snapshot: 'a' };
  golden.section(
    'a VM on frozen files',
    repairs([
      ['off', repair, inWhat('off')],
      ['paused', repair, inWhat('paused')],
      ['off, on its own overlay', repair, inWhat('off', '/img/web.a')],
    ]),
  );
});

describe('planRepair: files that were moved', () => {
  const at = (more: Partial<Facts> = {}, canChange?: 'yes'): Facts =>
    facts({
      vm: vm({ power: 'off', disks: [disk('vda', '/img/web.b', { backing: ['/img/web.a', base] })] }),
      tree: tree(
        ['a', 'b'].map((name, index) =>
          external(name, index === 0 ? undefined : 'a', {
            disks: [{ target: 'vda', location: 'external', file: `/old/web.${name}` }],
          }),
        ),
        'b',
      ),
      frozenDisks: frozen({ a: '/old/web.qcow2', b: '/old/web.a' }),
      otherVms: [],
      files: {
        ...looked({
          images: {
            '/img/web.b': image('/old/web.a', { real: '1:1' }),
            '/img/web.a': image('/old/web.qcow2'),
            [base]: image(),
            '/old/web.b': 'missing',
            '/old/web.a': 'missing',
            '/old/web.qcow2': 'missing',
          },
          lists: { '/img': ['web.qcow2', 'web.a', 'web.b'] },
        }),
        ...(canChange === undefined ? {} : { canChange: new Map([['/img/web.b', canChange]]) }),
      },
      ...more,
    });
  const repair: Repair = { kind: 'nameMovedFiles' };
  golden.section(
    'files that were moved',
    repairs([
      ['off', repair, at()],
      ['on', repair, at({ vm: vm({ disks: [disk('vda', '/img/web.b', { backing: ['/img/web.a', base] })] }) })],
      ['none is proven to be the same', repair, at({ vm: off(['vda', '/img/web.b']), tree: tree([]) })],
      ['a program has an overlay open', repair, at({ held: new Set(['1:1']) })],
      ['an overlay is not ours to change', repair, at({}, 'yes')],
      ['libvirt has a checkpoint', repair, at({ checkpoints: ['daily'] })],
    ]),
  );
});

describe('planRepair: something is stuck', () => {
  const rows = [
    ['resumeAfterSave', 'saving', facts({ vm: vm({ power: 'paused', powerReason: 'saving' }) })],
    ['resumeAfterSave', 'taking a snapshot', facts({ vm: vm({ power: 'paused', powerReason: 'snapshotting' }) })],
    ['resumeAfterSave', 'came from a snapshot', facts({ vm: vm({ power: 'paused', powerReason: 'fromSnapshot' }) })],
    ['resumeAfterSave', 'running', facts()],
    ['keepVm', 'transient', facts({ vm: vm({ persistent: false }) })],
    ['keepVm', 'transient, a block job', facts({ vm: vm({ persistent: false }), blockJobs: ['vda'] })],
    ['keepVm', 'persistent', facts()],
    ['thawGuest', 'frozen', facts({ agent: 'frozen' })],
    ['thawGuest', 'answers', facts({ agent: 'answers' })],
    ['thawGuest', 'not known', facts()],
  ] as const;
  golden.section('something is stuck', repairs(rows.map(([kind, what, at]) => [`${kind}: ${what}`, { kind }, at])));
});

golden.end();
