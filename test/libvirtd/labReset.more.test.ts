// A reset of a lab in which one VM fails half way, at each kind of step: all are as they were before, and the next
// reset works.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { Failure } from '../../src/domain/failure.js';
import { Labs } from '../../src/lab/labs.js';
import { parseSettings } from '../../src/manifest/settings.js';
import { Session } from '../../src/session/session.js';
import { SystemFailure } from '../../src/systems/systemPlan.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { silentLog } from '../silentLog.js';
import type { Daemon } from './engineRig.js';
import { openSystems, type Spot, type SystemsHere } from './systemRig.js';

const names = ['database', 'server', 'client'] as const;
const signal = new AbortController().signal;

describe('a reset of a lab that fails at one of its VMs', () => {
  let daemon: Daemon;
  let here: SystemsHere;
  let vms: readonly OracleVm[];
  let labs: Labs;
  let file: string;

  const mark = async (value: number): Promise<void> => {
    for (const vm of vms) {
      await vm.talk(async (guest) => {
        await guest.setCounter(value);
        await guest.write(0, [[1, value]]);
      });
    }
  };
  /** RAM and disk of each. */
  const held = (): Promise<readonly unknown[]> =>
    Promise.all(vms.map((vm) => vm.talk(async (guest) => [(await guest.ram()).counter, await guest.read(0, 1)])));
  const reset = async (): Promise<unknown> => here.systems.run(await labs.planReset(file), { signal });

  before(async () => {
    daemon = await startPrivateDaemon();
    const folder = join(daemon.dir, 'journal');
    await mkdir(folder);
    vms = await Promise.all(
      names.map((name) =>
        OracleVm.define(daemon, { name, disks: ['qcow2'], diskMiB: 4, folder: join(daemon.dir, name) }),
      ),
    );
    file = join(daemon.dir, 'virt-rewind.yaml');
    const text = names
      .map((name) => `  ${name}: { existing: ${name}${name === 'server' ? ', speed: hard-disk' : ''} }\n`)
      .join('');
    await writeFile(file, `version: 1\nname: shop\nvms:\n${text}points: [{ title: clean }]\n`);
    here = await openSystems(daemon.uri, folder, daemon.env);
    const session = Session.within(
      here.engine,
      parseSettings(() => undefined),
      folder,
      { systems: () => Promise.resolve(here.systems) },
    );
    labs = new Labs({ session, log: silentLog, shell: 'test', environment: daemon.env });
    for (const { name } of vms) {
      const { code, stderr } = await daemon.virsh(['start', name]);
      assert.equal(code, 0, stderr);
    }
    await mark(1);
    const plan = await labs.plan(file);
    assert.ok(plan !== 'ready');
    await labs.create(plan, { signal, onStep: () => undefined });
    const { stdout } = await daemon.virsh(['blkdeviotune', 'server', 'vda', '--live']);
    assert.match(stdout, /total_iops_sec\s*:\s*120\b/u);
  });
  after(async () => {
    here.dispose();
    await daemon.stop();
  });

  const spots: readonly Spot[] = [
    { vm: 'server', step: 'createSnapshot', moment: 'before' },
    { vm: 'server', step: 'revert', moment: 'before' },
  ];
  for (const spot of spots) {
    it(`leaves all as they were: ${spot.moment} ${spot.step} of ${spot.vm}`, async () => {
      await mark(2);
      const before = await held();
      here.disturb(spot, () => Promise.reject(new Failure('failed', { libvirtMessage: 'made up' })));
      const failure = await reset().then(
        () => undefined,
        (error: unknown) => error,
      );
      assert.ok(failure instanceof SystemFailure, String(failure));
      assert.deepEqual(
        failure.members.map(({ name, outcome }) => [name, outcome]),
        names.map((name) => [name, 'asBefore']),
      );
      assert.deepEqual(await held(), before);
      await reset();
      assert.deepEqual(
        (await held()).map((one) => (one as [number])[0]),
        [1, 1, 1],
      );
    });
  }

  it('has the speeds of its file when it was created, and again after a reset', async () => {
    const limits = async (): Promise<readonly boolean[]> =>
      Promise.all(
        names.map(async (name) => {
          const { stdout } = await daemon.virsh(['blkdeviotune', name, 'vda', '--live']);
          return /total_iops_sec\s*:\s*120\b/u.test(stdout);
        }),
      );
    const notes: string[] = [];
    await labs.settle(file, (line) => notes.push(line));
    assert.deepEqual(await limits(), [false, true, false]);
    await reset();
    assert.deepEqual(await limits(), [false, false, false]);
    await labs.settle(file, (line) => notes.push(line));
    assert.deepEqual([await limits(), notes], [[false, true, false], []]);
  });
});
