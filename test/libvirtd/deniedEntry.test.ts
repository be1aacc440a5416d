// What is said to a user whom libvirt's check does not let in because there is nobody that it could ask.
import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { silentLog } from '../silentLog.js';
import { Failure } from '../../src/domain/failure.js';
import { type HypervisorRig, startHypervisorRig } from './hypervisorRig.js';

const nobody = 65_534;

describe('a user whom libvirt does not let in', () => {
  let rig: HypervisorRig | undefined;

  before(async function () {
    if (process.getuid?.() !== 0) {
      // Only root can be another user, and the daemon of an ordinary user asks nobody.
      this.skip();
    }
    rig = await startHypervisorRig();
    const { daemon } = rig;
    await chmod(daemon.dir, 0o755);
    const conf = 'auth_unix_rw = "polkit"\nunix_sock_rw_perms = "0777"\nlog_level = 3\n';
    await writeFile(join(daemon.dir, 'etc/libvirtd.conf'), conf);
    await daemon.killDaemon();
    await daemon.startDaemon();
  });
  after(() => rig?.stop());

  /** As another user, who may open the socket. */
  async function refusedAs(user: number): Promise<Failure> {
    const { daemon } = rig ?? assert.fail('there is no daemon');
    process.seteuid?.(user);
    try {
      const open = libvirtHypervisor(silentLog, daemon.env);
      const hypervisor = await open(daemon.uri, new AbortController().signal);
      hypervisor.close();
    } catch (error) {
      assert.ok(error instanceof Failure, String(error));
      return error;
    } finally {
      process.seteuid?.(0);
    }
    return assert.fail('it was let in');
  }

  it('is told of the check that cannot be made, and not of the group, which would not help', async () => {
    const { kind, details } = await refusedAs(nobody);
    assert.equal(kind, 'denied');
    assert.deepEqual([details.entry, details.group], ['noPolkit', undefined], JSON.stringify(details));
    assert.ok((details.libvirtMessage ?? '') !== '');
  });
});
