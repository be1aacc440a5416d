// Repairs that broke off, wherever that was: they come to the end that they would have had.
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Facts } from '../../../src/domain/facts.js';
import { planRecovery } from '../../../src/operations/decide/planRecovery.js';
import { image, over, seen } from '../domain/hostFiles.js';
import { external, facts, planned, ref, tree } from '../domain/someFacts.js';
import { withImage, withoutFile } from '../../../src/steps/changedFacts.js';
import { Golden, recovered, type GoldenCase } from './golden.js';
import { all, base, broken, marked, markedBelow, offline, old, outside } from './recoveryShapes.js';

const golden = new Golden('recoverRepair');

/** Each broken off right behind each of its steps. */
const behindEach = (rows: readonly (readonly [what: string, OperationRequest, Facts])[]): readonly GoldenCase[] =>
  recovered(
    rows.flatMap(([what, request, from]) => {
      const plan = planned(request, from);
      return plan.steps.map((step, at) => {
        const present = all(plan.steps.slice(0, at + 1), from);
        const recovery = () => planRecovery(broken(request, plan, at, 'begun'), present);
        return [`${what}: behind step ${at + 1}, ${step.kind}`, recovery] as const;
      });
    }),
  );

const forget = { kind: 'repair', vm: ref, repair: { kind: 'forgetSnapshot', snapshot: 'a' } } as const;
const merged = withImage(outside({ disks: [] }), '/img/web.b', over(base));
golden.section(
  'a snapshot to forget',
  behindEach([
    ['its file is gone', forget, withImage(withImage(outside(), '/img/web.a', image()), base, 'missing')],
    [
      'what came after it was merged into its file',
      forget,
      { ...merged, vm: { ...merged.vm, disks: outside().vm.disks.map((disk) => ({ ...disk, backing: [base] })) } },
    ],
  ]),
);

const finish = { kind: 'repair', vm: ref, repair: { kind: 'finishDelete', snapshot: 'a' } } as const;
golden.section(
  'a delete that libvirt began',
  behindEach([
    ['the VM is off', finish, marked(offline)],
    ['the same, below another one', finish, markedBelow],
  ]),
);

const running = marked(outside());
golden.section(
  'a delete that libvirt began, of a VM that runs',
  recovered([
    ['QEMU merged nothing', () => planRecovery(broken(finish, planned(finish, running), 0, 'begun'), running)],
  ]),
);

const adopt = { kind: 'repair', vm: ref, repair: { kind: 'adoptTag', tag: 'lost' } } as const;
golden.section(
  'a tag that becomes a snapshot',
  behindEach([
    [
      'it is one',
      adopt,
      facts({ otherVms: [], files: seen({ [base]: image({ tags: ['lost'], ramTags: [] }) }), frozenDisks: new Map() }),
    ],
  ]),
);

const keep = { kind: 'repair', vm: ref, repair: { kind: 'keepDisks', snapshot: 'a' } } as const;
const a = external('a', undefined, { state: 'running', memory: 'external', memoryFile: '/img/web.a.mem' });
const without = (more: Partial<Facts> = {}): Facts => withoutFile(outside({}, more, a), '/img/web.a.mem');
golden.section('a snapshot of which the disks are kept', [
  ...behindEach([
    ['with a child', keep, without()],
    ['the current one, whose mark moves too', keep, without({ ...old, tree: tree([a], 'a') })],
  ]),
  ...recovered([
    [
      'nothing was begun: all is left as it was',
      () => planRecovery(broken(keep, planned(keep, without()), 0, 'begun'), without()),
    ],
  ]),
]);
golden.end();
