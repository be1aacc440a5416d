// What the XML, an image, both together and neither tell of the files that a disk is built of.
import assert from 'node:assert/strict';
import { chainOf, imageChain, wholeChain } from '../../../src/domain/chains/backingChain.js';
import { xmlChain } from '../../../src/domain/vm.js';
import { disk, facts, image, looked, vm } from './someFacts.js';

const told = disk('vda', '/c', { backing: ['/x'] });
const untold = disk('vda', '/c');
const seen = looked({ images: { '/c': image('/b'), '/b': image('/a'), '/a': image() } });
const halfSeen = looked({ images: { '/c': image('/b'), '/b': 'unknown' } });
const circle = looked({ images: { '/c': image('/b'), '/b': image('/c') } });

describe('the backing chain of a disk', () => {
  it('goes by the images where all are seen, in their order', () => {
    assert.deepEqual(chainOf('vda', facts({ vm: vm({ disks: [told] }), files: seen })), ['/c', '/b', '/a']);
  });

  it('goes by the XML where one is not seen, and is not known where that tells nothing', () => {
    assert.deepEqual(chainOf('vda', facts({ vm: vm({ disks: [told] }), files: halfSeen })), xmlChain(told));
    assert.equal(chainOf('vda', facts({ vm: vm({ disks: [untold] }), files: halfSeen })), undefined);
  });

  it('is for who may need a file all that anybody names', () => {
    assert.deepEqual(wholeChain(told, { files: halfSeen }), ['/c', '/x', '/b']);
    assert.deepEqual(wholeChain(untold, { files: seen }), ['/c', '/b', '/a']);
  });

  it('ends of an image at what is not seen, and in a circle', () => {
    assert.deepEqual(imageChain('/c', halfSeen.images), { files: ['/c', '/b'], last: 'unknown' });
    assert.deepEqual(imageChain('/d', undefined), { files: ['/d'], last: undefined });
    assert.deepEqual(imageChain('/c', circle.images).files, ['/c', '/b']);
  });
});
