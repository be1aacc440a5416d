// A connection that somebody keeps as read-only, on a real daemon: everything is seen, and nothing can be changed.
import assert from 'node:assert/strict';
import { Failure } from '../../src/domain/failure.js';
import { cloneNetworks } from '../../src/domain/clone.js';
import type { OperationRequest } from '../../src/domain/operation.js';
import type { VmRef } from '../../src/domain/vm.js';
import { failureMessage } from '../../src/text/failures/failureMessage.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('a read-only connection', () => {
  let r: LiveRig;
  let vm: VmRef;
  before(async () => {
    r = await startLiveRig();
    await r.guest({ name: 'web' });
    await r.virsh('snapshot-create-as', 'web', 'base');
    r.engine.setConnections([{ uri: r.uri, name: 'production', readOnly: true }]);
    await r.engine.connect('production');
    vm = await r.ref('web');
  });
  after(() => r.stop());

  it('shows VMs and their snapshots, and says what it is', async () => {
    const { snapshots } = await r.engine.readTree(vm);
    assert.deepEqual(
      snapshots.map(({ name }) => name),
      ['base'],
    );
    const [view] = r.engine.connections;
    assert.deepEqual([view?.name, view?.capabilities?.readOnly], ['production', true]);
    await r.engine.readLayers(vm);
    await r.engine.examine(vm);
  });

  const requests: readonly ((vm: VmRef) => OperationRequest)[] = [
    (ref) => ({ kind: 'create', vm: ref, snapshotKind: 'auto', title: 'no' }),
    (ref) => ({ kind: 'revert', vm: ref, snapshot: 'base', after: 'asSnapshot', checkpointFirst: true }),
    (ref) => ({ kind: 'delete', vm: ref, snapshot: 'base', scope: 'one' }),
    (ref) => ({ kind: 'rename', vm: ref, snapshot: 'base', title: 'no' }),
    (ref) => ({ kind: 'describe', vm: ref, snapshot: 'base', title: 'no', description: 'no' }),
    (ref) => ({ kind: 'power', vm: ref, action: 'start' }),
    (ref) => ({ kind: 'consolidate', vm: ref }),
    (ref) => ({ kind: 'prune', vm: ref, snapshots: ['base'] }),
    (ref) => ({
      kind: 'clone',
      vm: ref,
      clone: { name: 'copy', uuid: '11111111-2222-4333-8444-555555555555' },
      way: 'full',
      network: cloneNetworks[0],
    }),
  ];
  for (const request of requests) {
    it(`refuses to ${request({ connection: '', uuid: '' }).kind}, before anything is asked`, async () => {
      const decision = await r.engine.plan(request(vm));
      assert.equal(decision.kind === 'refusal' && decision.refusal.reason, 'readOnlyConnection');
    });
  }

  it('says so of programs in the guest, too', async () => {
    const command = { program: 'true', args: [], atMostMs: 1000 };
    await assert.rejects(r.engine.guests.runIn(vm, command, new AbortController().signal), (error: unknown) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.kind, 'denied');
      return failureMessage(error).includes('read-only');
    });
  });

  it('is opened anew when it shall change things again', async () => {
    r.engine.setConnections([{ uri: r.uri }]);
    await r.engine.connect(r.uri);
    const decision = await r.engine.plan({ kind: 'power', vm, action: 'start' });
    assert.equal(decision.kind, 'plan');
  });
});
