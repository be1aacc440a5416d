// libvirt says that it deleted a snapshot, and QEMU died before it left the overlay: the VM stands on it still.
import type { Facts } from '../../../src/domain/facts.js';
import { planRecovery } from '../../../src/operations/decide/planRecovery.js';
import { ask, disk, external, frozen, planned, tree } from '../domain/someFacts.js';
import { withImage } from '../../../src/steps/changedFacts.js';
import { Golden, recovered } from './golden.js';
import { base, broken, outside } from './recoveryShapes.js';

const [a, b] = ['/img/web.a', '/img/web.b'];
const disks = (...files: readonly [string, ...string[]]): Partial<Facts['vm']> => ({
  power: 'off',
  disks: [disk('vda', files[0], { backing: files.slice(1) })],
});
const gone = { tree: tree([external('a')], 'a'), frozenDisks: frozen({ a: base }) };
const left = outside(disks(b, a, base), gone);
const on: Facts = { ...left, vm: { ...left.vm, power: 'running' } };
const clone = { uuid: 'c', name: 'clone', files: [a], unread: [] };

const all = ask.remove('a', 'withDescendants');
const one = ask.remove('b');
const rows: readonly (readonly [what: string, request: typeof all, now: Facts])[] = [
  ['the VM stands on it', all, left],
  ['nothing else was to go', one, left],
  ['somebody started the VM', one, on],
  ['the VM stands on what took it', all, outside(disks(a, base), gone)],
  ['it was left with every disk', one, outside(disks(a, base), gone)],
  ['another VM reads what would take it', one, { ...left, otherVms: [clone] }],
  ['nobody sees what is below it', one, withImage(outside({ ...disks(b, a, base) }, gone), a, 'unknown')],
  ['it is there still', one, outside(disks(b, a, base))],
];
const golden = new Golden('leftMerges');
golden.section(
  'a snapshot that libvirt took for deleted before its overlay was left',
  recovered(
    rows.map(([what, request, now]) => [
      what,
      () => planRecovery(broken(request, planned(request, outside()), 0, 'begun'), now),
    ]),
  ),
);
golden.end();
