// What a revert does, costs, and when it is refused before the VM is stopped for it.
import assert from 'node:assert/strict';
import type { AfterRevert, OperationRequest } from '../../../src/domain/operation.js';
import type { OtherVm, Facts } from '../../../src/domain/facts.js';
import type { Snapshot, SnapshotState } from '../../../src/domain/snapshot.js';
import type { PowerState, VmDisk } from '../../../src/domain/vm.js';
import { image, over, seen } from '../domain/hostFiles.js';
import {
  ask,
  capabilities,
  disk,
  external,
  frozen,
  internal,
  now,
  planned,
  facts,
  snapshot,
  tree,
  vm,
} from '../domain/someFacts.js';
import { asked, Golden } from './golden.js';

const golden = new Golden('revert');
type Row = readonly [what: string, Facts, name?: string, after?: AfterRevert | undefined];
const reverts = (rows: readonly Row[]) =>
  asked(rows.map(([what, at, name = 's', after = 'asSnapshot']) => [what, ask.revert(name, after), at]));

const alone = tree([internal('s')], 's');
const offline = tree([internal('s', undefined, { state: 'off' })], 's');
const base = '/img/web.qcow2';

const states: readonly (readonly [SnapshotState, 'ram' | 'noRam', AfterRevert, PowerState])[] = [
  ['running', 'ram', 'asSnapshot', 'off'],
  ['running', 'ram', 'running', 'running'],
  ['running', 'ram', 'paused', 'running'],
  ['running', 'ram', 'off', 'running'],
  ['running', 'ram', 'asBefore', 'running'],
  ['running', 'ram', 'asBefore', 'paused'],
  ['running', 'ram', 'asBefore', 'off'],
  ['running', 'ram', 'asBefore', 'crashed'],
  ['running', 'ram', 'asBefore', 'asleep'],
  ['paused', 'ram', 'asSnapshot', 'running'],
  ['paused', 'ram', 'running', 'off'],
  ['paused', 'ram', 'off', 'off'],
  ['paused', 'ram', 'asBefore', 'running'],
  ['off', 'noRam', 'asSnapshot', 'running'],
  ['off', 'noRam', 'off', 'running'],
  ['off', 'noRam', 'running', 'running'],
  ['off', 'noRam', 'paused', 'off'],
  ['off', 'noRam', 'asBefore', 'running'],
  ['off', 'noRam', 'asBefore', 'paused'],
  ['off', 'noRam', 'asBefore', 'off'],
  ['crashed', 'noRam', 'asSnapshot', 'off'],
  ['disk-snapshot', 'noRam', 'asSnapshot', 'running'],
  ['disk-snapshot', 'noRam', 'running', 'running'],
  ['disk-snapshot', 'noRam', 'off', 'running'],
  ['pmsuspended', 'ram', 'asSnapshot', 'running'],
  ['unknown', 'ram', 'asSnapshot', 'running'],
];
golden.section(
  'the state afterwards',
  reverts(
    states.map(([state, ram, after, power]) => {
      const one =
        state === 'disk-snapshot'
          ? external('s')
          : internal('s', undefined, { state, memory: ram === 'ram' ? 'internal' : 'no' });
      const at = facts({ tree: tree([one], 's'), vm: vm({ power }) });
      return [`${state}, ${ram}, ${after}, VM ${power}`, at, 's', after];
    }),
  ),
);

const inside = (what: string, more: Partial<Facts>, after?: AfterRevert): Row => [
  what,
  facts({ tree: alone, ...more }),
  's',
  after,
];
golden.section(
  'the guest’s clock',
  reverts([
    inside('an agent answers', { agent: 'answers' }),
    inside('paused afterwards', { agent: 'answers' }, 'paused'),
    inside('nobody answers', { agent: 'silent' }),
    inside('frozen', { agent: 'frozen' }),
    inside('not known', {}),
    inside('off, without a channel', { vm: vm({ power: 'off', agentChannel: false }) }),
    inside('no RAM comes back', { tree: offline, agent: 'answers' }, 'running'),
  ]),
);

const transient = { vm: vm({ persistent: false }) };
golden.section(
  'what goes on with the VM',
  reverts([
    inside('running', {}),
    inside('off', { vm: vm({ power: 'off' }) }),
    inside('crashed', { vm: vm({ power: 'crashed' }) }),
    inside('asleep', { vm: vm({ power: 'asleep' }) }),
    inside('shutting down', { vm: vm({ power: 'shuttingDown' }) }),
    inside('its state is not known', { vm: vm({ power: 'unknown' }) }),
    inside('saved just now', { vm: vm({ power: 'paused', powerReason: 'saving' }) }),
    inside('a managed save', { vm: vm({ power: 'off', managedSave: true }) }),
    inside('a block job', { blockJobs: ['vdb'] }),
    inside('transient, goes on', transient),
    inside('transient, off afterwards', transient, 'off'),
    inside('transient, offline snapshot', { ...transient, tree: offline }),
    inside('transient, offline snapshot, started', { ...transient, tree: offline }, 'running'),
    inside('read-only', { capabilities: capabilities(9, 0, { readOnly: true }) }),
    inside('another driver', { capabilities: capabilities(9, 0, { driver: 'other' }) }),
    inside('gone meanwhile', { tree: tree([]) }),
    inside('the test driver', { capabilities: capabilities(9, 0, { driver: 'test' }) }),
  ]),
);

const memory = external('s', undefined, { state: 'running', memory: 'external' });
const off = external('s', undefined, { state: 'off' });
const versions: readonly (readonly [major: number, minor: number, Snapshot, current: string | undefined])[] = [
  [8, 0, external('s'), 's'],
  [9, 0, external('s'), 's'],
  [9, 0, off, undefined],
  [9, 9, external('s'), 's'],
  [10, 10, external('s'), 's'],
  [9, 9, memory, 's'],
  [9, 9, off, 's'],
  [9, 9, off, undefined],
  [11, 0, external('s'), 's'],
  [11, 3, external('s'), undefined],
  [12, 8, external('s'), 'gone'],
  [12, 8, memory, 's'],
];
const one = tree([external('s')], 's');
golden.section(
  'external, by libvirt’s version',
  reverts([
    ...versions.map(([major, minor, of, current]): Row => {
      const at = facts({ tree: tree([of], current), capabilities: capabilities(major, minor) });
      return [`libvirt ${major}.${minor}, ${of.state}, current ${current ?? 'none'}`, at];
    }),
    [
      'the connection says of itself what its version does not',
      facts({ tree: one, capabilities: capabilities(11, 3, { externalRevert: false }) }),
    ],
  ]),
);

const second = now / 1_000;
golden.section(
  'the second by which libvirt names overlays',
  reverts([
    ...[[-1], [0], [2], [3], [3_600, 0], [-60, 1, 0]].map((after): Row => {
      const disks = after.map((at, index) => disk(`vd${index}`, `/img/web${index}.${second + at}`));
      return [`overlays of the seconds ${after.join(', ')}`, facts({ tree: one, vm: vm({ disks }), now: now + 700 })];
    }),
    [
      'one that we made',
      facts({ tree: one, vm: vm({ disks: [disk('vda', `/img/web.${second}.qcow2`)] }), now: now + 700 }),
    ],
    ['of an internal snapshot', facts({ tree: alone, vm: vm({ disks: [disk('vda', `/img/web.${second}`)] }) })],
  ]),
);

// Measured on 11.3: p, a; revert to p; b; delete b: the VM stands on p, whose file a is built on.
const children = [external('a', 'p'), external('c', 'a')];
const files = frozen({ p: base, a: '/img/web.p', c: '/img/web.a' });
const onP = (p: Snapshot, more: Partial<Facts> = {}): Facts =>
  facts({
    tree: tree([p, ...children], 'p'),
    vm: vm({ disks: [disk('vda', '/img/web.77', { backing: [base] })] }),
    frozenDisks: files,
    ...more,
  });
const reverted = external('p', undefined, { revertFile: '/img/web.77' });
const leftOut = external('a', 'p', { disks: [{ target: 'vda', location: 'no' }] });
const mapped = new Map([...files, ['a', [disk('vda', '/img/web.x', { backing: ['/img/web.p'] })]] as const]);
const nothingFrozen = (({ frozenDisks: _, ...rest }: Facts): Facts => rest)(onP(external('p')));
const hidden: OtherVm = { uuid: 'h', name: 'hidden', files: [], unread: ['/far'] };
const beside = onP(reverted, { otherVms: [hidden] });
golden.section('the overlay that libvirt removes when the VM leaves its present state', [
  ...reverts([
    ...['p', 'a', 'c'].flatMap((name): readonly Row[] => [
      [`its own, revert to ${name}`, onP(reverted), name],
      [`the one that a child is built on, revert to ${name}`, onP(external('p')), name],
    ]),
    [
      'one that a child names for a disk which it left out',
      onP(external('p'), { tree: tree([external('p'), leftOut], 'p') }),
      'p',
    ],
    ['below it is one that a snapshot is built on', onP(external('p'), { frozenDisks: mapped }), 'c'],
    ['nobody knows yet what the snapshots froze', nothingFrozen, 'a'],
    [
      'of a disk that was removed since',
      facts({
        tree: one,
        vm: vm({ disks: [disk('vda', '/img/other.qcow2')] }),
        files: seen({ '/img/other.qcow2': image(), '/img/web.s': over(base), [base]: image() }),
        otherVms: [],
      }),
    ],
    ['another VM’s chain cannot be read', beside, 'p'],
    [
      'another VM’s chain cannot be read, and the files are in reach',
      { ...beside, files: seen({ [base]: image(), '/img/web.p': over(base) }) },
      'p',
    ],
  ]),
  ...asked([
    [
      'another VM’s chain cannot be read, after a checkpoint',
      { ...ask.revert('p'), checkpointFirst: true } as OperationRequest,
      beside,
    ],
  ]),
]);

const images: readonly (readonly [what: string, vda: string, vdb: string | undefined, more?: Partial<VmDisk>])[] = [
  ['of two names', '/img/a.qcow2', '/img/b.qcow2'],
  ['that differ in their extension only', '/img/a.qcow2', '/img/a.raw'],
  ['that differ before the last dot', '/img/a.1.qcow2', '/img/a.2.qcow2'],
  ['that differ behind their only dot', '/img/a.1', '/img/a.2'],
  ['one without an extension', '/img/a', '/img/a.raw'],
  ['in two folders', '/img/a.qcow2', '/more/a.qcow2'],
  ['in folders with dots', '/img.1/a', '/img.2/a'],
  ['of which one is in a drive', '/img/a.qcow2', '/img/a.iso', { device: 'cdrom' }],
  ['beside an empty drive', '/img/a.qcow2', undefined, { device: 'cdrom' }],
  ['of which one is a device', '/img/a.qcow2', '/dev/vg/b', { sourceType: 'block' }],
];
golden.section(
  'of two images',
  reverts(
    images.map(([what, vda, vdb, more]) => [
      what,
      facts({
        tree: one,
        vm: vm({ disks: [disk('vda', '/img/web.s'), disk('vdb', '/img/b.s')] }),
        frozenDisks: new Map([['s', [disk('vda', vda), disk('vdb', vdb, more)]]]),
      }),
    ]),
  ),
);

const drive = (modifiedAt: number, more: Partial<VmDisk> = {}, bornAt = 1): Facts => {
  const media = [disk('vda', base), disk('sda', '/img/tools.iso', { device: 'cdrom', readonly: true, ...more })];
  return facts({
    tree: tree([external('s', undefined, { createdAt: 5_000 })], 's'),
    vm: vm({ disks: [disk('vda', '/img/web.s')] }),
    frozenDisks: new Map([['s', media]]),
    files: seen({
      [base]: image(),
      '/img/web.s': over(base),
      '/img/tools.iso': image({ format: 'raw', modifiedAt, bornAt }),
    }),
  });
};
golden.section(
  'of what no snapshot holds',
  reverts([
    ['a CD-ROM that was written to since', drive(6_000)],
    ['a read-only disk that was written to since', drive(6_000, { device: 'disk' })],
    ['a CD-ROM that is as it was', drive(5_999)],
    ['a CD-ROM in whose place another was put, with its time', drive(5_999, {}, 6_000)],
    ['a drive of the host', drive(6_000, { sourceType: 'block' })],
  ]),
);

const two = new Map([['s', [disk('vda', base), disk('vdb', '/img/b.qcow2')]]]);
const half = tree(
  [
    external('a', undefined, {
      disks: [{ target: 'vda', location: 'external', file: '/img/web.a', deleteInProgress: true }],
    }),
    external('b', 'a'),
    external('c', 'b'),
  ],
  'c',
);
const known = {
  frozenDisks: frozen({ a: base, b: '/img/web.a', c: '/img/web.b' }),
  vm: vm({ disks: [disk('vda', '/img/web.c')] }),
};
golden.section(
  'what it froze is not as it was',
  reverts([
    ...([base, '/img/web.s'] as const).map((vda): Row => {
      const disks = [disk('vda', vda), disk('vdb', '/img/b.qcow2')];
      return [`the VM writes into ${vda}`, facts({ tree: one, vm: vm({ disks }), frozenDisks: two })];
    }),
    ...['a', 'b', 'c'].flatMap((name): readonly Row[] => [
      [`a delete half merged a, revert to ${name}`, facts({ tree: half }), name],
      [`a delete half merged a, revert to ${name}, files known`, facts({ tree: half, ...known }), name],
    ]),
  ]),
);

const rests: readonly (readonly [
  what: string,
  snapshots: readonly Snapshot[],
  files: Readonly<Record<string, string>> | undefined,
  running: string,
  backing?: readonly string[],
])[] = [
  ['alone', [internal('i')], { i: base }, base, []],
  ['others in the same image', [internal('i'), internal('j', 'i')], { i: base, j: base }, base, []],
  ['an external one on it', [internal('i'), external('e', 'i')], { i: base, e: base }, '/img/web.e'],
  ['… reverted before', [internal('i'), external('e', 'i')], { i: base, e: base }, base, []],
  [
    'an external one two layers above',
    [internal('i'), external('e', 'i'), external('f', 'e')],
    { i: base, e: base, f: '/img/web.e' },
    '/img/web.f',
  ],
  ['an overlay that no snapshot knows', [internal('i')], { i: base }, '/img/by-hand', [base]],
  [
    'one inside an overlay above it',
    [external('e'), internal('i', 'e'), internal('j', 'i')],
    { e: '/img/other', i: base, j: '/img/web.e' },
    '/img/web.e',
    [base],
  ],
  [
    'it stands in the overlay itself',
    [external('e'), internal('i', 'e')],
    { e: base, i: '/img/web.e' },
    '/img/web.e',
    [base],
  ],
  ['files not known yet', [internal('i'), external('e', 'i')], undefined, base],
  ['its own file not known, both styles', [internal('i'), external('e', 'i')], { e: base }, base],
  ['its own file not known, one style', [internal('i')], {}, base],
  [
    'an external one, both with titles',
    [internal('i', undefined, { title: 'Clean' }), external('e', 'i', { title: 'Later' })],
    { i: base, e: base },
    base,
  ],
];
const pair = [disk('vda', base), disk('vdb', '/img/b')];
const ofOther = snapshot('e', {
  state: 'disk-snapshot',
  parent: 'i',
  disks: [{ target: 'vda' }, { target: 'vdb', location: 'external', file: '/img/b.e' }],
});
const byHand = [disk('vda', '/img/by-hand', { backing: [base] }), disk('vdb', '/img/b')];
golden.section(
  'internal, and who rests on its image',
  reverts([
    ...rests.map(([what, snapshots, of, running, backing]): Row => {
      const vda = disk('vda', running, backing === undefined ? {} : { backing });
      const at = { tree: tree(snapshots, snapshots.at(-1)!.name), vm: vm({ disks: [vda] }) };
      return [what, facts({ ...at, ...(of === undefined ? {} : { frozenDisks: frozen(of) }) }), 'i'];
    }),
    [
      'an external one that took no part of that disk',
      facts({
        tree: tree([internal('i'), ofOther], 'e'),
        frozenDisks: new Map(['i', 'e'].map((name) => [name, pair])),
      }),
      'i',
    ],
    [
      'the VM itself, with one disk of two',
      facts({ tree: tree([internal('i')], 'i'), vm: vm({ disks: byHand }), frozenDisks: frozen({ i: base }) }),
      'i',
    ],
  ]),
);

golden.section(
  'a name that QEMU’s jobs cannot bear',
  reverts(
    (
      [
        [9, 0],
        [10, 8],
        [10, 9],
        [12, 8],
        [12, 8, 'off'],
      ] as const
    ).map(([major, minor, state]) => [
      `libvirt ${major}.${minor}${state === undefined ? '' : ', without RAM'}`,
      facts({
        tree: tree([internal('a b', undefined, state === undefined ? {} : { state })], 'a b'),
        capabilities: capabilities(major, minor),
      }),
      'a b',
    ]),
  ),
);

const [a, ab] = [tree([internal('a')], 'a'), tree([internal('a'), internal('b', 'a')], 'b')];
const quiesced = external('a', undefined, { quiesced: true });
golden.section(
  'what it costs',
  reverts([
    ['running', facts({ tree: ab }), 'a'],
    ['off', facts({ tree: ab, vm: vm({ power: 'off' }) }), 'a'],
    ['no current snapshot', facts({ tree: tree([internal('a')]) }), 'a'],
    ['no disks', facts({ tree: ab, vm: vm({ disks: [] }) }), 'a'],
    ['disk-only', facts({ tree: tree([external('a')], 'a') }), 'a'],
    ['disk-only, quiesced', facts({ tree: tree([quiesced], 'a') }), 'a'],
  ]),
);
golden.end();

describe('planRevert', () => {
  it('guesses longer for more memory', () => {
    const guess = (memoryBytes: number): number =>
      planned(ask.revert('a'), facts({ tree: a, vm: vm({ memoryBytes }) })).estimateMs ?? 0;
    assert.ok(guess(2 ** 28) >= 1_000 && guess(2 ** 30) >= 2_300);
  });
});
