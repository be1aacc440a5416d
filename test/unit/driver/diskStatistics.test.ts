// The disks' part of the bulk statistics, as a daemon sends it and as one that lies could.
import assert from 'node:assert/strict';
import { parseLayers } from '../../../src/driver/connection/diskStatistics.js';
import type { TypedParameter } from '../../../src/libvirt/structs.js';

function parameters(values: Readonly<Record<string, number | bigint | string>>): readonly TypedParameter[] {
  return Object.entries(values).map(([field, value]) => ({
    field,
    value: typeof value === 'string' ? { type: 'string', value } : { type: 'ullong', value },
  }));
}

const one = {
  'block.count': 1,
  'block.0.name': 'vda',
  'block.0.path': '/i/a',
  'block.0.allocation': 10,
  'block.0.capacity': 100,
  'block.0.physical': 30,
};

describe('layers in the statistics', () => {
  it('have the bytes in use, which libvirt calls otherwise of a VM that runs', () => {
    const layer = { target: 'vda', file: '/i/a', virtualBytes: 100 };
    assert.deepEqual(parseLayers(parameters(one), false), [{ ...layer, allocatedBytes: 10 }]);
    assert.deepEqual(parseLayers(parameters(one), true), [{ ...layer, allocatedBytes: 30 }]);
  });

  it('are not known where nothing, or nothing that can be, is said', () => {
    const busy = { 'block.count': 1, 'block.0.name': 'vda', 'block.0.path': '/i/a' };
    const unknown = { target: 'vda', file: '/i/a', allocatedBytes: 'unknown', virtualBytes: 'unknown' };
    assert.deepEqual(parseLayers(parameters(busy), true), [unknown]);
    const absurd = { ...busy, 'block.0.physical': 2n ** 63n, 'block.0.capacity': 'big' };
    assert.deepEqual(parseLayers(parameters(absurd), true), [unknown]);
  });

  it('are no more than can be, whatever number is said', () => {
    assert.deepEqual(parseLayers(parameters({ ...one, 'block.count': 2 ** 40 }), true).length, 1);
    assert.deepEqual(parseLayers(parameters({ 'block.count': -1 }), true), []);
    assert.deepEqual(parseLayers(parameters({ 'block.count': 2n ** 60n }), true), []);
    assert.deepEqual(parseLayers([], true), []);
  });

  it('have no file where the disk is none of the host', () => {
    const network = { ...one, 'block.0.path': 'nbd://host/x' };
    assert.deepEqual(parseLayers(parameters(network), true)[0]?.file, undefined);
  });
});
