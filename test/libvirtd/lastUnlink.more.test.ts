// A revert that cannot remove what it leaves: all that was asked for is in place, and nothing waits for the rest.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { Failure } from '../../src/domain/failure.js';
import { type LiveRig, startLiveRig, withMethod } from './engineRig.js';
import { GuestVm } from './guestVm.js';

describe('a file that cannot be removed at the end', () => {
  let r: LiveRig;
  let refused: readonly string[] = [];

  before(async () => {
    r = await startLiveRig();
    r.wrapNext((real) =>
      withMethod(real, 'run', (vm, step, options) => {
        if (step.kind !== 'removeFiles') {
          return real.run(vm, step, options);
        }
        refused = step.files;
        return Promise.reject(new Failure('denied', { path: step.files[0] ?? '' }));
      }),
    );
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  it('is told of, and the VM can be used on', async () => {
    const vm = await GuestVm.define(r, 'sticky');
    await vm.power('start');
    await vm.grow('one', 'two');
    await vm.power('forceOff');
    const result = await vm.run({ kind: 'revert', snapshot: 'one', after: 'off', checkpointFirst: false });
    vm.model = vm.model.reverted('one', 'off');
    await vm.holdsAll();
    // Where libvirt reverts itself, it removes them itself.
    const native = r.hypervisor().capabilities.externalRevert;
    assert.equal(refused.length > 0, !native);
    assert.deepEqual(result.left ?? [], refused);
    assert.ok(refused.every((file) => existsSync(file)));
    await vm.power('start');
    await vm.write();
    await vm.create('three');
    await vm.holdsAll();
  });
});
