// What the picture remembers of a VM beyond what it was last told.
import assert from 'node:assert/strict';
import { Store } from '../../../src/live/store.js';
import { silentLog } from '../../silentLog.js';
import { external, ref, tree, vm } from '../domain/someFacts.js';

describe('the picture of a VM that ran', () => {
  const taken = tree([external('m', undefined, { state: 'paused', memory: 'external' }), external('d', 'm')], 'd');
  const pictureOf = (power: 'running' | 'paused'): Store => {
    const store = new Store(silentLog);
    store.setWanted([{ uri: ref.connection }]);
    store.putVm(ref, { vm: vm({ power }) });
    return store;
  };

  it('names the memory snapshots of the VM that stood still, when it is seen running beside them', () => {
    const store = pictureOf('paused');
    store.putVm(ref, { tree: taken });
    assert.equal(store.vm(ref)?.olderThanLastRun, undefined);
    store.putVm(ref, { vm: vm({ power: 'running' }) });
    store.putVm(ref, { vm: vm({ power: 'paused' }) });
    assert.deepEqual(store.vm(ref)?.olderThanLastRun, ['m 0']);
  });

  it('names the last of them while the VM stands still, though it is gone, and not when it runs or began anew', () => {
    const store = pictureOf('paused');
    const stands = (): string | undefined => store.vm(ref)?.standsSince;
    store.putVm(ref, { tree: taken });
    assert.equal(stands(), 'm');
    store.putVm(ref, { tree: tree([]) });
    assert.equal(stands(), 'm');
    store.putVm(ref, { vm: vm({ power: 'running' }) });
    store.putVm(ref, { vm: vm({ power: 'paused' }) });
    assert.equal(stands(), undefined);
    store.putVm(ref, {
      tree: tree([...taken.snapshots, external('n', 'd', { state: 'paused', memory: 'external' })], 'n'),
    });
    assert.equal(stands(), 'n');
    store.putVm(ref, { vm: vm({ power: 'paused', powerReason: 'fromSnapshot' }) });
    assert.equal(stands(), undefined);
  });

  it('names one that was taken since a revert, though it is gone, until the next revert', () => {
    const store = pictureOf('paused');
    const stands = (): string | undefined => store.vm(ref)?.standsSince;
    const back = vm({ power: 'paused', powerReason: 'fromSnapshot' });
    const first = external('d');
    const next = external('n', 'd', { state: 'paused', memory: 'external' });
    store.putVm(ref, { tree: taken });
    store.putVm(ref, { vm: back, tree: { ...taken, current: 'm' } });
    assert.equal(stands(), undefined, 'it came back with m');
    store.putVm(ref, { tree: tree([first], 'd') });
    store.putVm(ref, { tree: tree([first, next], 'n') });
    assert.equal(stands(), 'n');
    store.putVm(ref, { tree: tree([first], 'd') });
    assert.equal(stands(), 'n');
    store.putVm(ref, { tree: tree([first, external('e', 'd')], 'e') });
    assert.equal(stands(), 'n');
    store.putVm(ref, { vm: back, tree: tree([first, external('e', 'd')], 'd') });
    assert.equal(stands(), undefined);
  });

  it('does not believe a state that is older than the snapshots', () => {
    const store = pictureOf('running');
    store.putVm(ref, { tree: taken });
    assert.deepEqual(store.vm(ref)?.olderThanLastRun ?? [], []);
  });
});

describe('the picture of several VMs', () => {
  it('has them in the order of their names, by number where these end in one, and then of their UUIDs', () => {
    const store = new Store(silentLog);
    store.setWanted([{ uri: ref.connection }]);
    const put = (name: string, uuid: string): void => store.putVm({ ...ref, uuid }, { vm: vm({ name, uuid }) });
    put('web10', 'a');
    put('web2', 'b');
    put('db', 'd');
    put('db', 'c');
    assert.deepEqual(
      store.connection(ref.connection)?.vms.map(({ vm: { name, uuid } }) => `${name} ${uuid}`),
      ['db c', 'db d', 'web2 b', 'web10 a'],
    );
  });
});
