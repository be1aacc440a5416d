// Many snapshots of a guest that writes RAM and disk in lockstep and runs on meanwhile: each brings RAM and disk of one
// moment back, and the RAM is, page by page, what it was when the guest stood still.
import assert from 'node:assert/strict';
import { versionOf } from '../../src/domain/capabilities.js';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { type HypervisorRig, startHypervisorRig, Subject } from './hypervisorRig.js';
import { differentPages, LockstepVm, momentDifferences } from './lockstepVm.js';
import { WatchedTaking } from './watchedTake.js';

/** What a snapshot of the lockstep is proven by. */
const rounds = Number(process.env['TEST_ROUNDS'] ?? 100);
/** Rounds of the guest: more than it has blocks, so that all of them tell of one moment. */
const first = 70;
const between = 3;
/** Some tenths of a second: as long as what comes before the disks are switched. */
const ticksBetween = 8;

describe('RAM and disk that are written in lockstep', () => {
  let rig: HypervisorRig;
  let hypervisor: Hypervisor;
  let taking: WatchedTaking;
  let vm: LockstepVm;
  let subject: Subject;

  before(async () => {
    rig = await startHypervisorRig();
    hypervisor = await rig.open();
    taking = await WatchedTaking.on(rig.daemon, hypervisor);
    vm = await LockstepVm.start(rig.daemon, 'lockstep');
    subject = await Subject.named(hypervisor, 'lockstep');
    await vm.goOn(first);
  });
  after(async () => {
    taking.stop();
    await rig.stop();
  });

  it(`comes back as of one moment, ${rounds} times`, async () => {
    if (hypervisor.capabilities.hypervisor < versionOf(10, 0)) {
      assert.deepEqual(await hypervisor.probeSeamless(await subject.read(), 'try'), { kind: 'no', why: 'tooOld' });
      return;
    }
    for (let round = 1; round <= rounds; round++) {
      const name = `r${round}`;
      const frozen = (await subject.read()).disks[0]!.source!;
      const calls = new Set<string>();
      let before: Buffer | undefined;
      await taking.take(subject, name, async (call) => {
        calls.add(call);
        before = call === 'migrate' ? await vm.dump('before') : before;
      });
      assert.ok(before !== undefined, 'libvirt took it, with the guest standing still');
      const after = await back(name, frozen);
      // On a busy machine the guest may have written nothing for a while: then it ran until QEMU stopped it.
      if (calls.has('domainSuspend')) {
        assert.deepEqual(differentPages(before, after), [], name);
      }
      await subject.power('resume');
      await vm.goOn(between);
      await subject.delete(name);
    }
  });

  it(`comes back as of one moment where the disk is written now and then, ${rounds} times`, async () => {
    if (hypervisor.capabilities.hypervisor < versionOf(10, 0)) {
      return;
    }
    await vm.write(ticksBetween);
    let unstopped = 0;
    for (let round = 1; round <= rounds; round++) {
      const name = `q${round}`;
      const frozen = (await subject.read()).disks[0]!.source!;
      const calls = new Set<string>();
      await taking.take(subject, name, (call) => Promise.resolve(void calls.add(call)));
      unstopped += calls.has('domainSuspend') ? 0 : 1;
      await back(name, frozen);
      await subject.power('resume');
      await vm.goOn(1);
      await subject.delete(name);
    }
    assert.ok(unstopped > 0, 'the guest was stopped each time');
  });

  /** Reverts to it; the RAM of the guest that stands still then. */
  async function back(name: string, frozen: string): Promise<Buffer> {
    await vm.goOn(1);
    await subject.revert(name, 'paused');
    const ram = await vm.dump('after');
    assert.deepEqual(await momentDifferences(ram, frozen), [], name);
    return ram;
  }
});
