// Many snapshots of a guest that writes RAM and disk in lockstep and runs on meanwhile: each brings RAM and disk of one moment
// back, and the RAM is, page by page, what it was when the guest stood still.
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

describe('RAM and disk that are written in lockstep', function () {
  this.timeout(3_600_000);
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
      let before: Buffer | undefined;
      await taking.take(subject, name, async (call) => {
        before = call === 'migrate' ? await vm.dump('before') : before;
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
