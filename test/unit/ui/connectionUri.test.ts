import assert from 'node:assert/strict';
import { isLocalUri, judgeUri } from '../../../src/ui/commands/connectionUri.js';

const verdicts = {
  ok: [
    'qemu:///system',
    'qemu:///session',
    'test:///default',
    'qemu+unix:///system',
    'qemu+unix:///system?socket=/run/other/libvirt-sock',
    'qemu:/system',
    'qemu:///system#part',
    'remote+unix:',
    'remote+unix:///system?socket=/run/s',
    'qemu+ssh://host/system',
    'qemu+ssh://me@host:22/session?keyfile=/k',
    'qemu+libssh2://host/system',
    'qemu+tls://host/system',
    'qemu://host/system',
  ],
  remoteNotYet: ['qemu+tcp://host/system', 'qemu+ext:///system?command=/x', 'qemu+tcp:///system'],
  otherDriver: ['xen:///system', 'lxc:///system', 'constructor:///system'],
  badPath: ['qemu+ssh://host/', 'qemu:///', 'qemu:///default', 'test:///system'],
  noUri: [
    'qemu+ssh:///system',
    'qemu+ssh://-oProxyCommand=x/system',
    '',
    'system',
    'qemu:system',
    ' qemu:///system',
    'qemu:///system\n',
    'QEMU:///system',
    'qemu:///sys tem',
  ],
} as const;

describe('judgeUri', () => {
  for (const [verdict, uris] of Object.entries(verdicts)) {
    for (const uri of uris) {
      it(`says ${verdict} of ${JSON.stringify(uri)}`, () => {
        assert.equal(judgeUri(uri), verdict);
      });
    }
  }

  it('refuses an endless one', () => {
    assert.equal(judgeUri(`qemu+unix:///system?socket=/${'x'.repeat(2_000)}`), 'noUri');
  });
});

describe('isLocalUri', () => {
  it('knows this computer from another', () => {
    assert.deepEqual(['qemu:///system', 'qemu+unix:///system?socket=/x', 'test:///default'].map(isLocalUri), [
      true,
      true,
      true,
    ]);
    assert.deepEqual(['qemu:/system', 'remote+unix:', 'remote+unix:?socket=/x', 'qemu:///system#x'].map(isLocalUri), [
      true,
      true,
      true,
      true,
    ]);
    assert.deepEqual(['qemu+ssh://host/system', 'qemu://host/system', ''].map(isLocalUri), [false, false, false]);
  });
});
