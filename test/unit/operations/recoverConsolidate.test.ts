// A consolidate and a prune that broke off at every step: what is whole stays, what QEMU still does is led to its end,
// and nothing is begun that was not.
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Plan } from '../../../src/operations/plan.js';
import type { Facts } from '../../../src/domain/facts.js';
import { planRecovery } from '../../../src/operations/decide/planRecovery.js';
import { disk, external, frozen, image, looked, planned, ref, facts, tree, vm } from '../domain/someFacts.js';
import { apply } from '../../../src/steps/steps.js';
import { withoutFile } from '../../../src/steps/changedFacts.js';
import { asked, Golden, recovered, type GoldenCase } from './golden.js';

const a = ['/img/a.2', '/img/a.1', '/img/a.qcow2'] as const;
const b = ['/img/b.1', '/img/b.qcow2'] as const;
const before = facts({
  vm: vm({ disks: [disk('vda', a[0], { backing: [a[1], a[2]] }), disk('vdb', b[0], { backing: [b[1]] })] }),
  files: looked({
    images: { [a[0]]: image(a[1]), [a[1]]: image(a[2]), [a[2]]: image(), [b[0]]: image(b[1]), [b[1]]: image() },
  }),
  otherVms: [],
  blockJobs: [],
  frozenDisks: new Map(),
});
const request: OperationRequest = { kind: 'consolidate', vm: ref };
const plan = planned(request, before);
const golden = new Golden('recoverConsolidate');
type Row = readonly [what: string, at: Facts, begun: readonly number[], done: readonly number[]];
const recoveries = (of: Plan, rows: readonly Row[]): readonly GoldenCase[] =>
  recovered(
    rows.map(([what, at, begun, done]) => [
      what,
      () => planRecovery({ request: of.request, plan: of, startedAt: 0, begun, done }, at),
    ]),
  );
const off = (at: Facts): Facts => ({ ...at, vm: { ...at.vm, power: 'off' }, blockJobs: [] });

const oneDone = apply(plan.steps[0]!, before);
const bothDone = apply(plan.steps[1]!, oneDone);
const allDone = apply(plan.steps[2]!, bothDone);
const other = { ...before, vm: { ...before.vm, disks: [disk('vda', '/img/x', {}), before.vm.disks[1]!] } };
golden.section('a merge of layers that broke off', [
  ...asked([['what was to be done', request, before]]),
  ...recoveries(plan, [
    ['not begun', before, [], []],
    ['begun, and no job is left', before, [0], []],
    ['begun, QEMU is gone', off(before), [0], []],
    ['begun, its job goes on', { ...before, blockJobs: ['vda'] }, [0], []],
    ['begun, somebody else’s job on another disk', { ...before, blockJobs: ['vdb'] }, [0], []],
    ['begun, and done', oneDone, [0], []],
    ['the first is done, the second is not begun', oneDone, [0], [0]],
    ['both are done', bothDone, [0, 1], [0, 1]],
    ['some files are gone', withoutFile(bothDone, a[0]), [0, 1, 2], [0, 1]],
    ['all is done', allDone, [0, 1, 2], [0, 1]],
    ['somebody put another file in its place', other, [0], []],
    [
      'somebody built on a layer',
      { ...oneDone, otherVms: [{ uuid: 'x', name: 'y', files: [...a], unread: [] }] },
      [0],
      [0],
    ],
  ]),
]);

const still = image(undefined, { modifiedAt: 1_000.5 });
const [x, y] = ['/img/web.x', '/img/web.y'];
const chain = facts({
  tree: tree([external('x'), external('y', 'x')], 'y'),
  vm: vm({ disks: [disk('vda', y, { backing: [x, '/img/web.qcow2'] })] }),
  frozenDisks: frozen({ x: '/img/web.qcow2', y: x }),
  files: looked({ images: { [y]: image(x), [x]: image('/img/web.qcow2'), '/img/web.qcow2': still } }),
  otherVms: [],
  blockJobs: [],
});
const without: Facts = {
  ...chain,
  tree: tree([external('y')], 'y'),
  vm: vm({ disks: [disk('vda', y, { backing: ['/img/web.qcow2'] })] }),
  frozenDisks: frozen({ y: '/img/web.qcow2' }),
  files: looked({ images: { [y]: image('/img/web.qcow2'), '/img/web.qcow2': still } }),
};
const none: Facts = { ...without, tree: tree([]), frozenDisks: new Map(), vm: vm() };
const halfMerged: Facts = {
  ...chain,
  files: looked({
    images: { [y]: image(x), [x]: image('/img/web.qcow2'), '/img/web.qcow2': { ...still, modifiedAt: 2_000 } },
  }),
};
golden.section('a series of deletes that broke off', [
  ...asked([['what was to be done', request, chain]]),
  ...recoveries(planned(request, chain), [
    ['not begun', chain, [], []],
    ['the first begun, and not done', chain, [0], []],
    ['the first begun, and done', without, [0], []],
    ['the first done', without, [0], [0]],
    ['the first begun, and half merged', halfMerged, [0], []],
    ['the second begun, and not done', without, [0, 1], [0]],
    ['both done', none, [0, 1], [0]],
  ]),
]);
golden.end();
