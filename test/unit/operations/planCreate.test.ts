// How a snapshot is made, row by row of the tables above the code.
import assert from 'node:assert/strict';
import { versionOf } from '../../../src/domain/capabilities.js';
import { parseDescription } from '../../../src/domain/description.js';
import { createMs } from '../../../src/domain/estimates.js';
import type { Plan } from '../../../src/operations/plan.js';
import type { Facts } from '../../../src/domain/facts.js';
import type { Step } from '../../../src/steps/step.js';
import { planOperation } from '../../../src/operations/planOperation.js';
import type { SnapshotKind } from '../../../src/domain/snapshot.js';
import { nvramVerdict } from '../../../src/domain/snapshotStyle.js';
import { seen } from '../domain/hostFiles.js';
import type { PowerState, Vm } from '../../../src/domain/vm.js';
import {
  ask,
  capabilities,
  disk,
  external,
  internal,
  planned,
  refused,
  facts,
  snapshot,
  tree,
  verdict,
  vm,
} from '../domain/someFacts.js';

type CreateStep = Extract<Step, { kind: 'createSnapshot' }>;

function stepOf(plan: Plan): CreateStep {
  const [step] = plan.steps;
  assert.ok(plan.steps.length === 1 && step?.kind === 'createSnapshot');
  return step;
}

function made(request: Parameters<typeof ask.create>[0], inWhat: Facts): string {
  const decision = planOperation(ask.create(request), inWhat);
  if (decision.kind === 'refusal') {
    return decision.refusal.reason;
  }
  const { snapshotKind: kind, style } = stepOf(decision);
  return `${kind} ${style}`;
}

const internals = tree([internal('i')], 'i');
const externals = tree([external('e')], 'e');
const mixed = tree([internal('i'), external('e', 'i')], 'e');
const raw: Partial<Vm> = { disks: [disk('vda', '/img/web.img', { format: 'raw' })] };

describe('planCreate: kind and style', () => {
  const kinds: readonly (readonly [PowerState, SnapshotKind | 'auto', string])[] = [
    ['running', 'auto', 'memory internal'],
    ['running', 'memory', 'memory internal'],
    ['running', 'disk', 'disk external'],
    ['running', 'offline', 'notOff'],
    ['paused', 'auto', 'memory internal'],
    ['paused', 'memory', 'memory internal'],
    ['paused', 'disk', 'disk external'],
    ['paused', 'offline', 'notOff'],
    ['off', 'auto', 'offline internal'],
    ['off', 'memory', 'notRunning'],
    ['off', 'disk', 'notRunning'],
    ['off', 'offline', 'offline internal'],
    ['shuttingDown', 'auto', 'wrongState'],
    ['unknown', 'auto', 'wrongState'],
    ['crashed', 'auto', 'crashedVm'],
    ['asleep', 'auto', 'asleepVm'],
  ];
  for (const [power, kind, expected] of kinds) {
    it(`${power}, ${kind} → ${expected}`, () => {
      assert.equal(made({ snapshotKind: kind }, facts({ vm: vm({ power }) })), expected);
    });
  }

  const styles: readonly (readonly [what: string, Partial<Facts>, Parameters<typeof ask.create>[0], string])[] = [
    ['internal so far, nothing asked', { tree: internals }, {}, 'memory internal'],
    ['internal so far, internal asked', { tree: internals }, { style: 'internal' }, 'memory internal'],
    ['internal so far, external asked', { tree: internals }, { style: 'external' }, 'otherStyle'],
    ['internal so far, disk-only asked', { tree: internals }, { snapshotKind: 'disk' }, 'otherStyle'],
    ['internal so far, a raw disk came', { tree: internals, vm: vm(raw) }, {}, 'rawDisk'],
    ['external so far, nothing asked', { tree: externals }, {}, 'disk external'],
    ['external so far, memory asked', { tree: externals }, { snapshotKind: 'memory' }, 'memory external'],
    ['external so far, external asked', { tree: externals }, { style: 'external' }, 'disk external'],
    ['external so far, internal asked', { tree: externals }, { style: 'internal' }, 'otherStyle'],
    ['external so far, off', { tree: externals, vm: vm({ power: 'off' }) }, {}, 'offline external'],
    ['mixed so far, nothing asked', { tree: mixed }, {}, 'otherStyle'],
    ['mixed so far, external asked', { tree: mixed }, { style: 'external' }, 'otherStyle'],
    ['none so far, external asked', {}, { style: 'external' }, 'disk external'],
    ['none so far, external memory asked', {}, { style: 'external', snapshotKind: 'memory' }, 'memory external'],
    ['none so far, internal asked', {}, { style: 'internal' }, 'memory internal'],
    [
      'none so far, internal preferred, disk-only asked',
      {},
      { style: 'internal', snapshotKind: 'disk' },
      'disk external',
    ],
    ['none so far, raw disk', { vm: vm(raw) }, {}, 'disk external'],
    ['none so far, raw disk, memory asked', { vm: vm(raw) }, { snapshotKind: 'memory' }, 'memory external'],
    ['none so far, raw disk, internal asked', { vm: vm(raw) }, { style: 'internal' }, 'rawDisk'],
    ['none so far, raw disk, off', { vm: vm({ ...raw, power: 'off' }) }, {}, 'offline external'],
    ['the test driver', { capabilities: capabilities(9, 0, { driver: 'test' }), vm: vm(raw) }, {}, 'memory internal'],
    [
      'the test driver, disk-only',
      { capabilities: capabilities(9, 0, { driver: 'test' }) },
      { snapshotKind: 'disk' },
      'driverCannot',
    ],
    ['another driver', { capabilities: capabilities(9, 0, { driver: 'other' }) }, {}, 'driverCannot'],
    ['a read-only connection', { capabilities: capabilities(9, 0, { readOnly: true }) }, {}, 'readOnlyConnection'],
  ];
  for (const [what, inWhat, request, expected] of styles) {
    it(`${what} → ${expected}`, () => {
      assert.equal(made(request, facts(inWhat)), expected);
    });
  }

  it('says which style stands against which', () => {
    assert.deepEqual(refused(ask.create({ snapshotKind: 'disk' }), facts({ tree: internals })).facts, {
      vm: 'web',
      own: 'internal',
      asked: 'external',
      kind: 'disk',
    });
  });
});

describe('planCreate: disks', () => {
  const cases: readonly (readonly [what: string, Vm['disks'], inside: string, insideOff: string, outside: string])[] = [
    ['none', [], 'noDisks', 'noDisks', 'noDisks'],
    ['a CD-ROM alone', [disk('sda', '/x.iso', { device: 'cdrom', readonly: true })], 'noDisks', 'noDisks', 'noDisks'],
    [
      'an empty drive alone',
      [disk('sda', undefined, { device: 'cdrom', readonly: true })],
      'noDisks',
      'noDisks',
      'noDisks',
    ],
    ['a raw one beside', [disk('vda', '/a.qcow2'), disk('vdb', '/b', { format: 'raw' })], 'rawDisk', 'rawDisk', 'ok'],
    [
      'a raw one that is read-only',
      [disk('vda', '/a.qcow2'), disk('vdb', '/b', { format: 'raw', readonly: true })],
      'ok',
      'ok',
      'ok',
    ],
    [
      'a floppy drive without one, and one that is read-only',
      [
        disk('vda', '/a.qcow2'),
        disk('fda', undefined, { device: 'floppy', format: 'raw' }),
        disk('fdb', '/f', { device: 'floppy', format: 'raw', readonly: true }),
      ],
      'ok',
      'ok',
      'ok',
    ],
    [
      'a floppy in its drive',
      [disk('vda', '/a.qcow2'), disk('fda', '/f', { format: 'raw', device: 'floppy' })],
      'rawDisk',
      'rawDisk',
      'ok',
    ],
    ['a logical volume', [disk('vda', '/dev/vg/a', { sourceType: 'block' })], 'ok', 'ok', 'ok'],
    [
      'a pool’s volume',
      [disk('vda', undefined, { sourceType: 'volume' })],
      'ok',
      'diskTypeUnsupported',
      'diskTypeUnsupported',
    ],
    [
      'a network disk',
      [disk('vda', undefined, { sourceType: 'network', format: 'raw' })],
      'rawDisk',
      'rawDisk',
      'diskTypeUnsupported',
    ],
    [
      'a SCSI passthrough',
      [disk('sda', '/dev/sdx', { device: 'lun', sourceType: 'block', format: 'raw' })],
      'rawDisk',
      'rawDisk',
      'diskTypeUnsupported',
    ],
    ['a shared one', [disk('vda', '/a.qcow2', { shareable: true })], 'ok', 'ok', 'diskTypeUnsupported'],
  ];
  for (const [what, disks, inside, insideOff, outside] of cases) {
    it(`${what}: internal ${inside}, off ${insideOff}, external ${outside}`, () => {
      const look = (style: 'internal' | 'external', power: PowerState): string =>
        verdict(
          planOperation(
            ask.create({ style, snapshotKind: power === 'off' ? 'offline' : 'memory' }),
            facts({ vm: vm({ disks, power }) }),
          ),
        );
      assert.deepEqual(
        [look('internal', 'running'), look('internal', 'off'), look('external', 'running'), look('external', 'off')],
        [inside, insideOff, outside, outside],
      );
    });
  }

  it('names the disks that take part, without drives and read-only ones', () => {
    const disks = [
      disk('vda', '/img/a.qcow2'),
      disk('sda', '/x.iso', { device: 'cdrom', readonly: true }),
      disk('vdb', '/img/b.qcow2'),
    ];
    const inside = stepOf(planned(ask.create(), facts({ vm: vm({ disks }) })));
    assert.deepEqual(inside.disks, [{ target: 'vda' }, { target: 'vdb' }]);
    const outside = stepOf(planned(ask.create({ snapshotKind: 'disk' }), facts({ vm: vm({ disks }) })));
    assert.deepEqual(outside.disks, [
      { target: 'vda', file: '/img/a.new' },
      { target: 'vdb', file: '/img/b.new' },
    ]);
  });
});

describe('planCreate: UEFI', () => {
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

  it('goes external, and says that the variables stay as they are', () => {
    const uefi = facts({ vm: vm({ firmware: 'uefiRawNvram' }) });
    const plan = planned(ask.create(), uefi);
    assert.equal(stepOf(plan).style, 'external');
    assert.ok(plan.warnings.some(({ kind: about }) => about === 'nvramNotCaptured'));
    assert.deepEqual(refused(ask.create({ style: 'internal' }), uefi), {
      reason: 'rawNvram',
      facts: { vm: 'web', nvram: 'raw', state: 'running', version: '12.8' },
    });
    const bios = planned(ask.create({ snapshotKind: 'disk' }), facts());
    assert.ok(!bios.warnings.some(({ kind: about }) => about === 'nvramNotCaptured'));
    const off = planned(ask.create(), facts({ vm: vm({ firmware: 'uefiRawNvram', power: 'off' }) }));
    assert.equal(stepOf(off).style, 'internal');
    assert.ok(off.warnings.some(({ kind: about }) => about === 'nvramNotCaptured'));
  });
});

describe('planCreate: what else goes on', () => {
  const cases: readonly (readonly [what: string, Partial<Facts>, string])[] = [
    ['a managed save', { vm: vm({ power: 'off', managedSave: true }) }, 'managedSaveExists'],
    ['a block job', { blockJobs: ['vda'] }, 'blockJobRunning'],
    ['no block job', { blockJobs: [] }, 'ok'],
    ['a save under way', { vm: vm({ power: 'paused', powerReason: 'saving' }) }, 'unfinishedSave'],
    ['a snapshot under way', { vm: vm({ power: 'paused', powerReason: 'snapshotting' }) }, 'unfinishedSave'],
    ['a pause for a full disk', { vm: vm({ power: 'paused', powerReason: 'ioError' }) }, 'ok'],
  ];
  for (const [what, inWhat, expected] of cases) {
    it(`${what} → ${expected}`, () => {
      assert.equal(verdict(planOperation(ask.create(), facts(inWhat))), expected);
    });
  }

  it('warns that the snapshots of a transient VM vanish with it', () => {
    const warnings = planned(ask.create(), facts({ vm: vm({ persistent: false }) })).warnings;
    assert.ok(warnings.some(({ kind: about }) => about === 'vanishesWhenStopped'));
  });
});

describe('planCreate: quiesce', () => {
  const rows: readonly (readonly [kind: SnapshotKind | 'auto', Partial<Vm>, expected: string])[] = [
    ['disk', {}, 'quiesced'],
    ['disk', { agentConnected: false }, 'agentMissing'],
    ['disk', { power: 'paused' }, 'wrongState'],
    ['auto', {}, 'quiesced'],
    ['auto', { agentConnected: false }, 'crash-consistent'],
    ['auto', { power: 'paused' }, 'crash-consistent'],
    ['auto', { power: 'off' }, 'offline'],
    ['memory', {}, 'memory'],
  ];
  for (const [kind, more, expected] of rows) {
    it(`${kind} ${JSON.stringify(more)} → ${expected}`, () => {
      const decision = planOperation(
        ask.create({ snapshotKind: kind, quiesce: true }),
        facts({ vm: vm(more), tree: externals }),
      );
      if (decision.kind === 'refusal') {
        assert.equal(decision.refusal.reason, expected);
        return;
      }
      const step = stepOf(decision);
      assert.equal(parseDescription(step.description).trailers.consistency, expected);
      assert.equal(step.quiesce, expected === 'quiesced');
      const about = decision.warnings.map((warning) => warning.kind);
      assert.equal(about.includes('crashConsistent'), expected === 'crash-consistent');
      assert.equal(about.includes('agentMissing'), expected === 'crash-consistent');
    });
  }
});

describe('planCreate: names and files', () => {
  it('keeps a title whole beside the name that is made of it', () => {
    const request = ask.create({ title: ' Größe <&"\'🙂 ', description: 'why', git: 'main@1a2b3c' });
    const plan = planned(request, facts());
    const step = stepOf(plan);
    assert.equal(step.name, 'Grosse');
    assert.equal(plan.snapshot, 'Grosse');
    assert.deepEqual(parseDescription(step.description), {
      text: 'why',
      trailers: { title: `Größe <&"'🙂`, git: 'main@1a2b3c', consistency: 'memory', createdBy: 'virt-rewind' },
    });
    assert.equal(
      parseDescription(stepOf(planned(ask.create({ title: 'safe' }), facts())).description).trailers.title,
      undefined,
    );
  });

  const titles: readonly (readonly [title: string, reason: string, problem: string | undefined])[] = [
    ['', 'badName', 'empty'],
    ['a\nb', 'badName', 'controlCharacter'],
    ['x'.repeat(10_000), 'badName', 'tooLong'],
    ['e', 'nameTaken', undefined],
    ['The e', 'nameTaken', undefined],
  ];
  for (const [title, reason, problem] of titles) {
    it(`refuses the title ${JSON.stringify(title.slice(0, 12))}`, () => {
      const { reason: found, facts: told } = refused(
        ask.create({ title }),
        facts({ tree: tree([external('e', undefined, { title: 'The e' })], 'e') }),
      );
      assert.deepEqual([found, told['problem']], [reason, problem]);
      assert.ok((told['title'] ?? '').length <= 200);
    });
  }

  it('refuses a description that libvirt would choke on', () => {
    assert.equal(
      refused(ask.create({ description: 'x'.repeat(65_537) }), facts()).facts['problem'],
      'descriptionTooLong',
    );
  });

  const file = (inWhat: Partial<Facts>, title = 'new'): string | undefined =>
    stepOf(planned(ask.create({ title, style: 'external', snapshotKind: 'auto' }), facts(inWhat))).disks[0]?.file;

  const files: readonly (readonly [
    what: string,
    source: string,
    backing: string[] | undefined,
    title: string,
    expected: string,
  ])[] = [
    ['beside the base', '/img/web.qcow2', [], 'new', '/img/web.new'],
    ['a base with dots', '/img/web.v1.qcow2', [], 'new', '/img/web.v1.new'],
    ['a base without an extension', '/img/web', [], 'new', '/img/web.new'],
    ['a hidden base', '/img/.web', [], 'new', '/img/web.new'],
    ['a folder with a dot', '/img.d/web', [], 'new', '/img.d/web.new'],
    ['at the root', '/web.qcow2', [], 'new', '/web.new'],
    ['not nested over an overlay', '/img/web.e', ['/img/web.qcow2'], 'new', '/img/web.new'],
    ['the same, chain not known', '/img/web.e', undefined, 'new', '/img/web.new'],
    ['over an overlay whose name has dots', '/img/web.v1.2', undefined, 'new', '/img/web.new'],
    ['over one that was named by hand', '/img/odd', ['/img/web.qcow2'], 'new', '/img/web.new'],
    ['over one that a revert made', '/img/web.1799999000', undefined, 'new', '/img/web.new'],
    ['over one in another folder', '/fast/web.e', ['/img/web.qcow2'], 'new', '/fast/web.new'],
    ['over a shared base: the clone’s own name', '/img/clone.qcow2', ['/img/golden.qcow2'], 'new', '/img/clone.new'],
    ['a name that is the disk’s suffix', '/img/web.qcow2', [], 'qcow2', '/img/web.qcow2-2'],
    ['a name that is a base’s suffix', '/img/web.e', ['/img/web.old'], 'old', '/img/web.old-2'],
    ['a comma in the stem', '/img/a,b.qcow2', [], 'new', '/img/a-b.new'],
  ];
  for (const [what, source, backing, title, expected] of files) {
    it(`chooses a file: ${what}`, () => {
      const disks = [disk('vda', source, backing === undefined ? {} : { backing })];
      const byHand = external('h', 'e', { disks: [{ target: 'vda', location: 'external', file: '/img/odd' }] });
      const known = tree([external('e'), external('v1.2', 'e'), byHand], 'v1.2');
      assert.equal(file({ vm: vm({ disks }), tree: known }, title), expected);
    });
  }

  it('gives two disks of one stem files of their own', () => {
    const disks = [
      disk('vda', '/img/web.qcow2'),
      disk('vdb', '/img/web.raw', { format: 'raw' }),
      disk('vdc', '/b/web.raw'),
    ];
    assert.deepEqual(stepOf(planned(ask.create({ snapshotKind: 'disk' }), facts({ vm: vm({ disks }) }))).disks, [
      { target: 'vda', file: '/img/web.new' },
      { target: 'vdb', file: '/img/web-vdb.new' },
      { target: 'vdc', file: '/b/web.new' },
    ]);
  });

  it('takes no file that another snapshot names', () => {
    const known = tree(
      [
        snapshot('old', {
          state: 'disk-snapshot',
          disks: [{ target: 'vda', location: 'external', file: '/img/web.x' }],
        }),
      ],
      'old',
    );
    assert.equal(
      file({ tree: known, vm: vm({ disks: [disk('vda', '/img/web.x', { backing: ['/img/web.qcow2'] })] }) }, 'x'),
      '/img/web.x-2',
    );
  });

  describe('of a device', () => {
    const device = disk('vda', '/dev/vg/a', { sourceType: 'block' });
    const made = (disks: Vm['disks'], more: Partial<Facts> = {}): string =>
      JSON.stringify(
        stepOf(
          planned(
            ask.create({ snapshotKind: 'disk', style: 'external', title: 'new' }),
            facts({ vm: vm({ disks }), ...more }),
          ),
        ).disks.map(({ file }) => file),
      );

    it('stands where a disk of the VM is a file, else where its snapshots made some, else in the folder of images', () => {
      assert.equal(made([disk('vdb', '/img/b'), device]), '["/img/b.new","/img/web-vda.new"]');
      assert.equal(made([device], { tree: tree([external('old')], 'old') }), '["/img/web-vda.new"]');
      assert.equal(made([device]), '["/var/lib/libvirt/images/web-vda.new"]');
    });

    it('is refused where that folder cannot be used', () => {
      const files = seen({}, {}, { canAct: new Map([['/var/lib/libvirt/images', { why: 'folderMissing' }]]) });
      const asked = ask.create({ snapshotKind: 'disk', style: 'external' });
      assert.deepEqual(refused(asked, facts({ vm: vm({ disks: [device] }), files })).facts, {
        folder: '/var/lib/libvirt/images',
        why: 'folderMissing',
      });
    });
  });

  describe('of the memory', () => {
    const memoryFile = (title: string, machine: Partial<Vm>, now = 1_700_000_000_000): string | undefined => {
      const asked = ask.create({ snapshotKind: 'memory', style: 'external', title });
      return stepOf(planned(asked, facts({ vm: vm(machine), now }))).memoryFile;
    };
    const uuid = '0123abcd-0000-4000-8000-000000000001';

    it('stands beside the first disk', () => {
      assert.equal(memoryFile('new', { name: 'my web,1', uuid }), '/img/my web-1.new-1700000000-0123abcd.mem');
      assert.equal(stepOf(planned(ask.create({ snapshotKind: 'disk' }), facts())).memoryFile, undefined);
    });

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
      const file = memoryFile('y'.repeat(100), { name: '🙂'.repeat(90), uuid }, 99_999_999_999)!;
      assert.ok(new TextEncoder().encode(file.slice('/img/'.length)).length <= 255, file);
    });
  });

  it('cuts a stem that would make the name too long, between characters', () => {
    const disks = [disk('vda', `/img/${'🙂'.repeat(60)}.qcow2`)];
    const name = file({ vm: vm({ disks }) }, 'y'.repeat(100))!.slice('/img/'.length);
    assert.ok(new TextEncoder().encode(name).length <= 255 && !/\p{Cs}/u.test(name), name);
  });

  it('refuses a folder that QEMU’s options cannot name', () => {
    for (const [folder, inside] of [
      ['/a,b', 'ok'],
      // libvirt itself loses it when it starts again.
      ['/a\nb', 'unsafePath'],
    ] as const) {
      const where = facts({ vm: vm({ disks: [disk('vda', `${folder}/web.qcow2`)] }) });
      assert.equal(refused(ask.create({ snapshotKind: 'disk' }), where).reason, 'unsafePath');
      assert.equal(verdict(planOperation(ask.create(), where)), inside);
    }
  });
});

describe('planCreate: what it costs', () => {
  it('says how long the guest stands still, longer for more memory, and nothing for disks alone', () => {
    const still = (memoryBytes: number, request: Parameters<typeof ask.create>[0]): number | undefined => {
      const plan = planned(ask.create(request), facts({ vm: vm({ memoryBytes }) }));
      const warning = plan.warnings.find((one) => one.kind === 'guestStandsStill');
      return warning?.kind === 'guestStandsStill' ? warning.estimateMs : undefined;
    };
    const [small, large] = [still(2 ** 28, {}), still(2 ** 30, {})];
    assert.ok(small !== undefined && large !== undefined && small >= 285 && large >= 1_140 && large > small);
    assert.equal(still(2 ** 30, { snapshotKind: 'disk' }), undefined);
    assert.ok(createMs('memory', 'external', 2 ** 30) >= 1_570);
  });

  it('tells percent only where libvirt does', () => {
    const progress = (request: Parameters<typeof ask.create>[0]): string =>
      planned(ask.create(request), facts()).progress;
    assert.equal(progress({}), 'timeOnly');
    assert.equal(progress({ snapshotKind: 'disk' }), 'timeOnly');
    assert.equal(progress({ snapshotKind: 'memory', style: 'external' }), 'percent');
  });

  const reverts: readonly (readonly [major: number, minor: number, power: PowerState, needed: string | undefined])[] = [
    [9, 0, 'running', '9.9'],
    [9, 0, 'off', '9.9'],
    [9, 9, 'running', '11.0'],
    [9, 9, 'off', undefined],
    [10, 10, 'running', '11.0'],
    [11, 0, 'running', undefined],
    [12, 8, 'off', undefined],
  ];
  for (const [major, minor, power, needed] of reverts) {
    it(`libvirt ${major}.${minor}, ${power}: an external snapshot can be reverted to ${needed === undefined ? 'here' : `from ${needed} on`}`, () => {
      const plan = planned(
        ask.create(),
        facts({ vm: vm({ power }), tree: externals, capabilities: capabilities(major, minor) }),
      );
      const warning = plan.warnings.find((one) => one.kind === 'cannotRevertHere');
      assert.equal(warning?.kind === 'cannotRevertHere' ? warning.needed : undefined, needed);
    });
  }
});
