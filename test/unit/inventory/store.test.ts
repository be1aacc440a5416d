// What the picture remembers of a VM beyond what it was last told.
import assert from 'node:assert/strict';
import { Store } from '../../../src/inventory/store.js';
import { external, ref, tree, vm } from '../domain/someFacts.js';

describe('the picture of a VM that ran', () => {
  const silent = () => undefined;
  const log = { trace: silent, debug: silent, info: silent, warn: silent, error: silent };
  const taken = tree([external('m', undefined, { state: 'paused', memory: 'external' }), external('d', 'm')], 'd');
  const pictureOf = (power: 'running' | 'paused'): Store => {
    const store = new Store(log);
    store.setUris([ref.connection]);
    store.putVm(ref, { vm: vm({ power }) });
    return store;
  };

  it('names the memory snapshots of the VM that stood still, when it is seen running beside them', () => {
    const store = pictureOf('paused');
    store.putVm(ref, { tree: taken });
    assert.equal(store.vm(ref)?.ranSince, undefined);
    store.putVm(ref, { vm: vm({ power: 'running' }) });
    store.putVm(ref, { vm: vm({ power: 'paused' }) });
    assert.deepEqual(store.vm(ref)?.ranSince, ['m 0']);
  });

  it('does not believe a state that is older than the snapshots', () => {
    const store = pictureOf('running');
    store.putVm(ref, { tree: taken });
    assert.deepEqual(store.vm(ref)?.ranSince ?? [], []);
  });
});
