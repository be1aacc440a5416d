// What a word for a speed comes to, and which word a VM's limits are.
import assert from 'node:assert/strict';
import { isSameTuning, type Speed, speedOf, speeds, tunedTo } from '../../../src/domain/speed.js';

const free = { disks: { vda: {}, vdb: {} }, networks: { '52:54:00:00:00:01': {} } };

describe('a speed', () => {
  for (const speed of speeds) {
    it(`is told by its word again: ${speed}`, () => {
      const to = tunedTo(speed, free);
      assert.ok(to !== undefined);
      assert.equal(speedOf(to), speed);
      assert.equal(isSameTuning(to, free), speed === 'full');
    });
  }

  it('of disks leaves networks alone, and the other way round', () => {
    const slow = { disks: { vda: { total_iops_sec: 7 } }, networks: { a: { 'inbound.average': 9 } } };
    assert.deepEqual(tunedTo('hardDisk', slow)?.networks, slow.networks);
    assert.deepEqual(tunedTo('phone', slow)?.disks, slow.disks);
    assert.deepEqual(tunedTo('full', slow), { disks: { vda: {} }, networks: { a: {} } });
    assert.equal(speedOf(slow), undefined);
  });

  for (const [speed, tuning] of [
    ['hardDisk', { disks: {}, networks: { a: {} } }],
    ['phone', { disks: { vda: {} }, networks: {} }],
    ['full', { disks: {}, networks: {} }],
  ] as const satisfies readonly (readonly [Speed, object])[]) {
    it(`speaks of nothing that the VM has: ${speed}`, () => assert.equal(tunedTo(speed, tuning), undefined));
  }
});
