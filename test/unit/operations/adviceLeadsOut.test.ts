// What a refusal advises is followed, and what that is refused with in its turn, until there is a plan or an honest
// end: no advice leads back to a refusal that was met before. For snapshots of every kind, in every style, on VMs with
// all sorts of disks; and for every other reason in a situation of its own.
import assert from 'node:assert/strict';
import { recordsToKeep } from '../../../src/domain/chains/frozenLayers.js';
import { versionOf } from '../../../src/domain/capabilities.js';
import type { Facts } from '../../../src/domain/facts.js';
import type { CannotAct, ImageFacts } from '../../../src/domain/hostFiles.js';
import type { OperationRequest, Repair } from '../../../src/domain/operation.js';
import type { RefusalFacts, RefusalReason } from '../../../src/domain/refusal.js';
import type { Vm, VmDisk } from '../../../src/domain/vm.js';
import { planOperation } from '../../../src/operations/decide/planOperation.js';
import { image, over, seen, type SeenFile } from '../domain/hostFiles.js';
import {
  ask,
  capabilities,
  disk,
  external,
  facts,
  frozen,
  internal,
  now,
  ref,
  snapshot,
  tree,
  vm,
} from '../domain/someFacts.js';
import { advised, follow, isSaid, met } from './advised.js';

const web = disk('vda', '/img/web.qcow2');
const second = (more: Partial<VmDisk>): Partial<Vm> => ({ disks: [web, disk('vdb', '/img/b', more)] });
const only = (more: Partial<VmDisk>): Partial<Vm> => ({ disks: [{ ...web, ...more }] });
const odd: readonly Partial<VmDisk>[] = [
  { format: 'raw' },
  { format: 'vmdk' },
  { snapshot: 'no' },
  { snapshot: 'manual' },
  { snapshot: 'external' },
  { snapshot: 'internal' },
  { encrypted: true },
  { sliced: true },
  { transient: true },
  { dataFile: true },
  { copyOnRead: true },
  { sourceType: 'network', format: 'raw' },
];
const vms: Readonly<Record<string, Partial<Vm>>> = {
  'a plain disk': {},
  'no disk': { disks: [] },
  ...Object.fromEntries(odd.map((more) => [`only a disk with ${JSON.stringify(more)}`, only(more)])),
  ...Object.fromEntries(odd.map((more) => [`a second disk with ${JSON.stringify(more)}`, second(more)])),
  'two disks, each in its own way': { disks: [{ ...web, snapshot: 'no' }, disk('vdb', '/img/b', { encrypted: true })] },
  'a shared folder': { devices: ['virtiofs'] },
  'a drive of QEMU’s arguments': { devices: ['drive'] },
  'UEFI variables': { firmware: 'uefiRawNvram', nvram: '/img/VARS.fd' },
};
const trees = { none: tree([]), internal: tree([internal('i')], 'i'), external: tree([external('e')], 'e') };

describe('the advice of a refused snapshot', () => {
  for (const [what, more] of Object.entries(vms)) {
    it(`leads out: ${what}`, () => {
      let plans = 0;
      for (const style of ['internal', 'external', undefined] as const) {
        for (const snapshotKind of ['auto', 'memory', 'disk', 'offline'] as const) {
          for (const out of [undefined, ['vda'], ['vdx']]) {
            for (const power of ['running', 'off'] as const) {
              for (const own of Object.values(trees)) {
                for (const version of [capabilities(9, 0), capabilities(9, 5), capabilities(12, 8)]) {
                  const request = ask.create({
                    snapshotKind,
                    ...(style === undefined ? {} : { style }),
                    ...(out === undefined ? {} : { without: out }),
                  });
                  const here = facts({ vm: vm({ ...more, power }), tree: own, capabilities: version });
                  follow({ request, facts: here }, [], () => plans++);
                }
              }
            }
          }
        }
      }
      assert.ok(plans > 0);
    });
  }
});

describe('the advice of a VM that writes into what a snapshot froze', () => {
  it('is a repair that can be done, whether it runs or not', () => {
    for (const power of ['running', 'off'] as const) {
      const here = facts({
        vm: vm({ power }),
        tree: tree([external('e')], 'e'),
        frozenDisks: frozen({ e: '/img/web.qcow2' }),
        files: seen({ '/img/web.qcow2': image(), '/img/web.e': over('/img/web.qcow2') }),
        otherVms: [],
        blockJobs: [],
      });
      const decision = planOperation(ask.revert('e'), here);
      assert.equal(decision.kind === 'refusal' && decision.refusal.reason, 'frozenFileInUse');
      const { vm: ref } = ask.revert('e');
      const repair = { kind: 'leaveFrozenFiles', snapshot: 'e' } as const;
      assert.equal(planOperation({ kind: 'repair', vm: ref, repair }, here).kind, 'plan');
    }
  });
});

describe('the advice where a base may not be written to', () => {
  it('is the same whether the VM is on or off', () => {
    for (const power of ['running', 'off'] as const) {
      const here = facts({
        vm: vm({ power, disks: [disk('vda', '/img/web.f', { backing: ['/img/web.e', '/img/web.qcow2'] })] }),
        tree: tree([external('e'), external('f', 'e')], 'f'),
        capabilities: capabilities(9, 0),
        frozenDisks: frozen({ e: '/img/web.qcow2', f: '/img/web.e' }),
        files: seen({
          '/img/web.qcow2': image({ readOnly: true }),
          '/img/web.e': over('/img/web.qcow2'),
          '/img/web.f': over('/img/web.e'),
        }),
        otherVms: [],
        blockJobs: [],
      });
      const decision = planOperation(ask.remove('e'), here);
      assert.equal(decision.kind === 'refusal' && decision.refusal.reason, 'baseReadOnly', power);
    }
  });
});

const base = '/img/web.qcow2';
const keeper = { resource: 'web', elsewhere: [], mayRunOn: [], rests: 'no', config: '/etc/vms/web.xml' } as const;
const off = vm({ power: 'off' });
const on = (file: string, ...backing: readonly string[]): Partial<Facts> => ({
  vm: vm({ disks: [disk('vda', file, { backing })] }),
});
/** Everything was looked at, and nobody else is there. */
const alone: Partial<Facts> = { otherVms: [], blockJobs: [], strays: new Map() };
/** a ─ b, the VM on what b made. */
const ab: Partial<Facts> = {
  ...alone,
  ...on('/img/web.b', '/img/web.a', base),
  tree: tree([external('a'), external('b', 'a')], 'b'),
  frozenDisks: frozen({ a: base, b: '/img/web.a' }),
  files: seen({ [base]: image(), '/img/web.a': over(base), '/img/web.b': over('/img/web.a') }),
};
/** The VM off, on a host whose AppArmor binds it. */
const confined = (canChange: ReadonlyMap<string, 'yes'>, bitmaps = 0): Partial<Facts> => ({
  ...ab,
  vm: vm({ power: 'off', disks: ab.vm!.disks }),
  capabilities: { ...capabilities(11, 3), appArmor: true },
  files: {
    ...ab.files!,
    images: new Map(
      [...ab.files!.images].map(([file, one]) => [file, typeof one === 'object' ? { ...one, bitmaps } : one]),
    ),
    canChange,
  },
});
/** The same with RAM in b. */
const ram: Partial<Facts> = {
  ...ab,
  tree: tree(
    [external('a'), external('b', 'a', { state: 'running', memory: 'external', memoryFile: '/img/b.mem' })],
    'b',
  ),
  files: seen(
    { [base]: image(), '/img/web.a': over(base), '/img/web.b': over('/img/web.a') },
    { '/img/b.mem': 'there' },
  ),
};
const abc: Partial<Facts> = {
  ...alone,
  ...on('/img/web.c', '/img/web.b', '/img/web.a', base),
  tree: tree([external('a'), external('b', 'a'), external('c', 'b')], 'c'),
  frozenDisks: frozen({ a: base, b: '/img/web.a', c: '/img/web.b' }),
  files: seen({
    [base]: image(),
    '/img/web.a': over(base),
    '/img/web.b': over('/img/web.a'),
    '/img/web.c': over('/img/web.b'),
  }),
};
describe('the advice to start the VM for a merge by an old libvirt', () => {
  const alike = tree([external('a'), external('b', 'a'), external('x', 'b'), external('c', 'b')], 'c');
  const rows: readonly (readonly [what: string, more: Partial<Facts>, running: string])[] = [
    ['nothing else is in the way', {}, 'plan'],
    ['a branch is above its overlay', { tree: alike }, 'overlayNeededByBranch'],
    [
      'a branch stands on what it froze',
      {
        tree: tree([...abc.tree!.snapshots, external('x')], 'c'),
        frozenDisks: frozen({ a: base, b: '/img/web.a', c: '/img/web.b', x: '/img/web.x' }),
        files: { ...abc.files!, images: new Map([...abc.files!.images, ['/img/web.x', over(base)]]) },
      },
      'overlayNeededByBranch',
    ],
    [
      'a snapshot is inside of its overlay',
      {
        files: { ...abc.files!, images: new Map([...abc.files!.images, ['/img/web.a', over(base, { tags: ['t'] })]]) },
      },
      'tagInLayer',
    ],
    [
      'its RAM is another VM’s',
      {
        tree: tree(
          [
            external('a', undefined, { state: 'running', memory: 'external', memoryFile: '/img/a.mem' }),
            ...abc.tree!.snapshots.slice(1),
          ],
          'c',
        ),
        files: { ...abc.files!, files: new Map([['/img/a.mem', { bytes: 1, allocatedBytes: 1 }]]) },
        savedRam: new Map([['/img/a.mem', { name: 'web', uuid: 'another' }]]),
      },
      'memoryFileForeign',
    ],
    ['the VM’s chain is another', { frozenDisks: frozen({ a: '/img/other', b: '/img/web.a' }) }, 'notInChain'],
    [
      'another VM stands on its overlay',
      { otherVms: [{ uuid: 'o', name: 'other', files: ['/img/web.a'], unread: [] }] },
      'usedByOtherVm',
    ],
    ['an image stands on its overlay', { strays: new Map([['/img/x', { restsOn: ['/img/web.a'] }]]) }, 'usedByImage'],
  ];
  for (const [what, more, expected] of rows) {
    it(`is given only where the VM that runs loses it: ${what}`, () => {
      const of = (power: 'running' | 'off'): string => {
        const { files, ...known } = { ...abc, ...more };
        const here = facts({
          ...known,
          vm: vm({ power, disks: abc.vm!.disks }),
          capabilities: capabilities(9, 0),
          // Not ours to merge.
          files: { ...files!, canChange: new Map() },
        });
        const decision = planOperation(ask.remove('a'), here);
        return decision.kind === 'refusal' ? decision.refusal.reason : decision.kind;
      };
      assert.deepEqual([of('running'), of('off')], [expected, expected === 'plan' ? 'notRunning' : expected]);
    });
  }
});

/** Layers that no snapshot owns. */
const layers = (more: Readonly<Record<string, SeenFile>> = {}): Partial<Facts> => ({
  ...alone,
  ...on('/img/web.2', '/img/web.1', base),
  frozenDisks: new Map(),
  files: seen({ '/img/web.2': over('/img/web.1'), '/img/web.1': over(base), [base]: image(), ...more }),
});
/** i inside the image. */
const inside = (more: Partial<ImageFacts> = {}, own: Partial<Vm> = {}, name = 'a'): Partial<Facts> => ({
  ...alone,
  vm: vm(own),
  tree: tree([internal(name)], name),
  frozenDisks: frozen({ [name]: base }),
  files: seen({ [base]: image({ tags: [name], ramTags: [name], ...more }) }),
});
const branches = tree(
  [external('root'), external('a', 'root'), external('b', 'a'), external('x', 'a'), external('y', 'x')],
  'b',
);
const consolidate: OperationRequest = { kind: 'consolidate', vm: ref };
const repair = (of: Repair): OperationRequest => ({ kind: 'repair', vm: ref, repair: of });
const clone = (more: object): OperationRequest => ({
  kind: 'clone',
  vm: ref,
  clone: { uuid: '99999999-2222-3333-4444-555555555555', name: 'copy' },
  way: 'linked',
  network: 'same',
  snapshot: 'a',
  ...more,
});
const discard: OperationRequest = { kind: 'discard', vm: ref };
const old = capabilities(9, 0, { externalRevert: false });

/** Where each reason holds, that the snapshots above do not come by. */
const situations: readonly (readonly [reason: RefusalReason, request: OperationRequest, facts: Partial<Facts>])[] = [
  ['managedSaveExists', ask.create(), { vm: vm({ power: 'off', managedSave: true }) }],
  [
    'savedBelow',
    ask.power('start'),
    {
      ...alone,
      vm: vm({
        power: 'off',
        managedSave: true,
        disks: [disk('vda', '/img/web.s')],
        savedDisks: [{ target: 'vda', file: base }],
      }),
      tree: tree([external('s')], 's'),
      frozenDisks: frozen({ s: base }),
      files: seen({ '/img/web.s': over(base), [base]: image() }),
    },
  ],
  ['blockJobRunning', ask.create(), { blockJobs: ['vda'] }],
  ['wrongState', ask.power('pause'), { vm: vm({ power: 'paused' }) }],
  [
    'transientVm',
    ask.revert('s'),
    { vm: vm({ persistent: false }), tree: tree([internal('s', undefined, { state: 'off' })], 's') },
  ],
  ['crashedVm', ask.create(), { vm: vm({ power: 'crashed' }) }],
  ['crashedVm', ask.power('start'), { vm: vm({ power: 'crashed' }) }],
  ['asleepVm', ask.create(), { vm: vm({ power: 'asleep' }) }],
  ['snapshotBeingWritten', ask.create(), { tree: { ...tree([]), beingWritten: 's' } }],
  ['unfinishedSave', ask.create(), { vm: vm({ power: 'paused', powerReason: 'saving' }) }],
  ['imagesLetGo', ask.remove('a'), { ...ab, vm: vm({ power: 'paused', disks: ab.vm!.disks }), standsSince: 'm' }],
  [
    'imagesLetGo',
    ask.create({ snapshotKind: 'memory', style: 'external' }),
    { vm: vm({ power: 'paused' }), standsSince: 'm' },
  ],
  ['agentMissing', ask.create({ snapshotKind: 'disk', quiesce: true }), { vm: vm({ agentConnected: false }) }],
  [
    'runsUnseen',
    ask.power('start'),
    {
      ...ab,
      vm: vm({ power: 'off', disks: ab.vm!.disks }),
      files: seen({
        [base]: image({ real: '1' }),
        '/img/web.a': over(base, { real: '2' }),
        '/img/web.b': over('/img/web.a', { real: '3' }),
      }),
      written: new Set(['3']),
    },
  ],
  [
    'mergeLost',
    ask.remove('b'),
    {
      ...ab,
      tree: tree(
        [
          external('a', undefined, {
            disks: [{ target: 'vda', location: 'external', file: '/img/web.a', deleteInProgress: true }],
          }),
          external('b', 'a'),
        ],
        'b',
      ),
      files: seen({
        [base]: image({ real: '1' }),
        '/img/web.a': over(base, { real: '2' }),
        '/img/web.b': over('/img/web.a', { real: '3' }),
      }),
      written: new Set(['2']),
    },
  ],
  [
    'unfinishedDelete',
    ask.remove('a'),
    {
      ...ab,
      tree: tree(
        [
          external('a', undefined, {
            disks: [{ target: 'vda', location: 'external', file: base, deleteInProgress: true }],
          }),
          external('b', 'a'),
        ],
        'b',
      ),
    },
  ],
  ['notRunning', ask.power('pause'), { vm: off }],
  ['notRunning', ask.power('shutDown'), { vm: off }],
  ['notOff', ask.power('start'), {}],
  ['notOff', ask.power('start'), { vm: vm({ power: 'paused' }) }],

  [
    'noCurrentSnapshot',
    ask.revert('a'),
    { ...on('/img/web.a', base), tree: tree([external('a')]), frozenDisks: frozen({ a: base }) },
  ],
  [
    'noCurrentSnapshot',
    ask.revert('a'),
    { ...on('/img/other'), tree: tree([external('a')]), frozenDisks: frozen({ a: base }) },
  ],
  [
    'noCurrentSnapshot',
    ask.remove('a'),
    { ...on('/img/web.a', base), tree: tree([external('a')]), frozenDisks: frozen({ a: base }) },
  ],
  [
    'overlayNeededByBranch',
    ask.remove('x'),
    {
      ...on('/img/web.a', base),
      tree: tree([external('a'), external('x')], 'a'),
      frozenDisks: frozen({ a: base, x: base }),
    },
  ],
  [
    'externalRevertUnsupported',
    ask.revert('s'),
    {
      ...on('/img/web.s', base),
      tree: tree([external('s', undefined, { state: 'off' })], 's'),
      frozenDisks: frozen({ s: base }),
      capabilities: old,
    },
  ],
  [
    'diskOnlyRevertUnsupported',
    ask.revert('s'),
    { tree: tree([external('s')], 's'), capabilities: capabilities(9, 9) },
  ],
  ['externalDeleteUnsupported', ask.remove('a'), { ...ab, capabilities: capabilities(8, 9) }],
  ['leafOfOtherBranch', ask.remove('y'), { tree: branches, capabilities: old }],
  [
    'crashesOnBranch',
    ask.remove('low'),
    {
      ...alone,
      ...on('/img/web.here', '/img/web.fork', '/img/web.low', base),
      capabilities: capabilities(11, 3),
      tree: tree([external('low'), external('fork', 'low'), external('here', 'fork'), external('x', 'fork')], 'here'),
      frozenDisks: frozen({ low: base, fork: '/img/web.low', here: '/img/web.fork', x: '/img/x' }),
      files: seen({
        [base]: image(),
        '/img/web.low': over(base),
        '/img/web.fork': over('/img/web.low'),
        '/img/web.here': over('/img/web.fork'),
        '/img/x': 'unknown',
      }),
    },
  ],
  [
    'layoutLeafNeeded',
    ask.remove('leaf'),
    {
      ...on('/img/web.leaf', '/img/web.17', base),
      capabilities: old,
      tree: tree(
        [external('s'), external('c', 's'), { ...external('leaf', 's'), trailers: { auto: 'layout' } }],
        'leaf',
      ),
      autoSnapshots: [{ name: 'leaf', why: 'layout', createdAt: 0 }],
    },
  ],
  ['internalParent', ask.remove('e'), { tree: tree([internal('i'), external('e', 'i')], 'e') }],
  ['severalChildren', ask.remove('a'), { tree: branches }],
  ['notInActiveChain', ask.remove('x'), { tree: branches }],
  ['currentHasChildren', ask.remove('a'), { tree: tree([external('a'), external('b', 'a')], 'a') }],
  [
    'mixedDescendants',
    ask.remove('i', 'withDescendants'),
    { tree: tree([internal('i'), external('e', 'i'), internal('j', 'e')], 'j') },
  ],
  [
    'mergeStartsVm',
    ask.remove('a'),
    {
      ...ab,
      vm: vm({ power: 'off', disks: [disk('vda', '/img/web.b')], devices: ['hostDevice'] }),
      files: seen(
        { [base]: image(), '/img/web.a': over(base), '/img/web.b': over('/img/web.a') },
        {},
        {
          canChange: new Map<string, 'yes' | CannotAct>([
            [base, { why: 'denied' }],
            ['/img/web.a', 'yes'],
            ['/img/web.b', 'yes'],
          ]),
        },
      ),
    },
  ],
  [
    'imageNotActive',
    ask.remove('a'),
    {
      tree: tree([internal('a'), internal('b', 'a')], 'b'),
      frozenDisks: frozen({ a: '/img/old.qcow2', b: base }),
    },
  ],
  [
    'ramNotLoadable',
    ask.create({ snapshotKind: 'memory', style: 'internal' }),
    { vm: vm({ pluggedProcessors: true }), capabilities: capabilities(9, 0) },
  ],
  [
    'ramNotLoadable',
    ask.create({ snapshotKind: 'memory' }),
    { ...inside({}, { pluggedProcessors: true }), capabilities: capabilities(9, 0) },
  ],
  [
    'ramNotLoadable',
    ask.revert('i'),
    {
      ...inside({}, {}, 'i'),
      tree: tree([{ ...internal('i'), pluggedProcessors: true }], 'i'),
      capabilities: capabilities(9, 0),
    },
  ],
  [
    'internalBaseInUse',
    ask.revert('i'),
    {
      ...inside({}, { disks: [disk('vda', '/img/by-hand', { backing: [base] })] }, 'i'),
      files: seen({ [base]: image({ tags: ['i'], ramTags: ['i'] }), '/img/by-hand': over(base) }),
    },
  ],
  [
    'internalBaseInUse',
    ask.revert('i'),
    {
      ...inside({}, { disks: [disk('vda', '/img/web.e', { backing: [base] })] }, 'i'),
      tree: tree([internal('i'), external('e', 'i')], 'e'),
      frozenDisks: frozen({ i: base, e: base }),
      files: seen({ [base]: image({ tags: ['i'], ramTags: ['i'] }), '/img/web.e': over(base) }),
    },
  ],
  [
    'revertRemovesFile',
    ask.revert('p'),
    {
      ...on('/img/web.77', base),
      tree: tree(
        [
          external('p'),
          snapshot('a', { parent: 'p', disks: [{ target: 'vda', location: 'no' }], state: 'disk-snapshot' }),
        ],
        'p',
      ),
      frozenDisks: frozen({ p: base, a: '/img/web.p', c: '/img/web.a' }),
    },
  ],
  [
    'overlayNamesCollide',
    ask.revert('s'),
    {
      vm: vm({ disks: [disk('vda', '/img/web.s'), disk('vdb', '/img/b.s')] }),
      tree: tree([external('s')], 's'),
      frozenDisks: new Map([['s', [disk('vda', '/img/a.1'), disk('vdb', '/img/a.2')]]]),
    },
  ],
  ['stateNotReachable', ask.revert('s'), { tree: tree([internal('s', undefined, { state: 'unknown' })], 's') }],
  ['keptByCluster', ask.power('shutDown'), { keeper }],
  ['clusterWithoutQuorum', ask.create(), { keeper: { ...keeper, withoutQuorum: true } }],
  ['clusterRunsElsewhere', ask.create(), { keeper: { ...keeper, elsewhere: ['n2'] }, vm: vm({ power: 'off' }) }],
  ['clusterStartsOther', ask.create({ snapshotKind: 'disk', style: 'external' }), { keeper }],
  ['readOnlyConnection', ask.create(), { capabilities: capabilities(9, 0, { readOnly: true }) }],
  ['driverCannot', ask.create(), { capabilities: capabilities(9, 0, { driver: 'other' }) }],
  ['noDescendants', ask.remove('a', 'descendants'), inside()],
  ['notInChain', ask.remove('b'), { ...ab, ...on('/img/web.b'), files: undefined as never }],
  [
    'deviceMayBeFull',
    ask.remove('a'),
    {
      ...on('/img/web.a', '/dev/vg/a'),
      tree: tree([external('a')], 'a'),
      frozenDisks: new Map([['a', [disk('vda', '/dev/vg/a', { sourceType: 'block' })]]]),
      files: seen({ '/img/web.a': over('/dev/vg/a'), '/dev/vg/a': 'unknown' }),
    },
  ],
  [
    'volumeTakesNoMerge',
    ask.remove('a'),
    {
      ...on('/img/web.a', '/dev/vg/a'),
      tree: tree([external('a')], 'a'),
      frozenDisks: new Map([
        ['a', [disk('vda', '/dev/vg/a', { sourceType: 'block', volume: { pool: 'vg', name: 'a' } })]],
      ]),
      files: seen({ '/img/web.a': over('/dev/vg/a'), '/dev/vg/a': image({ bytes: 2 ** 31 }) }),
    },
  ],
  [
    'unknownDiskElement',
    ask.create({ style: 'external' }),
    { vm: vm({ disks: [disk('vda', base, { foreign: ['source/wonder'] })] }) },
  ],
  ['badName', ask.create({ title: '' }), {}],
  [
    'datedAhead',
    ask.create({ until: now + 1 }),
    { tree: tree([internal('i', undefined, { createdAt: now + 86_400_000 })], 'i') },
  ],
  ['nameTaken', ask.create({ title: 'a' }), inside()],
  [
    'fileTaken',
    clone({ network: 'same' }),
    {
      ...ab,
      files: seen({
        [base]: image(),
        '/img/web.a': over(base),
        '/img/web.b': over('/img/web.a'),
        '/img/copy.vda.qcow2': image(),
      }),
    },
  ],
  ['unsafePath', ask.create({ snapshotKind: 'disk' }), { vm: vm({ disks: [disk('vda', '/a,b/web.qcow2')] }) }],
  ['unsafeSnapshotName', ask.remove('a b'), { ...inside({}, {}, 'a b'), capabilities: capabilities(10, 9) }],
  ['snapshotMissing', ask.remove('s'), {}],

  [
    'memoryFileMissing',
    ask.revert('b'),
    {
      ...ram,
      files: seen(
        { [base]: image(), '/img/web.a': over(base), '/img/web.b': over('/img/web.a') },
        { '/img/b.mem': 'missing' },
      ),
    },
  ],
  ['memoryFileBroken', ask.revert('b'), { ...ram, savedRam: new Map([['/img/b.mem', 'broken']]) }],
  [
    'memoryFileForeign',
    ask.remove('b'),
    { ...ram, savedRam: new Map([['/img/b.mem', { name: 'web', uuid: 'another' }]]) },
  ],
  ['ramOfOther', ask.revert('b'), { ...ram, savedRam: new Map([['/img/b.mem', { name: 'web', uuid: 'another' }]]) }],
  ['ramOfOther', ask.revert('b'), { ...ram, savedRam: new Map([['/img/b.mem', { name: 'former', uuid: ref.uuid }]]) }],
  ['tagMissing', ask.revert('a'), inside({ tags: ['b'] })],
  ['tagWithoutRam', ask.revert('a'), inside({ ramTags: [] })],
  [
    'startFileMissing',
    ask.revert('a'),
    { ...inside(), startNeeds: new Map([['a', { files: [], unfit: { emulator: '/nix/qemu', said: 'gone' } }]]) },
  ],
  ['nameIsTagId', ask.revert('2'), inside({ tags: ['2', 'other'], tagIds: ['9', '2'], ramTags: ['2'] }, {}, '2')],
  ['tagTwice', ask.revert('a'), inside({ tags: ['a', 'a'], tagIds: ['1', '2'] })],
  ['tagIdsUnseen', ask.revert('2'), inside({}, {}, '2')],
  ['overlayMissing', ask.revert('a'), { ...inside(), files: seen({ [base]: 'missing' }) }],
  ['imageCorrupt', ask.remove('a'), inside({ corrupt: true }, { power: 'off' })],
  ['fewReferences', ask.create({ snapshotKind: 'memory', style: 'internal' }), inside({ mostReferences: 2 })],
  [
    'fewReferences',
    ask.create({ snapshotKind: 'memory', style: 'internal' }),
    { ...inside({ mostReferences: 1, tags: [], ramTags: [] }), tree: tree([]) },
  ],
  [
    'imageUnclosed',
    ask.revert('b'),
    {
      ...ram,
      files: seen(
        { [base]: image({ unclosed: true }), '/img/web.a': over(base), '/img/web.b': over('/img/web.a') },
        { '/img/b.mem': 'there' },
      ),
    },
  ],
  ['usedByHost', ask.create(), inside({ hostUse: { how: 'loop', where: '/dev/loop0' } })],
  ['imageImmutable', ask.remove('a'), inside({ immutable: true }, { power: 'off' })],
  [
    'mergedByHand',
    ask.revert('a'),
    {
      ...abc,
      ...on('/img/web.c'),
      files: seen({
        [base]: image(),
        '/img/web.a': over(base),
        '/img/web.b': over(base),
        '/img/web.c': over('/img/web.b'),
      }),
    },
  ],
  [
    'contentElsewhere',
    ask.revert('a'),
    { ...ab, files: seen({ [base]: image(), '/img/web.a': over('/img/stranger'), '/img/web.b': over('/img/web.a') }) },
  ],
  [
    'unownedImage',
    ask.revert('b'),
    {
      ...alone,
      ...on('/img/web.77', base),
      tree: tree([external('b', undefined, { createdAt: now })], 'b'),
      frozenDisks: frozen({ b: base }),
      files: seen({ [base]: image(), '/img/web.b': 'missing', '/img/web.77': over(base) }),
      strays: new Map([['/img/web.a', { restsOn: [base], modifiedAt: now - 60_000 }]]),
    },
  ],
  [
    'frozenAgain',
    ask.revert('a'),
    {
      ...ab,
      ...on('/img/web.b', base),
      frozenDisks: frozen({ a: base, b: base }),
      files: seen({ [base]: image(), '/img/web.a': over(base), '/img/web.b': over(base) }),
    },
  ],
  [
    'contentChanged',
    ask.revert('a'),
    {
      ...ab,
      files: seen({ [base]: image({ modifiedAt: 2_000 }), '/img/web.a': over(base), '/img/web.b': over('/img/web.a') }),
      frozenRecords: recordsToKeep(facts(ab))!,
    },
  ],
  [
    'writtenByOther',
    ask.revert('a'),
    { ...ab, otherVms: [{ uuid: 'o', name: 'other', files: [base], unread: [], writes: [base], active: true }] },
  ],
  [
    'writtenSince',
    ask.revert('a'),
    {
      ...ab,
      files: seen({
        [base]: image({ modifiedAt: 9_000_000 }),
        '/img/web.a': over(base),
        '/img/web.b': over('/img/web.a'),
      }),
    },
  ],
  [
    'checkpointImpossible',
    { ...ask.revert('a'), checkpointFirst: true } as OperationRequest,
    {
      ...inside({ tags: ['a', 'b'] }, { power: 'off', managedSave: true }),
      tree: tree([internal('a'), internal('b', 'a')], 'b'),
      capabilities: capabilities(11, 3, { hypervisor: versionOf(10, 0) }),
    },
  ],
  ['checkpointsExist', ask.revert('a'), { ...inside(), checkpoints: ['c1'] }],
  ['bitmapsInImage', ask.revert('a'), inside({ bitmaps: 1 })],
  [
    'ramWithoutDisks',
    ask.remove('e'),
    {
      ...on('/img/web.e', base),
      tree: tree(
        [snapshot('e', { memory: 'external', memoryFile: '/img/web.mem', disks: [{ target: 'vda', location: 'no' }] })],
        'e',
      ),
      frozenDisks: frozen({ e: base }),
    },
  ],
  ['nvdimmOverwritten', ask.revert('a'), inside({}, { devices: ['nvdimm'] })],
  [
    'frozenFileInUse',
    ask.power('resume'),
    {
      ...alone,
      vm: vm({ power: 'paused', powerReason: 'fromSnapshot' }),
      tree: tree([external('s')], 's'),
      frozenDisks: frozen({ s: base }),
      files: seen({ [base]: image(), '/img/web.s': over(base) }),
    },
  ],

  [
    'noSpaceFor',
    ask.create({ snapshotKind: 'disk' }),
    { files: seen({ [base]: image() }, {}, { freeBytes: new Map([['/img', 2 ** 10]]) }) },
  ],
  [
    'filesOutOfReach',
    ask.create({ snapshotKind: 'disk', style: 'external' }),
    {
      vm: vm({ disks: [disk('vda', '/dev/vg/a', { sourceType: 'block' })] }),
      files: seen({}, {}, { canAct: new Map([['/var/lib/libvirt/images', { why: 'folderMissing' }]]) }),
    },
  ],
  [
    'usedByOtherVm',
    ask.remove('a'),
    { ...ab, otherVms: [{ uuid: 'o', name: 'upper', files: ['/img/upper', base], unread: [] }] },
  ],
  [
    'variablesShared',
    ask.revert('a'),
    {
      ...ab,
      // The copies beside those of other tools are not ours.
      tree: {
        ...ab.tree!,
        snapshots: ab.tree!.snapshots.map((one) => ({ ...one, trailers: { createdBy: 'virt-rewind' } })),
      },
      vm: vm({ power: 'off', disks: ab.vm!.disks, nvram: '/img/vars', firmware: 'uefiRawNvram' }),
      files: {
        ...ab.files!,
        files: new Map<string, 'missing' | { readonly bytes: number; readonly allocatedBytes: number }>([
          ['/img/vars', 'missing'],
          ['/img/vars.a', { bytes: 1, allocatedBytes: 1 }],
        ]),
        canAct: new Map([['/img', 'yes' as const]]),
      },
      otherVms: [{ uuid: 'o', name: 'other', files: ['/img/vars'], unread: [] }],
    },
  ],
  [
    'folderTooFull',
    ask.remove('a'),
    { ...ab, files: { ...ab.files!, lists: new Map([['/img', 'tooMany']]) }, strays: new Map() },
  ],
  ['usedByImage', ask.remove('a'), { ...ab, strays: new Map([['/img/x', { restsOn: [base] }]]) }],
  [
    'heldByProgram',
    consolidate,
    {
      ...layers({ [base]: image({ real: '1' }) }),
      vm: vm({ power: 'off', disks: layers().vm!.disks }),
      held: new Set(['1']),
    },
  ],
  ['otherVmUnread', consolidate, { ...layers(), otherVms: [{ uuid: 'x', name: 'other', files: [], unread: ['/x'] }] }],
  [
    'namedTwice',
    ask.remove('a'),
    { ...inside(), vm: vm({ power: 'off', disks: [disk('vda', '/img/../img/web.qcow2')] }) },
  ],
  [
    'volumeNotThere',
    ask.create(),
    { vm: vm({ disks: [disk('vda', base, { volume: { pool: 'p', name: 'v', notThere: 'notStarted' } })] }) },
  ],
  [
    'formatUntold',
    consolidate,
    {
      ...layers(),
      vm: vm({
        disks: [
          disk('vda', '/img/web.2', {
            backing: ['/img/web.1', base],
            volume: { pool: 'p', name: 'v' },
            formatUntold: true,
          }),
        ],
      }),
    },
  ],
  [
    'layerFormat',
    consolidate,
    layers({
      [base]: image({ format: 'vmdk' }),
      '/img/web.1': over(base, { backing: { file: base, format: 'vmdk' } }),
    }),
  ],
  ['layerBroken', ask.create(), { files: seen({ [base]: image({ corrupt: true }) }) }],
  ['layerNeeded', consolidate, layers({ '/img/x': over('/img/web.1') })],
  ['layerNotInChain', { ...consolidate, downTo: '/img/x' }, layers()],
  ['diskStays', { kind: 'disk', vm: ref, change: { do: 'grow', target: 'vda', bytes: 512 } }, layers()],
  ['layerSmaller', consolidate, layers({ '/img/web.2': over('/img/web.1', { virtualBytes: 2 ** 20 }) })],
  [
    'chainUnknown',
    consolidate,
    { ...layers({ '/img/web.2': 'unknown' }), vm: vm({ power: 'off', disks: [disk('vda', '/img/web.2')] }) },
  ],
  ['tagInLayer', consolidate, layers({ '/img/web.1': over(base, { tags: ['t'] }) })],
  ['baseReadOnly', consolidate, layers({ [base]: image({ readOnly: true }) })],
  [
    'baseReadOnly',
    consolidate,
    {
      ...layers(),
      vm: vm({ disks: [disk('vda', '/img/web.2', { backing: ['/img/web.1', base] })] }),
      forbidden: new Set([base]),
    },
  ],
  ['baseReadOnly', ask.remove('b'), { ...ab, vm: vm({ disks: ab.vm!.disks }), forbidden: new Set(['/img/web.a']) }],
  ['baseReadOnly', ask.remove('b'), confined(new Map())],
  [
    'baseReadOnly',
    ask.remove('b'),
    confined(new Map([base, '/img/web.a', '/img/web.b'].map((file) => [file, 'yes'])), 3),
  ],
  ['nothingToConsolidate', consolidate, { ...layers(), vm: vm(), files: seen({ [base]: image() }) }],
  ['snapshotsHoldAllDisks', { ...consolidate, targets: [] }, abc],
  ['snapshotKept', consolidate, { ...abc, kept: ['a', 'b', 'c'] }],
  ['currentStays', { kind: 'prune', vm: ref, snapshots: ['c'] }, abc],
  [
    'encryptedDisk',
    consolidate,
    { ...layers(), vm: vm({ disks: [disk('vda', '/img/web.2', { backing: ['/img/web.1', base], encrypted: true })] }) },
  ],
  [
    'slicedDisk',
    consolidate,
    { ...layers(), vm: vm({ disks: [disk('vda', '/img/web.2', { backing: ['/img/web.1', base], sliced: true })] }) },
  ],

  ['nothingToRepair', repair({ kind: 'keepVm' }), {}],
  [
    'tagNotWhole',
    repair({ kind: 'adoptTag', tag: 'lost' }),
    { ...inside({ tags: ['a', 'lost'] }), vm: vm({ disks: [disk('vda', base), disk('vdb', '/img/other')] }) },
  ],
  ['imageInUse', repair({ kind: 'removeTag', file: base, tag: 'lost' }), { ...inside({ tags: ['a', 'lost'] }) }],
  ['fileNotOrphan', repair({ kind: 'removeFiles', files: ['/etc/passwd'] }), ab],
  ['snapshotWhole', repair({ kind: 'forgetSnapshot', snapshot: 'a' }), inside()],
  [
    'currentNotesFiles',
    repair({ kind: 'keepDisks', snapshot: 'b' }),
    {
      ...ram,
      vm: vm({ power: 'off', disks: [disk('vda', '/img/web.c', { backing: ['/img/web.b', '/img/web.a', base] })] }),
      tree: tree(
        [
          external('a'),
          external('b', 'a', {
            state: 'running',
            memory: 'external',
            memoryFile: '/img/b.mem',
            revertFile: '/img/web.c',
          }),
        ],
        'b',
      ),
      files: seen(
        {
          [base]: image(),
          '/img/web.a': over(base),
          '/img/web.b': over('/img/web.a'),
          '/img/web.c': over('/img/web.b'),
        },
        { '/img/b.mem': 'missing' },
      ),
    },
  ],
  [
    'notOnSnapshot',
    repair({ kind: 'makeCurrent', snapshot: 'a' }),
    { tree: tree([external('a'), external('b', 'a')]) },
  ],

  ['vmNameTaken', clone({}), { ...ab, otherVms: [{ uuid: 'o', name: 'copy', files: [], unread: [] }] }],
  ['badVmName', clone({ clone: { uuid: 'new', name: '../x' } }), ab],
  ['linkedToTag', clone({}), inside()],
  ['cloneNeedsOff', clone({ way: 'full' }), inside()],
  [
    'diskNotHeld',
    clone({}),
    {
      ...ab,
      frozenDisks: new Map([
        ['a', [disk('vda', base), disk('vdb', '/img/b')]],
        ['b', [disk('vda', '/img/web.a')]],
      ]),
    },
  ],
  ['cloneSharesMemory', clone({}), { ...ab, vm: vm({ disks: ab.vm!.disks, devices: ['drive'] }) }],
  ['forkNeedsRam', clone({ ram: 'kept', network: 'unplugged' }), ab],
  ['forkOfInternal', clone({ ram: 'kept', network: 'unplugged', snapshot: undefined as never }), inside()],
  ['notOurClone', discard, ab],
];

/**
 * No planner decides these: the code that runs or recovers the steps does. Their sentences name what a person must do.
 */
const decidedElsewhere: { readonly [R in RefusalReason]?: RefusalFacts[R] } = {
  notOurVm: { vm: 'web' },
  forkNeedsMemory: { vm: 'web', count: '4', bytes: '4', free: '1' },
  notSeamless: { vm: 'web', why: 'tooOld' },
  notAllSeen: { vm: 'web', fact: 'files' },
  stalePlan: { vm: 'web' },
  clusterKeepsOn: { vm: 'web', resource: 'web', message: 'Stopping' },
  unjudgedImage: { file: base, why: 'name', below: 'fat:/home' },
  definitionDiffers: { vm: 'web', disk: 'vda', file: base },
  notUndoable: { why: 'restsOn', entries: '1f0c22ab', snapshot: 'a' },
  protectedVm: { vm: 'web' },
  recoveryFailed: { vm: 'web', message: 'no' },
  onUnknownOverlay: { vm: 'web', file: base },
  unfinishedOperation: { vm: 'web', operation: 'revert' },
  systemInterrupted: { vm: 'web', system: 'shop' },
  moveInterrupted: { vm: 'web', host: 'qemu+ssh://other/system' },
  begunElsewhere: { vm: 'web', connection: 'qemu:///session' },
  entryUnreadable: { vm: 'web', file: base, why: 'damaged' },
  entryOfUnknownVm: { file: base },
  settingsUnreadable: { file: base, why: 'damaged' },
  usedSince: { vm: 'web' },
  saveUsedUp: { vm: 'web', state: 'paused' },
  variablesReplaced: { vm: 'web', snapshot: 'a' },
  vmGone: { vm: 'web' },
  begunOnOtherHost: { vm: 'web', host: 'other' },
  brokeOffLongAgo: { vm: 'web' },
  notAsLeft: { vm: 'web', what: 'disks' },
  notByItself: { vm: 'web', setting: 'none' },
};

describe('the advice of each other reason', () => {
  for (const [index, [reason, request, more]] of situations.entries()) {
    it(`leads out: ${reason} (${String(index)})`, () => {
      const here = facts(more);
      const decision = planOperation(request, here);
      assert.equal(decision.kind === 'refusal' ? decision.refusal.reason : 'plan', reason);
      follow({ request, facts: here }, [], () => undefined);
    });
  }

  it('is known of every reason', () => {
    for (const [reason, told] of Object.entries(decidedElsewhere)) {
      isSaid({ reason: reason as RefusalReason, facts: told }, { request: ask.create(), facts: facts() });
    }
    const walked = [...met, ...Object.keys(decidedElsewhere)];
    assert.deepEqual(
      Object.keys(advised).filter((reason) => !walked.includes(reason)),
      [],
    );
  });
});
