// Deletes that libvirt alone would do badly: leaves of other branches on old ones, what it leaves behind, linked
// clones, a layout that only a leaf of ours notes, metadata that does not fit the VM's chain any more.
import assert from 'node:assert/strict';
import type { ImageFacts, Seen } from '../../../src/domain/hostFiles.js';
import type { AutoSnapshot, OtherVm, Facts } from '../../../src/domain/facts.js';
import type { Plan } from '../../../src/operations/plan.js';
import { planOperation } from '../../../src/operations/planOperation.js';
import type { Snapshot } from '../../../src/domain/snapshot.js';
import type { VmDisk } from '../../../src/domain/vm.js';
import {
  ask,
  capabilities,
  disk,
  external,
  frozen,
  image,
  looked,
  planned,
  refused,
  shortSteps,
  facts,
  snapshot,
  tree,
  verdict,
  vm,
} from '../domain/someFacts.js';

const base = '/img/web.qcow2';
const steps = shortSteps;
const about = (plan: Plan): string => plan.warnings.map((warning) => warning.kind).join(' ');

/** r ─ a (current), and r ─ x, which froze what r's first overlay was. */
function branched(more: Partial<Facts> = {}, x: Snapshot = external('x', 'r')): Facts {
  return facts({
    tree: tree([external('r'), external('a', 'r'), x], 'a'),
    vm: vm({ disks: [disk('vda', '/img/web.a', { backing: ['/img/web.1', base] })] }),
    capabilities: capabilities(9, 0),
    frozenDisks: frozen({ r: base, a: '/img/web.1', x: '/img/web.r' }),
    files: looked({
      images: {
        '/img/web.a': image('/img/web.1'),
        '/img/web.1': image(base),
        [base]: image(),
        '/img/web.r': image(base),
        '/img/web.x': 'missing',
      },
    }),
    ...more,
  });
}
const seen = (r: Parameters<typeof looked>[0]['images'], canAct?: Parameters<typeof looked>[0]['canAct']) => ({
  files: looked({ images: { '/img/web.x': 'missing', ...r }, ...(canAct === undefined ? {} : { canAct }) }),
});

const lastOverlay = (more: Partial<ImageFacts>) =>
  seen({ '/img/web.r': image(base), '/img/web.x': image('/img/web.r', more) });

describe('planDelete: leaves of other branches before libvirt 9.9', () => {
  const rows: readonly (readonly [what: string, more: Partial<Facts>, expected: string])[] = [
    ['an overlay', {}, 'forget x rm /img/web.r'],
    ['an overlay, 8.0', { capabilities: capabilities(8, 0) }, 'forget x rm /img/web.r'],
    ['an overlay, 9.8', { capabilities: capabilities(9, 8) }, 'forget x rm /img/web.r'],
    ['an overlay, 9.9', { capabilities: capabilities(9, 9) }, 'x'],
    ['a file that is gone', seen({ '/img/web.r': 'missing' }), 'forget x'],
    ['an image that stands alone', seen({ '/img/web.r': image() }), 'leafOfOtherBranch'],
    ['a file that cannot be seen', seen({ '/img/web.r': 'unknown' }), 'leafOfOtherBranch'],
    ['a file that was not looked at', seen({}), 'leafOfOtherBranch'],
    [
      'a folder that is not ours',
      seen({ '/img/web.r': image(base) }, { '/img': { why: 'denied' } }),
      'leafOfOtherBranch',
    ],
    ['a folder that was not looked at', seen({ '/img/web.r': image(base) }, {}), 'leafOfOtherBranch'],
    [
      'a file that another snapshot froze too',
      { frozenDisks: frozen({ r: base, a: '/img/web.r', x: '/img/web.r' }) },
      'overlayNeededByBranch',
    ],
    [
      'a file that, as the images tell, the VM is built on',
      {
        vm: vm({ power: 'off', disks: [disk('vda', '/img/web.a')] }),
        ...seen({ '/img/web.a': image('/img/web.r'), '/img/web.r': image(base) }),
      },
      'overlayNeededByBranch',
    ],
    [
      'a file that another VM is built on',
      { otherVms: [{ uuid: 'c', name: 'clone', files: ['/img/web.r'], unread: [] }] },
      'usedByOtherVm',
    ],
    [
      'its own last overlay, still there',
      seen({ '/img/web.r': image(base), '/img/web.x': image('/img/web.r') }),
      'forget x rm /img/web.r,/img/web.x',
    ],
    ['its own last overlay, with a tag', lastOverlay({ tags: ['mine'] }), 'tagInLayer'],
    [
      'its own last overlay, with a tag, 9.9',
      { ...lastOverlay({ tags: ['mine'] }), capabilities: capabilities(9, 9) },
      'tagInLayer',
    ],
    [
      'its own last overlay, in a folder that is not ours',
      {
        ...seen(
          { '/img/web.r': image(base), '/there/web.x': image('/img/web.r') },
          { '/img': 'yes', '/there': { why: 'denied' } },
        ),
        tree: tree(
          [
            external('r'),
            external('a', 'r'),
            external('x', 'r', { disks: [{ target: 'vda', location: 'external', file: '/there/web.x' }] }),
          ],
          'a',
        ),
      },
      'leafOfOtherBranch',
    ],
    [
      'its own last overlay, which cannot be seen',
      seen({ '/img/web.r': image(base), '/img/web.x': 'unknown' }),
      'leafOfOtherBranch',
    ],
    [
      'an overlay that a revert gave it, with a tag, 11.3',
      {
        ...seen({ '/img/web.r': image(base), '/img/web.2': image('/img/web.r', { tags: ['mine'] }) }),
        tree: tree(
          [external('r'), external('a', 'r'), { ...external('x', 'r'), revertDisks: external('2').disks }],
          'a',
        ),
        capabilities: capabilities(11, 3),
      },
      'tagInLayer',
    ],
  ];
  for (const [what, more, expected] of rows) {
    it(`${what} → ${expected}`, () => {
      const decision = planOperation(ask.remove('x'), branched(more));
      assert.equal(decision.kind === 'plan' ? steps(decision) : decision.refusal.reason, expected);
    });
  }

  it('tells that it is done by us, why, and which files go', () => {
    const plan = planned(ask.remove('x'), branched());
    assert.deepEqual(plan.losses, [
      { kind: 'restorePoints', names: ['x'] },
      { kind: 'files', files: ['/img/web.r'] },
    ]);
    assert.deepEqual(plan.warnings, [
      {
        kind: 'doneByUs',
        why: { reason: 'leafOfOtherBranch', facts: { snapshot: 'x', version: '9.0', needed: '9.9' } },
      },
    ]);
  });

  it('tells of an overlay above the leaf that holds something, and of none that is empty', () => {
    const lost = (x: Seen<ImageFacts>, version: [number, number]): readonly string[] =>
      planned(
        ask.remove('x'),
        branched({
          capabilities: capabilities(...version),
          ...seen({ '/img/web.r': image(base), '/img/web.x': x }),
        }),
      ).losses.flatMap((loss) => (loss.kind === 'files' ? loss.files : []));
    assert.deepEqual(lost(image('/img/web.r'), [9, 0]), ['/img/web.r', '/img/web.x']);
    assert.deepEqual(lost(image('/img/web.r'), [12, 8]), ['/img/web.x']);
    assert.deepEqual(lost(image('/img/web.r', { empty: true }), [12, 8]), []);
    assert.deepEqual(lost('missing', [12, 8]), []);
  });

  it('keeps a file that a snapshot names for a disk which it left out', () => {
    const two = (x: string): readonly VmDisk[] => [disk('vda', '/img/web.1'), disk('vdb', x)];
    const x = external('x', 'r', {
      disks: ['vda', 'vdb'].map((target) => ({ target, location: 'external' as const, file: `/img/${target}.x` })),
    });
    const onLeftOut = (version: [number, number], named: string): string =>
      verdict(
        planOperation(
          ask.remove('x'),
          branched(
            {
              capabilities: capabilities(...version),
              frozenDisks: new Map([
                ['r', [disk('vda', base)]],
                ['a', two(named)],
                ['x', [disk('vda', '/img/web.r'), disk('vdb', '/img/d.r')]],
              ]),
              ...seen({ '/img/web.r': image(base), '/img/d.r': image('/img/d'), '/img/vda.x': 'missing' }),
            },
            x,
          ),
        ),
      );
    for (const version of [
      [9, 0],
      [12, 8],
    ] as const) {
      assert.equal(onLeftOut([...version], '/img/d.r'), 'overlayNeededByBranch');
      assert.equal(onLeftOut([...version], '/img/other'), 'ok');
    }
  });

  it('takes a whole branch, and what the VM runs on behind it', () => {
    const inWhat = branched({
      tree: tree([external('r'), external('a', 'r'), external('x', 'r'), external('y', 'x')], 'a'),
      frozenDisks: frozen({ r: base, a: '/img/web.1', x: '/img/web.r', y: '/img/web.x' }),
      ...seen({ '/img/web.r': image(base), '/img/web.x': image('/img/web.r') }),
    });
    assert.equal(
      steps(planned(ask.remove('x', 'withDescendants'), inWhat)),
      'forget y rm /img/web.x forget x rm /img/web.r',
    );
    assert.equal(
      steps(planned(ask.remove('r', 'withDescendants'), inWhat)),
      'forget y rm /img/web.x forget x rm /img/web.r a r=/img/web.1 r',
    );
    assert.equal(
      steps(planned(ask.remove('r', 'descendants'), inWhat)),
      'forget y rm /img/web.x forget x rm /img/web.r a r=/img/web.1',
    );
    assert.equal(refused(ask.remove('y', 'descendants'), inWhat).reason, 'noDescendants');
    const newer = { ...inWhat, capabilities: capabilities(12, 8) };
    assert.equal(steps(planned(ask.remove('x', 'withDescendants'), newer)), 'y x');
  });

  it('deletes nothing that the VM runs on before 9.0', () => {
    const old = branched({ capabilities: capabilities(8, 0) });
    assert.equal(refused(ask.remove('a'), old).reason, 'externalDeleteUnsupported');
    assert.equal(refused(ask.remove('r', 'withDescendants'), old).reason, 'externalDeleteUnsupported');
  });
});

describe('planDelete: what libvirt leaves behind', () => {
  const withMemory = (name: string, parent?: string): Snapshot =>
    snapshot(name, {
      memory: 'external',
      memoryFile: `/img/${name}.mem`,
      disks: [{ target: 'vda', location: 'external', file: `/img/web.${name}` }],
      ...(parent === undefined ? {} : { parent }),
    });
  const one = (version: [number, number], files: Facts['files'], more: Partial<Facts> = {}): Facts =>
    facts({
      tree: tree([withMemory('m')], 'm'),
      capabilities: capabilities(...version),
      ...(files === undefined ? {} : { files }),
      ...more,
    });
  const there = { bytes: 1, allocatedBytes: 1 };
  const nvram = vm({ nvram: '/vars/web.fd', firmware: 'uefiRawNvram' });
  const bothFolders = { '/img': 'yes', '/vars': 'yes' } as const;
  const rows: readonly (readonly [what: string, Facts, steps: string, about: string])[] = [
    ['the memory file, 9.0', one([9, 0], looked({ files: { '/img/m.mem': there } })), 'm rm /img/m.mem', 'merges'],
    ['the memory file, 9.1', one([9, 1], looked({ files: { '/img/m.mem': there } })), 'm', 'merges'],
    ['a memory file that is gone', one([9, 0], looked({ files: { '/img/m.mem': 'missing' } })), 'm', 'merges'],
    [
      'a memory file that cannot be seen',
      one([9, 0], looked({ files: { '/img/m.mem': 'unknown' } })),
      'm rm /img/m.mem',
      'merges',
    ],
    ['where nothing can be removed', one([9, 0], looked({ canAct: {} })), 'm', 'merges leavesFile'],
    ['nothing known', one([9, 0], undefined), 'm', 'merges leavesFile'],
    [
      'a memory file that another snapshot names too',
      one([9, 0], looked({}), {
        tree: tree(
          [withMemory('m'), { ...withMemory('n', 'm'), memory: { location: 'external', file: '/img/m.mem' } }],
          'n',
        ),
      }),
      'm',
      'merges',
    ],
    [
      'the copy of the UEFI variables',
      one([12, 8], looked({ files: { '/vars/web.fd.m': there }, canAct: bothFolders }), { vm: nvram }),
      'm rm /vars/web.fd.m',
      'merges',
    ],
    [
      'no copy of the UEFI variables',
      one([12, 8], looked({ files: { '/vars/web.fd.m': 'missing' }, canAct: bothFolders }), { vm: nvram }),
      'm',
      'merges',
    ],
    [
      'a copy that cannot be removed',
      one([12, 8], looked({ files: { '/vars/web.fd.m': there } }), { vm: nvram }),
      'm',
      'merges leavesFile',
    ],
  ];
  for (const [what, inWhat, expected, warnings] of rows) {
    it(`${what} → ${expected}; ${warnings}`, () => {
      const plan = planned(ask.remove('m'), inWhat);
      assert.equal(steps(plan), expected);
      assert.equal(about(plan), warnings);
    });
  }

  it('goes with a leaf that libvirt removes, its last overlay too', () => {
    const plan = planned(
      ask.remove('x'),
      branched({
        capabilities: capabilities(12, 8),
        ...seen({ '/img/web.r': image(base), '/img/web.x': image('/img/web.r') }),
      }),
    );
    assert.equal(steps(plan), 'x rm /img/web.x');
    assert.deepEqual(plan.losses, [
      { kind: 'restorePoints', names: ['x'] },
      { kind: 'files', files: ['/img/web.x'] },
    ]);
  });
});

describe('planDelete: a merge into what is no file', () => {
  const device = '/dev/vg/a';
  const into = (told: Seen<ImageFacts>, more: Partial<VmDisk> = {}): string =>
    verdict(
      planOperation(
        ask.remove('a'),
        facts({
          tree: tree([external('a')], 'a'),
          vm: vm({ disks: [disk('vda', '/img/web.a', { backing: [device] })] }),
          frozenDisks: new Map([['a', [disk('vda', device, { sourceType: 'block', ...more })]]]),
          files: looked({ images: { '/img/web.a': image(device), [device]: told } }),
        }),
      ),
    );
  const size = 2 ** 30;
  const qcow2: ImageFacts = { bytes: 2 * size, allocatedBytes: 0, format: 'qcow2', virtualBytes: size, tags: [] };

  it('is refused where it may not fit, or libvirt cannot', () => {
    assert.equal(into(qcow2), 'ok');
    assert.equal(into({ ...qcow2, bytes: size }), 'deviceMayBeFull');
    assert.equal(into({ ...qcow2, tags: ['one'] }), 'deviceMayBeFull');
    assert.equal(into('unknown'), 'deviceMayBeFull');
    assert.equal(into('unknown', { format: 'raw' }), 'ok');
    assert.equal(into(qcow2, { volume: { pool: 'vg', name: 'a' } }), 'volumeTakesNoMerge');
  });
});

describe('planDelete: other VMs', () => {
  const chain = (otherVms: readonly OtherVm[] | undefined): Facts =>
    facts({
      tree: tree([external('a'), external('b', 'a')], 'b'),
      vm: vm({ disks: [disk('vda', '/img/web.b', { backing: ['/img/web.a', base] })] }),
      frozenDisks: frozen({ a: base, b: '/img/web.a' }),
      ...(otherVms === undefined ? {} : { otherVms }),
    });
  const clone = (...files: string[]): OtherVm => ({
    uuid: 'c',
    name: 'clone',
    files: ['/img/c.qcow2', ...files],
    unread: [],
  });
  const unread: OtherVm = { uuid: 'h', name: 'hidden', files: [], unread: ['/far/h'] };
  const rows: readonly (readonly [
    what: string,
    name: string,
    others: readonly OtherVm[] | undefined,
    expected: string,
  ])[] = [
    ['a clone of the file that takes the merge', 'a', [clone(base)], 'usedByOtherVm'],
    ['a clone of the overlay that is merged', 'a', [clone('/img/web.a', base)], 'usedByOtherVm'],
    ['a clone of the layer below', 'b', [clone(base)], 'ok'],
    ['a clone of what takes the merge higher up', 'b', [clone('/img/web.a', base)], 'usedByOtherVm'],
    ['a clone of something else', 'a', [clone('/img/other')], 'ok'],
    ['a chain that cannot be read', 'a', [unread], 'otherVmUnread'],
    ['nobody looked', 'a', undefined, 'ok'],
  ];
  for (const [what, name, others, expected] of rows) {
    it(`${what} → ${expected}`, () => {
      assert.equal(verdict(planOperation(ask.remove(name), chain(others))), expected);
    });
  }

  it('passes over chains that cannot be read for somebody who says so, and warns', () => {
    const request = { ...ask.remove('a'), despiteUnread: true } as ReturnType<typeof ask.remove>;
    const plan = planned(request, chain([unread]));
    assert.deepEqual(plan.warnings.at(-1), { kind: 'unreadVms', vms: ['hidden'] });
    assert.equal(refused(request, chain([unread, clone(base)])).reason, 'usedByOtherVm');
  });

  it('speaks of other hosts only where somebody here builds on the VM’s files', () => {
    assert.equal(about(planned(ask.remove('b'), chain([clone(base)]))), 'merges otherHostsUnseen');
    assert.equal(about(planned(ask.remove('b'), chain([clone('/img/other')]))), 'merges');
  });
});

describe('planDelete: a medium that a revert laid overlays over', () => {
  const iso = '/img/cd.iso';
  const inDrive = (readonly: boolean, more: Partial<Facts>): Facts =>
    facts({
      tree: tree(
        [external('a', undefined, { disks: [{ target: 'vda', location: 'external', file: '/img/cd.2' }] })],
        'a',
      ),
      vm: vm({ disks: [disk('vda', '/img/cd.2', { readonly, backing: [iso] })] }),
      frozenDisks: frozen({ a: iso }),
      otherVms: [],
      ...more,
    });
  const left = { strays: new Map([['/img/cd.1', { restsOn: [iso] }]]) };
  const onOverlay = { strays: new Map([['/img/copy', { restsOn: ['/img/cd.2', iso] }]]) };
  const other: Partial<Facts> = { otherVms: [{ uuid: 'o', name: 'other', files: [iso], unread: [] }] };
  const rows: readonly (readonly [what: string, readonly: boolean, more: Partial<Facts>, expected: string])[] = [
    ['an overlay that libvirt left on it', true, left, 'ok'],
    ['the same on a disk that is written', false, left, 'usedByImage'],
    ['somebody’s image on the overlay that goes', true, onOverlay, 'usedByImage'],
    ['another VM has the medium too', true, other, 'usedByOtherVm'],
  ];
  for (const [what, readonly, more, expected] of rows) {
    it(`${what} → ${expected}`, () => {
      assert.equal(verdict(planOperation(ask.remove('a'), inDrive(readonly, more))), expected);
    });
  }
});

describe('planDelete: the leaf that holds the layout', () => {
  const auto: AutoSnapshot = { name: 'leaf', why: 'layout', createdAt: 7 };
  const leaf = (why?: 'layout' | 'revert', parent = 's'): Snapshot => ({
    ...external('leaf', parent, { createdAt: 7 }),
    trailers: why === undefined ? {} : { auto: why },
  });
  const files = { s: base, c: '/img/web.s', leaf: '/img/web.17' };
  const on = (file: string, ...backing: string[]): Partial<Facts> => ({
    vm: vm({ disks: [disk('vda', file, { backing })] }),
  });
  /** s ─ c, and s ─ leaf, current: the VM was reverted to s. */
  const made = (more: Partial<Facts> = {}, own = leaf('layout')): Facts =>
    facts({
      tree: tree([external('s'), external('c', 's'), own], 'leaf'),
      capabilities: capabilities(9, 0),
      ...on('/img/web.leaf', '/img/web.17', base),
      frozenDisks: frozen(files),
      autoSnapshots: [auto],
      ...more,
    });
  const rows: readonly (readonly [what: string, Facts, expected: string])[] = [
    ['current, a branch on its parent', made(), 'layoutLeafNeeded'],
    ['the same after an upgrade', made({ capabilities: capabilities(12, 8) }), 'layoutLeafNeeded'],
    ['files not known', made({ frozenDisks: undefined as never }), 'layoutLeafNeeded'],
    ['no word of it in our records', made({ autoSnapshots: [] }), 'layoutLeafNeeded'],
    ['no mark', made({}, leaf()), 'layoutLeafNeeded'],
    ['no word of it in our records, 12.8', made({ autoSnapshots: [], capabilities: capabilities(12, 8) }), 'leaf'],
    [
      'another of its name, 12.8',
      made({ autoSnapshots: [{ ...auto, createdAt: 8 }], capabilities: capabilities(12, 8) }),
      'leaf',
    ],
    ['a checkpoint, 12.8', made({ capabilities: capabilities(12, 8) }, leaf('revert')), 'leaf'],
    ['no mark, 12.8', made({ capabilities: capabilities(12, 8) }, leaf()), 'leaf'],
    [
      'nobody else on its parent: that names the VM’s overlay then',
      made({ tree: tree([external('s'), leaf('layout')], 'leaf') }),
      'leaf s=/img/web.17',
    ],
    [
      'a snapshot above it',
      made({
        tree: tree([external('s'), external('c', 's'), leaf('layout'), external('d', 'leaf')], 'd'),
        ...on('/img/web.d', '/img/web.leaf', '/img/web.17', base),
        frozenDisks: frozen({ ...files, d: '/img/web.leaf' }),
      }),
      'leaf',
    ],
    [
      'on another branch',
      made({
        tree: tree([external('s'), external('c', 's'), leaf('layout')], 'c'),
        capabilities: capabilities(9, 9),
        ...on('/img/web.c', '/img/web.s', base),
      }),
      'leaf',
    ],
    ['a root', made({ tree: tree([external('c'), { ...leaf('layout'), parent: 'gone' }], 'leaf') }), 'leaf'],
  ];
  for (const [what, inWhat, expected] of rows) {
    it(`${what} → ${expected}`, () => {
      const decision = planOperation(ask.remove('leaf'), inWhat);
      assert.equal(decision.kind === 'plan' ? steps(decision) : decision.refusal.reason, expected);
    });
  }

  it('is needed too when what is above it goes first', () => {
    const above = made({
      tree: tree([external('s'), external('c', 's'), leaf('layout'), external('d', 'leaf')], 'd'),
      ...on('/img/web.d', '/img/web.leaf', '/img/web.17', base),
      frozenDisks: frozen({ ...files, d: '/img/web.leaf' }),
    });
    assert.equal(refused(ask.remove('leaf', 'withDescendants'), above).reason, 'layoutLeafNeeded');
    assert.equal(steps(planned(ask.remove('leaf', 'descendants'), above)), 'd');
  });

  it('goes with all that it was made for', () => {
    const all = made({
      files: looked({
        images: {
          '/img/web.s': image(base),
          '/img/web.c': 'missing',
          '/img/web.leaf': image('/img/web.17'),
          '/img/web.17': image(base),
          [base]: image(),
        },
      }),
    });
    assert.equal(steps(planned(ask.remove('s', 'descendants'), all)), 'forget c rm /img/web.s leaf s=/img/web.17');
    assert.equal(
      steps(planned(ask.remove('s', 'withDescendants'), all)),
      'forget c rm /img/web.s leaf s=/img/web.17 s',
    );
  });

  it('leaves its parent naming the VM’s overlay when the last branch beside it goes', () => {
    // libvirt 9.9 and newer: s was reverted to, then c went, then b, which was taken after the revert.
    const rest = facts({
      tree: tree([external('s'), external('b', 's')], 'b'),
      ...on('/img/web.b', '/img/web.17', base),
      frozenDisks: frozen({ s: base, b: '/img/web.17' }),
    });
    assert.equal(steps(planned(ask.remove('b'), rest)), 'b s=/img/web.17');
    assert.equal(refused(ask.remove('s'), rest).reason, 'notInChain');
    const reverted = {
      ...rest,
      tree: tree([external('s', undefined, { revertFile: '/img/web.17' }), external('c', 's')], 's'),
      ...on('/img/web.17', base),
      frozenDisks: frozen({ s: base, c: '/img/web.s' }),
    };
    assert.equal(steps(planned(ask.remove('c'), reverted)), 'c');
  });
});

describe('planDelete: metadata and the VM’s chain', () => {
  const two = tree([external('a'), external('b', 'a')], 'b');
  const files = frozen({ a: base, b: '/img/web.a' });
  const rows: readonly (readonly [
    what: string,
    name: string,
    chain: readonly [string, ...string[]],
    expected: string,
  ])[] = [
    ['as made', 'a', ['/img/web.b', '/img/web.a', base], 'a'],
    ['as made', 'b', ['/img/web.b', '/img/web.a', base], 'b'],
    ['all committed by hand', 'b', [base], 'notInChain'],
    ['all committed by hand', 'a', [base], 'notInChain'],
    ['the middle committed by hand', 'a', ['/img/web.b', base], 'notInChain'],
    ['pulled by hand', 'b', ['/img/web.b'], 'notInChain'],
    ['another overlay', 'b', ['/img/web.99', '/img/web.a', base], 'b=/img/web.99 b'],
  ];
  for (const [what, name, [top, ...backing], expected] of rows) {
    for (const told of ['XML', 'images'] as const) {
      it(`${what}, ${name}, told by the ${told} → ${expected}`, () => {
        const all = [top, ...backing];
        const inWhat = facts({
          tree: two,
          frozenDisks: files,
          vm: vm({ disks: [disk('vda', top, told === 'XML' ? { backing } : {})] }),
          ...(told === 'XML'
            ? {}
            : { files: looked({ images: Object.fromEntries(all.map((file, at) => [file, image(all[at + 1])])) }) }),
        });
        const decision = planOperation(ask.remove(name), inWhat);
        assert.equal(decision.kind === 'plan' ? steps(decision) : decision.refusal.reason, expected);
      });
    }
  }
});

describe('planDelete: what a merge takes', () => {
  const inWhat = (free: number): Facts =>
    facts({
      tree: tree([external('a'), external('b', 'a')], 'b'),
      vm: vm({ disks: [disk('vda', '/img/web.b')] }),
      frozenDisks: frozen({ a: base, b: '/img/web.a' }),
      files: looked({
        images: {
          '/img/web.b': image('/img/web.a', { allocatedBytes: 5_000 }),
          '/img/web.a': image(base, { allocatedBytes: 300 }),
          [base]: image(),
        },
        free: { '/img': free },
      }),
    });

  it('says how much goes where, and when it may not fit', () => {
    const plan = planned(ask.remove('b'), inWhat(5_000));
    assert.deepEqual(plan.warnings, [{ kind: 'merges', into: '/img/web.a', bytes: 5_000 }]);
    assert.equal(plan.spaceBytes, 5_000);
    assert.deepEqual(planned(ask.remove('b'), inWhat(4_999)).warnings.at(-1), {
      kind: 'needsSpace',
      bytes: 5_000,
      folder: '/img',
      free: 4_999,
    });
    assert.equal(planned(ask.remove('a', 'withDescendants'), inWhat(9_999)).spaceBytes, 5_300);
  });

  it('may be begun again from where it broke off', () => {
    const marked = external('a', undefined, {
      disks: [{ target: 'vda', location: 'external', file: '/img/web.a', deleteInProgress: true }],
    });
    const half = { ...inWhat(9_999), tree: tree([marked, external('b', 'a')], 'b') };
    assert.equal(refused(ask.remove('a'), half).reason, 'unfinishedDelete');
    assert.equal(steps(planned(ask.remove('b'), half)), 'b');
    assert.equal(steps(planned(ask.remove('a', 'withDescendants'), half)), 'b a');
  });
});
