// The packed extension in a fresh VS Code: what people install.
import assert from 'node:assert/strict';
import { defineTestGuest, type TestGuest } from '../../scripts/guest/testGuest.mjs';
import { openStage, pictureOfFailure, testDaemon, type Stage } from './stage.js';

describe('the packed extension', () => {
  let vm: TestGuest;
  const ends: (() => Promise<void>)[] = [];

  before(async () => {
    vm = await defineTestGuest(testDaemon(), { name: 'packed-test' });
    ends.push(vm.remove);
    await vm.start();
  });
  after(async () => {
    for (const end of ends) await end();
  });

  let stage: Stage | undefined;

  afterEach(async function () {
    await pictureOfFailure(stage, this.currentTest);
    await stage?.stop();
    stage = undefined;
  });

  it('takes a snapshot, reverts to it and deletes it', async () => {
    const title = 'From the package';
    stage = await openStage('mouse', { vsix: packed() });
    const { hands, workbench } = stage;
    await hands.showView('Virt Rewind', 'VMs');
    await workbench.row(/^packed-test, .*, running, /).waitFor();
    await vm.setCounters(3);
    await hands.menu('packed-test', 'Create Snapshot');
    await hands.pick('Memory');
    await hands.type('Title of the Snapshot', title);
    await hands.enter();
    await hands.type('Description of the Snapshot', '');
    await hands.enter();
    const snapshot = workbench.row(new RegExp(`^${title}, .*memory`));
    await snapshot.waitFor();
    await vm.setCounters(4);
    await hands.menu(title, 'Revert');
    await hands.answer('Revert and Run');
    await workbench.toast(/Reverted packed-test/).waitFor();
    await vm.waitForAgent();
    assert.equal((await vm.counters()).memory, 3);
    await hands.dismiss(/Reverted packed-test/);
    await hands.menu(title, 'Delete Snapshot');
    await hands.answer('Delete');
    await snapshot.waitFor({ state: 'detached' });
  });
});

/** Made before the layer begins, because making it changes what the other files run. */
function packed(): string {
  const file = process.env['VIRT_REWIND_TEST_VSIX'];
  if (file === undefined) throw new Error('Run by "npm test -- ui", which packs the extension.');
  return file;
}
