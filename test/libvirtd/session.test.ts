import assert from 'node:assert/strict';
import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../../scripts/rig/run.mjs';
import { openConnection } from '../../src/libvirt/connect.js';
import type { Connection } from '../../src/libvirt/connection.js';
import { silentLog } from '../../src/log/log.js';

const nobody = 65_534;
const root = process.geteuid?.() === 0;

/** Root has no session of its own and borrows nobody's: for the client by its effective user, for the daemon whole. */
async function asOrdinaryUser<T>(act: () => Promise<T>): Promise<T> {
  if (!root) {
    return act();
  }
  process.seteuid!(nobody);
  try {
    return await act();
  } finally {
    process.seteuid!(0);
  }
}

describe("a user's own libvirtd, with a home of its own", function () {
  this.timeout(60_000);
  let home: string;
  let environment: NodeJS.ProcessEnv;
  const open = (uri: string): Promise<Connection> => openConnection(uri, { log: silentLog, environment });

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'vr-s-'));
    const folders = {
      HOME: home,
      XDG_RUNTIME_DIR: join(home, 'x'),
      XDG_CONFIG_HOME: join(home, 'c'),
      XDG_CACHE_HOME: join(home, 'k'),
    };
    for (const folder of new Set(Object.values(folders))) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      if (root) {
        await chown(folder, nobody, nobody);
      }
    }
    environment = { PATH: process.env['PATH'], ...folders };
    if (root) {
      const daemon = join(home, 'libvirtd');
      const drop = `setpriv --reuid=${nobody} --regid=${nobody} --clear-groups`;
      await writeFile(daemon, `#!/bin/sh\nexec ${drop} ${await findProgram('libvirtd')} "$@"\n`, { mode: 0o755 });
      environment['LIBVIRTD_PATH'] = daemon;
    }
  });
  after(async () => {
    const pid = Number(await readFile(join(home, 'x/libvirt/libvirtd.pid'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    await rm(home, { recursive: true });
  });

  it('is started by whoever comes first, and serves all who came at the same time', async () => {
    const opened = await asOrdinaryUser(() => Promise.all([1, 2, 3].map(() => open('qemu:///session'))));
    for (const connection of opened) {
      assert.deepEqual(await connection.call('connectGetUri', {}), { uri: 'qemu:///session' });
      connection.close();
    }
  });

  it("serves libvirt's pretended hypervisor under its plain URI", async () => {
    const connection = await asOrdinaryUser(() => open('test:///default'));
    const { domains } = await connection.call('connectListAllDomains', { needResults: 1, flags: 0 });
    assert.equal(domains.length, 1);
    connection.close();
  });
});
