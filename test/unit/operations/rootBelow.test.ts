// A root below another snapshot whose delete broke off in the merge: libvirt has no parent of it to leave its mark on.
import type { Facts } from '../../../src/domain/facts.js';
import { planRecovery } from '../../../src/operations/decide/planRecovery.js';
import { image, over } from '../domain/hostFiles.js';
import { ask, disk, external, planned, tree } from '../domain/someFacts.js';
import { withImage } from '../../../src/steps/changedFacts.js';
import { asked, Golden, recovered } from './golden.js';
import { base, broken, old, outside } from './recoveryShapes.js';

const [a, b] = ['/img/web.a', '/img/web.b'];
const request = ask.remove('a');
const before = outside({}, old);
const writtenTo = image({ modifiedAt: 2_000 });

/** The VM's overlay stands on the base, and libvirt's own picture is of before. */
const merged = (at: Facts): Facts => withImage(withImage(at, base, writtenTo), b, over(base));
const letGo = (at: Facts): Facts => ({
  ...at,
  tree: tree([external('a'), external('b')], 'b'),
  frozenDisks: new Map(['a', 'b'].map((name) => [name, [disk('vda', base)]])),
});
const forgotten = (at: Facts, named: string): Facts => ({
  ...at,
  tree: tree([external('b')], 'b'),
  frozenDisks: new Map([['b', [disk('vda', named)]]]),
});
const off = (at: Facts): Facts => ({ ...at, vm: { ...at.vm, power: 'off' } });

const golden = new Golden('rootBelow');
const rows: readonly (readonly [what: string, at: Facts])[] = [
  ['nothing was written', before],
  ['something was written', withImage(before, base, writtenTo)],
  ['nobody knows', withImage(before, base, 'unknown')],
  ['something was written, and QEMU died: the overlay stays as a layer', off(withImage(before, base, writtenTo))],
  [
    'the same on a libvirt that finds the files',
    { ...off(withImage(before, base, writtenTo)), capabilities: outside().capabilities },
  ],
  ['all was merged, and libvirt has not heard of it', merged(before)],
  [
    'all was merged, and libvirt knows which files the VM is on',
    { ...merged(before), vm: { ...before.vm, disks: [disk('vda', b, { backing: [base] })] } },
  ],
  ['all was merged, and libvirt has removed the overlay', withImage(merged(before), a, 'missing')],
  ['all was merged, and an image of somebody rests on the overlay', withImage(merged(before), '/img/other', over(a))],
  ['all was merged, and libvirt has put the snapshot above beside it', letGo(merged(before))],
  [
    'all was merged, the overlay is removed, and the snapshot above stands beside it and names that overlay still',
    {
      ...letGo(withImage(merged(before), a, 'missing')),
      frozenDisks: new Map([
        ['a', [disk('vda', base)]],
        ['b', [disk('vda', a)]],
      ]),
    },
  ],
  [
    'QEMU died in it, and libvirt has put the snapshot above beside it all the same',
    letGo(withImage(before, base, writtenTo)),
  ],
  [
    'libvirt has put the snapshot above beside it, and nobody sees what the VM stands on',
    { ...letGo(withImage(before, b, 'unknown')), vm: { ...before.vm, disks: [disk('vda', b)] } },
  ],
  [
    'all was merged, libvirt has forgotten it, and the snapshot above names its overlay still',
    forgotten(withImage(merged(before), a, 'missing'), a),
  ],
  [
    'all was merged and forgotten, and the snapshot above names what took it',
    forgotten(withImage(merged(before), a, 'missing'), base),
  ],
  ['it is forgotten, and the VM stands on its overlay still', forgotten(withImage(before, base, writtenTo), a)],
  ['somebody merges it meanwhile', { ...withImage(before, base, writtenTo), blockJobs: ['vda'] }],
];
const plan = planned(request, before);
golden.section('a root below another snapshot that was half merged', [
  ...recovered([['not begun', () => planRecovery(broken(request, plan, 0, 'not begun'), before)]]),
  ...recovered(rows.map(([what, at]) => [what, () => planRecovery(broken(request, plan, 0, 'begun'), at)])),
]);

const three = outside(
  { disks: [disk('vda', '/img/web.c', { backing: [a, base] })] },
  {
    ...old,
    tree: tree(
      [
        external('a', undefined, {
          disks: [{ target: 'vda', location: 'external', file: a, deleteInProgress: true }],
        }),
        external('b', 'a'),
        external('c', 'b'),
      ],
      'c',
    ),
    frozenDisks: new Map([
      ['a', [disk('vda', base)]],
      ['b', [disk('vda', a, { backing: [base] })]],
      ['c', [disk('vda', b, { backing: [a, base] })]],
    ]),
  },
);
const mergedThree = withImage(withImage(three, '/img/web.c', over(a)), b, over(a));
const repair = { kind: 'repair', vm: request.vm, repair: { kind: 'finishDelete', snapshot: 'a' } } as const;
golden.section(
  'where libvirt marked its parent',
  asked([['the doctor mends it too: who is above names what took it', repair, mergedThree]]),
);
golden.end();
