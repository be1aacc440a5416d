// Snapshots whose data somebody took away with other tools: what the doctor's repairs leave of them, and that all that is
// built on them stays.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { runOk } from '../../scripts/rig/run.mjs';
import { type LiveRig, startLiveRig } from './inventoryRig.js';
import { TrapVm } from './trapVm.js';

describe('data of a snapshot that is gone', function () {
  this.timeout(180_000);
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.inventory.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  const findings = async (vm: TrapVm): Promise<readonly string[]> =>
    (await vm.diagnoses()).map(({ finding }) => finding.what);

  it('a root’s files: it is forgotten, and what came after it has all its data', async () => {
    const vm = await TrapVm.define(r, 'rootless');
    await vm.power('start');
    await vm.write();
    await vm.power('forceOff');
    await vm.create('one');
    await vm.power('start');
    await vm.write();
    await vm.power('forceOff');
    await vm.create('two');
    await vm.create('three');
    // The overlay that “two” froze gets all that is below it, as an administrator does it who wants rid of the template.
    const frozen = await frozenFiles(vm, 'two');
    for (const file of frozen) {
      await runOk('qemu-img', ['rebase', '-q', '-b', '', file]);
    }
    for (const { file } of vm.vm.guest.disks) {
      await rm(file);
    }
    assert.deepEqual(await findings(vm), ['overlayMissing']);

    await vm.repair('overlayMissing');
    vm.model = vm.model.deleted('one', 'one');
    assert.deepEqual(await findings(vm), []);
    await vm.isWhole();
    assert.deepEqual(await frozenFiles(vm, 'two'), frozen);
    await vm.run({ type: 'revert', snapshot: 'two', after: 'off', checkpointFirst: false });
    vm.model = vm.model.reverted('two', 'off');
    await vm.holdsAll();
  });

  /** The files that its own configuration names, whose content it froze. */
  async function frozenFiles({ vm }: TrapVm, name: string): Promise<readonly string[]> {
    const { stdout } = await r.daemon.virsh(['snapshot-dumpxml', vm.name, name]);
    const domain = /<domain[ >].*?<\/domain>/su.exec(stdout)?.[0] ?? '';
    return [...domain.matchAll(/<disk .*?<source file='([^']*)'/gsu)].map(([, file = '']) => file);
  }
});
