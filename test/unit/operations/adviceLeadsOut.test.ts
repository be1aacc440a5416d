// What a refusal advises is followed, and what that is refused with in its turn, until there is a plan: no advice leads back to a
// refusal that was met before. For snapshots of every kind, in every style, on VMs with all sorts of disks.
import assert from 'node:assert/strict';
import type { Facts } from '../../../src/domain/facts.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Refusal, RefusalReason } from '../../../src/domain/refusal.js';
import type { Vm, VmDisk } from '../../../src/domain/vm.js';
import { planOperation } from '../../../src/operations/planOperation.js';
import { refusalText } from '../../../src/text/refusalText.js';
import { image, over, seen } from '../domain/hostFiles.js';
import { ask, capabilities, disk, external, facts, frozen, internal, tree, vm } from '../domain/someFacts.js';

type Create = Extract<OperationRequest, { kind: 'create' }>;

interface Situation {
  readonly request: OperationRequest;
  readonly facts: Facts;
}

type Way = (here: Situation & { readonly refusal: Refusal }) => readonly Situation[];

const asked =
  (more: Partial<Create>): Way =>
  ({ request, facts: here }) => {
    const { style: _, without: __, live: ___, ...plain } = request as Create;
    return [{ request: { ...plain, ...more }, facts: here }];
  };
/** Of the disk that the refusal names; undefined: it is taken out. */
const withDisk =
  (change: (one: VmDisk) => VmDisk | undefined): Way =>
  ({ request, facts: here, refusal }) => {
    const disks = here.vm.disks.flatMap((one) => (one.target === refusal.facts['disk'] ? (change(one) ?? []) : one));
    return [{ request, facts: { ...here, vm: { ...here.vm, disks } } }];
  };
const withVm =
  (change: Partial<Vm>): Way =>
  ({ request, facts: here }) => [{ request, facts: { ...here, vm: { ...here.vm, ...change } } }];
/** The kind that a VM in this state can have without its RAM. */
const disksOnly = ({ vm: { power } }: Facts): Partial<Create> => ({
  snapshotKind: power === 'off' ? 'offline' : 'disk',
});
const without: Way = (here) => {
  const { without: before = [] } = here.request as Create;
  return asked({ ...disksOnly(here.facts), without: [...before, here.refusal.facts['disk'] ?? ''] })(here);
};
const deleteSnapshots: Way = ({ request, facts: here }) => [
  { request: { ...request, style: 'external' } as Create, facts: { ...here, tree: tree([]) } },
];
const whole = ({ power }: Vm): Create['snapshotKind'] => (power === 'off' ? 'offline' : 'memory');
const all =
  (...ways: readonly Way[]): Way =>
  (here) =>
    ways.flatMap((way) => way(here));
const shutDown: Way = (here) =>
  withVm({ power: 'off' })({ ...here, request: { ...(here.request as Create), snapshotKind: 'offline' } });

/** The operations that the sentence of each reason advises; what is done by hand is a change of the facts. */
const advised: Readonly<Partial<Record<RefusalReason, Way>>> = {
  otherStyle: (here) => all(asked({ snapshotKind: whole(here.facts.vm) }), deleteSnapshots)(here),
  rawDisk: (here) =>
    here.refusal.facts['own'] === 'internal'
      ? all(
          withDisk((one) => ({ ...one, device: 'cdrom', readonly: true })),
          withDisk((one) => ({ ...one, format: 'qcow2' })),
        )(here)
      : asked({ style: 'external' })(here),
  rawNvram: (here) =>
    here.refusal.facts['own'] !== 'internal'
      ? asked({ style: 'external' })(here)
      : here.refusal.facts['state'] === 'running'
        ? shutDown(here)
        : deleteSnapshots(here),
  dataFileInside: (here) =>
    here.refusal.facts['own'] === 'internal' ? deleteSnapshots(here) : asked({ style: 'external' })(here),
  copyOnRead: (here) => (here.refusal.facts['own'] === 'internal' ? shutDown : asked({ style: 'external' }))(here),
  cannotLeaveOut: (here) =>
    here.refusal.facts['own'] === 'internal'
      ? deleteSnapshots(here)
      : here.refusal.facts['stays'] === 'yes'
        ? asked({ snapshotKind: whole(here.facts.vm) })(here)
        : all(
            asked({ ...disksOnly(here.facts), without: (here.request as Create).without ?? [] }),
            asked({ snapshotKind: whole(here.facts.vm) }),
          )(here),
  encryptedDisk: (here) =>
    here.refusal.facts['stays'] === 'yes' ? withDisk(() => disk('vda', '/img/copy'))(here) : without(here),
  slicedDisk: (here) =>
    here.refusal.facts['stays'] === 'yes' ? withDisk(({ sliced: _, ...one }) => ({ ...one }))(here) : without(here),
  transientDisk: withDisk(({ transient: _, ...one }) => ({ ...one })),
  ownerChose: (here) => {
    const { wish = '', own = wish, stays } = here.refusal.facts;
    const isOut = wish === 'no' || wish === 'manual';
    if (isOut ? stays === 'yes' : own !== wish) {
      return withDisk(({ snapshot: _, ...one }) => ({ ...one }))(here);
    }
    return isOut ? without(here) : asked({ snapshotKind: whole(here.facts.vm), style: wish as 'internal' })(here);
  },
  ramCannotBeSaved: (here) =>
    here.refusal.facts['own'] === 'internal' ? shutDown(here) : all(asked(disksOnly(here.facts)), shutDown)(here),
  diskTypeUnsupported: withDisk((one) => ({ ...one, format: 'qcow2', sourceType: 'file' })),
  notOff: all(asked({ snapshotKind: 'auto' }), shutDown),
  notRunning: all(asked({ snapshotKind: 'auto' }), withVm({ power: 'running' })),
  noDisks: withVm({ disks: [disk('vda', '/img/new')] }),
  noSuchDisk: asked({}),
};

function follow(here: Situation, met: readonly string[], at: (end: string) => void): void {
  const decision = planOperation(here.request, here.facts);
  if (decision.kind === 'plan') {
    at('plan');
    return;
  }
  const { refusal } = decision;
  const told = `${refusal.reason}: ${refusalText(refusal).nextStep} [${refusal.facts['disk'] ?? ''}]`;
  assert.ok(!met.includes(told), `leads in a circle:\n${[...met, told].join('\n')}`);
  const way = advised[refusal.reason];
  assert.ok(way !== undefined, `no row for ${refusal.reason}`);
  for (const next of way({ ...here, refusal })) {
    follow(next, [...met, told], at);
  }
}

const web = disk('vda', '/img/web.qcow2');
const second = (more: Partial<VmDisk>): Partial<Vm> => ({ disks: [web, disk('vdb', '/img/b', more)] });
const only = (more: Partial<VmDisk>): Partial<Vm> => ({ disks: [{ ...web, ...more }] });
const odd: readonly Partial<VmDisk>[] = [
  { format: 'raw' },
  { snapshot: 'no' },
  { snapshot: 'manual' },
  { snapshot: 'external' },
  { snapshot: 'internal' },
  { encrypted: true },
  { sliced: true },
  { transient: true },
  { dataFile: true },
  { copyOnRead: true },
  { sourceType: 'network', format: 'raw' },
];
const vms: Readonly<Record<string, Partial<Vm>>> = {
  'a plain disk': {},
  'no disk': { disks: [] },
  ...Object.fromEntries(odd.map((more) => [`only a disk with ${JSON.stringify(more)}`, only(more)])),
  ...Object.fromEntries(odd.map((more) => [`a second disk with ${JSON.stringify(more)}`, second(more)])),
  'two disks, each in its own way': { disks: [{ ...web, snapshot: 'no' }, disk('vdb', '/img/b', { encrypted: true })] },
  'a shared folder': { devices: ['virtiofs'] },
  'a drive of QEMU’s arguments': { devices: ['drive'] },
  'UEFI variables': { firmware: 'uefiRawNvram', nvram: '/img/VARS.fd' },
};
const trees = { none: tree([]), internal: tree([internal('i')], 'i'), external: tree([external('e')], 'e') };

describe('the advice of a refused snapshot', () => {
  for (const [what, more] of Object.entries(vms)) {
    it(`leads out: ${what}`, () => {
      let plans = 0;
      for (const style of ['internal', 'external', undefined] as const) {
        for (const snapshotKind of ['auto', 'memory', 'disk', 'offline'] as const) {
          for (const out of [undefined, ['vda'], ['vdx']]) {
            for (const power of ['running', 'off'] as const) {
              for (const own of Object.values(trees)) {
                for (const version of [capabilities(9, 0), capabilities(9, 5), capabilities(12, 8)]) {
                  const request = ask.create({
                    snapshotKind,
                    ...(style === undefined ? {} : { style }),
                    ...(out === undefined ? {} : { without: out }),
                  });
                  const here = facts({ vm: vm({ ...more, power }), tree: own, capabilities: version });
                  follow({ request, facts: here }, [], () => plans++);
                }
              }
            }
          }
        }
      }
      assert.ok(plans > 0);
    });
  }
});

describe('the advice of a VM that writes into what a snapshot froze', () => {
  it('is a repair that can be done, whether it runs or not', () => {
    for (const power of ['running', 'off'] as const) {
      const here = facts({
        vm: vm({ power }),
        tree: tree([external('e')], 'e'),
        frozenDisks: frozen({ e: '/img/web.qcow2' }),
        files: seen({ '/img/web.qcow2': image(), '/img/web.e': over('/img/web.qcow2') }),
        otherVms: [],
        blockJobs: [],
      });
      const decision = planOperation(ask.revert('e'), here);
      assert.equal(decision.kind === 'refusal' && decision.refusal.reason, 'frozenFileInUse');
      const { vm: ref } = ask.revert('e');
      const repair = { kind: 'leaveFrozenFiles', snapshot: 'e' } as const;
      assert.equal(planOperation({ kind: 'repair', vm: ref, repair }, here).kind, 'plan');
    }
  });
});

describe('the advice where a base may not be written to', () => {
  it('is the same whether the VM is on or off', () => {
    for (const power of ['running', 'off'] as const) {
      const here = facts({
        vm: vm({ power, disks: [disk('vda', '/img/web.f', { backing: ['/img/web.e', '/img/web.qcow2'] })] }),
        tree: tree([external('e'), external('f', 'e')], 'f'),
        capabilities: capabilities(9, 0),
        frozenDisks: frozen({ e: '/img/web.qcow2', f: '/img/web.e' }),
        files: seen({
          '/img/web.qcow2': image({ readOnly: true }),
          '/img/web.e': over('/img/web.qcow2'),
          '/img/web.f': over('/img/web.e'),
        }),
        otherVms: [],
        blockJobs: [],
      });
      const decision = planOperation(ask.remove('e'), here);
      assert.equal(decision.kind === 'refusal' && decision.refusal.reason, 'baseReadOnly', power);
    }
  });
});
