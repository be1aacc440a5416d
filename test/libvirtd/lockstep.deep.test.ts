// Many snapshots of a guest that writes RAM and disk in lockstep and runs on meanwhile: each brings RAM and disk of one moment
// back, and the RAM is, page by page, what it was when the guest stood still.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { versionOf } from '../../src/domain/capabilities.js';
import { seamlessAccess } from '../../src/driver/connection/handOver.js';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { listen } from '../../src/driver/guestEvents.js';
import { createSnapshot } from '../../src/driver/run/runSnapshotStep.js';
import type { StepContext } from '../../src/driver/run/stepContext.js';
import { openConnection } from '../../src/libvirt/connect.js';
import type { Connection } from '../../src/libvirt/connection.js';
import { silentLog } from '../silentLog.js';
import { createStep, type HypervisorRig, startHypervisorRig, Subject } from './hypervisorRig.js';
import { differentPages, LockstepVm, momentDifferences } from './lockstepVm.js';

/** What a snapshot of the lockstep is proven by. */
const rounds = Number(process.env['TEST_ROUNDS'] ?? 100);
/** Rounds of the guest: more than it has blocks, so that all of them tell of one moment. */
const first = 70;
const between = 3;

describe('RAM and disk that are written in lockstep', function () {
  this.timeout(3_600_000);
  let rig: HypervisorRig;
  let hypervisor: Hypervisor;
  let connection: Connection;
  let events: Awaited<ReturnType<typeof listen>>;
  let vm: LockstepVm;
  let subject: Subject;

  before(async () => {
    rig = await startHypervisorRig();
    hypervisor = await rig.open();
    connection = await openConnection(rig.daemon.uri, { log: silentLog, environment: rig.daemon.env });
    events = await listen(connection);
    vm = await LockstepVm.start(rig.daemon, 'lockstep');
    subject = await Subject.named(hypervisor, 'lockstep');
    await vm.goOn(first);
  });
  after(async () => {
    connection.close();
    await rig.stop();
  });

  /** As the driver takes it; `look` while the guest stands still, just before its RAM goes out. */
  async function take(name: string, look: () => Promise<void>): Promise<number | undefined> {
    const { uri, env } = rig.daemon;
    const known = await subject.read();
    const watched = {
      call: async (...[procedure, args]: Parameters<Connection['call']>) => {
        if ('cmd' in args && (JSON.parse(args.cmd) as { execute: string }).execute === 'migrate') {
          await look();
        }
        return connection.call(procedure, args);
      },
    } as unknown as Connection;
    const context = {
      connection: watched,
      vm: known,
      dom: { name: known.name, uuid: known.uuid, id: -1 },
      files: hypervisor.files,
      capabilities: hypervisor.capabilities,
      onThisHost: true,
      seamless: seamlessAccess(uri, env),
      events: { ...events, onDidClose: hypervisor.onDidClose },
      log: silentLog,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      guestPatienceMs: 60_000,
    } as unknown as StepContext;
    const { guestPausedMs } = await createSnapshot(context, {
      ...createStep(known, name),
      style: 'external',
      snapshotKind: 'memory',
      seamless: true,
      disks: [{ target: 'vda', file: join(rig.daemon.dir, `lockstep.${name}`) }],
      memoryFile: join(rig.daemon.dir, `lockstep.${name}.mem`),
    });
    return guestPausedMs;
  }

  it(`comes back as of one moment, ${rounds} times`, async () => {
    if (hypervisor.capabilities.hypervisor < versionOf(10, 0)) {
      assert.deepEqual(await hypervisor.probeSeamless(await subject.read(), 'try'), { kind: 'no', why: 'tooOld' });
      return;
    }
    for (let round = 1; round <= rounds; round++) {
      const name = `r${round}`;
      const frozen = (await subject.read()).disks[0]!.source!;
      let before: Buffer | undefined;
      await take(name, async () => {
        before = await vm.dump('before');
      });
      assert.ok(before !== undefined, 'it was taken with the guest standing still');
      await vm.goOn(between);
      await subject.revert(name, 'paused');
      const after = await vm.dump('after');
      const pages = differentPages(before, after);
      const other = pages.length === 0 ? [] : [`${pages.length} pages are other than at the stop`];
      assert.deepEqual([...other, ...(await momentDifferences(after, frozen))], [], name);
      await subject.power('resume');
      await vm.goOn(between);
      await subject.delete(name);
    }
  });
});
