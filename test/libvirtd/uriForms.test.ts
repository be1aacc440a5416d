// URIs as virsh takes them, on a real daemon: each leads to the same VMs.
import assert from 'node:assert/strict';
import { run } from '../../scripts/rig/run.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { openConnection } from '../../src/libvirt/connect.js';
import { silentLog } from '../silentLog.js';

describe('URIs of a daemon, in every form that virsh takes', () => {
  let daemon: Awaited<ReturnType<typeof startPrivateDaemon>>;

  before(async () => {
    daemon = await startPrivateDaemon();
  });
  after(() => daemon.stop());

  const forms: Readonly<Record<string, (uri: string) => string>> = {
    'as usual': (uri) => uri,
    'with a single slash': (uri) => uri.replace(':///', ':/'),
    'with a fragment': (uri) => `${uri}#part`,
    'that leaves the choice to the daemon': (uri) => uri.replace(/^qemu/u, 'remote'),
    'that leaves all to the daemon': (uri) => uri.replace(/^[^?]*/u, 'remote+unix:'),
  };
  for (const [what, form] of Object.entries(forms)) {
    it(what, async () => {
      const uri = form(daemon.uri);
      const virsh = await run('virsh', ['-c', uri, 'uri'], { env: daemon.env });
      assert.equal(virsh.code, 0, `${uri}: ${virsh.stderr}`);
      const connection = await openConnection(uri, { log: silentLog, environment: daemon.env });
      try {
        const { type } = await connection.call('connectGetType', {});
        assert.equal(type, 'QEMU');
      } finally {
        connection.close();
      }
    });
  }
});
