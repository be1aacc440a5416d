// Operations of every shape, each with a situation in which it is planned, to be broken off wherever one likes.
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { PlannedWork } from '../../../src/operations/plan.js';
import type { Facts } from '../../../src/domain/facts.js';
import type { Step } from '../../../src/steps/step.js';
import type { InterruptedOperation } from '../../../src/operations/interrupted.js';
import type { Snapshot } from '../../../src/domain/snapshot.js';
import type { Vm } from '../../../src/domain/vm.js';
import { image, over, seen } from '../domain/hostFiles.js';
import { ask, capabilities, disk, external, frozen, internal, now, ref, facts, tree, vm } from '../domain/someFacts.js';
import { apply } from '../../../src/steps/steps.js';
import { withFiles } from '../../../src/steps/changedFacts.js';

export const base = '/img/web.qcow2';
const memory = { state: 'running', memory: 'external', memoryFile: '/img/web.a.mem' } as const;

export function outside(more: Partial<Vm> = {}, rest: Partial<Facts> = {}, a: Snapshot = external('a')): Facts {
  return facts({
    tree: tree([a, external('b', 'a')], 'b'),
    vm: vm({ disks: [disk('vda', '/img/web.b', { backing: ['/img/web.a', base] })], ...more }),
    capabilities: capabilities(12, 8),
    frozenDisks: frozen({ a: base, b: '/img/web.a' }),
    files: seen(
      { [base]: image(), '/img/web.a': over(base), '/img/web.b': over('/img/web.a') },
      a.memory.file === undefined ? {} : { [a.memory.file]: 'there' },
    ),
    otherVms: [],
    strays: new Map(),
    blockJobs: [],
    ...rest,
  });
}
export const old = { capabilities: capabilities(9, 0) };
const off = { power: 'off' } as const;
export const uefi = { firmware: 'uefiRawNvram', nvram: '/img/VARS.fd' } as const;

export function inside(more: Partial<Vm> = {}): Facts {
  return facts({
    tree: tree([internal('a'), internal('b', 'a')], 'b'),
    vm: vm(more),
    frozenDisks: frozen({ a: base, b: base }),
    files: seen({ [base]: image({ tags: ['a', 'b'] }) }),
    otherVms: [],
    strays: new Map(),
    blockJobs: [],
  });
}

export function withVariables(before: Facts): Facts {
  const there = { bytes: 1, allocatedBytes: 1 };
  return withFiles(
    before,
    new Map([
      ['/img/VARS.fd', there],
      ['/img/VARS.fd.a', there],
    ]),
  );
}

export const keep = (request: OperationRequest): OperationRequest =>
  ({ ...request, checkpointFirst: true }) as OperationRequest;
const branches = tree([external('a'), external('b', 'a'), external('c', 'a')], 'c');
const forked = outside(
  { ...off, disks: [disk('vda', '/img/web.c', { backing: ['/img/web.77', base] })] },
  {
    tree: branches,
    frozenDisks: frozen({ a: base, b: '/img/web.a', c: '/img/web.77' }),
    files: seen({
      [base]: image(),
      '/img/web.a': over(base),
      '/img/web.77': over(base),
      '/img/web.c': over('/img/web.77'),
    }),
  },
);

const ours = seen(
  { [base]: image(), '/img/web.a': over(base), '/img/web.b': over('/img/web.a') },
  {},
  { canChange: new Map([base, '/img/web.a', '/img/web.b'].map((file) => [file, 'yes'])) },
);
/** The images of a VM that is off are ours to change. */
export const offline = outside(off, { files: ours });
export const offlineBelow = outside({ ...off, disks: [disk('vda', '/img/web.b')] }, { files: ours });

export const shapes: readonly (readonly [what: string, OperationRequest, Facts])[] = [
  ['create, internal', ask.create(), inside()],
  ['create, internal, off', ask.create(), inside(off)],
  ['create, external, with RAM', ask.create({ snapshotKind: 'memory' }), outside()],
  ['create, external, UEFI', ask.create(), withVariables(outside(uefi))],
  ['revert, internal', ask.revert('a'), inside()],
  ['revert, internal, off afterwards', ask.revert('a', 'off'), inside()],
  ['revert, internal, a managed save', ask.revert('a'), inside({ ...off, managedSave: true })],
  ['revert, internal, checkpoint', keep(ask.revert('a')), inside()],
  ['revert, internal, checkpoint, off', keep(ask.revert('a', 'asBefore')), inside(off)],
  ['revert, external', ask.revert('a'), outside()],
  ['revert, external, off', ask.revert('b'), outside(off)],
  ['revert, external, running', ask.revert('b', 'running'), outside()],
  ['revert, external, with RAM, off', ask.revert('a', 'off'), outside({}, {}, external('a', undefined, memory))],
  ['revert, external, checkpoint', keep(ask.revert('a', 'running')), outside()],
  ['revert, external, UEFI', ask.revert('a', 'running'), withVariables(outside(uefi))],
  ['revert, external, UEFI, checkpoint', keep(ask.revert('a', 'running')), withVariables(outside(uefi))],
  ['revert, external, a managed save, checkpoint', keep(ask.revert('a')), outside({ ...off, managedSave: true })],
  ['revert by us, a leaf', ask.revert('b', 'running'), outside({}, old)],
  ['revert by us, a leaf, off', ask.revert('b'), outside(off, old)],
  ['revert by us, with children', ask.revert('a', 'running'), outside({}, old)],
  ['revert by us, with RAM', ask.revert('a'), outside({}, old, external('a', undefined, memory))],
  ['revert by us, a managed save', ask.revert('a'), outside({ ...off, managedSave: true }, old)],
  ['revert by us, checkpoint', keep(ask.revert('a', 'running')), outside({}, old)],
  ['revert by us, checkpoint, a leaf, off', keep(ask.revert('b', 'off')), outside(off, old)],
  ['revert by us, UEFI, checkpoint', keep(ask.revert('a', 'running')), withVariables(outside(uefi, old))],
  ['delete a tree', ask.remove('a', 'withDescendants'), outside()],
  ['delete a leaf of another branch', ask.remove('b'), forked],
  ['delete a leaf of another branch, by us', ask.remove('b'), { ...forked, ...old }],
  ['rename', { kind: 'rename', vm: ref, snapshot: 'a', title: 'first' }, withVariables(outside(uefi))],
  ['rename the current one', { kind: 'rename', vm: ref, snapshot: 'b', title: 'last' }, outside({}, old)],
];

/** libvirt has begun to merge what is above `a`, and nothing of it is done. */
export const marked = (at: Facts): Facts => {
  const snapshots = at.tree.snapshots.map((one) =>
    one.name === 'a' ? { ...one, disks: one.disks.map((own) => ({ ...own, deleteInProgress: true })) } : one,
  );
  return { ...at, tree: { ...at.tree, snapshots } };
};

/** libvirt 9.0 finds no files below the top one of a VM that is off; the merge into `a` was begun while it was on. */
export const markedBelow = marked(
  outside(
    { ...off, disks: [disk('vda', '/img/web.c')] },
    {
      ...old,
      tree: tree([external('a'), external('b', 'a'), external('c', 'b')], 'c'),
      frozenDisks: frozen({ a: base, b: '/img/web.a', c: '/img/web.b' }),
      files: seen(
        {
          [base]: image(),
          '/img/web.a': over(base),
          '/img/web.b': over('/img/web.a'),
          '/img/web.c': over('/img/web.b'),
        },
        {},
        { canChange: new Map([base, '/img/web.a', '/img/web.b', '/img/web.c'].map((file) => [file, 'yes'])) },
      ),
    },
  ),
);

/** No release 0.1 has written these. */
export const newerShapes: typeof shapes = [
  ['delete of a VM that is off, by us', ask.remove('b'), offline],
  ['delete a tree of a VM that is off, by us', ask.remove('a', 'withDescendants'), offline],
  ['delete below another of a VM that is off, by us', ask.remove('a'), offlineBelow],
  ['delete of what libvirt began to merge, by us', ask.remove('b'), marked(offline)],
  ['delete of a tree that libvirt began to merge, by us', ask.remove('a', 'withDescendants'), marked(offline)],
  ['delete below another of what libvirt began to merge, by us', ask.remove('b'), markedBelow],
];

/** Somebody who uses the VM meanwhile writes into what a snapshot froze, and that stays below the new overlays. */
export const repairShape: (typeof shapes)[number] = [
  'repair: off frozen files',
  { kind: 'repair', vm: ref, repair: { kind: 'leaveFrozenFiles', snapshot: 'a' } },
  outside({ ...off, disks: [disk('vda', base, { backing: [] })] }),
];

export const all = (steps: readonly Step[], from: Facts): Facts => steps.reduce((at, step) => apply(step, at), from);

export function broken(
  request: OperationRequest,
  plan: PlannedWork,
  at: number,
  state: 'not begun' | 'begun' | 'done',
): InterruptedOperation {
  const before = [...plan.steps.keys()].slice(0, at);
  return {
    request,
    plan,
    begun: state === 'not begun' ? before : [...before, at],
    done: state === 'done' ? [...before, at] : before,
    startedAt: now,
  };
}
