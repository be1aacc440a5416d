// What the doctor mends and by which steps, and that it keeps its hands off what is not certain.
import assert from 'node:assert/strict';
import type { Repair } from '../../../src/domain/operation.js';
import { orphanFiles, orphanTags } from '../../../src/domain/chains/orphans.js';
import type { OtherVm, Facts } from '../../../src/domain/facts.js';
import { planRepair } from '../../../src/operations/repair/planRepair.js';
import type { Snapshot, SnapshotTree } from '../../../src/domain/snapshot.js';
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
  shortSteps,
  facts,
  tree,
  vm,
} from '../domain/someFacts.js';

const base = '/img/web.qcow2';
const off = (...disks: Parameters<typeof disk>[]): Facts['vm'] =>
  vm({ power: 'off', disks: disks.map((one) => disk(...one)) });
const repaired = (repair: Repair, inWhat: Facts): string => {
  const decision = planRepair({ kind: 'repair', vm: ref, repair }, inWhat);
  return decision.kind === 'plan' ? shortSteps(decision) : decision.refusal.reason;
};
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
  const rows: readonly (readonly [what: string, tag: string, inWhat: Facts, expected: string])[] = [
    ['nobody’s', 'lost', inWhat(), 'removeTag'],
    ['a snapshot’s', 's', inWhat(), 'nothingToRepair'],
    ['not there', 'other', inWhat(), 'nothingToRepair'],
    ['tags not seen', 'lost', inWhat({}, 'unseen'), 'nothingToRepair'],
    ['the VM runs', 'lost', inWhat({ vm: vm() }), 'imageInUse'],
    ['the VM is being saved', 'lost', inWhat({ vm: vm({ power: 'paused', powerReason: 'saving' }) }), 'unfinishedSave'],
    ['a block job', 'lost', inWhat({ blockJobs: ['vda'] }), 'blockJobRunning'],
    ['another VM uses the image', 'lost', inWhat({ otherVms: [clone(base)] }), 'usedByOtherVm'],
    ['a chain cannot be read', 'lost', inWhat({ otherVms: [unread] }), 'otherVmUnread'],
    ['other VMs were not looked at', 'lost', { ...inWhat(), otherVms: undefined as never }, 'nothingToRepair'],
    ['read-only', 'lost', inWhat({ capabilities: capabilities(12, 8, { readOnly: true }) }), 'readOnlyConnection'],
    ['the test driver', 'lost', inWhat({ capabilities: capabilities(12, 8, { driver: 'test' }) }), 'driverCannot'],
    [
      'out of reach',
      'lost',
      inWhat({
        files: looked({
          images: { [base]: image(undefined, { tags: ['lost'] }) },
          canAct: { '/img': { why: 'denied' } },
        }),
      }),
      'filesOutOfReach',
    ],
  ];
  for (const [what, tag, situationOfRow, expected] of rows) {
    it(`${what} → ${expected}`, () => {
      assert.equal(repaired({ kind: 'removeTag', file: base, tag }, situationOfRow), expected);
    });
  }

  it('is none of another image, and its removal is a loss', () => {
    assert.deepEqual(orphanTags(inWhat()), [{ file: base, tag: 'lost' }]);
    const decision = planRepair(
      { kind: 'repair', vm: ref, repair: { kind: 'removeTag', file: base, tag: 'lost' } },
      inWhat(),
    );
    assert.ok(decision.kind === 'plan');
    assert.deepEqual(decision.losses, [{ kind: 'restorePoints', names: ['lost'] }]);
    assert.equal(repaired({ kind: 'removeTag', file: '/img/strange', tag: 'lost' }, inWhat()), 'nothingToRepair');
  });
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
          '/img/web.old': image('/img/web.a'),
          '/img/web-vda.old': image(base),
          '/img/web.upper': image('/img/web.old'),
          '/img/web.alone': image(),
          '/img/web.strange': image('/elsewhere'),
          '/img/web.clone': image(base),
          '/img/web.iso': image(base),
          '/img/web.2.qcow2': image(base),
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
    assert.equal(found(inWhat()), ['web-vda.old', memory, `web.${second}`, 'web.old', 'web.upper'].sort().join(' '));
    assert.equal(orphanFiles(inWhat()).find(({ file }) => file.endsWith(second))?.bytes, 7);
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
  const rows: readonly (readonly [what: string, files: readonly string[], inWhat: Facts, expected: string])[] = [
    ['orphans', ['/img/web.old', `/img/${memory}`], inWhat(), `trash /img/web.old,/img/${memory}`],
    ['RAM of ours', [`/img/${memory}`], inWhat(), `rm /img/${memory}`],
    ['an orphan that libvirt alone reaches', ['/img/web.old'], unmovable(), 'filesOutOfReach'],
    ['RAM of ours that libvirt alone reaches', [`/img/${memory}`], unmovable(), `rm /img/${memory}`],
    ['one that is needed', ['/img/web.old', base], inWhat(), 'fileNotOrphan'],
    ['anything on the host', ['/etc/passwd'], inWhat(), 'fileNotOrphan'],
    ['nothing', [], inWhat(), 'nothingToRepair'],
  ];
  for (const [what, files, situationOfRow, expected] of rows) {
    it(`${what} → ${expected}`, () => {
      assert.equal(repaired({ kind: 'removeFiles', files }, situationOfRow), expected);
    });
  }
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
  const rows: readonly (readonly [what: string, SnapshotTree, string, Partial<Facts>, string])[] = [
    ['its data is there', chained, 'b', seen(whole), 'snapshotWhole'],
    ['nothing was seen', chained, 'b', {}, 'snapshotWhole'],
    ['a file could not be seen', chained, 'b', seen({ ...whole, '/img/web.a': 'unknown' }), 'snapshotWhole'],
    ['its file is gone', chained, 'b', seen({ ...whole, '/img/web.a': 'missing' }), 'c^a forget b'],
    ['its file is gone, a root with children', chained, 'a', seen({ ...whole, [base]: 'missing' }), 'b^ forget a'],
    [
      'its file is gone, and the VM’s own too',
      chained,
      'b',
      seen({ '/img/web.c': 'missing', '/img/web.a': 'missing' }),
      'snapshotWhole',
    ],
    ['its file is gone, a leaf', chained, 'c', seen({ ...whole, '/img/web.b': 'missing' }), 'forget c'],
    [
      'its tag is gone',
      tree([internal('i'), internal('j', 'i')], 'j'),
      'i',
      {
        vm: off(['vda', base]),
        frozenDisks: frozen({ i: base, j: base }),
        files: looked({ images: { [base]: image(undefined, { tags: ['j'] }) } }),
      },
      'forget i',
    ],
    ['it is not there', chained, 'x', seen(whole), 'snapshotMissing'],
  ];
  for (const [what, of, name, more, expected] of rows) {
    it(`${what} → ${expected}`, () => {
      assert.equal(repaired({ kind: 'forgetSnapshot', snapshot: name }, facts({ tree: of, ...more })), expected);
    });
  }
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
  const rows: readonly (readonly [what: string, inWhat: Facts, expected: string])[] = [
    ['its RAM is gone', inWhat(chain(b(), c)), 'b→b-2 c^b-2 forget b'],
    ['its RAM is empty', inWhat(chain(b(), c), {}, 0), 'b→b-2 c^b-2 forget b'],
    [
      'libvirt reads none there',
      inWhat(chain(b(), c), { savedRam: new Map([[ram, 'broken']]) }, 9),
      'b→b-2 c^b-2 forget b',
    ],
    ['its RAM is there', inWhat(chain(b(), c), {}, 9), 'nothingToRepair'],
    ['its RAM cannot be seen', inWhat(chain(b(), c), {}, 'unknown'), 'nothingToRepair'],
    ['it never had any', inWhat(chain(external('b', 'a'), c)), 'nothingToRepair'],
    ['its storage is away', inWhat(chain(b(), c), {}, 'missing', { '/img/web.c': 'missing' }), 'nothingToRepair'],
    ['its disks are gone too', inWhat(chain(b(), c), {}, 'missing', { '/img/web.a': 'missing' }), 'overlayMissing'],
    ['it has no disks', inWhat(chain(b({ disks: [{ target: 'vda', location: 'no' }] }), c)), 'nothingToRepair'],
    [
      'half merged',
      inWhat(chain(b({ disks: [{ target: 'vda', location: 'external', deleteInProgress: true }] }), c)),
      'unfinishedDelete',
    ],
    ['the current one', inWhat(chain(b())), 'b→b-2 b-2= forget b'],
    ['the current one, on an old libvirt', inWhat(chain(b()), old), 'b→b-2 b-2= forget b'],
    ['the current one, reverted to', inWhat(chain(noted)), 'currentNotesFiles'],
    ['the current one, with children', inWhat({ ...chain(b(), c), current: 'b' }), 'currentNotesFiles'],
    ['… on an old libvirt', inWhat({ ...chain(b(), c), current: 'b' }, old), 'b→b-2 c^b-2 b-2= forget b'],
    ['a block job', inWhat(chain(b(), c), { blockJobs: ['vda'] }), 'blockJobRunning'],
  ];
  for (const [what, situationOfRow, expected] of rows) {
    it(`${what} → ${expected}`, () => {
      assert.equal(repaired({ kind: 'keepDisks', snapshot: 'b' }, situationOfRow), expected);
    });
  }

  it('moves its copy of the UEFI variables, where that can be', () => {
    const withCopy = (can: 'yes' | { readonly why: 'denied' }): Facts => {
      const from = inWhat(chain(b(), c));
      const files = new Map([...from.files!.files, ['/img/VARS.b', { bytes: 1, allocatedBytes: 1 }] as const]);
      const vars = { ...from.vm, firmware: 'uefiRawNvram', nvram: '/img/VARS' } as const;
      return { ...from, vm: vars, files: { ...from.files!, files, canAct: new Map([['/img', can]]) } };
    };
    const repair: Repair = { kind: 'keepDisks', snapshot: 'b' };
    assert.equal(repaired(repair, withCopy('yes')), 'cp /img/VARS.b /img/VARS.b-2 b→b-2 c^b-2 forget b rm /img/VARS.b');
    assert.equal(repaired(repair, withCopy({ why: 'denied' })), 'filesOutOfReach');
  });
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
  const rows: readonly (readonly [what: string, Partial<Facts>, string])[] = [
    ['not merged', chain('/img/web.b', '/img/web.a', base), 'b'],
    ['merged, and libvirt does not know', chain('/img/web.a', base), 'forget b clearUnfinishedDelete a rm /img/web.b'],
    ['elsewhere', chain('/img/web.9', base), 'notInChain'],
    [
      'nothing marked',
      { ...chain('/img/web.b', '/img/web.a', base), tree: tree([external('a'), external('b', 'a')], 'b') },
      'nothingToRepair',
    ],
    ['nothing after it', { ...chain('/img/web.b', '/img/web.a', base), tree: tree([marked], 'a') }, 'nothingToRepair'],
  ];
  for (const [what, more, expected] of rows) {
    it(`${what} → ${expected}`, () => {
      assert.equal(repaired({ kind: 'finishDelete', snapshot: 'a' }, facts(more)), expected);
    });
  }
});

describe('planRepair: no current one', () => {
  const on = (file: string, ...backing: string[]): Partial<Facts> => ({
    vm: off(['vda', file, { backing }]),
    frozenDisks: frozen({ a: base, b: '/img/web.a' }),
  });
  const none = tree([external('a'), external('b', 'a')]);
  const rows: readonly (readonly [what: string, SnapshotTree, string, Partial<Facts>, string])[] = [
    ['the VM is on it', none, 'b', on('/img/web.b', '/img/web.a', base), 'b=/img/web.b'],
    ['on it, after a revert', none, 'b', on('/img/web.17', '/img/web.a', base), 'b=/img/web.17'],
    ['the VM is on its child', none, 'a', on('/img/web.b', '/img/web.a', base), 'notOnSnapshot'],
    ['it has children', none, 'a', on('/img/web.17', base), 'a= createSnapshot'],
    ['nothing is known of the chain', none, 'a', {}, 'notOnSnapshot'],
    ['there is one', { ...none, current: 'b' }, 'b', on('/img/web.b', '/img/web.a', base), 'nothingToRepair'],
  ];
  for (const [what, of, name, more, expected] of rows) {
    it(`${what} → ${expected}`, () => {
      assert.equal(repaired({ kind: 'makeCurrent', snapshot: name }, facts({ tree: of, ...more })), expected);
    });
  }
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

  it('gets overlays on them, and is stopped before', () => {
    const repair: Repair = { kind: 'leaveFrozenFiles', snapshot: 'a' };
    const file = `/img/web.${now / 1_000}`;
    assert.equal(repaired(repair, inWhat('off')), `createOverlays defineFromSnapshot a a=${file}`);
    assert.equal(repaired(repair, inWhat('paused')), `power createOverlays defineFromSnapshot a a=${file}`);
    assert.equal(repaired(repair, inWhat('off', '/img/web.a')), 'nothingToRepair');
    const decision = planRepair({ kind: 'repair', vm: ref, repair }, inWhat('paused'));
    assert.ok(decision.kind === 'plan');
    assert.deepEqual(decision.losses, [{ kind: 'ram' }, { kind: 'configuration' }]);
  });
});

describe('planRepair: something is stuck', () => {
  const rows: readonly (readonly [
    what: Repair['kind'] & ('keepVm' | 'resumeAfterSave' | 'thawGuest'),
    Facts,
    string,
  ])[] = [
    ['resumeAfterSave', facts({ vm: vm({ power: 'paused', powerReason: 'saving' }) }), 'power'],
    ['resumeAfterSave', facts({ vm: vm({ power: 'paused', powerReason: 'snapshotting' }) }), 'power'],
    ['resumeAfterSave', facts({ vm: vm({ power: 'paused', powerReason: 'fromSnapshot' }) }), 'nothingToRepair'],
    ['resumeAfterSave', facts(), 'nothingToRepair'],
    ['keepVm', facts({ vm: vm({ persistent: false }) }), 'makePersistent'],
    ['keepVm', facts({ vm: vm({ persistent: false }), blockJobs: ['vda'] }), 'blockJobRunning'],
    ['keepVm', facts(), 'nothingToRepair'],
    ['thawGuest', facts({ agent: 'frozen' }), 'thawGuest'],
    ['thawGuest', facts({ agent: 'answers' }), 'nothingToRepair'],
    ['thawGuest', facts(), 'nothingToRepair'],
  ];
  for (const [what, inWhat, expected] of rows) {
    it(`${what}, ${inWhat.vm.powerReason}, ${inWhat.agent ?? 'agent not known'} → ${expected}`, () => {
      assert.equal(repaired({ kind: what }, inWhat), expected);
    });
  }
});
