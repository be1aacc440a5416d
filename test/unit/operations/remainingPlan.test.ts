// Whether the rest of a plan is still right after some of its steps.
import assert from 'node:assert/strict';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Plan } from '../../../src/operations/plan.js';
import type { Facts } from '../../../src/domain/facts.js';
import type { Step } from '../../../src/steps/step.js';
import { remainingPlan } from '../../../src/operations/decide/remainingPlan.js';
import { kindOf } from '../../../src/domain/snapshot.js';
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
  tree,
  vm,
} from '../domain/someFacts.js';
import { apply } from '../../../src/steps/steps.js';
import { withImage } from '../../../src/steps/changedFacts.js';

const base = '/img/web.qcow2';
const request = { ...ask.revert('a', 'asBefore'), checkpointFirst: true } as OperationRequest;

function outside(more: Partial<Facts> = {}): Facts {
  return facts({
    tree: tree([external('a'), external('b', 'a')], 'b'),
    vm: vm({ disks: [disk('vda', '/img/web.b', { backing: ['/img/web.a', base] })] }),
    capabilities: capabilities(9, 0),
    frozenDisks: frozen({ a: base, b: '/img/web.a' }),
    files: seen({ [base]: image(), '/img/web.a': over(base), '/img/web.b': over('/img/web.a') }),
    otherVms: [],
    blockJobs: [],
    ...more,
  });
}

/** The checkpoint is there, some seconds later. */
function later(plan: Plan, before: Facts, more: Partial<Facts> = {}): Facts {
  const step = plan.steps.find(
    (one): one is Extract<Step, { kind: 'createSnapshot' }> => one.kind === 'createSnapshot',
  )!;
  const from = before.vm.managedSave ? apply({ kind: 'startPaused' }, before) : before;
  return { ...apply(step, from), now: now + 7_000, ...more };
}

function checked(before: Facts, more: Partial<Facts> = {}): string {
  const plan = planned(request, before);
  const done = plan.steps.findIndex((one) => one.kind === 'createSnapshot') + 1;
  const rest = remainingPlan(request, later(plan, before, more), plan, done);
  return rest === 'same' ? rest : rest.refusal.reason;
}

describe('planRest: after the checkpoint of a revert', () => {
  const inside = facts({ tree: tree([internal('a')], 'a'), frozenDisks: frozen({ a: base }), blockJobs: [] });
  it('goes on where nothing else happened, some seconds later', () => {
    assert.equal(checked(outside()), 'same');
    assert.equal(checked(outside({ capabilities: capabilities(12, 8) })), 'same');
    assert.equal(checked(inside), 'same');
    assert.equal(checked({ ...inside, vm: vm({ power: 'off', managedSave: true }) }), 'same');
  });

  it('stops where another client did something that matters', () => {
    assert.equal(checked(outside(), { vm: vm({ power: 'off', disks: outside().vm.disks }) }), 'stalePlan');
    assert.equal(checked(outside(), { blockJobs: ['vda'] }), 'blockJobRunning');
    assert.equal(checked(outside(), { tree: tree([external('b')], 'b') }), 'snapshotMissing');
    const lost = seen({ [base]: 'missing', '/img/web.a': over(base), '/img/web.b': over('/img/web.a') });
    assert.equal(checked(outside(), { files: lost }), 'overlayMissing');
  });

  it('goes on beside a VM whose chain cannot be read: nobody is built on what the checkpoint has just made', () => {
    const otherVms = [{ uuid: 'h', name: 'hidden', files: [], unread: ['/far'] }];
    assert.equal(checked(outside({ otherVms })), 'same');
    assert.equal(checked(outside({ otherVms, capabilities: capabilities(12, 8) })), 'same');
  });

  it('stops where the checkpoint became another kind: the RAM of a VM that somebody started is not in it', () => {
    const before = outside({ capabilities: capabilities(12, 8), vm: vm({ ...outside().vm, power: 'off' }) });
    const plan = planned({ ...request, after: 'asSnapshot' } as OperationRequest, before);
    const there = later(plan, before);
    const made = { ...there, vm: vm({ ...there.vm, power: 'running' }) };
    const as = (state: 'off' | 'disk-snapshot'): string => {
      const snapshots = made.tree.snapshots.map((one) =>
        one.name === plan.checkpoint ? { ...one, state, kind: kindOf(state, 'no') } : one,
      );
      const rest = remainingPlan(plan.request, { ...made, tree: tree(snapshots, plan.checkpoint) }, plan, 1);
      return rest === 'same' ? rest : rest.refusal.reason;
    };
    assert.equal(as('off'), 'same');
    assert.equal(as('disk-snapshot'), 'stalePlan');
  });

  it('stops where a name that the plan chose is not free any more: the VM would be off by then', () => {
    const before = outside();
    const plan = planned(request, before);
    const fresh = later(plan, before);
    const lists = new Map([['/img', [`web.${now / 1_000}.qcow2`]]]);
    const rest = remainingPlan(request, { ...fresh, files: { ...fresh.files!, lists } }, plan, 1);
    assert.ok(rest !== 'same' && rest.refusal.reason === 'fileTaken');
  });

  it('goes on after every other step, but into one that cannot be taken back', () => {
    const plan = planned(request, outside());
    const gone = facts({ tree: tree([]) });
    for (let done = 2; done <= plan.steps.length; done++) {
      if (plan.steps[done]?.kind !== 'makeCurrent') {
        assert.equal(remainingPlan(request, gone, plan, done), 'same');
      }
    }
  });
});

describe('planRest: between the deletes of a tree', () => {
  const all = tree([external('a'), external('b', 'a'), external('c', 'b')], 'c');
  const before = outside({
    capabilities: capabilities(12, 8),
    tree: all,
    vm: vm({ disks: [disk('vda', '/img/web.c', { backing: ['/img/web.b', '/img/web.a', base] })] }),
    frozenDisks: frozen({ a: base, b: '/img/web.a', c: '/img/web.b' }),
    files: seen({
      [base]: image(),
      '/img/web.a': over(base),
      '/img/web.b': over('/img/web.a'),
      '/img/web.c': over('/img/web.b'),
    }),
  });
  const ofA = ask.remove('a', 'withDescendants');
  const gone = (names: readonly string[], source: string, backing: readonly string[]): Facts => ({
    ...before,
    tree: tree(
      all.snapshots.filter(({ name }) => names.includes(name)),
      names.at(-1),
    ),
    vm: vm({ disks: [disk('vda', source, { backing })] }),
  });
  it('goes on while the rest is the same, and stops when another snapshot has come', () => {
    const plan = planned(ofA, before);
    assert.equal(remainingPlan(ofA, gone(['a', 'b'], '/img/web.b', ['/img/web.a', base]), plan, 1), 'same');
    const more = { ...before, tree: tree([...all.snapshots.slice(0, 2), external('x', 'b')], 'x') };
    const rest = remainingPlan(ofA, more, plan, 1);
    assert.ok(rest !== 'same');
  });
});

describe('planRest: before a step that cannot be taken back', () => {
  it('brings back with its RAM a disk that only what ran had then, unless somebody wrote to it meanwhile', () => {
    const ran = [disk('vda', base), disk('vdb', '/img/d', { only: 'running' as const })];
    const taking = ['vda', 'vdb'].map((target) => ({
      target,
      location: 'external' as const,
      file: `/img/${target}.a`,
    }));
    const a = external('a', undefined, {
      state: 'running',
      memory: 'external',
      memoryFile: '/img/a.mem',
      disks: taking,
    });
    const at = outside({
      tree: tree([a], 'a'),
      vm: vm({ disks: [disk('vda', '/img/vda.a'), disk('vdb', '/img/vdb.a')] }),
      configured: [disk('vda', '/img/vda.a')],
      frozenDisks: new Map([['a', ran]]),
      files: seen(
        { [base]: image(), '/img/d': image(), '/img/vda.a': over(base), '/img/vdb.a': over('/img/d') },
        { '/img/a.mem': 'there' },
      ),
    });
    const back = ask.revert('a');
    const plan = planned(back, at);
    let present = at;
    for (const [index, step] of plan.steps.entries()) {
      const rest = remainingPlan(back, present, plan, index);
      assert.equal(rest === 'same' ? rest : rest.refusal.reason, 'same', step.kind);
      if (step.kind === 'restoreMemory') {
        assert.ok(step.disks.some(({ target }) => target === 'vdb'));
        const { file } = step.disks.find(({ target }) => target === 'vdb')!;
        const written = withImage(present, file, over('/img/d', { empty: false }));
        const used = remainingPlan(back, written, plan, index);
        assert.equal(used === 'same' ? used : used.refusal.reason, 'usedSince');
      }
      present = apply(step, present);
    }
  });
  const plan = planned(ask.revert('b', 'running'), outside());
  const at = (kind: Step['kind']): number => plan.steps.findIndex((step) => step.kind === kind);
  const upTo = (kind: Step['kind']): Facts =>
    plan.steps.slice(0, at(kind)).reduce((here, step) => apply(step, here), outside());
  const verdictAt = (kind: Step['kind'], now1: Facts): string => {
    const rest = remainingPlan(ask.revert('b', 'running'), now1, plan, at(kind));
    return rest === 'same' ? rest : rest.refusal.reason;
  };

  it('goes on where nobody did anything', () => {
    assert.equal(verdictAt('removeFiles', upTo('removeFiles')), 'same');
    assert.equal(verdictAt('makeCurrent', upTo('makeCurrent')), 'same');
  });
  it('removes no file that another client froze, or another VM reads, by now', () => {
    const here = upTo('removeFiles');
    const z = { ...here, frozenDisks: new Map([...here.frozenDisks!, ['z', [disk('vda', '/img/web.b')]]]) };
    const all = [...here.tree.snapshots, external('z', 'b')];
    assert.equal(verdictAt('removeFiles', { ...z, tree: { ...here.tree, snapshots: all } }), 'stalePlan');
    const clone = { uuid: 'u', name: 'clone', files: ['/img/web.b'], unread: [] };
    assert.equal(verdictAt('removeFiles', { ...here, otherVms: [clone] }), 'stalePlan');
  });
  it('makes nothing current under a snapshot that another client took', () => {
    const here = upTo('makeCurrent');
    const x = tree([...here.tree.snapshots, external('x', 'b')], 'x');
    assert.equal(verdictAt('makeCurrent', { ...here, tree: x }), 'stalePlan');
  });
  it('brings no RAM back on disks that somebody wrote to', () => {
    const memory = external('b', 'a', { state: 'running', memory: 'external', memoryFile: '/img/web.b.mem' });
    const before = outside({ tree: tree([external('a'), memory], 'b') });
    const there = {
      ...before,
      files: { ...before.files!, files: new Map([['/img/web.b.mem', { bytes: 1, allocatedBytes: 1 }]]) },
    };
    const ram = planned(ask.revert('b'), there);
    const index = ram.steps.findIndex((step) => step.kind === 'restoreMemory');
    const here = ram.steps.slice(0, index).reduce<Facts>((now1, step) => apply(step, now1), there);
    assert.equal(remainingPlan(ask.revert('b'), here, ram, index), 'same');
    const top = here.vm.disks[0]?.source ?? '';
    const wrote = remainingPlan(ask.revert('b'), withImage(here, top, over(base, { empty: false })), ram, index);
    assert.ok(wrote !== 'same' && wrote.refusal.reason === 'usedSince');
  });
});
