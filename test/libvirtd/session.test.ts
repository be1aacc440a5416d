import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildProgram } from '../../scripts/build.mjs';
import { entering } from '../../scripts/rig/privateDaemon.mjs';
import { root as checkout } from '../../scripts/rig/root.mjs';
import { findProgram, runOk } from '../../scripts/rig/run.mjs';
import { lessonSteps } from '../ownLevel.js';
import { openConnection } from '../../src/libvirt/connect.js';
import type { Connection } from '../../src/libvirt/connection.js';
import { itRarely } from '../allRows.js';
import { silentLog } from '../silentLog.js';

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

/** Ends a process that is not our child, or has ended already, and waits until it is gone. */
async function killed(pid: number): Promise<void> {
  while (existsSync(`/proc/${pid}/exe`)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH');
    }
    await sleep(10);
  }
}

describe("a user's own libvirtd, with a home of its own", () => {
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
    // No other daemon comes with it, which would outlive the test.
    const configuration = join(folders.XDG_CONFIG_HOME, 'libvirt');
    await mkdir(configuration, { mode: 0o700 });
    await writeFile(join(configuration, 'qemu.conf'), 'stdio_handler = "file"\n');
    if (root) {
      await chown(configuration, nobody, nobody);
    }
    const daemon = join(home, 'libvirtd');
    const drop = root ? `setpriv --reuid=${nobody} --regid=${nobody} --clear-groups ` : '';
    const note = `echo $$ >>"${join(home, 'pids')}"`;
    const release = process.env['VIRT_REWIND_TEST_RELEASE'];
    const own = root ? '--propagation private' : '--user --map-current-user --keep-caps';
    const enter = release === undefined ? '' : `unshare --mount ${own} ${entering(release).join(' ')} `;
    const program = `${enter}${drop}${await findProgram('libvirtd')}`;
    await writeFile(daemon, `#!/bin/sh\n${note}\nexec ${program} "$@"\n`, { mode: 0o755 });
    environment = { PATH: process.env['PATH'], LIBVIRTD_PATH: daemon, ...folders };
    if (root) {
      await writeFile(join(home, 'pids'), '', { mode: 0o666 });
      await chown(join(home, 'pids'), nobody, nobody);
    }
  });
  // All that were started: one that came late and found the pid file locked would take it over when its holder is gone.
  after(async () => {
    for (const pid of (await readFile(join(home, 'pids'), 'utf8')).split('\n').filter(Boolean)) {
      await killed(Number(pid));
    }
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

  itRarely('has the whole lesson, and nothing of it is left', async () => {
    // Kept open, so that the daemon does not leave for want of clients.
    const connection = await asOrdinaryUser(() => open('qemu:///session'));
    const program = await buildProgram('test/libvirtd/lessonWhole.ts', join(home, 'program'));
    const guest = join(home, 'lesson.bin');
    await runOk('nasm', ['-f', 'bin', '-o', guest, join(checkout, 'scripts/guest/oracle.asm')]);
    const drop = root ? ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'] : [];
    const [first, ...args] = [...drop, process.execPath, program, 'qemu:///session', guest, join(home, 'journal')];
    const told = JSON.parse(await runOk(first, args, { cwd: '/', env: environment })) as {
      steps: readonly (readonly [string, string, unknown])[];
      measured: number;
      left: boolean;
      vms: number;
    };
    connection.close();
    assert.deepEqual(
      told.steps.filter(([, phase]) => phase !== 'done' && phase !== 'reading'),
      [],
    );
    assert.equal(told.steps.length, lessonSteps.length);
    assert.deepEqual({ measured: told.measured, left: told.left, vms: told.vms }, { measured: 3, left: false, vms: 0 });
  });
});
