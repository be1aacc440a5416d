// Kinds of snapshots beside the plain ones: live, without some disks, with UEFI variables, and the room that they take.
import assert from 'node:assert/strict';
import { guestStopMs } from '../../../src/domain/estimates.js';
import type { FilesSeen, Facts } from '../../../src/domain/facts.js';
import type { Plan } from '../../../src/operations/plan.js';
import type { Step } from '../../../src/steps/step.js';
import { planOperation } from '../../../src/operations/planOperation.js';
import type { PowerState } from '../../../src/domain/vm.js';
import { image, seen, told } from '../domain/hostFiles.js';
import {
  ask,
  capabilities,
  disk,
  external,
  internal,
  planned,
  refused,
  facts,
  tree,
  verdict,
  vm,
} from '../domain/someFacts.js';

const base = '/img/web.qcow2';
const externals = tree([external('e')], 'e');
const internals = tree([internal('i')], 'i');
const about = (plan: Plan): readonly string[] => plan.warnings.map((one) => one.kind);
function made(plan: Plan): Extract<Step, { kind: 'createSnapshot' }> {
  const step = plan.steps.at(-1);
  assert.ok(step?.kind === 'createSnapshot');
  return step;
}

describe('planCreate: live', () => {
  const rows: readonly (readonly [what: string, Partial<Facts>, PowerState, expected: string])[] = [
    ['no snapshot yet', {}, 'running', 'memory external live'],
    ['external ones', { tree: externals }, 'running', 'memory external live'],
    ['a paused guest, which stands still anyway', { tree: externals }, 'paused', 'memory external'],
    ['internal ones, beside which no other kind may stand', { tree: internals }, 'running', 'memory internal'],
  ];
  for (const [what, more, power, expected] of rows) {
    it(`${what} → ${expected}`, () => {
      const decision = planOperation(
        ask.create({ snapshotKind: 'memory', live: true }),
        facts({ ...more, vm: vm({ power }) }),
      );
      const step = decision.kind === 'plan' ? made(decision) : undefined;
      assert.equal(
        step === undefined
          ? verdict(decision)
          : `${step.snapshotKind} ${step.style}${step.live === true ? ' live' : ''}`,
        expected,
      );
    });
  }
  it('lets the guest stand still for a fraction of the time', () => {
    assert.ok(guestStopMs(2 ** 30, 'live') < 0.35 * guestStopMs(2 ** 30, 'internal'));
    const [warning] = planned(ask.create({ snapshotKind: 'memory', live: true }), facts({ tree: externals })).warnings;
    assert.deepEqual(warning, { kind: 'guestStandsStill', estimateMs: guestStopMs(2 ** 30, 'live') });
  });
  it('says how much may be written, and how long it may stand still, where it outruns the saving', () => {
    const plan = planned(ask.create({ snapshotKind: 'memory', live: true }), facts({ tree: externals }));
    const may = plan.warnings.find(({ kind: about }) => about === 'mayBeStopped');
    assert.ok(may?.kind === 'mayBeStopped' && may.bytes > 2 * 2 ** 30 && may.estimateMs > guestStopMs(2 ** 30, 'live'));
    assert.ok((plan.spaceBytes ?? 0) >= may.bytes);
    const still = planned(ask.create({ snapshotKind: 'memory', style: 'external' }), facts({ tree: externals }));
    assert.ok(still.warnings.every(({ kind: about }) => about !== 'mayBeStopped'));
  });
});

describe('planCreate: without some disks', () => {
  const two = vm({
    disks: [disk('vda', base), disk('vdb', '/dev/sdx', { device: 'lun', sourceType: 'block', format: 'raw' })],
  });
  const rows: readonly (readonly [what: string, Partial<Facts>, Parameters<typeof ask.create>[0], expected: string])[] =
    [
      ['one of two', {}, { without: ['vdb'] }, 'disk vda'],
      ['one of two, external ones', { tree: externals }, { without: ['vdb'] }, 'disk vda'],
      ['one of two, off', { vm: { ...two, power: 'off' } }, { without: ['vdb'] }, 'offline vda'],
      ['the one that could not take part anyway stays', {}, { without: ['vda'] }, 'diskTypeUnsupported'],
      ['with RAM, whose disks it would not fit', {}, { without: ['vdb'], snapshotKind: 'memory' }, 'cannotLeaveOut'],
      ['internal ones', { tree: internals }, { without: ['vdb'] }, 'otherStyle'],
      ['inside the images', {}, { without: ['vdb'], style: 'internal', snapshotKind: 'offline' }, 'notOff'],
      [
        'inside the images, off',
        { vm: vm({ power: 'off', disks: [disk('vda', base), disk('vdb', '/img/b')] }) },
        { without: ['vdb'], style: 'internal' },
        'cannotLeaveOut',
      ],
      ['one that is not there', {}, { without: ['vdz'] }, 'cannotLeaveOut'],
      ['all', {}, { without: ['vda', 'vdb'] }, 'noDisks'],
    ];
  for (const [what, more, request, expected] of rows) {
    it(`${what} → ${expected}`, () => {
      const decision = planOperation(ask.create(request), facts({ vm: two, ...more }));
      const step = decision.kind === 'plan' ? made(decision) : undefined;
      const targets = step?.disks.map(({ target }) => target).join(' ');
      assert.equal(step === undefined ? verdict(decision) : `${step.snapshotKind} ${targets ?? ''}`, expected);
    });
  }
});

describe('planCreate: what no external snapshot holds', () => {
  const uefi = vm({ firmware: 'uefiRawNvram', nvram: '/img/VARS.fd' });
  const files = seen({ [base]: image() }, { '/img/VARS.fd': 'there' });
  it('UEFI variables are copied first, under the name of the snapshot', () => {
    const plan = planned(ask.create(), facts({ tree: externals, vm: uefi, files }));
    assert.equal(told(plan.steps), 'copyFile, asked disk external');
    const { name } = made(plan);
    assert.deepEqual(plan.steps[0], {
      kind: 'copyFile',
      from: '/img/VARS.fd',
      to: `/img/VARS.fd.${name}`,
      existing: 'keep',
    });
    assert.ok(!about(plan).includes('nvramNotCaptured'));
  });
  it('a copy of another snapshot of that name is not taken for its own', () => {
    const lists = new Map([['/img', ['VARS.fd.new']]]);
    const plan = planned(ask.create(), facts({ tree: externals, vm: uefi, files: { ...files, lists } }));
    assert.equal(made(plan).name, 'new-2');
  });
  it('files of other VMs in the same folder take no name away, own ones do', () => {
    for (const [listed, expected] of [
      ['other.new', 'new'],
      ['VARS.fd.new', 'new-2'],
      [`${base.slice('/img/'.length).replace(/\.[^.]*$/u, '')}.new`, 'new-2'],
    ] as const) {
      const lists = new Map([['/img', [listed]]]);
      const plan = planned(ask.create(), facts({ tree: externals, vm: uefi, files: { ...files, lists } }));
      assert.equal(made(plan).name, expected, listed);
    }
  });
  it('where they cannot be reached, it says so', () => {
    for (const out of [undefined, { ...files, canAct: new Map() }, seen({}, { '/img/VARS.fd': 'unknown' })]) {
      const inWhat = facts({ tree: externals, vm: uefi, ...(out === undefined ? {} : { files: out }) });
      const plan = planned(ask.create(), inWhat);
      assert.equal(told(plan.steps), 'asked disk external');
      assert.ok(about(plan).includes('nvramNotCaptured'));
    }
  });
  it('a TPM’s state is in none, and it says so', () => {
    assert.ok(about(planned(ask.create(), facts({ vm: vm({ devices: ['tpm'] }) }))).includes('tpmNotCaptured'));
  });
});

describe('planCreate: devices that hold on to the RAM', () => {
  for (const device of ['hostDevice', 'virtiofs', '9p'] as const) {
    it(`${device} → ramCannotBeSaved, with either style`, () => {
      for (const style of ['internal', 'external'] as const) {
        const inWhat = facts({ vm: vm({ devices: [device] }) });
        assert.equal(refused(ask.create({ snapshotKind: 'memory', style }), inWhat).reason, 'ramCannotBeSaved');
      }
    });
  }
});

describe('planCreate: what can be reverted to', () => {
  const look = (major: number, minor: number, act: boolean): boolean => {
    const files = seen({ [base]: image() }, {}, act ? {} : { canAct: new Map([['/img', { why: 'denied' }]]) });
    const inWhat = facts({ tree: externals, capabilities: capabilities(major, minor), files });
    return about(planned(ask.create(), inWhat)).includes('cannotRevertHere');
  };
  it('is everything where files can be made, by us if not by libvirt', () => {
    assert.deepEqual([look(9, 0, true), look(9, 0, false), look(12, 8, false)], [false, true, false]);
  });
});

describe('planCreate: room', () => {
  const free = (bytes: number): FilesSeen => seen({ [base]: image() }, {}, { freeBytes: new Map([['/img', bytes]]) });
  const needed = 2 ** 30 + 150 * 2 ** 20;
  const rows: readonly (readonly [what: string, Parameters<typeof ask.create>[0], number, expected: string])[] = [
    ['less than the RAM', {}, needed - 1, 'noSpaceFor'],
    ['just enough', {}, needed, 'warned'],
    ['a tenth is left', {}, Math.ceil(needed / 0.9) + 1, 'ok'],
    ['with RAM in a file, which may not fit', { snapshotKind: 'memory', style: 'external' }, needed, 'warned'],
    ['with RAM in a file, less than the RAM', { snapshotKind: 'memory', style: 'external' }, 2 ** 30, 'noSpaceFor'],
    ['disks only', { snapshotKind: 'disk' }, 2 ** 22, 'warned'],
    ['disks only, full', { snapshotKind: 'disk' }, 2 ** 20, 'noSpaceFor'],
  ];
  for (const [what, request, bytes, expected] of rows) {
    it(`${what} → ${expected}`, () => {
      const decision = planOperation(ask.create(request), facts({ files: free(bytes) }));
      const warned = decision.kind === 'plan' && about(decision).includes('needsSpace');
      assert.equal(warned ? 'warned' : verdict(decision), expected);
    });
  }
  it('tells what it takes at most, of a small guest little', () => {
    assert.equal(planned(ask.create(), facts()).spaceBytes, needed);
    const small = facts({ vm: vm({ memoryBytes: 4 * 2 ** 20 }) });
    assert.equal(planned(ask.create(), small).spaceBytes, 40 * 2 ** 20);
  });
});

describe('planCreate: the guest agent', () => {
  const look = (agent: Facts['agent'], kind: 'disk' | 'auto' = 'disk'): string => {
    const inWhat = facts({ tree: externals, ...(agent === undefined ? {} : { agent }) });
    const decision = planOperation(ask.create({ snapshotKind: kind, quiesce: true }), inWhat);
    return decision.kind === 'plan'
      ? `${told(decision.steps)}${made(decision).quiesce ? ', quiesced' : ''}`
      : verdict(decision);
  };
  it('is believed when it was asked', () => {
    assert.equal(look('answers'), 'asked disk external, quiesced');
    assert.equal(look(undefined), 'asked disk external, quiesced');
    assert.equal(look('silent'), 'agentMissing');
    assert.equal(look('silent', 'auto'), 'asked disk external');
  });
  it('thaws what somebody left frozen: libvirt does not freeze twice', () => {
    assert.equal(look('frozen'), 'thawGuest, asked disk external, quiesced');
  });
});
