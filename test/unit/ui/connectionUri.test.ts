import assert from 'node:assert/strict';
import { judgeUri } from '../../../src/ui/commands/connections/connectionUri.js';

const verdicts = {
  ok: [
    'qemu:///system',
    'QEMU:///system',
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
  badPath: ['qemu:///sys tem', 'qemu+ssh://host/', 'qemu:///', 'qemu:///default', 'test:///system'],
  noUri: [
    'qemu+ssh:///system',
    'qemu+ssh://-oProxyCommand=x/system',
    '',
    'system',
    'qemu:system',
    ' qemu:///system',
    'qemu:///system\n',
    'qemu+unix://host/system',
    'qemu+ssh://host:99999/system',
    'qemu:///system?mode=odd',
    'qemu+ssh://host/system?keyfle=/k',
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
