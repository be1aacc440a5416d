// What is known of a disk, and which operations it stands against.
import assert from 'node:assert/strict';
import type { ImageFacts } from '../../../src/domain/hostFiles.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Facts } from '../../../src/domain/facts.js';
import type { VmDisk } from '../../../src/domain/vm.js';
import { requiredFacts } from '../../../src/operations/decide/planners.js';
import { planOperation } from '../../../src/operations/decide/planOperation.js';
import { findUnchangedSnapshot } from '../../../src/operations/create/planCheckpoint.js';
import {
  ask,
  capabilities,
  disk,
  external,
  frozen,
  image,
  internal,
  looked,
  planned,
  ref,
  refused,
  facts,
  tree,
  verdict,
  vm,
} from '../domain/someFacts.js';

const web = '/img/web.qcow2';
const top = '/img/web.e';
const outside = (more: Partial<VmDisk>, told: Partial<ImageFacts> = {}, of: 'running' | 'off' = 'running'): Facts =>
  facts({
    vm: vm({ power: of, disks: [disk('vda', top, { backing: [web], ...more })] }),
    tree: tree([external('e')], 'e'),
    frozenDisks: frozen({ e: web }),
    blockJobs: [],
    otherVms: [],
    files: looked({ images: { [web]: image(undefined, told), [top]: image(web) } }),
  });
const inside = (more: Partial<VmDisk>, told: Partial<ImageFacts> = {}, power: 'running' | 'off' = 'running'): Facts =>
  facts({
    vm: vm({ power, disks: [disk('vda', web, more)] }),
    tree: tree([internal('i')], 'i'),
    frozenDisks: frozen({ i: web }),
    blockJobs: [],
    otherVms: [],
    files: looked({ images: { [web]: image(undefined, { tags: ['i'], ramTags: ['i'], ...told }) } }),
  });
const bare = (more: Partial<VmDisk>, facts: Partial<ImageFacts> = {}): Facts => ({
  ...outside(more, facts),
  tree: tree([]),
});
const withoutTree = (of: Facts): Facts => ({ ...of, tree: tree([]), frozenDisks: new Map() });
const consolidate: OperationRequest = { kind: 'consolidate', vm: ref };
const repair = (what: 'makeCurrent' | 'finishDelete' | 'leaveFrozenFiles'): OperationRequest => ({
  kind: 'repair',
  vm: ref,
  repair: { kind: what, snapshot: 'e' },
});

describe('a disk that cannot stand on another file', () => {
  const kinds: readonly (readonly [string, Partial<VmDisk>, Partial<ImageFacts>, string])[] = [
    ['is encrypted', { encrypted: true }, {}, 'encryptedDisk'],
    ['rests on an encrypted image', {}, { encrypted: true }, 'encryptedDisk'],
    ['is a slice', { sliced: true }, {}, 'slicedDisk'],
    ['rests on a part of a file', {}, { backing: { file: '/img/all.raw', format: 'raw', part: true } }, 'slicedDisk'],
    ['rests on what names other files', {}, { format: 'vmdk' }, 'layerFormat'],
    ['is transient', { transient: true }, {}, 'transientDisk'],
    ['has what nobody knows', { foreign: ['source/wonder'] }, {}, 'unknownDiskElement'],
    ['is a volume without a format', { volume: { pool: 'p', name: 'v' }, formatUntold: true }, {}, 'formatUntold'],
  ];
  for (const [what, more, told, reason] of kinds) {
    it(`${what}: no overlay, no merge, no revert, no repair that writes it`, () => {
      const own = outside(more, told);
      for (const kind of ['disk', 'memory'] as const) {
        assert.equal(verdict(planOperation(ask.create({ snapshotKind: kind, style: 'external' }), own)), reason);
      }
      const off = outside(more, told, 'off');
      for (const request of [
        ask.create({ snapshotKind: 'offline', style: 'external' }),
        ask.revert('e'),
        repair('makeCurrent'),
        repair('finishDelete'),
        repair('leaveFrozenFiles'),
      ]) {
        assert.equal(verdict(planOperation(request, off)), reason);
      }
      for (const request of [ask.revert('e'), ask.remove('e'), consolidate]) {
        assert.equal(verdict(planOperation(request, own)), reason);
      }
      assert.equal(verdict(planOperation(consolidate, withoutTree(own))), reason);
    });
  }

  it('rests on a file whose format nobody recorded, unless it looks raw', () => {
    for (const [format, expected] of [
      ['qcow2', 'layerFormat'],
      ['raw', 'ok'],
    ] as const) {
      const images = { [top]: image(undefined, { backing: { file: web } }), [web]: image(undefined, { format }) };
      const own = { ...outside({}), tree: tree([]), files: looked({ images }) };
      assert.equal(verdict(planOperation(ask.create({ snapshotKind: 'disk', style: 'external' }), own)), expected);
    }
  });

  it('is written with its very bytes where it stays on its file: a rename, a description', () => {
    const own = outside({ foreign: ['source/wonder'] });
    const rename: OperationRequest = { kind: 'rename', vm: ref, snapshot: 'e', title: 'f' };
    assert.equal(planned(rename, { ...own, capabilities: capabilities(9, 0) }).steps[0]?.kind, 'redefineAs');
    assert.equal(planned(ask.describe('e', 'e', 'x'), own).kind, 'plan');
  });

  it('is left alone where it takes no part: another disk’s snapshot is made without it', () => {
    const disks = [disk('vda', web), disk('vdb', '/img/b.qcow2', { encrypted: true })];
    const two = facts({ vm: vm({ disks }), files: looked({ images: { [web]: image() } }) });
    assert.equal(refused(ask.create({ snapshotKind: 'disk' }), two).reason, 'encryptedDisk');
    const plan = planned(ask.create({ snapshotKind: 'disk', without: ['vdb'] }), two);
    assert.deepEqual(
      plan.steps.flatMap((step) => (step.kind === 'createSnapshot' ? step.disks.map(({ target }) => target) : [])),
      ['vda'],
    );
  });

  it('and a note of it in the snapshot itself that nobody knows', () => {
    const strange = external('e', undefined, {
      disks: [{ target: 'vda', location: 'external', file: top, foreign: ['source/wonder'] }],
    });
    const own = { ...outside({}), tree: tree([strange], 'e') };
    for (const request of [ask.revert('e'), ask.remove('e')]) {
      assert.equal(refused(request, own).reason, 'unknownDiskElement');
    }
  });
});

describe('a volume whose format the configuration does not say', () => {
  it('is asked about while it runs, for what runs was given one', () => {
    const volume = { volume: { pool: 'p', name: 'v' }, format: 'raw' };
    const own = bare({ source: web, backing: [], ...volume });
    assert.equal(requiredFacts(ask.create({ snapshotKind: 'disk' }), own).configured, true);
    assert.equal(
      requiredFacts(ask.create({ snapshotKind: 'disk' }), bare({ source: web, backing: [] })).configured,
      undefined,
    );
    const configured = [disk('vda', web, { ...volume, formatUntold: true })];
    assert.equal(refused(ask.create({ snapshotKind: 'disk' }), { ...own, configured }).reason, 'formatUntold');
    assert.equal(verdict(planOperation(ask.create({ snapshotKind: 'disk' }), own)), 'ok');
  });
});

describe('a volume of which libvirt tells no path', () => {
  const gone = disk('vda', undefined, { sourceType: 'volume', volume: { pool: 'p', name: 'v', notThere: 'noPool' } });
  const rows: readonly (readonly [string, OperationRequest, Facts, string])[] = [
    ['a snapshot that takes it', ask.create({}), facts({ vm: vm({ disks: [gone] }) }), 'volumeNotThere'],
    [
      'a snapshot without it',
      ask.create({ snapshotKind: 'disk', without: ['vda'] }),
      { ...bare({}), vm: vm({ disks: [gone, disk('vdb', web)] }) },
      'ok',
    ],
    ['a start', ask.power('start'), facts({ vm: vm({ power: 'off', disks: [gone] }) }), 'volumeNotThere'],
    [
      'a start that libvirt makes without it',
      ask.power('start'),
      facts({ vm: vm({ power: 'off', disks: [{ ...gone, whenMissing: 'optional' }] }) }),
      'ok',
    ],
    ['a stop', ask.power('forceOff'), facts({ vm: vm({ disks: [gone] }) }), 'ok'],
    [
      'a revert to what was on another disk',
      ask.revert('i'),
      {
        ...inside({}, {}, 'off'),
        frozenDisks: new Map([['i', [disk('vda', web)]]]),
        vm: vm({ power: 'off', disks: [gone] }),
      },
      'ok',
    ],
  ];
  for (const [what, request, own, expected] of rows) {
    it(`${what}: ${expected}`, () => assert.equal(verdict(planOperation(request, own)), expected));
  }
});

describe('a state inside the image', () => {
  const kinds: readonly (readonly [string, Partial<VmDisk>, Partial<ImageFacts>, string])[] = [
    ['that is encrypted', { encrypted: true }, {}, 'encryptedDisk'],
    ['that says itself that it is encrypted', {}, { encrypted: true }, 'encryptedDisk'],
    ['of a transient disk', { transient: true }, {}, 'transientDisk'],
    ['whose data stand elsewhere', {}, { dataFile: true }, 'dataFileInside'],
    ['that copies on read', { copyOnRead: true }, {}, 'copyOnRead'],
  ];
  for (const [what, more, facts, reason] of kinds) {
    it(`${what} is neither made nor gone back to`, () => {
      assert.equal(verdict(planOperation(ask.create({ snapshotKind: 'memory' }), inside(more, facts))), reason);
      assert.equal(verdict(planOperation(ask.revert('i'), inside(more, facts))), reason);
    });
  }

  it('is libvirt’s own affair where something of the disk is not known', () => {
    const own = inside({ foreign: ['source/wonder'] });
    for (const request of [ask.create({ snapshotKind: 'memory' }), ask.revert('i'), ask.remove('i')]) {
      assert.equal(verdict(planOperation(request, own)), 'ok');
    }
  });

  it('gives way to an overlay where it is not asked for, and the disk can have one', () => {
    const styleOf = (own: Facts): readonly string[] =>
      planned(ask.create(), own).steps.flatMap((step) =>
        step.kind === 'createSnapshot' ? [step.style, step.snapshotKind] : [],
      );
    assert.deepEqual(styleOf(bare({ source: web, backing: [] }, { dataFile: true })), ['external', 'disk']);
    assert.deepEqual(styleOf(bare({ copyOnRead: true })), ['external', 'disk']);
    assert.deepEqual(styleOf(bare({})), ['internal', 'memory']);
  });

  it('without RAM does not mind copies on read', () => {
    assert.equal(
      verdict(planOperation(ask.create({ snapshotKind: 'offline' }), inside({ copyOnRead: true }, {}, 'off'))),
      'ok',
    );
  });
});

describe('what the owner said of a disk', () => {
  const own = (wish: VmDisk['snapshot']): Facts => {
    const disks = [disk('vda', web), disk('vdb', '/img/b.qcow2', wish === undefined ? {} : { snapshot: wish })];
    return facts({ vm: vm({ disks }) });
  };
  const rows: readonly (readonly [VmDisk['snapshot'], string, string, string, string])[] = [
    // attribute, auto, internal, external with RAM, external without
    ['no', 'external vda', 'ownerChose', 'ownerChose', 'external vda'],
    ['manual', 'ownerChose', 'ownerChose', 'ownerChose', 'ownerChose'],
    ['internal', 'internal vda vdb', 'internal vda vdb', 'ownerChose', 'ownerChose'],
    ['external', 'external vda vdb', 'ownerChose', 'external vda vdb', 'external vda vdb'],
    [undefined, 'internal vda vdb', 'internal vda vdb', 'external vda vdb', 'external vda vdb'],
  ];
  for (const [wish, ...expected] of rows) {
    it(`${String(wish)} counts`, () => {
      const asked = [
        ask.create(),
        ask.create({ snapshotKind: 'memory', style: 'internal' }),
        ask.create({ snapshotKind: 'memory', style: 'external' }),
        ask.create({ snapshotKind: 'disk' }),
      ];
      const found = asked.map((request) => {
        const decision = planOperation(request, own(wish));
        const [step] = decision.kind === 'plan' ? decision.steps : [];
        return step?.kind === 'createSnapshot'
          ? [step.style, ...step.disks.map(({ target }) => target)].join(' ')
          : verdict(decision);
      });
      assert.deepEqual(found, expected);
    });
  }

  it('is told where a disk is left out, and the request stays what was asked', () => {
    const plan = planned(ask.create({ snapshotKind: 'disk' }), own('no'));
    assert.deepEqual(
      plan.warnings.filter(({ kind: about }) => about === 'ownerLeftOut'),
      [{ kind: 'ownerLeftOut', disks: ['vdb'] }],
    );
    assert.deepEqual(plan.request, ask.create({ snapshotKind: 'disk' }));
  });

  it('counts for libvirt’s own revert, which lays overlays on disks that took no part', () => {
    const on = (wish: VmDisk['snapshot']): Facts => {
      const other = disk('vdb', '/img/b.qcow2', wish === undefined ? {} : { snapshot: wish });
      return {
        ...outside({}, {}, 'off'),
        vm: vm({ power: 'off', disks: [disk('vda', top, { backing: [web] }), other] }),
        frozenDisks: new Map([['e', [disk('vda', web), other]]]),
      };
    };
    const byUs = (wish: VmDisk['snapshot']): readonly string[] =>
      planned(ask.revert('e'), on(wish)).warnings.flatMap((one) => (one.kind === 'doneByUs' ? [one.why.reason] : []));
    assert.deepEqual(byUs('manual'), ['ownerChose']);
    assert.deepEqual(byUs('no'), ['ownerChose']);
    assert.deepEqual(byUs(undefined), []);
  });
});

describe('a disk that a snapshot left out', () => {
  const child = external('f', 'e');
  const other = disk('vdb', '/img/b.qcow2');
  const own = (power: 'running' | 'off'): Facts => ({
    ...outside({}, {}, power),
    capabilities: capabilities(9, 0),
    vm: vm({ power, disks: [disk('vda', '/img/web.f', { backing: [top, web] }), other] }),
    tree: tree([external('e'), child], 'f'),
    frozenDisks: new Map([
      ['e', [disk('vda', web), other]],
      ['f', [disk('vda', top), other]],
    ]),
    files: looked({
      images: {
        [web]: image(),
        [top]: image(web),
        '/img/web.f': image(top),
        '/img/b.qcow2': image(undefined, { real: 'b' }),
      },
    }),
    written: new Set(['b']),
  });

  it('is held open by the VM until the revert stops it, and stands against no step after that', () => {
    assert.equal(verdict(planOperation(ask.revert('e'), own('running'))), 'ok');
  });

  it('is held open by somebody else where the VM is off', () => {
    assert.equal(refused(ask.revert('e'), own('off')).reason, 'runsUnseen');
  });
});

describe('notes for backups', () => {
  const noted = { checkpoints: ['c1'] };
  const rename: OperationRequest = { kind: 'rename', vm: ref, snapshot: 'e', title: 'f' };

  it('of libvirt: nothing is reverted, and nothing is changed of a VM that is off', () => {
    for (const own of [inside({}), outside({})]) {
      const { name } = own.tree.snapshots[0]!;
      assert.equal(refused(ask.revert(name), { ...own, ...noted }).reason, 'checkpointsExist');
      assert.equal(verdict(planOperation(ask.revert(name), own)), 'ok');
    }
    const off = { ...outside({}, {}, 'off'), ...noted };
    for (const request of [
      ask.create({ snapshotKind: 'offline' }),
      ask.remove('e'),
      ask.describe('e', 'e', 'x'),
      rename,
      consolidate,
      repair('makeCurrent'),
    ]) {
      assert.equal(refused(request, off).reason, 'checkpointsExist');
    }
    const on = { ...outside({}), ...noted };
    for (const request of [ask.create({ snapshotKind: 'disk' }), ask.remove('e'), ask.describe('e', 'e', 'x')]) {
      assert.equal(verdict(planOperation(request, on)), 'ok');
    }
    assert.equal(verdict(planOperation(ask.remove('i'), { ...inside({}, {}, 'off'), ...noted })), 'ok');
  });

  it('inside the image: what no program can write to is opened by none', () => {
    const fixed = (power: 'running' | 'off'): Facts => inside({}, { immutable: true }, power);
    assert.equal(refused(ask.revert('i'), fixed('running')).reason, 'imageImmutable');
    assert.equal(refused(ask.revert('i'), fixed('off')).reason, 'imageImmutable');
    assert.equal(refused(ask.create({ snapshotKind: 'offline' }), fixed('off')).reason, 'imageImmutable');
    assert.equal(verdict(planOperation(ask.create({ snapshotKind: 'memory' }), fixed('running'))), 'ok');
  });

  it('inside the image: QEMU goes back to no state in it', () => {
    for (const power of ['running', 'off'] as const) {
      assert.equal(refused(ask.revert('i'), inside({}, { bitmaps: 1 }, power)).reason, 'bitmapsInImage');
    }
  });

  it('inside the image: an overlay leaves them behind, which is said', () => {
    const told = (own: Facts): boolean =>
      planned(ask.create({ snapshotKind: 'disk' }), own).warnings.some(
        ({ kind: about }) => about === 'bitmapsStayBehind',
      );
    const own = bare({ source: web, backing: [] }, { bitmaps: 2 });
    assert.equal(told(own), true);
    assert.equal(told({ ...own, ...noted }), false);
    assert.equal(told(bare({ source: web, backing: [] })), false);
  });
});

describe('RAM that belongs to no disk of the snapshot', () => {
  it('stands against a revert and a delete', () => {
    const alone = external('e', undefined, {
      state: 'running',
      memory: 'external',
      memoryFile: '/img/web.mem',
      disks: [{ target: 'vda', location: 'no' }],
    });
    const own = { ...outside({}), tree: tree([alone], 'e') };
    assert.equal(refused(ask.revert('e'), own).reason, 'ramWithoutDisks');
    assert.equal(refused(ask.remove('e'), own).reason, 'ramWithoutDisks');
  });

  it('of an NVDIMM is neither taken nor brought back, and its file counts as changed', () => {
    const with_ = (own: Facts): Facts => ({ ...own, vm: { ...own.vm, devices: ['nvdimm'] } });
    for (const style of ['internal', 'external'] as const) {
      assert.equal(refused(ask.create({ snapshotKind: 'memory', style }), with_(bare({}))).reason, 'ramCannotBeSaved');
    }
    assert.equal(refused(ask.revert('i'), with_(inside({}))).reason, 'nvdimmOverwritten');
    const plan = planned(ask.create({ snapshotKind: 'disk' }), with_(bare({})));
    assert.ok(plan.warnings.some(({ kind: about }) => about === 'notInSnapshot'));
    const same = inside({}, { unchangedSince: ['i'] }, 'off');
    assert.equal(findUnchangedSnapshot(same), 'i');
    assert.equal(findUnchangedSnapshot(with_(same)), undefined);
  });
});
