// The filter of the view as it is typed: what it hides at each letter, what it brings back, and what is left of it.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { makeDemoVms, removeDemoVms } from '../../scripts/guest/demoVms.mjs';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

describe('the filter of the view', () => {
  const daemon = testDaemon();
  const { virsh } = daemon;
  const stage = stepsOnStage(async (ends) => {
    const folder = join(daemon.dir, 'filter');
    ends.push(() => removeDemoVms({ virsh, folder }));
    await makeDemoVms({ virsh, folder });
    return openStage('keyboard');
  });
  const shownKey = async (title: string): Promise<string> => {
    await stage().workbench.contextMenu.waitFor();
    const item = stage().workbench.contextMenu.locator('.action-item', { hasText: title }).first();
    const shown = (await item.locator('.keybinding').textContent()) ?? '';
    await press('Escape');
    await stage().workbench.contextMenu.waitFor({ state: 'detached' });
    return shown.replace('Ctrl', 'Control').replace(/^Del$/u, 'Delete');
  };
  const row = (name: RegExp) => stage().workbench.row(name);
  const press = (key: string) => stage().workbench.page.keyboard.press(key);
  const box = () => stage().workbench.inputBox('Filter VMs and Snapshots');
  const labels = async () => (await stage().workbench.rows()).map(({ label }) => label.split(',')[0] ?? '');
  const open = async () => {
    await stage().hands.command('Virt Rewind: Filter…');
    await box().waitFor();
  };

  it('hides at each letter what has not got it, and shows what was folded', async () => {
    await stage().hands.showView('Virt Rewind', 'VMs');
    await row(/^rewind-internal, /).waitFor();
    await open();
    await stage().workbench.page.keyboard.type('another');
    await row(/^Another way, /).waitFor();
    await row(/^rewind-overlays, /).waitFor({ state: 'detached' });
    const shown = await labels();
    // What it stands on is shown with it.
    assert.ok(shown.includes('Before upgrade') && !shown.includes('After upgrade'), shown.join());
    await press('Backspace');
    await press('Control+a');
    await stage().workbench.page.keyboard.type('overlays');
    await row(/^rewind-overlays, /).waitFor();
    await row(/^rewind-internal, /).waitFor({ state: 'detached' });
  });

  it('brings back with Escape what was shown before', async () => {
    await press('Escape');
    await box().waitFor({ state: 'hidden' });
    await row(/^rewind-internal, /).waitFor();
    await row(/^rewind-overlays, /).waitFor();
    await row(/^Another way, /).waitFor({ state: 'detached' });
  });

  it('stays as it is when somebody goes to a row meanwhile', async () => {
    await open();
    await stage().workbench.page.keyboard.type('another');
    await row(/^Another way, /).click();
    await box().waitFor({ state: 'hidden' });
    await row(/^Another way, /).waitFor();
    assert.ok(!(await labels()).includes('rewind-overlays'));
  });

  it('is changed from what it is, and empty shows all', async () => {
    await open();
    assert.equal(await stage().workbench.quickInputField.inputValue(), 'another');
    await press('Control+a');
    await press('Delete');
    await row(/^rewind-overlays, /).waitFor();
    await press('Enter');
    await box().waitFor({ state: 'hidden' });
    await row(/^rewind-overlays, /).waitFor();
  });

  for (const [title, asked] of [
    ['Revert…', /Revert rewind-internal to “Before upgrade”/u],
    ['Delete', /Delete the snapshot “Before upgrade”/u],
  ] as const) {
    it(`the key beside ${title} in a row's menu does that row's thing`, async () => {
      const { workbench } = stage();
      await row(/^rewind-internal, /).click();
      await press('ArrowRight');
      await row(/^Before upgrade, /).click();
      await press('Shift+F10');
      await press(await shownKey(title));
      await workbench.dialog.waitFor();
      assert.match((await workbench.dialog.textContent()) ?? '', asked);
      await press('Escape');
      await workbench.dialog.waitFor({ state: 'detached' });
    });
  }
});
