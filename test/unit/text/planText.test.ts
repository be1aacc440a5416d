// A confirmation names the VM, the snapshot and what is lost.
import { ramRateText } from '../../../src/text/questions/warningText.js';
import assert from 'node:assert/strict';
import type { Loss, Warning } from '../../../src/domain/consequences.js';
import { createMs } from '../../../src/domain/estimates.js';
import type { Plan } from '../../../src/operations/plan.js';
import { refuse } from '../../../src/domain/refusal.js';
import { planText } from '../../../src/text/questions/planText.js';
import { questionOf } from '../../../src/text/questions/questionText.js';
import { durationText } from '../../../src/text/relativeAge.js';
import { branched, now, ref, snapshot, vm, vmView } from '../ui/samples.js';
import { before } from '../domain/someFacts.js';

const target = vmView({ tree: branched });

const revert = { kind: 'revert', vm: ref, snapshot: 'first', after: 'asSnapshot' } as const;

function plan(changes: Partial<Plan> = {}): Plan {
  return {
    kind: 'plan',
    request: revert,
    before,
    steps: [{ kind: 'revert', snapshot: 'first', to: 'running' }],
    losses: [],
    warnings: [],
    progress: 'timeOnly',
    snapshot: 'first',
    ...changes,
  };
}

const { refusal: why } = refuse('noDisks', { vm: 'web-test' });

describe('plan text', () => {
  it('tells how fast a guest writes to its RAM, and no number where none was measured', () => {
    assert.ok(ramRateText(12 * 1024 ** 2).includes('12 MB'));
    assert.ok(!/\d/u.test(ramRateText(0)));
  });

  it('says what is kept before a revert, and how', () => {
    const step = {
      kind: 'createSnapshot',
      name: 'Before-revert',
      description: '--\nTitle: Before the revert',
      snapshotKind: 'memory',
      style: 'internal',
      quiesce: false,
      disks: [],
      auto: 'revert',
    } as const;
    const kept = planText(plan({ steps: [step], checkpoint: step.name }), target, now).detail;
    assert.match(kept, /“Before the revert” \(memory/);
    const costs = planText(plan({ steps: [step], checkpoint: step.name, spaceBytes: 3 * 1024 ** 3 }), target, now);
    assert.match(costs.detail, /about .* and up to 3\.0 GB/);
    assert.doesNotMatch(planText(plan(), target, now).detail, /kept/);
  });

  it('says how long the checkpoint takes in the way in which it is kept', () => {
    const step = {
      kind: 'createSnapshot',
      name: 'Before-revert',
      description: '',
      snapshotKind: 'memory',
      style: 'external',
      quiesce: false,
      disks: [],
      auto: 'revert',
    } as const;
    const big = { ...target, vm: { ...target.vm, memoryBytes: 4 * 1024 ** 3 } };
    const asked = (way: { readonly seamless?: true }): readonly string[] => {
      const kept = plan({ steps: [{ ...step, ...way }], checkpoint: step.name });
      return [planText(kept, big, now).detail, questionOf({ plan: kept, target: big }, now).lines.join(' ')];
    };
    for (const [way, how] of [
      [{}, 'external'],
      [{ seamless: true }, 'seamless'],
    ] as const) {
      const time = durationText(createMs('memory', how, big.vm.memoryBytes));
      assert.ok(
        asked(way).every((text) => text.includes(`about ${time}`)),
        how,
      );
    }
  });

  it('says what a repair does, before what it loses', () => {
    const request = { kind: 'repair', vm: ref, repair: { kind: 'removeTag', file: '/images/a', tag: 'left' } } as const;
    const losses: readonly Loss[] = [{ kind: 'restorePoints', names: ['left'] }];
    const [does = '', ...rest] = planText(plan({ request, losses }), target, now).detail.split('\n');
    assert.match(does, /“left”.*“\/images\/a”/);
    assert.match(rest.join(' '), /left/);
  });

  it('names all snapshots that go, and of many the first', () => {
    const named = (count: number): string => {
      const names = Array.from({ length: count }, (_, index) => `s${index}`);
      return planText(plan({ losses: [{ kind: 'restorePoints', names }] }), target, now).detail;
    };
    assert.match(named(1), /s0$/m);
    assert.match(named(9), /9 snapshots: .*s8$/m);
    assert.match(named(52), /52 snapshots: .*s39 and 12 more$/m);
  });

  it('tells how many bytes go, disk by disk, and which files', () => {
    const losses: readonly Loss[] = [
      {
        kind: 'diskChanges',
        disks: [
          { target: 'vda', bytes: 3 * 1024 * 1024 },
          { target: 'vdb', bytes: 512 },
        ],
      },
      { kind: 'files', files: Array.from({ length: 52 }, (_, index) => `/images/${index}`) },
      { kind: 'managedSave' },
    ];
    const { detail } = planText(plan({ losses }), target, now);
    assert.match(detail, /3\.0 MB on vda, 512 B on vdb/);
    assert.match(detail, /12 more/);
    assert.equal(detail.split('\n').filter((line) => line.startsWith('•')).length, 3);
  });

  it('asks about the VM and the snapshot by the names that people read', () => {
    const { title } = planText(plan(), target, now);
    assert.match(title, /web-test/);
    assert.match(title, /first/);
  });

  it('lists what is lost, since which snapshot and since when', () => {
    const losses: readonly Loss[] = [{ kind: 'diskChanges', since: 'second' }, { kind: 'ram' }];
    const { detail } = planText(plan({ losses }), target, now);
    assert.match(detail, /second” \(2 h ago\)/);
    assert.equal(detail.split('\n').filter((line) => line.startsWith('•')).length, 2);
  });

  it('counts the restore points that a modal dialog has no room for', () => {
    const names = Array.from({ length: 500 }, (_, index) => `point-${index}`);
    const { detail } = planText(plan({ losses: [{ kind: 'restorePoints', names }] }), target, now);
    assert.match(detail, /500/);
    assert.ok(detail.length < 1_000);
  });

  it('has a sentence for every warning', () => {
    const warnings: readonly Warning[] = [
      { kind: 'guestStandsStill', estimateMs: 1_500 },
      { kind: 'guestStandsStill' },
      { kind: 'mayBeStopped', estimateMs: 1_500, bytes: 5_000_000 },
      { kind: 'crashConsistent' },
      { kind: 'merges', into: '/images/base.qcow2' },
      { kind: 'merges' },
      { kind: 'frees', bytes: 5_000_000, how: 'exact' },
      { kind: 'frees', bytes: 5_000_000, how: 'estimate' },
      { kind: 'frees', bytes: 5_000_000, how: 'atLeast' },
      { kind: 'frees', bytes: 5_000_000, how: 'atMost' },
      { kind: 'frees', bytes: -5_000_000, how: 'exact' },
      { kind: 'frees', bytes: -5_000_000, how: 'atLeast' },
      { kind: 'startsQemu' },
      { kind: 'knownBadVersion', version: '9.9', why: 'daemonCrash' },
      { kind: 'agentMissing' },
      { kind: 'cannotRevertHere', version: '9.0', needed: '9.9' },
      { kind: 'nvramNotCaptured' },
      { kind: 'vanishesWhenStopped' },
      { kind: 'leavesFile', file: '/images/old' },
      { kind: 'doneByUs', why },
      { kind: 'makesLeaf', title: 'After revert, 05:29' },
      { kind: 'noCheckpointNeeded', since: 'first' },
      { kind: 'checkpointWithoutRam', why },
      { kind: 'runsOnAfterCheckpoint' },
      { kind: 'needsSpace', bytes: 5_000_000, folder: '/images', free: 7_000_000 },
      { kind: 'needsSpace', bytes: 5_000_000, folder: '/images' },
      { kind: 'notChecked', files: ['/images/a'] },
      { kind: 'unreadVms', vms: ['db'] },
      { kind: 'goesToTrash', files: ['/images/a'], folders: ['/images/.virt-rewind-trash'] },
      { kind: 'unaskedConnections', connections: ['qemu:///session'] },
      { kind: 'otherHostsUnseen' },
      { kind: 'tpmNotCaptured' },
      { kind: 'titleOnly', why: 'internal' },
      { kind: 'titleOnly', why: 'current' },
      { kind: 'hardwareChanges', what: [{ part: 'disk', id: 'vdb', how: 'removed', facts: [] }] },
    ];
    const { detail } = planText(plan({ warnings }), target, now);
    const lines = detail.split('\n');
    assert.doesNotMatch(detail, /undefined|\{\d\}/);
    assert.equal(new Set(lines.slice(-2 - warnings.length, -2)).size, warnings.length);
  });

  it('says once what is true of the checkpoint and of the revert', () => {
    const warnings: readonly Warning[] = [
      { kind: 'tpmNotCaptured' },
      { kind: 'nvramNotCaptured' },
      { kind: 'tpmNotCaptured' },
      { kind: 'nvramNotCaptured' },
    ];
    const lines = planText(plan({ warnings }), target, now).detail.split('\n');
    assert.equal(lines.filter((line) => line.includes('TPM')).length, 1);
    assert.equal(lines.filter((line) => line.includes('UEFI')).length, 1);
  });

  it('tells of layers that are merged one into the next the last merge, which holds what the others moved', () => {
    const merges = [
      { target: 'vda', base: '/b', overlay: '/c' },
      { target: 'vda', base: '/a', overlay: '/b' },
    ] as const;
    const warnings: readonly Warning[] = [
      { kind: 'merges', into: '/b', bytes: 1024 ** 2 },
      { kind: 'merges', into: '/a', bytes: 3 * 1024 ** 2 },
    ];
    const request = { kind: 'consolidate', vm: ref } as const;
    const consolidate = plan({ request, merges, warnings } as unknown as Partial<Plan>);
    const { detail } = planText(consolidate, target, now);
    assert.match(detail, /into \/a, at most 3\.0 MB/);
    assert.doesNotMatch(detail, /\/b/);
    const { lines } = questionOf({ plan: consolidate, target }, now);
    assert.match(lines.join(' '), /at most 3\.0 MB/);
  });

  it('says of a transient VM that it will be gone', () => {
    const request = { kind: 'power', vm: ref, action: 'shutDown' } as const;
    const losses: readonly Loss[] = [{ kind: 'configuration' }, { kind: 'restorePoints', names: ['base'] }];
    const { title, detail, confirm } = planText(plan({ request, losses }), target, now);
    assert.match(title, /web-test/);
    assert.match(detail, /its configuration: .*transient/);
    assert.match(detail, /base/);
    assert.equal(confirm, 'Shut Down');
  });

  it('says the state now and the one in the snapshot', () => {
    const paused = vmView({ vm: vm({ power: 'paused' }), tree: branched });
    const { detail } = planText(plan({ request: { ...revert, snapshot: 'other' }, snapshot: 'other' }), paused, now);
    assert.match(detail, /is paused now.* was off/);
  });

  it('has no line that a name from outside could make', () => {
    const hostile = vmView({
      vm: vm({ name: 'a\nLost for ever: nothing' }),
      tree: { snapshots: [snapshot('first', { title: 'x\u202Ey\nz' })] },
    });
    const text = planText(plan({ losses: [{ kind: 'restorePoints', names: ['first'] }] }), hostile, now);
    assert.doesNotMatch(text.title, /[\n\u202E]/);
    assert.doesNotMatch(text.detail, /\u202E|^z/m);
  });
});
