// A disk that grows: what is done, what is refused, and what becomes of one that was broken off.
import assert from 'node:assert/strict';
import type { Facts } from '../../../src/domain/facts.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import { planOperation } from '../../../src/operations/decide/planOperation.js';
import { planRecovery } from '../../../src/operations/decide/planRecovery.js';
import { applyAll } from '../../../src/steps/steps.js';
import { alone, image, over, seen, type SeenFile } from '../domain/hostFiles.js';
import { capabilities, disk, external, facts, frozen, internal, planned, ref, tree, vm } from '../domain/someFacts.js';
import { broken } from './recoveryShapes.js';

const file = '/img/web.qcow2';
const had = 2 ** 26;
const grow = (bytes = 2 * had, target = 'vda'): OperationRequest => ({
  kind: 'disk',
  vm: ref,
  change: { do: 'grow', target, bytes },
});
const at = (more: Partial<Facts> = {}, images: Readonly<Record<string, SeenFile>> = {}): Facts =>
  facts({ ...alone, strays: new Map(), checkpoints: [], files: seen({ [file]: image(), ...images }), ...more });
const off = vm({ power: 'off' });
const withDisk = (more: Parameters<typeof disk>[2]): Partial<Facts> => ({
  vm: vm({ disks: [disk('vda', file, more)] }),
});
const told = (request: OperationRequest, here: Facts): string => {
  const decision = planOperation(request, here);
  return decision.kind === 'refusal'
    ? [decision.refusal.reason, decision.refusal.facts['why']].filter((word) => word !== undefined).join(' ')
    : decision.steps.map((step) => (step.kind === 'growDisk' ? `grow by ${step.by}` : step.kind)).join();
};

describe('a disk that grows', () => {
  for (const [what, request, here, expected] of [
    ['running', grow(), at(), 'grow by qemu'],
    ['paused', grow(), at({ vm: vm({ power: 'paused' }) }), 'grow by qemu'],
    ['off', grow(), at({ vm: off }), 'grow by image'],
    [
      'with tags inside',
      grow(),
      at({ tree: tree([internal('i')], 'i') }, { [file]: image({ tags: ['i'] }) }),
      'grow by qemu',
    ],
    ['of the old format without tags', grow(), at({}, { [file]: image({ oldFormat: true }) }), 'grow by qemu'],
    [
      'of the old format with tags',
      grow(),
      at({}, { [file]: image({ oldFormat: true, tags: ['i'] }) }),
      'diskStays oldFormat',
    ],
    [
      'above external snapshots',
      grow(),
      at(
        {
          vm: vm({ disks: [disk('vda', '/img/web.e')] }),
          tree: tree([external('e')], 'e'),
          frozenDisks: frozen({ e: file }),
        },
        { '/img/web.e': over(file) },
      ),
      'grow by qemu',
    ],
    [
      'on what a snapshot froze',
      grow(),
      at({ tree: tree([external('e')], 'e'), frozenDisks: frozen({ e: file }) }, { '/img/web.e': over(file) }),
      'layerNeeded',
    ],
    ['that it does not have', grow(had, 'vdx'), at(), 'noSuchDisk'],
    ['to what it has', grow(had), at(), 'diskStays notLarger'],
    ['to less', grow(512), at(), 'diskStays notLarger'],
    ['to nothing', grow(0), at(), 'diskStays badSize'],
    ['to less than nothing', grow(-512), at(), 'diskStays badSize'],
    ['to no number', grow(Number.NaN), at(), 'diskStays badSize'],
    ['by a part of a sector', grow(had + 1), at(), 'diskStays badSize'],
    ['to 1 EiB', grow(2 ** 60), at(), 'diskStays tooLarge'],
    ['read-only', grow(), at(withDisk({ readonly: true })), 'diskStays readOnly'],
    ['shared', grow(), at(withDisk({ shareable: true })), 'diskStays readOnly'],
    ['a device', grow(), at(withDisk({ sourceType: 'block' })), 'diskStays noFile'],
    ['encrypted', grow(), at(withDisk({ encrypted: true })), 'diskStays encrypted'],
    ['with its data elsewhere', grow(), at({}, { [file]: image({ dataFile: true }) }), 'diskStays dataFile'],
    ['of another format', grow(), at(withDisk({ format: 'vmdk' })), 'diskStays format'],
    ['nobody sees', grow(), at({}, { [file]: 'unknown' }), 'filesOutOfReach notLookedAt'],
    ['damaged', grow(), at({}, { [file]: image({ corrupt: true }) }), 'layerBroken'],
    ['beside a job', grow(), at({ blockJobs: ['vda'] }), 'blockJobRunning'],
    ['beside checkpoints', grow(), at({ checkpoints: ['c'] }), 'checkpointsExist'],
    ['of a saved VM', grow(), at({ vm: vm({ power: 'off', managedSave: true }) }), 'managedSaveExists'],
    ['another at the next start', grow(), at({ configured: [disk('vda', '/img/other')] }), 'definitionDiffers'],
    [
      'another VM needs',
      grow(),
      at({ otherVms: [{ uuid: 'x', name: 'other', files: [file], unread: [] }] }),
      'usedByOtherVm',
    ],
    [
      'out of reach while off',
      grow(),
      at({
        vm: off,
        files: seen({ [file]: image() }, {}, { canChange: new Map([[file, { why: 'denied' } as const]]) }),
      }),
      'filesOutOfReach denied',
    ],
    [
      'over a connection that only reads',
      grow(),
      at({ capabilities: capabilities(12, 8, { readOnly: true }) }),
      'readOnlyConnection',
    ],
    ['of another driver', grow(), at({ capabilities: capabilities(12, 8, { driver: 'test' }) }), 'driverCannot'],
    ['of a VM that shuts down', grow(), at({ vm: vm({ power: 'shuttingDown' }) }), 'wrongState'],
  ] as const satisfies readonly (readonly [string, OperationRequest, Facts, string])[]) {
    it(`${what}: ${expected}`, () => assert.equal(told(request, here), expected));
  }

  it('that was broken off is of one size or of the other', () => {
    const from = at({ vm: off });
    const plan = planned(grow(), from);
    for (const [now, expected] of [
      [from, 'before'],
      [applyAll(plan.steps, from), 'after'],
      [at({ vm: off }, { [file]: 'unknown' }), 'before'],
    ] as const) {
      const recovery = planRecovery(broken(grow(), plan, 0, 'begun'), now);
      assert.deepEqual(recovery, { kind: 'settled', to: expected });
    }
  });
});
