// The packed extension in a fresh VS Code: what people install.
import assert from 'node:assert/strict';
import { watch } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
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

  /** A first start opens the view and the walkthrough by itself; a test that continues before would lose the focus. */
  async function landed({ workbench }: Stage): Promise<void> {
    await workbench.row(/^packed-test, .*, running, /).waitFor();
    await workbench.page.getByText('Get Started with VM Snapshots').first().waitFor();
  }

  it('takes a snapshot, reverts to it and deletes it', async () => {
    const title = 'Packaged';
    stage = await openStage('mouse', { vsix: packed() });
    const { hands, workbench } = stage;
    await landed(stage);
    await vm.setCounters(3);
    await hands.menu('packed-test', 'Create Snapshot');
    // One that is external would have two others built on it after the revert, and stay.
    await hands.pick(/Memory, internal/);
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
    // The checkpoint of the revert stands below it.
    await hands.answer('Other…');
    await hands.pick(/^Delete Snapshot…/);
    await hands.answer('Delete');
    await snapshot.waitFor({ state: 'detached' });
  });

  it('has its command line in the terminals of the editor', async () => {
    const { dir, uri } = testDaemon();
    // The list of words that VS Code opens in a terminal would take the Enter.
    stage = await openStage('keyboard', { vsix: packed(), settings: { 'terminal.integrated.suggest.enabled': false } });
    const { hands, workbench } = stage;
    await landed(stage);
    await hands.command('Terminal: Create New Terminal');
    const input = workbench.page.locator('.terminal-wrapper.active textarea.xterm-helper-textarea');
    await input.waitFor({ state: 'attached' });
    await input.focus();
    const folder = await mkdtemp(join(dir, 'said-'));
    const done = new Promise<void>((resolve) => {
      const watcher = watch(folder, (_change, name) => {
        if (name === 'whole') {
          resolve();
        }
      });
      ends.push(() => {
        watcher.close();
        return Promise.resolve();
      });
    });
    await workbench.page.keyboard.type(
      `virt-rewind list --json -c '${uri}' >${folder}/list; mv ${folder}/list ${folder}/whole`,
    );
    await workbench.page.keyboard.press('Enter');
    await done;
    const { vms } = JSON.parse(await readFile(join(folder, 'whole'), 'utf8')) as { vms: { name: string }[] };
    assert.ok(vms.some(({ name }) => name === 'packed-test'));
  });
});

/** Made before the layer begins, because making it changes what the other files run. */
function packed(): string {
  const file = process.env['VIRT_REWIND_TEST_VSIX'];
  if (file === undefined) throw new Error('Run by "npm test -- ui", which packs the extension.');
  return file;
}
