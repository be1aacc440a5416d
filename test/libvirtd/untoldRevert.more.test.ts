// A daemon that dies after the guest runs on what a revert brought back, and before it has written down which snapshot
// is the current one. That takes it a few milliseconds; a pipe in the place of the file that it writes holds it there.
import assert from 'node:assert/strict';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { runOk } from '../../scripts/rig/run.mjs';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { Failure } from '../../src/domain/failure.js';
import type { OperationRequest } from '../../src/domain/operation.js';
import { type LiveRig, startLiveRig, withMethod } from './engineRig.js';

describe('a revert that libvirt carried out and did not write down', () => {
  let r: LiveRig;
  let isPossible = false;
  let beforeRevert: (() => Promise<void>) | undefined;

  before(async function () {
    if (process.getuid?.() !== 0) {
      process.stdout.write('          skipped: only root can see what another program waits for\n');
      this.skip();
    }
    isPossible = true;
    r = await startLiveRig();
    const watched = (real: Hypervisor): Hypervisor =>
      withMethod(real, 'run', async (vm, step, options) => {
        if (step.kind === 'revert') {
          await beforeRevert?.();
        }
        return real.run(vm, step, options);
      });
    // Wraps each daemon that is started, and those that are asked before they are ready.
    Array.from({ length: 50 }, () => r.wrapNext(watched));
    r.show();
    await r.engine.connect(r.uri);
  });
  after(() => (isPossible ? r.stop() : undefined));

  it('is written down when the daemon is back: what the VM holds, and where it stands, are one', async () => {
    const guest = await r.guest({ name: 'untold' });
    const vm = await r.ref('untold');
    await guest.start();
    const create = { kind: 'create', vm, snapshotKind: 'memory', style: 'internal' } as const;
    await guest.setCounters(1);
    await r.engine.runOperation({ ...create, title: 'one' });
    await guest.setCounters(2);
    await r.engine.runOperation({ ...create, title: 'two' });
    await guest.setCounters(3);

    const failure = await brokenOff(
      { kind: 'revert', vm, snapshot: 'one', after: 'asSnapshot', checkpointFirst: true },
      // Its name has the time of day.
      async () => {
        const folder = join('lib', 'qemu', 'snapshot', 'untold');
        const files = await readdir(join(r.daemon.dir, folder));
        return join(
          folder,
          files.find((file) => file.startsWith('Before-revert-'))!,
        );
      },
    );
    assert.equal(failure.kind, 'lost');
    await r.engine.connect(r.uri);
    await r.until(() => r.vm('untold')?.vm.power === 'running' && r.vm('untold')?.operation === undefined);

    const { current, snapshots } = await r.engine.readTree(vm);
    const { memory, disk } = await guest.counters();
    assert.deepEqual(
      [current, snapshots.map(({ name }) => name.replace(/\d\d-\d\d$/u, '')).toSorted(), memory, disk],
      ['one', ['Before-revert-', 'one', 'two'], 1, 1],
    );
    assert.deepEqual(await r.engine.readInterrupted(vm), []);
  });

  it('is done again where libvirt has removed the files that its configuration still names', async () => {
    if (!r.hypervisor().capabilities.externalRevert) {
      process.stdout.write('          skipped: this libvirt has no revert to external snapshots\n');
      return;
    }
    const guest = await r.guest({ name: 'gone' });
    const vm = await r.ref('gone');
    const filled = async (value: number): Promise<void> => {
      await guest.start();
      await guest.setCounters(value);
      await guest.run('sync');
      await r.virsh('destroy', 'gone');
    };
    await filled(3);
    await r.engine.runOperation({ kind: 'create', vm, title: 'one', snapshotKind: 'offline', style: 'external' });
    await filled(7);

    await brokenOff({ kind: 'revert', vm, snapshot: 'one', after: 'asSnapshot', checkpointFirst: false }, () =>
      Promise.resolve('etc/qemu/gone.xml'),
    );
    await r.engine.connect(r.uri);
    await r.until(() => r.vm('gone')?.operation === undefined && r.vm('gone')?.recovering === undefined);

    assert.deepEqual(await r.engine.readInterrupted(vm), []);
    assert.equal((await r.engine.readTree(vm)).current, 'one');
    await guest.start();
    assert.equal((await guest.counters()).disk, 3);
  });

  /** The daemon is killed when it has made all but this file of its own anew. Resolves when another runs. */
  async function brokenOff(request: OperationRequest, file: () => Promise<string>): Promise<Failure> {
    let held = '';
    beforeRevert = async () => {
      beforeRevert = undefined;
      held = `${join(r.daemon.dir, await file())}.new`;
      await runOk('mkfifo', [held]);
    };
    const failed = r.engine.runOperation(request).then(
      () => assert.fail(`it came to its end: ${r.log.slice(-6).join(' | ')}`),
      (error: unknown) => error,
    );
    await someoneWaitsForReader();
    await r.daemon.killDaemon();
    await rm(held);
    await r.daemon.startDaemon();
    const failure = await failed;
    assert.ok(failure instanceof Failure, String(failure));
    return failure;
  }
});

/** Resolves when a program waits for a pipe to be read. */
async function someoneWaitsForReader(): Promise<void> {
  for (;;) {
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/u.test(name))) {
      const command = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
      if (command.includes('libvirtd')) {
        for (const task of await readdir(`/proc/${pid}/task`).catch(() => [])) {
          const place = await readFile(`/proc/${pid}/task/${task}/wchan`, 'utf8').catch(() => '');
          if (place === 'wait_for_partner') {
            return;
          }
        }
      }
    }
    await setImmediate();
  }
}
