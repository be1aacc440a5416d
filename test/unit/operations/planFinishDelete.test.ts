// A delete of which libvirt had merged one disk and not the other when it died: the other one follows.
import assert from 'node:assert/strict';
import type { Facts } from '../../../src/domain/facts.js';
import type { SnapshotDisk } from '../../../src/domain/snapshot.js';
import type { PowerState, Vm } from '../../../src/domain/vm.js';
import { planOperation } from '../../../src/operations/planOperation.js';
import { disk, external, image, looked, ref, facts, tree, vm } from '../domain/someFacts.js';

const stands = (power: PowerState): Vm => vm({ power, disks: [disk('vda', '/img/vda.a'), disk('vdb', '/img/vdb.b')] });

describe('planFinishDelete: of two disks, one merged', () => {
  const both = (more: { readonly name: string }): readonly SnapshotDisk[] =>
    ['vda', 'vdb'].map((target) => ({
      target,
      location: 'external',
      file: `/img/${target}.${more.name}`,
      deleteInProgress: more.name === 'a',
    }));
  const half: Partial<Facts> = {
    tree: tree(
      [external('a', undefined, { disks: both({ name: 'a' }) }), external('b', 'a', { disks: both({ name: 'b' }) })],
      'b',
    ),
    frozenDisks: new Map([
      ['a', [disk('vda', '/img/vda'), disk('vdb', '/img/vdb')]],
      ['b', [disk('vda', '/img/vda.a'), disk('vdb', '/img/vdb.a')]],
    ]),
    vm: stands('off'),
    otherVms: [],
    blockJobs: [],
    files: looked({
      images: {
        '/img/vda': image(),
        '/img/vdb': image(),
        '/img/vda.a': image('/img/vda'),
        '/img/vdb.a': image('/img/vdb'),
        '/img/vda.b': image('/img/vda.a'),
        '/img/vdb.b': image('/img/vdb.a'),
      },
    }),
  };
  const steps = (more: Partial<Facts>): string => {
    const request = { kind: 'repair', vm: ref, repair: { kind: 'finishDelete', snapshot: 'a' } } as const;
    const decision = planOperation(request, facts({ ...half, ...more }));
    return decision.kind === 'refusal' ? decision.refusal.reason : JSON.stringify(decision.steps);
  };
  const rest = [{ target: 'vdb', top: '/img/vdb.b', base: '/img/vdb.a', baseFormat: 'qcow2', merged: ['/img/vdb.b'] }];
  const after = [
    { kind: 'forgetSnapshot', snapshot: 'b' },
    { kind: 'clearUnfinishedDelete', snapshot: 'a' },
    { kind: 'removeFiles', files: ['/img/vda.b', '/img/vdb.b'] },
  ];
  it('the other one is merged by us where the VM is off', () => {
    assert.equal(steps({}), JSON.stringify([{ kind: 'commitImages', disks: rest }, ...after]));
  });
  it('one whose overlay libvirt has removed already is only defined on what took it', () => {
    const images = new Map(half.files!.images).set('/img/vdb.b', 'missing');
    const disks = [disk('vda', '/img/vda.a'), disk('vdb', '/img/vdb.b')];
    const gone = { ...half.files!, images };
    const only = [{ ...rest[0], merged: [] }];
    const [define, ...others] = JSON.parse(steps({ files: gone, vm: vm({ power: 'off', disks }) })) as unknown[];
    assert.deepEqual(define, { kind: 'commitImages', disks: only });
    assert.deepEqual(others, [...after.slice(0, 2), { kind: 'removeFiles', files: ['/img/vda.b'] }]);
    assert.equal(steps({ files: gone, vm: vm({ power: 'running', disks }) }), 'notInChain');
  });
  it('… by QEMU where it is on', () => {
    assert.equal(steps({ vm: stands('running') }), JSON.stringify([{ kind: 'blockCommit', ...rest[0] }, ...after]));
  });
  it('… by nobody where another VM reads it', () => {
    const other = { uuid: 'x', name: 'clone', files: ['/img/vdb.a'], unread: [] };
    assert.equal(steps({ otherVms: [other] }), 'usedByOtherVm');
  });
});
