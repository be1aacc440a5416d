// The pages of reports in four themes, as axe sees them: history, doctor, health, comparison; and with TEST_THEMES=all
// those of labs, systems, bisects, clones and of what is in the trash, by keyboard alone. For a comparison, a lab and a
// bisect, the document around ours belongs to VS Code's preview: no title, no language and no landmarks.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { themeSettings, violationsInThemes } from './accessible.js';
import { PictureHands } from './pictureHands.js';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

const isWhole = process.env['TEST_THEMES'] === 'all';
const labFile = `name: lab
vms:
  db:
    vm: no-such-vm
  web:
    memory: lots
`;
const ofTheDocument = ['document-title', 'html-has-lang', 'landmark-one-main', 'region'];

describe('the reports', () => {
  const daemon = testDaemon();
  const { virsh } = daemon;
  const vm = 'reported';
  const other = 'reported-beside';
  const clone = 'reported-clone';
  const stage = stepsOnStage(async (ends) => {
    for (const name of isWhole ? [vm, other] : [vm]) {
      const file = join(daemon.dir, `${name}.qcow2`);
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4M']);
      ends.push(() => virsh(['undefine', name, '--snapshots-metadata']));
      await defineDiskVm({ virsh }, name, [{ file, format: 'qcow2' }]);
    }
    return openStage(isWhole ? 'keyboard' : 'mouse', {
      settings: themeSettings,
      fill: (folder) => writeFile(join(folder, 'virt-rewind.yaml'), labFile),
    });
  });

  const violations = (name: string) =>
    violationsInThemes(stage(), stage().workbench.webview.locator('.markdown-body'), `reports/${name}`, {
      within: 'body',
      off: ofTheDocument,
    });

  const ofProblems = async (name: string): Promise<readonly string[]> => {
    const main = stage().workbench.webview.locator('main');
    await main.getByRole('link', { name: /^Repair… .*left-over/ }).waitFor();
    return violationsInThemes(stage(), main, `reports/${name}`);
  };

  it('have something to tell', async () => {
    await stage().hands.showView('Virt Rewind', 'VMs');
    await stage().hands.menu(vm, 'Quick Checkpoint');
    await stage().hands.expand(vm);
    await stage()
      .workbench.row(/^checkpoint/)
      .waitFor();
  });

  /** What `open` opens has nothing that axe finds. */
  function isAccessible(name: string, open: () => Promise<unknown>, look = violations): void {
    it(`of ${name}: nothing is wrong for who cannot see it, or not well`, async () => {
      await stage().hands.command('View: Close All Editors');
      await open();
      assert.deepEqual(await look(name), []);
    });
  }

  isAccessible(
    'all VMs',
    () => stage().hands.command('Virt Rewind: Show All VMs'),
    async (name) => {
      const main = stage().workbench.webview.locator('main');
      await main.getByRole('rowheader', { name: vm }).waitFor();
      return violationsInThemes(stage(), main, `reports/${name}`);
    },
  );
  isAccessible(
    'history',
    () => stage().hands.command('Virt Rewind: Show History'),
    (name) => violationsInThemes(stage(), stage().workbench.webview.locator('main'), `reports/${name}`),
  );

  it('of history: what was done is undone from the page by the keyboard, and the page says so', async () => {
    const { hands, workbench } = stage();
    const undo = workbench.webview.getByRole('link', { name: /^Undo… .*check/ });
    await undo.focus();
    await workbench.page.keyboard.press('Enter');
    await hands.answer('Delete');
    await undo.waitFor({ state: 'detached' });
    await workbench.webview.getByText(/Undid creating snapshot check/).waitFor();
    await workbench.picture('reports/history-undone');
    await hands.menu(vm, 'Quick Checkpoint');
    await workbench.row(/^checkpoint/).waitFor();
  });

  it('have a problem to tell', async () => {
    await runOk('qemu-img', ['snapshot', '-c', 'left-over', join(daemon.dir, `${vm}.qcow2`)]);
  });
  isAccessible('health', () => stage().hands.command('Virt Rewind: Check Health'), ofProblems);
  isAccessible('doctor', () => stage().hands.menu(vm, 'More', 'Health and Repair', 'Check Health'), ofProblems);

  it('of the doctor: a problem is repaired from the page by the keyboard, and the page says so', async () => {
    const { hands, workbench } = stage();
    const repair = workbench.webview.getByRole('link', { name: /^Repair… .*left-over/ });
    await repair.focus();
    await workbench.page.keyboard.press('Enter');
    await hands.pick(/Remove “left-over”/);
    await hands.answer('Repair');
    await workbench.webview.getByText('No problems found').waitFor();
    await workbench.picture('reports/doctor-repaired');
  });
  isAccessible('comparison', async () => {
    await stage().hands.menu(/^checkpoint/, 'Compare…');
    await stage().hands.pick('Current state');
  });

  if (!isWhole) return;

  isAccessible('lab', () => stage().hands.command('Virt Rewind: Check Lab'));

  it('are of systems, too', async () => {
    const { hands, workbench } = stage();
    await hands.command('View: Close All Editors');
    await hands.command('Virt Rewind: Group VMs into a System…');
    await workbench.option(other).waitFor();
    for (const key of [vm, other].flatMap(() => ['ArrowDown', 'Space'])) await workbench.page.keyboard.press(key);
    await hands.enter();
    await hands.type('New System of 2 VMs', 'shop');
    await hands.enter();
    await hands.menu(/^shop, /, 'Create Snapshot');
    await hands.type('Title of the Restore Point', 'clean');
    await hands.enter();
    await hands.expand(/^shop, /);
    await workbench.row(/^clean, .*restore point/).waitFor();
  });

  isAccessible('system-comparison', async () => {
    await stage().hands.menu(/^clean, .*restore point/, 'Compare…');
    await stage().hands.pick('Current state');
  });
  isAccessible(
    'system-health',
    () => stage().hands.menu(/^shop, /, 'Check Health'),
    (name) => violationsInThemes(stage(), stage().workbench.webview.locator('main'), `reports/${name}`),
  );

  it('are of a bisect, too', async () => {
    const { hands, workbench } = stage();
    await hands.menu(/^checkpoint/, 'Clones and Forks', 'Bisect…');
    for (const choice of ['Good', 'None Known', 'A Command on This Computer']) await hands.pick(choice);
    await hands.type(`Bisect ${vm}: Check`, 'false');
    await hands.enter();
    await hands.pick('Off');
    await hands.answer('Start');
    await workbench.row(/^clean, .*first bad/).waitFor();
    await hands.command('Notifications: Clear All Notifications');
  });

  isAccessible('bisect', async () => {
    await stage().hands.menu(vm, 'Clones and Forks', 'Bisect…');
    await stage().hands.pick('Show Results');
  });

  const violationsInPicture = (name: string) => {
    const { webview } = stage().workbench;
    return violationsInThemes(stage(), webview.locator('body'), `reports/${name}`);
  };

  it('have a snapshot in the trash, and a clone', async () => {
    const { hands, workbench } = stage();
    await hands.menu(/^checkpoint/, 'Delete Snapshot');
    await hands.answer('Move to Trash');
    await workbench.row(/^checkpoint.*trash/).waitFor();
    await hands.notification(/Moved “checkpoint .*” to the trash\./, 'Undo');
    await workbench.row(/^checkpoint(?!.*trash)/).waitFor();
    await hands.menu(/^checkpoint/, 'Delete Snapshot');
    await hands.answer('Move to Trash');
    await workbench.row(/^checkpoint.*trash/).waitFor();
    await hands.command('Notifications: Clear All Notifications');
    await hands.menu(other, 'Clones and Forks', 'Clone…');
    for (const choice of ['You are here', 'Full']) await hands.pick(choice);
    await hands.type(`Name of the Clone of ${other}`, clone);
    await hands.enter();
    await hands.pick('No Network');
    await workbench.row(clone).waitFor();
  });

  isAccessible('trash', () => stage().hands.menu(vm, 'Show Picture'), violationsInPicture);

  it('of what is in the trash gives it back by the keyboard', async () => {
    const hands = new PictureHands(stage);
    await hands.tree.focus();
    await hands.press('Home');
    await hands.node(/^check.*in the trash/).waitFor();
    await hands.press('Enter');
    const restore = hands.page.getByRole('menuitem', { name: 'Restore from Trash' });
    await restore.waitFor();
    for (let left = 20; (await restore.and(hands.page.locator(':focus')).count()) === 0; left--) {
      assert.ok(left > 0, 'the entry is not reached by the arrow key');
      await hands.press('ArrowDown');
    }
    await hands.press('Enter');
    await hands.node(/^check(?!.*in the trash)/).waitFor();
    await stage()
      .workbench.row(/^checkpoint(?!.*trash)/)
      .waitFor();
    await hands.page.locator('[role="tree"]:focus').waitFor();
  });

  isAccessible('clone', () => stage().hands.menu(clone, 'Show Picture'), violationsInPicture);

  it('goes with its clone, and gives the keyboard back to the view', async () => {
    const { hands, workbench } = stage();
    await hands.menu(clone, 'Clones and Forks', 'Delete Clone');
    await workbench.dialog.waitFor();
    await workbench.page.keyboard.press('Enter');
    await workbench.row(clone).waitFor({ state: 'detached' });
    assert.doesNotMatch(await workbench.focus(), /^(BODY|undefined)/u);
  });
});
