// What a delete takes away, and when it is refused because libvirt cannot, or because somebody else's data would go.
import assert from 'node:assert/strict';
import type { CannotAct } from '../../../src/domain/hostFiles.js';
import type { Plan } from '../../../src/operations/plan.js';
import type { Facts } from '../../../src/domain/facts.js';
import { planOperation } from '../../../src/operations/decide/planOperation.js';
import type { Snapshot, SnapshotTree } from '../../../src/domain/snapshot.js';
import { image, over, seen } from '../domain/hostFiles.js';
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
  snapshot,
  tree,
  verdict,
  vm,
  ours,
} from '../domain/someFacts.js';
import { itRarely } from '../../allRows.js';

const base = '/img/web.qcow2';
const onTop = (file: string, ...backing: string[]): Partial<Facts> => ({
  vm: vm({ disks: [disk('vda', file, { backing })] }),
});
const steps = (plan: Plan): string =>
  plan.steps.map((step) => (step.kind === 'deleteSnapshot' ? step.snapshot : step.kind)).join(' ');
const about = (plan: Plan): string => plan.warnings.map((warning) => warning.kind).join(' ');

/** a ─ b ─ c, c current. */
const chain = tree([external('a'), external('b', 'a'), external('c', 'b')], 'c');
const chainFiles = frozen({ a: base, b: '/img/web.a', c: '/img/web.b' });
const chainOn = onTop('/img/web.c', '/img/web.b', '/img/web.a', base);

describe('planDelete: what goes on with the VM', () => {
  const inside = tree([internal('s')], 's');
  const outside = tree([external('s')], 's');
  const rows: readonly (readonly [what: string, SnapshotTree, Partial<Facts>, string])[] = [
    ['internal, running', inside, {}, 'ok'],
    ['internal, off', inside, { vm: vm({ power: 'off' }) }, 'ok'],
    ['internal, off, managed save', inside, { vm: vm({ power: 'off', managedSave: true }) }, 'ok'],
    ['external, off, managed save', outside, { vm: vm({ power: 'off', managedSave: true }) }, 'managedSaveExists'],
    ['a block job', inside, { blockJobs: ['vda'] }, 'blockJobRunning'],
    ['crashed', inside, { vm: vm({ power: 'crashed' }) }, 'crashedVm'],
    ['asleep', inside, { vm: vm({ power: 'asleep' }) }, 'asleepVm'],
    ['shutting down', inside, { vm: vm({ power: 'shuttingDown' }) }, 'wrongState'],
    ['being saved', inside, { vm: vm({ power: 'paused', powerReason: 'saving' }) }, 'unfinishedSave'],
    ['gone meanwhile', tree([]), {}, 'snapshotMissing'],
    ['read-only', inside, { capabilities: capabilities(9, 0, { readOnly: true }) }, 'readOnlyConnection'],
    ['another driver', inside, { capabilities: capabilities(9, 0, { driver: 'other' }) }, 'driverCannot'],
    ['the test driver', outside, { capabilities: capabilities(8, 0, { driver: 'test' }) }, 'ok'],
  ];
  for (const [what, of, more, expected] of rows) {
    it(`${what} → ${expected}`, () => {
      assert.equal(verdict(planOperation(ask.remove('s'), facts({ tree: of, ...more }))), expected);
    });
  }
});

describe('planDelete: internal', () => {
  const inside = tree([internal('a'), internal('b', 'a'), internal('c', 'b')], 'c');

  it('takes one, or all below it leaf by leaf: libvirt 9.0 dies of a call that takes them all', () => {
    const one = planned(ask.remove('a'), facts({ tree: inside }));
    assert.equal(steps(one), 'a');
    assert.deepEqual(one.losses, [{ kind: 'restorePoints', names: ['a'] }]);
    const all = planned(ask.remove('b', 'withDescendants'), facts({ tree: inside }));
    assert.equal(steps(all), 'c b');
    assert.deepEqual(all.losses, [{ kind: 'restorePoints', names: ['c', 'b'] }]);
    assert.equal(steps(planned(ask.remove('c', 'withDescendants'), facts({ tree: inside }))), 'c');
  });

  it('takes what is below one that stays, other branches first', () => {
    const forked = tree([internal('a'), internal('b', 'a'), internal('c', 'b'), internal('x', 'a')], 'c');
    const plan = planned(ask.remove('a', 'descendants'), facts({ tree: forked }));
    assert.equal(steps(plan), 'x c b');
    assert.deepEqual(plan.losses, [{ kind: 'restorePoints', names: ['x', 'c', 'b'] }]);
    assert.equal(refused(ask.remove('c', 'descendants'), facts({ tree: forked })).reason, 'noDescendants');
  });

  describe('says what the host gets back', () => {
    const layers = (exact: 'exact' | 'estimate', freed: readonly (number | 'unknown')[]) => ({
      readAt: 0,
      from: 'files' as const,
      disks: [],
      snapshots: ['a', 'b', 'c'].map((name, at) => {
        return { snapshot: name, bytes: freed[at]!, how: exact };
      }),
      together: { bytes: 100, how: 'exact' as const },
      rooms: [],
    });
    const off = { tree: inside, vm: vm({ power: 'off' }) };
    const rows = [
      ['one', ask.remove('b'), layers('exact', [1, 2, 4]), [{ bytes: 2, how: 'exact' }]],
      ['one, while a VM writes', ask.remove('b'), layers('estimate', [1, 2, 4]), [{ bytes: 2, how: 'estimate' }]],
      ['some', ask.remove('b', 'withDescendants'), layers('exact', [1, 2, 4]), [{ bytes: 6, how: 'atLeast' }]],
      ['all', ask.remove('a', 'withDescendants'), layers('exact', [1, 2, 4]), [{ bytes: 100, how: 'exact' }]],
      ['one that is not known', ask.remove('a'), layers('exact', ['unknown', 2, 4]), []],
      ['some not known', ask.remove('b', 'withDescendants'), layers('exact', [1, 'unknown', 4]), []],
      ['nothing read', ask.remove('a'), undefined, []],
      [
        'a series',
        { kind: 'prune', vm: ask.remove('a').vm, snapshots: ['a', 'b'] },
        layers('exact', [1, 2, 4]),
        [{ bytes: 3, how: 'atLeast' }],
      ],
    ] as const;
    for (const [what, request, read, expected] of rows) {
      it(what, () => {
        const { warnings } = planned(request, facts({ ...off, ...(read && { layers: read }) }));
        const freed = warnings.flatMap((one) => (one.kind === 'frees' ? [{ bytes: one.bytes, how: one.how }] : []));
        assert.deepEqual(freed, expected);
      });
    }
  });

  const holding = (more: Parameters<typeof image>[0]): Partial<Facts> => ({
    tree: tree([internal('a')], 'a'),
    frozenDisks: frozen({ a: base }),
    files: seen({ [base]: image({ tags: ['a'], ...more }) }),
  });
  const off = { vm: vm({ power: 'off' }) };
  for (const [what, of, expected] of [
    ['damaged, running', holding({ corrupt: true }), 'imageCorrupt'],
    ['damaged, off', { ...holding({ corrupt: true }), ...off }, 'imageCorrupt'],
    ['a program reads it, off', { ...holding({ real: '1:1' }), ...off, held: new Set(['1:1']) }, 'heldByProgram'],
    ['a program reads another, off', { ...holding({ real: '1:1' }), ...off, held: new Set(['1:2']) }, 'ok'],
    ['a program holds it, running: its own QEMU', { ...holding({ real: '1:1' }), held: new Set(['1:1']) }, 'ok'],
    ['no program can write to it, running: QEMU has it open', holding({ immutable: true }), 'ok'],
    ['no program can write to it, off', { ...holding({ immutable: true }), ...off }, 'imageImmutable'],
    ['its owner may not write to it, off: libvirt does', { ...holding({ readOnly: true }), ...off }, 'ok'],
  ] as const) {
    it(`${what} → ${expected}`, () => {
      assert.equal(verdict(planOperation(ask.remove('a'), facts(of))), expected);
    });
  }

  it('takes the copy of the UEFI variables with it', () => {
    const nvram = '/img/VARS.fd';
    const own = { ...inside, snapshots: inside.snapshots.map(ours) };
    const inWhat = (copy: 'there' | 'missing', canAct: 'yes' | CannotAct, of: SnapshotTree = own): Facts =>
      facts({
        tree: of,
        vm: vm({ power: 'off', firmware: 'uefiRawNvram', nvram }),
        files: seen({}, { [`${nvram}.a`]: copy }, { canAct: new Map([['/img', canAct]]) }),
      });
    const plan = planned(ask.remove('a'), inWhat('there', 'yes'));
    assert.deepEqual(plan.steps.at(-1), { kind: 'removeFiles', files: [`${nvram}.a`] });
    assert.equal(steps(planned(ask.remove('a'), inWhat('missing', 'yes'))), 'a');
    const left = planned(ask.remove('a'), inWhat('there', { why: 'denied' }));
    assert.equal(steps(left), 'a');
    assert.equal(about(left), 'leavesFile');
    assert.equal(steps(planned(ask.remove('a'), inWhat('there', 'yes', inside))), 'a', 'of another tool');
  });

  it('says that a running guest stands still for it', () => {
    assert.equal(about(planned(ask.remove('a'), facts({ tree: inside }))), 'guestStandsStill');
    assert.equal(about(planned(ask.remove('a'), facts({ tree: inside, vm: vm({ power: 'off' }) }))), '');
  });

  const images: readonly (readonly [what: string, power: 'running' | 'off', file: string | undefined, string])[] = [
    ['running, in the image', 'running', base, 'ok'],
    ['running, in another image', 'running', '/img/old.qcow2', 'imageNotActive'],
    ['running, not known', 'running', undefined, 'ok'],
    ['off, in another image', 'off', '/img/old.qcow2', 'ok'],
  ];
  for (const [what, power, file, expected] of images) {
    it(`${what} → ${expected}`, () => {
      const inWhat = facts({
        tree: inside,
        vm: vm({ power }),
        ...(file === undefined ? {} : { frozenDisks: frozen({ a: file, b: base, c: base }) }),
      });
      assert.equal(verdict(planOperation(ask.remove('a'), inWhat)), expected);
    });
  }

  it('leaves one with a disk that the running VM has no more: libvirt 9.0 crashes on it', () => {
    const held = [disk('vda', base), disk('vdb', '/img/b')];
    const with2 = internal('a', undefined, {
      disks: [
        { target: 'vda', location: 'internal' },
        { target: 'vdb', location: 'internal' },
      ],
    });
    const inWhat = (power: 'running' | 'off'): Facts =>
      facts({ tree: tree([with2], 'a'), vm: vm({ power }), frozenDisks: new Map([['a', held]]) });
    assert.equal(verdict(planOperation(ask.remove('a'), inWhat('running'))), 'imageNotActive');
    assert.equal(verdict(planOperation(ask.remove('a'), inWhat('off'))), 'ok');
  });

  const jobNames: readonly (readonly [name: string, version: [number, number], power: 'running' | 'off', string])[] = [
    ['a b', [10, 8], 'running', 'ok'],
    ['a b', [10, 9], 'running', 'unsafeSnapshotName'],
    ['a b', [12, 8], 'off', 'ok'],
    ['a-b', [12, 8], 'running', 'ok'],
  ];
  for (const [name, [major, minor], power, expected] of jobNames) {
    it(`${JSON.stringify(name)}, libvirt ${major}.${minor}, ${power} → ${expected}`, () => {
      const inWhat = facts({
        tree: tree([internal(name)], name),
        vm: vm({ power }),
        capabilities: capabilities(major, minor),
      });
      assert.equal(verdict(planOperation(ask.remove(name), inWhat)), expected);
    });
  }

  it('refuses a mix below it', () => {
    const mixed = tree([internal('i'), external('e', 'i'), internal('j', 'e')], 'j');
    assert.deepEqual(refused(ask.remove('i', 'withDescendants'), facts({ tree: mixed })), {
      reason: 'mixedDescendants',
      facts: { snapshot: 'i', child: 'e' },
    });
    assert.equal(refused(ask.remove('e', 'withDescendants'), facts({ tree: mixed })).reason, 'mixedDescendants');
    assert.equal(verdict(planOperation(ask.remove('i'), facts({ tree: mixed }))), 'ok');
  });
});

describe('planDelete: external, by its place in the tree', () => {
  /** root ─ a ─ b (current), a ─ x ─ y, root ─ z */
  const branched = tree(
    [
      external('root'),
      external('a', 'root'),
      external('b', 'a'),
      external('x', 'a'),
      external('y', 'x'),
      external('z', 'root'),
    ],
    'b',
  );
  const current = tree([external('a'), external('b', 'a')], 'a');
  const marked = tree(
    [
      external('a', undefined, {
        disks: [{ target: 'vda', location: 'external', file: '/img/web.a', deleteInProgress: true }],
      }),
      external('b', 'a'),
    ],
    'b',
  );
  const rows: readonly (readonly [what: string, SnapshotTree, name: string, version: [number, number], string])[] = [
    ['leaf, current', chain, 'c', [9, 0], 'ok'],
    ['leaf, current', chain, 'c', [12, 8], 'ok'],
    ['middle', chain, 'b', [9, 0], 'ok'],
    ['root', chain, 'a', [9, 0], 'ok'],
    ['root', chain, 'a', [8, 9], 'externalDeleteUnsupported'],
    ['two children', branched, 'a', [12, 8], 'severalChildren'],
    ['two children', branched, 'root', [9, 0], 'severalChildren'],
    ['current, leaf, beside a branch', branched, 'b', [12, 8], 'ok'],
    ['current, leaf, beside a branch', branched, 'b', [9, 0], 'ok'],
    ['leaf of another branch', branched, 'y', [12, 8], 'ok'],
    ['leaf of another branch', branched, 'y', [9, 9], 'ok'],
    ['leaf of another branch', branched, 'y', [9, 0], 'leafOfOtherBranch'],
    ['leaf of another branch', branched, 'z', [9, 0], 'leafOfOtherBranch'],
    ['inner of another branch', branched, 'x', [12, 8], 'notInActiveChain'],
    ['inner of another branch', branched, 'x', [9, 0], 'notInActiveChain'],
    ['current with a child', current, 'a', [12, 8], 'currentHasChildren'],
    ['current with a child', current, 'a', [9, 0], 'currentHasChildren'],
    ['no current one', tree([external('a')]), 'a', [12, 8], 'noCurrentSnapshot'],
    ['an unfinished delete into it', marked, 'a', [12, 8], 'unfinishedDelete'],
    ['the delete that broke off, again', marked, 'b', [12, 8], 'ok'],
    ['an internal parent', tree([internal('i'), external('e', 'i')], 'e'), 'e', [12, 8], 'internalParent'],
    ['an internal parent', tree([internal('i'), external('e', 'i')], 'e'), 'e', [9, 0], 'internalParent'],
    [
      'an internal parent, reverted to',
      tree([internal('i'), external('e', 'i')], 'i'),
      'e',
      [10, 10],
      'internalParent',
    ],
  ];
  for (const [what, of, name, [major, minor], expected] of rows) {
    it(`${what}, libvirt ${major}.${minor} → ${expected}`, () => {
      const inWhat = facts({ tree: of, capabilities: capabilities(major, minor) });
      assert.equal(verdict(planOperation(ask.remove(name), inWhat)), expected);
    });
  }

  // Measured on 9.0: "could not find base disk source in disk source chain", and nothing is touched. 11.3 does it.
  const off: readonly (readonly [what: string, name: string, version: [number, number], string, SnapshotTree?])[] = [
    ['middle', 'b', [9, 0], 'notRunning'],
    ['root', 'a', [9, 0], 'notRunning'],
    ['leaf, current', 'c', [9, 0], 'ok'],
    ['middle', 'b', [11, 3], 'ok'],
    [
      'root, and a branch above',
      'a',
      [9, 0],
      'overlayNeededByBranch',
      tree([...chain.snapshots, external('x', 'b')], 'c'),
    ],
  ];
  for (const [what, name, [major, minor], expected, of = chain] of off) {
    it(`${what}, the VM is off, libvirt ${major}.${minor} → ${expected}`, () => {
      const files = seen({}, {}, { canChange: new Map() });
      const inWhat = facts({ tree: of, vm: vm({ power: 'off' }), capabilities: capabilities(major, minor), files });
      assert.equal(verdict(planOperation(ask.remove(name), inWhat)), expected);
    });
  }

  const layers: readonly (readonly [what: string, Parameters<typeof seen>[0], string])[] = [
    ['missing', { '/img/web.a': over('/img/web.qcow2'), '/img/web.qcow2': 'missing' }, 'overlayMissing'],
    ['corrupt', { '/img/web.a': over('/img/web.qcow2'), '/img/web.qcow2': image({ corrupt: true }) }, 'imageCorrupt'],
    ['there', { '/img/web.a': over('/img/web.qcow2'), '/img/web.qcow2': image() }, 'notRunning'],
  ];
  for (const [what, images, expected] of layers) {
    it(`does not ask for a start where the base is ${what} → ${expected}`, () => {
      const files = seen({ '/img/web.c': over('/img/web.a'), ...images }, {}, { canChange: new Map() });
      const off = vm({ power: 'off', disks: [disk('vda', '/img/web.c')] });
      const inWhat = facts({ tree: chain, vm: off, capabilities: capabilities(9, 0), files });
      assert.equal(verdict(planOperation(ask.remove('b'), inWhat)), expected);
    });
  }
});

describe('planDelete: external, by who rests on its files', () => {
  /** p ─ a ─ b ─ c (current), b ─ x: the overlay of a lies under x as well. */
  const forked = tree(
    [external('p'), external('a', 'p'), external('b', 'a'), external('c', 'b'), external('x', 'b')],
    'c',
  );
  const rows: readonly (readonly [
    what: string,
    SnapshotTree,
    name: string,
    version: [number, number],
    files: Readonly<Record<string, string>> | undefined,
    running: readonly [string, ...string[]],
    expected: string,
  ])[] = [
    ['a branch above its overlay', forked, 'a', [9, 0], undefined, [base], 'overlayNeededByBranch'],
    ['a branch above its overlay', forked, 'a', [9, 10], undefined, [base], 'overlayNeededByBranch'],
    ['a branch above its overlay', forked, 'a', [10, 0], undefined, [base], 'ok'],
    ['a branch above its overlay', forked, 'p', [12, 8], undefined, [base], 'ok'],
    ['nothing above it but the branch’s fork', forked, 'c', [9, 0], undefined, [base], 'ok'],
    [
      'a branch that the tree does not show above it, but the files do',
      tree([external('a'), external('b', 'a'), external('x')], 'b'),
      'a',
      [9, 0],
      { a: base, b: '/img/web.a', x: '/img/web.a' },
      ['/img/web.b', '/img/web.a', base],
      'overlayNeededByBranch',
    ],
    [
      'the same, where libvirt puts the others on the merged file',
      tree([external('a'), external('b', 'a'), external('x')], 'b'),
      'a',
      [11, 3],
      { a: base, b: '/img/web.a', x: '/img/web.a' },
      ['/img/web.b', '/img/web.a', base],
      'ok',
    ],
    [
      'a plain chain',
      chain,
      'b',
      [9, 0],
      { a: base, b: '/img/web.a', c: '/img/web.b' },
      ['/img/web.c', '/img/web.b', '/img/web.a', base],
      'ok',
    ],
    [
      'somebody who rests on the file that takes the merge, beside its overlay',
      tree([external('a'), external('b', 'a'), internal('i')], 'b'),
      'a',
      [12, 8],
      { a: base, b: '/img/web.a', i: base },
      ['/img/web.b', '/img/web.a', base],
      'overlayNeededByBranch',
    ],
    [
      'the leaf of another branch whose file the VM runs on',
      tree([external('a'), external('x')], 'a'),
      'x',
      [12, 8],
      { a: base, x: base },
      ['/img/web.a', base],
      'overlayNeededByBranch',
    ],
    [
      'the leaf of another branch whose file another one froze',
      tree([external('r'), external('a', 'r'), external('x', 'r'), external('y', 'r')], 'a'),
      'x',
      [12, 8],
      { r: base, a: '/img/web.r2', x: '/img/web.r', y: '/img/web.r' },
      ['/img/web.a', '/img/web.r2', base],
      'overlayNeededByBranch',
    ],
    [
      'the leaf of another branch with a file of its own',
      tree([external('r'), external('a', 'r'), external('x', 'r')], 'a'),
      'x',
      [12, 8],
      { r: base, a: '/img/web.r2', x: '/img/web.r' },
      ['/img/web.a', '/img/web.r2', base],
      'ok',
    ],
  ];
  for (const [what, of, name, [major, minor], files, [running, ...backing], expected] of rows) {
    it(`${what}, libvirt ${major}.${minor} → ${expected}`, () => {
      const inWhat = facts({
        tree: of,
        capabilities: capabilities(major, minor),
        ...onTop(running, ...backing),
        ...(files === undefined ? {} : { frozenDisks: frozen(files) }),
      });
      assert.equal(verdict(planOperation(ask.remove(name), inWhat)), expected);
    });
  }

  it('sees that it is the VM alone that rests on the file', () => {
    const of = tree([external('a'), external('x')], 'a');
    const inWhat = facts({
      tree: of,
      ...onTop('/img/web.a', '/img/x-own'),
      frozenDisks: frozen({ a: '/img/elsewhere', x: '/img/x-own' }),
    });
    assert.deepEqual(refused(ask.remove('x'), inWhat).facts, { snapshot: 'x', file: '/img/web.a', version: '12.8' });
  });

  it('follows overlays where the XML of a VM that is off tells no chain', () => {
    // The overlay that a revert to `r` made is named by no snapshot while `r` has children.
    const of = tree([external('r'), external('x', 'r')], 'r');
    const inWhat = facts({
      tree: of,
      vm: vm({ power: 'off', disks: [disk('vda', '/img/web.1700000000')] }),
      frozenDisks: frozen({ r: base, x: base }),
    });
    assert.equal(refused(ask.remove('x'), inWhat).reason, 'overlayNeededByBranch');
  });

  it('says by whom', () => {
    const inWhat = facts({ tree: forked, capabilities: capabilities(9, 0) });
    assert.deepEqual(refused(ask.remove('a'), inWhat).facts, { snapshot: 'a', by: 'x', version: '9.0' });
  });

  // Measured on 11.3: create a, b, c of a VM that is off; revert to b; delete a; the daemon is gone. 12.8 does it.
  for (const [what, backing, [major, minor], expected] of [
    ['a branch whose own metadata do not tell of the overlay', undefined, [11, 3], 'tellLayers a'],
    ['a branch whose own metadata tell of the overlay', ['/img/web.a', base], [11, 3], 'a'],
    ['a branch whose own metadata tell of another', ['/img/other', base], [11, 3], 'overlayNeededByBranch'],
    ['a branch whose own metadata do not tell of the overlay', undefined, [12, 8], 'a'],
  ] as const) {
    it(`${what}, libvirt ${major}.${minor} → ${expected}`, () => {
      const [disk] = frozen({ x: '/img/web.z' }).get('x')!;
      const inWhat = facts({
        tree: tree([external('a'), external('b', 'a'), external('x', 'b'), external('c', 'b')], 'c'),
        capabilities: capabilities(major, minor),
        ...onTop('/img/web.c', '/img/web.b', '/img/web.a', base),
        frozenDisks: new Map([
          ...frozen({ a: base, b: '/img/web.a', c: '/img/web.b' }),
          ['x', [{ ...disk!, ...(backing === undefined ? {} : { backing }) }]],
        ]),
        files: seen({ '/img/web.z': over('/img/web.a'), '/img/web.a': over(base), [base]: image() }),
      });
      const decision = planOperation(ask.remove('a'), inWhat);
      assert.equal(decision.kind === 'plan' ? steps(decision) : decision.refusal.reason, expected);
    });
  }
});

// Measured: a, x, y of a running VM; `snapshot-delete --metadata x`; revert to a; delete a with its descendants. The
// image that x froze was named by y alone, so that the delete broke off when y was gone.
describe('planDelete: a layer whose snapshot is forgotten', () => {
  const forgotten = tree([external('a'), external('y', 'a')], 'a');
  const inWhat = (frozenBy: readonly string[]): Facts =>
    facts({
      tree: tree([...forgotten.snapshots, ...frozenBy.map((name) => external(name))], 'a'),
      ...onTop('/img/web.new', base),
      frozenDisks: new Map([
        ...frozen({ a: base, ...Object.fromEntries(frozenBy.map((name) => [name, '/img/web.a'])) }),
        ['y', [disk('vda', '/img/web.x', { backing: ['/img/web.a', base] })]],
      ]),
    });

  it('rests on what would take a merge: refused before anything is touched', () => {
    const { reason, facts: told } = refused(ask.remove('a', 'withDescendants'), inWhat([]));
    assert.deepEqual([reason, told], ['usedByImage', { vm: 'web', image: '/img/web.a', file: base }]);
  });

  it('stays where nothing below it changes', () => {
    assert.equal(verdict(planOperation(ask.remove('y'), inWhat([]))), 'ok');
  });
});

describe('planDelete: external, with descendants', () => {
  /** root ─ a ─ b (current), a ─ x ─ y */
  const branched = tree(
    [external('root'), external('a', 'root'), external('b', 'a'), external('x', 'a'), external('y', 'x')],
    'b',
  );
  const rows: readonly (readonly [what: string, SnapshotTree, name: string, version: [number, number], string])[] = [
    ['a chain', chain, 'a', [9, 0], 'c b a'],
    ['a part of a chain', chain, 'b', [12, 8], 'c b'],
    ['another branch first, the current one when it is a leaf', branched, 'a', [12, 8], 'y x b a'],
    ['another branch alone', branched, 'x', [9, 9], 'y x'],
    ['another branch', branched, 'a', [9, 0], 'leafOfOtherBranch'],
    ['below the current one', tree([external('a'), external('b', 'a')], 'a'), 'a', [12, 8], 'b a'],
    ['a leaf', chain, 'c', [12, 8], 'c'],
    ['under an internal one', tree([internal('i'), external('e', 'i')], 'e'), 'e', [12, 8], 'internalParent'],
  ];
  for (const [what, of, name, [major, minor], expected] of rows) {
    it(`${what}, libvirt ${major}.${minor} → ${expected}`, () => {
      const decision = planOperation(
        ask.remove(name, 'withDescendants'),
        facts({ tree: of, capabilities: capabilities(major, minor) }),
      );
      assert.equal(decision.kind === 'plan' ? steps(decision) : decision.refusal.reason, expected);
    });
  }

  it('looks at what rests on the files of all of them', () => {
    const inWhat = (x: string): Facts =>
      facts({
        tree: tree([...chain.snapshots, external('x')], 'c'),
        ...chainOn,
        capabilities: capabilities(9, 0),
        frozenDisks: new Map([...chainFiles, ...frozen({ x })]),
      });
    assert.equal(refused(ask.remove('a', 'withDescendants'), inWhat('/img/web.b')).facts['by'], 'x');
    assert.equal(steps(planned(ask.remove('a', 'withDescendants'), inWhat('/img/elsewhere'))), 'c b a');
  });

  itRarely('bears a chain of ten thousand', () => {
    const count = 10_000;
    const long = Array.from({ length: count }, (_, at) => external(`s${at}`, at === 0 ? undefined : `s${at - 1}`));
    const files = Object.fromEntries(long.map((_, at) => [`s${at}`, at === 0 ? base : `/img/web.s${at - 1}`]));
    const inWhat = facts({
      tree: tree(long, `s${count - 1}`),
      vm: vm({ disks: [disk('vda', `/img/web.s${count - 1}`)] }),
      frozenDisks: frozen(files),
    });
    assert.equal(planned(ask.remove('s0', 'withDescendants'), inWhat).steps.length, count);
    assert.equal(verdict(planOperation(ask.remove('s5000'), inWhat)), 'ok');
  });
});

describe('planDelete: what it costs', () => {
  const merge = (more: Partial<Facts>): Plan => planned(ask.remove('b'), facts({ tree: chain, ...chainOn, ...more }));

  it('says into which file the data goes, as far as that is known', () => {
    const into = (plan: Plan): string | undefined => {
      const warning = plan.warnings.find((one) => one.kind === 'merges');
      assert.ok(warning?.kind === 'merges');
      return warning.into;
    };
    assert.equal(into(merge({ frozenDisks: chainFiles })), '/img/web.a');
    assert.equal(into(merge({})), '/img/web.a');
    assert.equal(into(merge({ vm: vm() })), undefined);
    const all = planned(ask.remove('b', 'withDescendants'), facts({ tree: chain, ...chainOn }));
    assert.equal(into(all), '/img/web.a');
  });

  it('starts QEMU for a merge of a VM that is off, and not for removing a branch', () => {
    assert.equal(about(merge({})), 'merges');
    assert.equal(merge({}).progress, 'percent');
    assert.equal(about(merge({ vm: vm({ power: 'off' }) })), 'merges startsQemu');
    const branch = tree([external('r'), external('a', 'r'), external('x', 'r')], 'a');
    const removal = planned(ask.remove('x'), facts({ tree: branch, vm: vm({ power: 'off' }) }));
    assert.equal(about(removal), '');
    assert.equal(removal.progress, 'timeOnly');
  });

  it('names the memory file that an old libvirt leaves', () => {
    const withMemory = (version: [number, number]): string => {
      const one: Snapshot = snapshot('m', {
        memory: 'external',
        memoryFile: '/img/web.m.mem',
        disks: [{ target: 'vda', location: 'external', file: '/img/web.m' }],
      });
      return about(planned(ask.remove('m'), facts({ tree: tree([one], 'm'), capabilities: capabilities(...version) })));
    };
    assert.equal(withMemory([9, 0]), 'merges leavesFile');
    assert.equal(withMemory([9, 1]), 'merges');
  });
});
