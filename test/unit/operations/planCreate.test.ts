// How a snapshot is made, row by row of the tables above the code.
import assert from 'node:assert/strict';
import { versionOf } from '../../../src/domain/capabilities.js';
import { createMs } from '../../../src/domain/estimates.js';
import type { Facts } from '../../../src/domain/facts.js';
import type { Step } from '../../../src/steps/step.js';
import type { SnapshotKind } from '../../../src/domain/snapshot.js';
import { nvramVerdict } from '../../../src/domain/snapshotStyle.js';
import { seen } from '../domain/hostFiles.js';
import type { PowerState, Vm } from '../../../src/domain/vm.js';
import { ask, capabilities, disk, external, internal, planned, facts, tree, vm } from '../domain/someFacts.js';
import { asked, Golden } from './golden.js';

const golden = new Golden('create');
type Request = Parameters<typeof ask.create>[0];
type Row = readonly [what: string, Partial<Facts>, Request?];
const creates = (rows: readonly Row[]) =>
  asked(rows.map(([what, more, request]) => [what, ask.create(request), facts(more)]));

const internals = tree([internal('i')], 'i');
const externals = tree([external('e')], 'e');
const mixed = tree([internal('i'), external('e', 'i')], 'e');
const raw: Partial<Vm> = { disks: [disk('vda', '/img/web.img', { format: 'raw' })] };
const driver = (of: 'test' | 'other') => ({ capabilities: capabilities(9, 0, { driver: of }) });

const kinds: readonly (readonly [PowerState, ...(SnapshotKind | 'auto')[]])[] = [
  ['running', 'auto', 'memory', 'disk', 'offline'],
  ['paused', 'auto', 'memory', 'disk', 'offline'],
  ['off', 'auto', 'memory', 'disk', 'offline'],
  ['shuttingDown', 'auto'],
  ['unknown', 'auto'],
  ['crashed', 'auto'],
  ['asleep', 'auto'],
];
golden.section(
  'kind, by the VM’s state',
  creates(
    kinds.flatMap(([power, ...of]) =>
      of.map((snapshotKind): Row => [`${power}, ${snapshotKind}`, { vm: vm({ power }) }, { snapshotKind }]),
    ),
  ),
);

golden.section(
  'style',
  creates([
    ['internal so far, nothing asked', { tree: internals }],
    ['internal so far, internal asked', { tree: internals }, { style: 'internal' }],
    ['internal so far, external asked', { tree: internals }, { style: 'external' }],
    ['internal so far, disk-only asked', { tree: internals }, { snapshotKind: 'disk' }],
    ['internal so far, a raw disk came', { tree: internals, vm: vm(raw) }],
    ['external so far, nothing asked', { tree: externals }],
    ['external so far, memory asked', { tree: externals }, { snapshotKind: 'memory' }],
    ['external so far, external asked', { tree: externals }, { style: 'external' }],
    ['external so far, internal asked', { tree: externals }, { style: 'internal' }],
    ['external so far, off', { tree: externals, vm: vm({ power: 'off' }) }],
    ['mixed so far, nothing asked', { tree: mixed }],
    ['mixed so far, external asked', { tree: mixed }, { style: 'external' }],
    ['none so far, external asked', {}, { style: 'external' }],
    ['none so far, external memory asked', {}, { style: 'external', snapshotKind: 'memory' }],
    ['none so far, internal asked', {}, { style: 'internal' }],
    ['none so far, internal preferred, disk-only asked', {}, { style: 'internal', snapshotKind: 'disk' }],
    ['none so far, raw disk', { vm: vm(raw) }],
    ['none so far, raw disk, memory asked', { vm: vm(raw) }, { snapshotKind: 'memory' }],
    ['none so far, raw disk, internal asked', { vm: vm(raw) }, { style: 'internal' }],
    ['none so far, raw disk, off', { vm: vm({ ...raw, power: 'off' }) }],
    ['the test driver', { ...driver('test'), vm: vm(raw) }],
    ['the test driver, disk-only', driver('test'), { snapshotKind: 'disk' }],
    ['another driver', driver('other')],
    ['a read-only connection', { capabilities: capabilities(9, 0, { readOnly: true }) }],
  ]),
);

const a = disk('vda', '/a.qcow2');
const disks: readonly (readonly [what: string, ...Vm['disks']])[] = [
  ['none'],
  ['a CD-ROM alone', disk('sda', '/x.iso', { device: 'cdrom', readonly: true })],
  ['an empty drive alone', disk('sda', undefined, { device: 'cdrom', readonly: true })],
  ['a raw one beside', a, disk('vdb', '/b', { format: 'raw' })],
  ['a raw one that is read-only', a, disk('vdb', '/b', { format: 'raw', readonly: true })],
  [
    'a floppy drive without one, and one that is read-only',
    a,
    disk('fda', undefined, { device: 'floppy', format: 'raw' }),
    disk('fdb', '/f', { device: 'floppy', format: 'raw', readonly: true }),
  ],
  ['a floppy in its drive', a, disk('fda', '/f', { format: 'raw', device: 'floppy' })],
  ['a logical volume', disk('vda', '/dev/vg/a', { sourceType: 'block' })],
  ['a pool’s volume', disk('vda', undefined, { sourceType: 'volume' })],
  ['a network disk', disk('vda', undefined, { sourceType: 'network', format: 'raw' })],
  ['a SCSI passthrough', disk('sda', '/dev/sdx', { device: 'lun', sourceType: 'block', format: 'raw' })],
  ['a shared one', disk('vda', '/a.qcow2', { shareable: true })],
];
const three = [
  disk('vda', '/img/a.qcow2'),
  disk('sda', '/x.iso', { device: 'cdrom', readonly: true }),
  disk('vdb', '/img/b.qcow2'),
];
golden.section(
  'disks',
  creates([
    ...disks.flatMap(([what, ...of]) =>
      (['internal', 'external'] as const).flatMap((style) => [
        [`${what}: ${style}`, { vm: vm({ disks: of }) }, { style, snapshotKind: 'memory' }] satisfies Row,
        [
          `${what}: ${style}, off`,
          { vm: vm({ disks: of, power: 'off' }) },
          { style, snapshotKind: 'offline' },
        ] satisfies Row,
      ]),
    ),
    ['those that take part, without drives and read-only ones', { vm: vm({ disks: three }) }],
    ['the same, disk-only', { vm: vm({ disks: three }) }, { snapshotKind: 'disk' }],
  ]),
);

const uefi = vm({ firmware: 'uefiRawNvram' });
golden.section(
  'UEFI',
  creates([
    ['variables that are raw', { vm: uefi }],
    ['variables that are raw, internal asked', { vm: uefi }, { style: 'internal' }],
    ['variables that are raw, off', { vm: { ...uefi, power: 'off' } }],
    ['BIOS, disk-only', {}, { snapshotKind: 'disk' }],
  ]),
);

golden.section(
  'what else goes on',
  creates([
    ['a managed save', { vm: vm({ power: 'off', managedSave: true }) }],
    ['a block job', { blockJobs: ['vda'] }],
    ['no block job', { blockJobs: [] }],
    ['a save under way', { vm: vm({ power: 'paused', powerReason: 'saving' }) }],
    ['a snapshot under way', { vm: vm({ power: 'paused', powerReason: 'snapshotting' }) }],
    ['a pause for a full disk', { vm: vm({ power: 'paused', powerReason: 'ioError' }) }],
    ['a transient VM, with which its snapshots vanish', { vm: vm({ persistent: false }) }],
  ]),
);

const quiet: readonly (readonly [SnapshotKind | 'auto', what: string, Partial<Vm>])[] = [
  ['disk', 'running', {}],
  ['disk', 'no agent', { agentConnected: false }],
  ['disk', 'paused', { power: 'paused' }],
  ['auto', 'running', {}],
  ['auto', 'no agent', { agentConnected: false }],
  ['auto', 'paused', { power: 'paused' }],
  ['auto', 'off', { power: 'off' }],
  ['memory', 'running', {}],
];
golden.section(
  'quiesce',
  creates(
    quiet.map(([snapshotKind, what, more]) => [
      `${snapshotKind}, ${what}`,
      { vm: vm(more), tree: externals },
      { snapshotKind, quiesce: true },
    ]),
  ),
);

const ahead = { tree: tree([internal('i', undefined, { title: 'The i', createdAt: 5 * 86_400_000 })], 'i'), now: 0 };
golden.section(
  'until a date',
  creates([
    ['while a snapshot is of the future', ahead, { until: 86_400_000 }],
    ['the same, without a date', ahead],
  ]),
);

const taken = { tree: tree([external('e', undefined, { title: 'The e' })], 'e') };
golden.section(
  'titles and descriptions',
  creates([
    [
      'a title whole beside the name that is made of it',
      {},
      { title: ' Größe <&"\'🙂 ', description: 'why', git: 'main@1a2b3c' },
    ],
    ['a title that makes its own name', {}, { title: 'safe' }],
    ...['', 'a\nb', 'x'.repeat(10_000), 'e', 'The e'].map((title): Row => [
      `the title ${JSON.stringify(title.slice(0, 12))}`,
      taken,
      { title },
    ]),
    ['a description that libvirt would choke on', {}, { description: 'x'.repeat(65_537) }],
  ]),
);

const byHand = external('h', 'e', { disks: [{ target: 'vda', location: 'external', file: '/img/odd' }] });
const underEnding = external('q', 'h', { disks: [{ target: 'vda', location: 'external', file: '/img/web.q.qcow2' }] });
const known = tree([external('e'), external('v1.2', 'e'), byHand, underEnding], 'v1.2');
const sources: readonly (readonly [what: string, source: string, backing?: readonly string[], title?: string])[] = [
  ['beside the base', '/img/web.qcow2', []],
  ['a base with dots', '/img/web.v1.qcow2', []],
  ['a base without an extension', '/img/web', []],
  ['a hidden base', '/img/.web', []],
  ['a folder with a dot', '/img.d/web', []],
  ['at the root', '/web.qcow2', []],
  ['not nested over an overlay', '/img/web.e', ['/img/web.qcow2']],
  ['the same, chain not known', '/img/web.e'],
  ['over an overlay whose name has dots', '/img/web.v1.2'],
  ['over one that was named by hand', '/img/odd', ['/img/web.qcow2']],
  ['over one that a revert made', '/img/web.1799999000'],
  ['over one in another folder', '/fast/web.e', ['/img/web.qcow2']],
  ['over one of ours', '/img/web.q.qcow2', ['/img/web.e', '/img/web.qcow2']],
  ['over one of ours, chain not known', '/img/web.q.qcow2'],
  ['over an older one, on one of ours', '/img/web.e', ['/img/web.q.qcow2', '/img/web.qcow2']],
  ['over one of ours in another folder', '/fast/web.q.qcow2', ['/img/web.qcow2']],
  ['over one that a revert of ours made', '/img/web.1799999000.qcow2'],
  ['over one that a revert by libvirt made on one of ours', '/img/web.q.1799999000'],
  ['over one by libvirt on one of ours, chain known', '/img/web.q.1799999000', ['/img/web.q.qcow2', '/img/web.qcow2']],
  ['over a shared base: the clone’s own name', '/img/clone.qcow2', ['/img/golden.qcow2']],
  ['a name that is the disk’s suffix', '/img/web.qcow2', [], 'qcow2'],
  ['a name that is a base’s suffix', '/img/web.e', ['/img/web.old'], 'old'],
  ['a name that stands before a base’s ending', '/img/web.e', ['/img/web.old.qcow2'], 'old'],
  ['a comma in the stem', '/img/a,b.qcow2', []],
];
const oneStem = [
  disk('vda', '/img/web.qcow2'),
  disk('vdb', '/img/web.raw', { format: 'raw' }),
  disk('vdc', '/b/web.raw'),
];
const device = disk('vda', '/dev/vg/a', { sourceType: 'block' });
const uuid = '0123abcd-0000-4000-8000-000000000001';
const outside = { style: 'external', snapshotKind: 'disk' } as const;
const folders = [
  ['a folder with a comma', '/a,b'],
  // libvirt itself loses it when it starts again.
  ['a folder with a line end', '/a\nb'],
] as const;
golden.section(
  'files',
  creates([
    ...sources.map(([what, source, backing, title = 'new']): Row => {
      const vda = disk('vda', source, backing === undefined ? {} : { backing });
      return [what, { vm: vm({ disks: [vda] }), tree: known }, { title, style: 'external' }];
    }),
    ['two disks of one stem', { vm: vm({ disks: oneStem }) }, { snapshotKind: 'disk' }],
    [
      'one that another snapshot names',
      {
        tree: tree(
          [external('old', undefined, { disks: [{ target: 'vda', location: 'external', file: '/img/web.x' }] })],
          'old',
        ),
        vm: vm({ disks: [disk('vda', '/img/web.x', { backing: ['/img/web.qcow2'] })] }),
      },
      { title: 'x', style: 'external' },
    ],
    ['of a device, beside a disk that is a file', { vm: vm({ disks: [disk('vdb', '/img/b'), device] }) }, outside],
    [
      'of a device, where its snapshots made some',
      { vm: vm({ disks: [device] }), tree: tree([external('old')], 'old') },
      outside,
    ],
    ['of a device, in the folder of images', { vm: vm({ disks: [device] }) }, outside],
    [
      'of a device, where that folder cannot be used',
      {
        vm: vm({ disks: [device] }),
        files: seen({}, {}, { canAct: new Map([['/var/lib/libvirt/images', { why: 'folderMissing' }]]) }),
      },
      outside,
    ],
    [
      'of the memory, beside the first disk',
      { vm: vm({ name: 'my web,1', uuid }), now: 1_700_000_000_000 },
      { snapshotKind: 'memory', style: 'external' },
    ],
    ...folders.flatMap(([what, folder]): readonly Row[] => {
      const at = { vm: vm({ disks: [disk('vda', `${folder}/web.qcow2`)] }) };
      return [
        [`${what}, internal`, at],
        [`${what}, disk-only`, at, { snapshotKind: 'disk' }],
      ];
    }),
  ]),
);

const versions: readonly (readonly [major: number, minor: number, PowerState])[] = [
  [9, 0, 'running'],
  [9, 0, 'off'],
  [9, 9, 'running'],
  [9, 9, 'off'],
  [10, 10, 'running'],
  [11, 0, 'running'],
  [12, 8, 'off'],
];
golden.section(
  'whether an external one can be reverted to',
  creates(
    versions.map(([major, minor, power]) => [
      `libvirt ${major}.${minor}, ${power}`,
      { vm: vm({ power }), tree: externals, capabilities: capabilities(major, minor) },
    ]),
  ),
);
golden.end();

type CreateStep = Extract<Step, { kind: 'createSnapshot' }>;

function stepOf(request: Request, more: Partial<Facts> = {}): CreateStep {
  const { steps, snapshot } = planned(ask.create(request), facts(more));
  const [step] = steps;
  assert.ok(steps.length === 1 && step?.kind === 'createSnapshot');
  assert.equal(snapshot, step.name);
  return step;
}
const bytesOf = (file = ''): number => new TextEncoder().encode(file.slice('/img/'.length)).length;

describe('planCreate', () => {
  describe('UEFI variables', () => {
    const rows: readonly (readonly [Vm['firmware'], libvirt: number, qemu: number, running: string, off: string])[] = [
      ['bios', versionOf(8, 0), versionOf(4, 2), 'captured', 'captured'],
      ['uefiRawNvram', versionOf(9, 0), versionOf(7, 2), 'refused', 'refused'],
      ['uefiQcow2Nvram', versionOf(9, 0), versionOf(7, 2), 'refused', 'refused'],
      ['uefiRawNvram', versionOf(9, 2), versionOf(7, 2), 'refused', 'refused'],
      ['uefiRawNvram', versionOf(9, 3), versionOf(7, 2), 'refused', 'notCaptured'],
      ['uefiQcow2Nvram', versionOf(10, 8), versionOf(8, 2), 'refused', 'notCaptured'],
      ['uefiRawNvram', versionOf(10, 9), versionOf(8, 2), 'refused', 'notCaptured'],
      ['uefiRawNvram', versionOf(12, 8), versionOf(11, 1), 'refused', 'notCaptured'],
      ['uefiQcow2Nvram', versionOf(10, 9), versionOf(5, 2), 'refused', 'captured'],
      ['uefiQcow2Nvram', versionOf(10, 9), versionOf(6, 0), 'captured', 'captured'],
      ['uefiQcow2Nvram', versionOf(11, 3), versionOf(10, 0), 'captured', 'captured'],
    ];
    for (const [firmware, libvirt, hypervisor, running, off] of rows) {
      it(`${firmware}, libvirt ${libvirt}, QEMU ${hypervisor}: ${running}, off ${off}`, () => {
        const versions = { libvirt, hypervisor };
        assert.deepEqual(
          [nvramVerdict({ firmware }, versions, 'running'), nvramVerdict({ firmware }, versions, 'off')],
          [running, off],
        );
      });
    }
  });

  describe('the file of the memory', () => {
    const memoryFile = (title: string, machine: Partial<Vm>, now = 1_700_000_000_000): string | undefined =>
      stepOf({ snapshotKind: 'memory', style: 'external', title }, { vm: vm(machine), now }).memoryFile;

    it('is never one that another VM, or the same one at another time, could want', () => {
      const other = 'fedcba98-0000-4000-8000-000000000001';
      const files = [
        memoryFile('v1.base', { name: 'web', uuid }),
        memoryFile('base', { name: 'web.v1', uuid: other }),
        memoryFile('v1.base', { name: 'web', uuid }, 1_700_000_001_000),
      ];
      assert.equal(new Set(files).size, files.length, String(files));
    });

    it('has a name that a file system can hold, whatever the VM and the snapshot are called', () => {
      const file = memoryFile('y'.repeat(100), { name: '🙂'.repeat(90), uuid }, 99_999_999_999);
      assert.ok(file !== undefined && bytesOf(file) <= 255, file);
    });
  });

  it('cuts a stem that would make the name too long, between characters', () => {
    const disks = [disk('vda', `/img/${'🙂'.repeat(60)}.qcow2`)];
    const { file } = stepOf({ title: 'y'.repeat(100), style: 'external' }, { vm: vm({ disks }) }).disks[0]!;
    assert.ok(file !== undefined && bytesOf(file) <= 255 && !/\p{Cs}/u.test(file), file);
  });

  it('says how long the guest stands still, longer for more memory, and nothing for disks alone', () => {
    const still = (memoryBytes: number, request: Request): number | undefined => {
      const plan = planned(ask.create(request), facts({ vm: vm({ memoryBytes }) }));
      const warning = plan.warnings.find((one) => one.kind === 'guestStandsStill');
      return warning?.kind === 'guestStandsStill' ? warning.estimateMs : undefined;
    };
    const [small, large] = [still(2 ** 28, {}), still(2 ** 30, {})];
    assert.ok(small !== undefined && large !== undefined && small >= 285 && large >= 1_140 && large > small);
    assert.equal(still(2 ** 30, { snapshotKind: 'disk' }), undefined);
    assert.ok(createMs('memory', 'external', 2 ** 30) >= 1_570);
  });
});
