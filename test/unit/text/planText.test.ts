// A confirmation names the VM, the snapshot and what is lost.
import assert from 'node:assert/strict';
import type { Loss, Warning } from '../../../src/domain/consequences.js';
import type { Plan } from '../../../src/operations/plan.js';
import { refuse } from '../../../src/domain/refusal.js';
import { planText } from '../../../src/text/planText.js';
import { untranslated as t } from '../../../src/text/translate.js';
import { branched, now, ref, snapshot, vm, vmView } from '../ui/samples.js';

const target = vmView({ tree: branched });

const revert = { type: 'revert', vm: ref, snapshot: 'first', after: 'asSnapshot' } as const;

function plan(changes: Partial<Plan> = {}): Plan {
  return {
    type: 'plan',
    request: revert,
    steps: [{ do: 'revert', snapshot: 'first', to: 'running' }],
    losses: [],
    warnings: [],
    progress: 'timeOnly',
    snapshot: 'first',
    ...changes,
  };
}

const { refusal: why } = refuse('noDisks', { vm: 'web-test' });

describe('plan text', () => {
  it('says what is kept before a revert, and how', () => {
    const step = {
      do: 'createSnapshot',
      name: 'Before-revert',
      description: '--\nTitle: Before the revert',
      kind: 'memory',
      style: 'internal',
      quiesce: false,
      disks: [],
      auto: 'revert',
    } as const;
    const kept = planText(plan({ steps: [step], checkpoint: step.name }), target, now, t).detail;
    assert.match(kept, /“Before the revert” \(memory/);
    const costs = planText(plan({ steps: [step], checkpoint: step.name, spaceBytes: 3 * 1024 ** 3 }), target, now, t);
    assert.match(costs.detail, /about .* and up to 3\.0 GB/);
    assert.doesNotMatch(planText(plan(), target, now, t).detail, /kept/);
  });

  it('says what a repair does, before what it loses', () => {
    const request = { type: 'repair', vm: ref, repair: { what: 'removeTag', file: '/images/a', tag: 'left' } } as const;
    const losses: readonly Loss[] = [{ what: 'restorePoints', names: ['left'] }];
    const [does = '', ...rest] = planText(plan({ request, losses }), target, now, t).detail.split('\n');
    assert.match(does, /“left”.*“\/images\/a”/);
    assert.match(rest.join(' '), /left/);
  });

  it('names all snapshots that go, and of many the first', () => {
    const named = (count: number): string => {
      const names = Array.from({ length: count }, (_, index) => `s${index}`);
      return planText(plan({ losses: [{ what: 'restorePoints', names }] }), target, now, t).detail;
    };
    assert.match(named(1), /s0$/m);
    assert.match(named(9), /9 snapshots: .*s8$/m);
    assert.match(named(20), /20 snapshots: .*s7 and 12 more$/m);
  });

  it('tells how many bytes go, disk by disk, and which files', () => {
    const losses: readonly Loss[] = [
      {
        what: 'diskChanges',
        disks: [
          { target: 'vda', bytes: 3 * 1024 * 1024 },
          { target: 'vdb', bytes: 512 },
        ],
      },
      { what: 'files', files: Array.from({ length: 20 }, (_, index) => `/images/${index}`) },
      { what: 'managedSave' },
    ];
    const { detail } = planText(plan({ losses }), target, now, t);
    assert.match(detail, /3\.0 MB on vda, 512 B on vdb/);
    assert.match(detail, /12 more/);
    assert.equal(detail.split('\n').filter((line) => line.startsWith('•')).length, 3);
  });

  it('asks about the VM and the snapshot by the names that people read', () => {
    const { title } = planText(plan(), target, now, t);
    assert.match(title, /web-test/);
    assert.match(title, /first/);
  });

  it('lists what is lost, since which snapshot and since when', () => {
    const losses: readonly Loss[] = [{ what: 'diskChanges', since: 'second' }, { what: 'ram' }];
    const { detail } = planText(plan({ losses }), target, now, t);
    assert.match(detail, /second” \(2 h ago\)/);
    assert.equal(detail.split('\n').filter((line) => line.startsWith('•')).length, 2);
  });

  it('counts the restore points that a modal dialog has no room for', () => {
    const names = Array.from({ length: 500 }, (_, index) => `point-${index}`);
    const { detail } = planText(plan({ losses: [{ what: 'restorePoints', names }] }), target, now, t);
    assert.match(detail, /500/);
    assert.ok(detail.length < 600);
  });

  it('has a sentence for every warning', () => {
    const warnings: readonly Warning[] = [
      { about: 'guestStandsStill', estimateMs: 1_500 },
      { about: 'guestStandsStill' },
      { about: 'mayBeStopped', estimateMs: 1_500, bytes: 5_000_000 },
      { about: 'crashConsistent' },
      { about: 'merges', into: '/images/base.qcow2' },
      { about: 'merges' },
      { about: 'frees', bytes: 5_000_000, how: 'exact' },
      { about: 'frees', bytes: 5_000_000, how: 'estimate' },
      { about: 'frees', bytes: 5_000_000, how: 'atLeast' },
      { about: 'startsQemu' },
      { about: 'knownBadVersion', version: '9.9', why: 'it forgets' },
      { about: 'agentMissing' },
      { about: 'cannotRevertHere', version: '9.0', needed: '9.9' },
      { about: 'nvramNotCaptured' },
      { about: 'vanishesWhenStopped' },
      { about: 'leavesFile', file: '/images/old' },
      { about: 'doneByUs', why },
      { about: 'noCheckpointNeeded', since: 'first' },
      { about: 'checkpointWithoutRam', why },
      { about: 'runsOnAfterCheckpoint' },
      { about: 'needsSpace', bytes: 5_000_000, folder: '/images', free: 7_000_000 },
      { about: 'needsSpace', bytes: 5_000_000, folder: '/images' },
      { about: 'notChecked', files: ['/images/a'] },
      { about: 'unreadVms', vms: ['db'] },
      { about: 'goesToTrash', files: ['/images/a'], folders: ['/images/.virt-rewind-trash'] },
      { about: 'unaskedConnections', connections: ['qemu:///session'] },
      { about: 'otherHostsUnseen' },
      { about: 'tpmNotCaptured' },
      { about: 'titleOnly', why: 'internal' },
      { about: 'titleOnly', why: 'current' },
      { about: 'hardwareChanges', what: ['memory'] },
    ];
    const { detail } = planText(plan({ warnings }), target, now, t);
    const lines = detail.split('\n');
    assert.doesNotMatch(detail, /undefined|\{\d\}/);
    assert.equal(new Set(lines.slice(-2 - warnings.length, -2)).size, warnings.length);
  });

  it('says of a transient VM that it will be gone', () => {
    const request = { type: 'power', vm: ref, action: 'shutDown' } as const;
    const losses: readonly Loss[] = [{ what: 'configuration' }, { what: 'restorePoints', names: ['base'] }];
    const { title, detail, confirm } = planText(plan({ request, losses }), target, now, t);
    assert.match(title, /web-test/);
    assert.match(detail, /its configuration: .*transient/);
    assert.match(detail, /base/);
    assert.equal(confirm, 'Shut Down');
  });

  it('says the state now and the one in the snapshot', () => {
    const paused = vmView({ vm: vm({ power: 'paused' }), tree: branched });
    const { detail } = planText(plan({ request: { ...revert, snapshot: 'other' }, snapshot: 'other' }), paused, now, t);
    assert.match(detail, /is paused now.* was off/);
  });

  it('has no line that a name from outside could make', () => {
    const hostile = vmView({
      vm: vm({ name: 'a\nLost for ever: nothing' }),
      tree: { snapshots: [snapshot('first', { title: 'x\u202Ey\nz' })] },
    });
    const text = planText(plan({ losses: [{ what: 'restorePoints', names: ['first'] }] }), hostile, now, t);
    assert.doesNotMatch(text.title, /[\n\u202E]/);
    assert.doesNotMatch(text.detail, /\u202E|^z/m);
  });
});
