// A disk that grows, comes or goes: what is done, what is refused, and what becomes of one that was broken off.
import assert from 'node:assert/strict';
import type { Facts } from '../../../src/domain/facts.js';
import { type CannotAct, type ImageFacts, trashFolder } from '../../../src/domain/hostFiles.js';
import type { Hardware } from '../../../src/domain/hardware.js';
import type { DiskChange, OperationRequest } from '../../../src/domain/operation.js';
import { planOperation } from '../../../src/operations/decide/planOperation.js';
import { planRecovery } from '../../../src/operations/decide/planRecovery.js';
import { applyAll } from '../../../src/steps/steps.js';
import { alone, image, over, seen, type SeenFile } from '../domain/hostFiles.js';
import { capabilities, disk, external, facts, frozen, internal, planned, ref, tree, vm } from '../domain/someFacts.js';
import { broken } from './recoveryShapes.js';

const file = '/img/web.qcow2';
const had = 2 ** 26;
const grow = (bytes = 2 * had, target = 'vda'): OperationRequest => ({
  kind: 'disk',
  vm: ref,
  change: { do: 'grow', target, bytes },
});
const at = (more: Partial<Facts> = {}, images: Readonly<Record<string, SeenFile>> = {}): Facts =>
  facts({ ...alone, strays: new Map(), checkpoints: [], files: seen({ [file]: image(), ...images }), ...more });
const off = vm({ power: 'off' });
const withDisk = (more: Parameters<typeof disk>[2]): Partial<Facts> => ({
  vm: vm({ disks: [disk('vda', file, more)] }),
});
const told = (request: OperationRequest, here: Facts): string => {
  const decision = planOperation(request, here);
  return decision.kind === 'refusal'
    ? [decision.refusal.reason, decision.refusal.facts['why']].filter((word) => word !== undefined).join(' ')
    : decision.steps.map((step) => (step.kind === 'growDisk' ? `grow by ${step.by}` : step.kind)).join();
};

describe('a disk that grows', () => {
  for (const [what, request, here, expected] of [
    ['running', grow(), at(), 'grow by qemu'],
    ['paused', grow(), at({ vm: vm({ power: 'paused' }) }), 'grow by qemu'],
    ['off', grow(), at({ vm: off }), 'grow by image'],
    [
      'with tags inside',
      grow(),
      at({ tree: tree([internal('i')], 'i') }, { [file]: image({ tags: ['i'] }) }),
      'grow by qemu',
    ],
    ['of the old format without tags', grow(), at({}, { [file]: image({ oldFormat: true }) }), 'grow by qemu'],
    [
      'of the old format with tags',
      grow(),
      at({}, { [file]: image({ oldFormat: true, tags: ['i'] }) }),
      'diskStays oldFormat',
    ],
    [
      'above external snapshots',
      grow(),
      at(
        {
          vm: vm({ disks: [disk('vda', '/img/web.e')] }),
          tree: tree([external('e')], 'e'),
          frozenDisks: frozen({ e: file }),
        },
        { '/img/web.e': over(file) },
      ),
      'grow by qemu',
    ],
    [
      'on what a snapshot froze',
      grow(),
      at({ tree: tree([external('e')], 'e'), frozenDisks: frozen({ e: file }) }, { '/img/web.e': over(file) }),
      'layerNeeded',
    ],
    ['that it does not have', grow(had, 'vdx'), at(), 'noSuchDisk'],
    ['to what it has', grow(had), at(), 'diskStays notLarger'],
    ['to less', grow(512), at(), 'diskStays notLarger'],
    ['to nothing', grow(0), at(), 'diskStays badSize'],
    ['to less than nothing', grow(-512), at(), 'diskStays badSize'],
    ['to no number', grow(Number.NaN), at(), 'diskStays badSize'],
    ['by a part of a sector', grow(had + 1), at(), 'diskStays badSize'],
    ['to 1 EiB', grow(2 ** 60), at(), 'diskStays tooLarge'],
    ['read-only', grow(), at(withDisk({ readonly: true })), 'diskStays readOnly'],
    ['shared', grow(), at(withDisk({ shareable: true })), 'diskStays readOnly'],
    ['a device', grow(), at(withDisk({ sourceType: 'block' })), 'diskStays noFile'],
    ['encrypted', grow(), at(withDisk({ encrypted: true })), 'diskStays encrypted'],
    ['with its data elsewhere', grow(), at({}, { [file]: image({ dataFile: true }) }), 'diskStays dataFile'],
    ['of another format', grow(), at(withDisk({ format: 'vmdk' })), 'diskStays format'],
    ['nobody sees', grow(), at({}, { [file]: 'unknown' }), 'filesOutOfReach notLookedAt'],
    ['damaged', grow(), at({}, { [file]: image({ corrupt: true }) }), 'layerBroken'],
    ['beside a job', grow(), at({ blockJobs: ['vda'] }), 'blockJobRunning'],
    ['beside checkpoints', grow(), at({ checkpoints: ['c'] }), 'checkpointsExist'],
    ['of a saved VM', grow(), at({ vm: vm({ power: 'off', managedSave: true }) }), 'managedSaveExists'],
    ['another at the next start', grow(), at({ configured: [disk('vda', '/img/other')] }), 'definitionDiffers'],
    [
      'another VM needs',
      grow(),
      at({ otherVms: [{ uuid: 'x', name: 'other', files: [file], unread: [] }] }),
      'usedByOtherVm',
    ],
    [
      'out of reach while off',
      grow(),
      at({
        vm: off,
        files: seen({ [file]: image() }, {}, { canChange: new Map([[file, { why: 'denied' } as const]]) }),
      }),
      'filesOutOfReach denied',
    ],
    [
      'over a connection that only reads',
      grow(),
      at({ capabilities: capabilities(12, 8, { readOnly: true }) }),
      'readOnlyConnection',
    ],
    ['of another driver', grow(), at({ capabilities: capabilities(12, 8, { driver: 'test' }) }), 'driverCannot'],
    ['of a VM that shuts down', grow(), at({ vm: vm({ power: 'shuttingDown' }) }), 'wrongState'],
  ] as const satisfies readonly (readonly [string, OperationRequest, Facts, string])[]) {
    it(`${what}: ${expected}`, () => assert.equal(told(request, here), expected));
  }

  it('that was broken off is of one size or of the other', () => {
    const from = at({ vm: off });
    const plan = planned(grow(), from);
    for (const [now, expected] of [
      [from, 'before'],
      [applyAll(plan.steps, from), 'after'],
      [at({ vm: off }, { [file]: 'unknown' }), 'before'],
    ] as const) {
      const recovery = planRecovery(broken(grow(), plan, 0, 'begun'), now);
      assert.deepEqual(recovery, { kind: 'settled', to: expected });
    }
  });
});

describe('a disk that comes or goes', () => {
  const second = '/img/web-vdb.qcow2';
  const whole = (target: string, bus = 'virtio', boot = ''): string =>
    `<disk><source file="/x"/><target bus="${bus}" dev="${target}"/>${boot}</disk>`;
  const hardware = (...items: readonly (readonly [id: string, whole: string])[]): Partial<Facts> => {
    const now: Hardware = { xml: '', items: items.map(([id, own]) => ({ part: 'disk', id, facts: {}, whole: own })) };
    return { hardware: { now, then: new Map() } };
  };
  const one = hardware(['vda', whole('vda')]);
  const two = hardware(['vda', whole('vda')], ['vdb', whole('vdb')]);
  const request = (change: DiskChange): OperationRequest => ({ kind: 'disk', vm: ref, change });
  const add = request({ do: 'add', bytes: had });
  const remove = request({ do: 'remove', target: 'vdb' });
  const was = { file: second, format: 'qcow2', bytes: had, xml: whole('vdb'), inTrash: true } as const;
  const back = request({ do: 'add', bytes: had, target: 'vdb', was });
  const both = vm({ power: 'off', disks: [disk('vda', file), disk('vdb', second)] });
  const withTwo = (more: Partial<Facts> = {}, images: Readonly<Record<string, SeenFile>> = {}): Facts =>
    at({ vm: both, ...two, ...more }, { [second]: image(), ...images });
  const closedTrash: Partial<Facts> = {
    files: seen(
      { [file]: image(), [second]: image() },
      {},
      {
        canAct: new Map<string, 'yes' | CannotAct>([
          ['/img', 'yes'],
          [`/img/${trashFolder}`, { why: 'denied' }],
        ]),
      },
    ),
  };
  const asPlanned = (asked: OperationRequest, here: Facts): string => {
    const decision = planOperation(asked, here);
    return decision.kind === 'refusal'
      ? told(asked, here)
      : decision.steps
          .map((step) =>
            step.kind === 'addDisk'
              ? `add ${step.target} ${step.file} ${step.from}${step.trashed?.slice(-1) ?? ''}`
              : step.kind === 'removeDisk'
                ? `remove ${step.target}`
                : step.kind,
          )
          .join(', ');
  };
  const trash = (
    names: readonly string[],
    files: NonNullable<Facts['files']>['files'] = new Map(),
  ): NonNullable<Facts['files']> =>
    seen({ [file]: image() }, {}, { lists: new Map([['/img/.virt-rewind-trash', names]]), files });
  const [elder, younger] = ['web-vdb.qcow2.1700000000', 'web-vdb.qcow2.1700000009'] as const;
  const numbered = (number: number): ImageFacts => image({ real: `1:${String(number)}`, bornAt: 5.25 });
  const ofTwo = (...numbers: readonly number[]): NonNullable<Facts['files']> =>
    trash(
      [elder, younger],
      new Map(numbers.map((one, at) => [`/img/.virt-rewind-trash/${[elder, younger][at] ?? ''}`, numbered(one)])),
    );
  const born = request({ do: 'add', bytes: had, target: 'vdb', was: { ...was, born: '7@5.25' } });
  const placed = request({ do: 'add', bytes: had, target: 'vdb', was: { ...was, inTrash: false, born: '7@5.25' } });
  const base = '/img/base.qcow2';
  const onBase = (below: SeenFile, more: Partial<Facts> = {}, own: Partial<ImageFacts> = {}): Facts =>
    at({ vm: off, ...one, ...more }, { [second]: over(base, { ...numbered(7), ...own }), [base]: below });

  for (const [what, asked, here, expected] of [
    ['off', add, at({ vm: off, ...one }), `add vdb ${second} new`],
    ['running', add, at(one), `add vdb ${second} new`],
    [
      'where its name is taken',
      add,
      at({ vm: off, ...one }, { [second]: image() }),
      'add vdb /img/web-vdb-2.qcow2 new',
    ],
    [
      'where a snapshot knows another',
      add,
      at({
        vm: off,
        ...one,
        tree: tree([external('e')], 'e'),
        frozenDisks: new Map([['e', [disk('vda', file), disk('vdb', '/img/b')]]]),
      }),
      'add vdc /img/web-vdc.qcow2 new',
    ],
    ['to sata while running', add, at(hardware(['vda', whole('vda', 'sata')])), 'diskStays running'],
    ['to sata', add, at({ vm: off, ...hardware(['vda', whole('vda', 'sata')]) }), 'add sda /img/web-sda.qcow2 new'],
    ['to a bus that is not known', add, at({ vm: off }), 'diskStays noPlace'],
    [
      'to a full ide',
      add,
      at({
        vm: vm({ power: 'off', disks: ['hda', 'hdb', 'hdc', 'hdd'].map((target) => disk(target, `/img/${target}`)) }),
        ...hardware(['hda', whole('hda', 'ide')]),
      }),
      'diskStays noPlace',
    ],
    ['to a VM without disks', add, at({ vm: vm({ power: 'off', disks: [] }) }), 'diskStays noPlace'],
    ['of no bytes', request({ do: 'add', bytes: 0 }), at({ vm: off, ...one }), 'diskStays badSize'],
    ['of 1 EiB', request({ do: 'add', bytes: 2 ** 60 }), at({ vm: off, ...one }), 'diskStays tooLarge'],
    ['of more than is free', request({ do: 'add', bytes: 2 ** 41 }), at({ vm: off, ...one }), 'diskStays noSpace'],
    [
      'where no file can be made',
      add,
      at({
        vm: off,
        ...one,
        files: seen({ [file]: image() }, {}, { canAct: new Map([['/img', { why: 'denied' } as const]]) }),
      }),
      'filesOutOfReach denied',
    ],
    [
      'out of the trash',
      back,
      at({ vm: off, ...one, files: trash(['web-vdb.qcow2.1700000000']) }),
      `add vdb ${second} trash0`,
    ],
    [
      'out of two of its name, the older',
      born,
      at({ vm: off, ...one, files: ofTwo(7, 8) }),
      `add vdb ${second} trash0`,
    ],
    [
      'out of two of its name, the younger',
      born,
      at({ vm: off, ...one, files: ofTwo(8, 7) }),
      `add vdb ${second} trash9`,
    ],
    ['when only others have its name', born, at({ vm: off, ...one, files: ofTwo(8, 9) }), 'diskStays notThere'],
    ['when it cannot be told from another', back, at({ vm: off, ...one, files: ofTwo(7, 8) }), 'diskStays notThere'],
    ['from its place, where it did not go into the trash', born, onBase(image()), `add vdb ${second} place`],
    [
      'when the VM has it from the trash',
      back,
      at({
        vm: vm({ power: 'off', disks: [disk('vda', file), disk('vdc', `/img/${trashFolder}/${elder}`)] }),
        ...one,
        files: trash([elder]),
      }),
      'diskStays notThere',
    ],
    [
      'when another VM has it in the trash',
      back,
      at({
        vm: off,
        ...one,
        files: trash([elder]),
        otherVms: [{ uuid: 'x', name: 'other', files: [`/img/${trashFolder}/${elder}`], unread: [] }],
      }),
      'usedByOtherVm',
    ],
    ['from its place', placed, onBase(image()), `add vdb ${second} place`],
    ['when another file is in its place', placed, onBase(image(), {}, numbered(8)), 'diskStays notThere'],
    ['when its base is gone', placed, onBase('missing'), 'layerBroken'],
    ['when its base was written to', placed, onBase(image({ modifiedAt: 90_000 })), 'diskStays writtenBelow'],
    [
      'when its base is a disk of another VM',
      placed,
      onBase(image(), { otherVms: [{ uuid: 'x', name: 'other', files: [base], writes: [base], unread: [] }] }),
      'usedByOtherVm',
    ],
    [
      'when another VM has it',
      placed,
      onBase(image(), { otherVms: [{ uuid: 'x', name: 'other', files: [second], unread: [] }] }),
      'usedByOtherVm',
    ],
    [
      'when it is not in the trash',
      back,
      at({ vm: off, ...one, files: trash(['web-vda.qcow2.1700000000']) }),
      'diskStays notThere',
    ],
    ['when its name is taken', back, withTwo(), 'diskStays notThere'],
    ['that nobody needs', remove, withTwo(), 'remove vdb, trashFiles'],
    [
      'that is another by now',
      request({ do: 'remove', target: 'vdb', file: '/img/other' }),
      withTwo(),
      'diskStays notThere',
    ],
    [
      'whose path is a link',
      remove,
      withTwo({
        files: seen(
          { [file]: image(), [second]: image() },
          {},
          { files: new Map([[second, { bytes: 1, allocatedBytes: 1, isLink: true as const }]]) },
        ),
      }),
      'remove vdb',
    ],
    ['that rests on another image', remove, withTwo({}, { [second]: over(base), [base]: image() }), 'remove vdb'],
    ['that the trash does not take', remove, withTwo(closedTrash), 'filesOutOfReach denied'],
    [
      'that a snapshot has inside',
      remove,
      withTwo({
        tree: tree([internal('i')], 'i'),
        frozenDisks: new Map([['i', [disk('vda', file), disk('vdb', second)]]]),
      }),
      'remove vdb',
    ],
    ['of a VM that runs', remove, withTwo({ vm: { ...both, power: 'running' } }), 'diskStays running'],
    ['that there is not', request({ do: 'remove', target: 'vdx' }), withTwo(), 'noSuchDisk'],
    ['that is the first', request({ do: 'remove', target: 'vda' }), withTwo(), 'diskStays boots'],
    [
      'that is started from',
      remove,
      withTwo(hardware(['vda', whole('vda')], ['vdb', whole('vdb', 'virtio', '<boot order="1"/>')])),
      'diskStays boots',
    ],
    [
      'that another VM needs',
      remove,
      withTwo({ otherVms: [{ uuid: 'x', name: 'other', files: [second], unread: [] }] }),
      'usedByOtherVm',
    ],
    [
      'that is only read',
      remove,
      withTwo({ vm: { ...both, disks: [disk('vda', file), disk('vdb', second, { device: 'cdrom' })] } }),
      'diskStays readOnly',
    ],
  ] as const satisfies readonly (readonly [string, OperationRequest, Facts, string])[]) {
    it(`${what}: ${expected}`, () => assert.equal(asPlanned(asked, here), expected));
  }

  it('that was broken off goes on or back', () => {
    const alone = at({ vm: off, ...one });
    const inTrash = at({ vm: off, ...one, files: trash(['web-vdb.qcow2.1700000000']) });
    const added = planned(add, alone);
    const there = at({ vm: off, ...one }, { [second]: image({ allocatedBytes: 0 }) });
    const removed = planned(remove, withTwo());
    const returned = planned(back, inTrash);
    const steps = (plan: typeof added, asked: OperationRequest, now: Facts): string => {
      const recovery = planRecovery(broken(asked, plan, 0, 'begun'), now);
      const kinds = recovery.kind === 'steps' ? recovery.plan.steps.map(({ kind }) => kind) : [];
      return [recovery.kind === 'explain' ? recovery.why.reason : recovery.to, ...kinds].join(' ');
    };
    assert.equal(steps(added, add, alone), 'before');
    assert.equal(steps(added, add, there), 'after addDisk');
    assert.equal(steps(added, add, applyAll(added.steps, alone)), 'after');
    const taken = vm({ power: 'off', disks: [disk('vda', file), disk('vdb', '/img/theirs')] });
    assert.equal(steps(added, add, { ...there, vm: taken }), 'before removeFiles');
    assert.equal(steps(returned, back, { ...there, vm: taken }), 'before trashFiles');
    for (const theirs of [{}, { allocatedBytes: 0, virtualBytes: 1 }, { backing: { file: base } }]) {
      assert.equal(
        steps(added, add, at({ vm: off, ...one }, { [second]: image({ allocatedBytes: 2 ** 22, ...theirs }) })),
        'before',
      );
    }
    const running = withTwo({ vm: { ...both, power: 'running' }, configured: off.disks });
    assert.equal(steps(added, add, running), 'after addDisk');
    assert.equal(steps(removed, remove, withTwo()), 'before');
    assert.equal(steps(removed, remove, at({ vm: off, ...one }, { [second]: image() })), 'after trashFiles');
    assert.equal(steps(removed, remove, at({ vm: off, ...one }, { [second]: 'missing' })), 'after');
    assert.equal(steps(removed, remove, at({ vm: off, ...one, ...closedTrash })), 'after');
    assert.equal(steps(returned, back, inTrash), 'before');
    assert.equal(steps(returned, back, there), 'after addDisk');
    const own = planned(born, at({ vm: off, ...one, files: ofTwo(7, 8) }));
    const inPlace = (number: number): Facts => at({ vm: off, ...one }, { [second]: numbered(number) });
    assert.equal(steps(own, born, inPlace(7)), 'after addDisk');
    assert.equal(steps(own, born, inPlace(8)), 'before');
  });
});
