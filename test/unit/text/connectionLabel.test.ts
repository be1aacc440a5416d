import assert from 'node:assert/strict';
import { connectionLabel } from '../../../src/text/connectionLabel.js';

describe('connection label', () => {
  const cases: Readonly<Record<string, string>> = {
    'qemu:///system': 'This computer (system)',
    'qemu:///session': 'This computer (session)',
    'qemu:///system?socket=/run/x': 'This computer (system, own socket)',
    'qemu+unix:///session?mode=direct&socket=/a/very/long/path': 'This computer (session, own socket)',
    'test+unix:///default?socket=/run/x': 'Test driver (default, own socket)',
    'qemu+tcp://host/system?socket=/run/x': 'host (tcp, own socket)',
    'test:///default': 'Test driver (default)',
    'qemu+ssh://me@host/system': 'host (ssh)',
    'qemu+tls://host:16514/session': 'host:16514 (tls, session)',
    'qemu:/system': 'This computer (system)',
    'qemu:///session#part': 'This computer (session)',
    'remote+unix:': 'remote+unix:',
    'xen:///system': 'xen:///system',
    'not a URI': 'not a URI',
  };
  for (const [uri, label] of Object.entries(cases)) {
    it(`calls ${uri} ${label}`, () => {
      assert.equal(connectionLabel({ uri }), label);
    });
  }

  it('is what a person calls it', () => {
    assert.equal(connectionLabel({ uri: 'qemu+ssh://10.0.0.7/system', name: 'build\nhost' }), 'build host');
  });
});
