import assert from 'node:assert/strict';
import { defaultConnections } from '../../../src/manifest/defaultConnections.js';

describe('default connections', () => {
  it('are the one that libvirt itself would use, if it is named', () => {
    assert.deepEqual(defaultConnections({ LIBVIRT_DEFAULT_URI: ' test:///default ' }, 0), ['test:///default']);
  });

  it('leave out the session for root, whose session is the system', () => {
    assert.deepEqual(defaultConnections({ LIBVIRT_DEFAULT_URI: '' }, 0), ['qemu:///system']);
    assert.deepEqual(defaultConnections({}, 1000), ['qemu:///system', 'qemu:///session']);
  });

  it('are none where no libvirt runs', () => {
    assert.deepEqual(defaultConnections({}, undefined), []);
  });
});
