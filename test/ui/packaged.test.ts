// The packed extension in a fresh VS Code: what people install, on the newest VS Code and on the oldest supported one.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineTestGuest, type TestGuest } from '../../scripts/guest/testGuest.mjs';
import { root } from '../../scripts/rig/root.mjs';
import { installVsCode } from '../../scripts/rig/vscodeInstall.mjs';
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

  it('is tested on the oldest VS Code that package.json admits', async () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { engines: { vscode: string } };
    const { version } = await installVsCode({ version: 'minimum' });
    assert.equal(manifest.engines.vscode, `^${version.replace(/\.\d+$/, '.0')}`);
  });

  for (const version of ['newest', 'minimum'] as const) {
    describe(`in the ${version} VS Code`, () => {
      let stage: Stage | undefined;

      afterEach(async function () {
        await pictureOfFailure(stage, this.currentTest);
        await stage?.stop();
        stage = undefined;
      });

      it('takes a snapshot, reverts to it and deletes it', async () => {
        stage = await openStage('mouse', { vsix: packed(), version });
        const { hands, workbench } = stage;
        await hands.showView('Virt Rewind', 'VMs');
        await workbench.row(/^packed-test, running/).waitFor();
        await vm.setCounters(3);
        await hands.menu('packed-test', 'Create Snapshot');
        await hands.pick('Memory');
        await hands.type('Title of the Snapshot', `On ${version}`);
        await hands.enter();
        await hands.type('Description of the Snapshot', '');
        await hands.enter();
        const snapshot = workbench.row(`On ${version}, memory`);
        await snapshot.waitFor();
        await vm.setCounters(4);
        await hands.menu(`On ${version}`, 'Revert');
        await hands.answer('Revert and Run');
        await workbench.toast(/Reverted packed-test/).waitFor();
        await vm.waitForAgent();
        assert.equal((await vm.counters()).memory, 3);
        await hands.dismiss(/Reverted packed-test/);
        await hands.menu(`On ${version}`, 'Delete Snapshot');
        await hands.answer('Delete');
        await snapshot.waitFor({ state: 'detached' });
      });
    });
  }
});

/** Made before the layer begins, because making it changes what the other files run. */
function packed(): string {
  const file = process.env['VIRT_REWIND_TEST_VSIX'];
  if (file === undefined) throw new Error('Run by "npm test -- ui", which packs the extension.');
  return file;
}
