// The picture of a VM in a real VS Code: opened on a demo VM, walked through by keyboard and by mouse, looked at in all
// themes and narrow, asked what an operation would do, and saved.
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { SaxesParser } from 'saxes';
import { makeDemoVms, removeDemoVms } from '../../scripts/guest/demoVms.mjs';
import { artifacts } from '../../scripts/rig/workbench.mjs';
import { themeSettings, violationsInThemes } from './accessible.js';
import { PictureHands } from './pictureHands.js';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

const external = 'rewind-overlays';

describe('the picture', () => {
  const daemon = testDaemon();
  const { virsh } = daemon;
  const stage = stepsOnStage(async (ends) => {
    const folder = join(daemon.dir, 'picture');
    ends.push(() => removeDemoVms({ virsh, folder }));
    await makeDemoVms({ virsh, folder });
    return openStage('mouse', {
      settings: themeSettings,
    });
  });
  const hands = new PictureHands(stage);
  const picture = (name: string) => stage().workbench.picture(`picture-${name}`);

  it('begins with all branches of a tree beside each other, and where one is in sight', async () => {
    await stage().hands.showView('Virt Rewind', 'VMs');
    await stage()
      .workbench.row(/^rewind-internal, .*, running, /)
      .waitFor();
    await hands.open('rewind-internal');
    await hands.node(/^You are here/).waitFor();
    await hands.node(/^After upgrade/).waitFor();
    const scroller = hands.page.locator('.trees .scroller');
    const beyond = await scroller.evaluate((element) => {
      const { scrollWidth, clientWidth } = element as unknown as { scrollWidth: number; clientWidth: number };
      return scrollWidth - clientWidth;
    });
    assert.equal(beyond, 0);
    await picture('branches');
    await stage().hands.command('View: Close Editor');
    await stage().workbench.page.locator('iframe.webview').waitFor({ state: 'detached' });
  });

  it('opens from a VM and shows its snapshots, with "You are here"', async () => {
    await stage().hands.showView('Virt Rewind', 'VMs');
    await stage()
      .workbench.row(/^rewind-overlays, .*, running, /)
      .waitFor();
    await stage().hands.menu(external, 'Show Picture');
    await hands.page.getByRole('heading', { name: external }).waitFor();
    await hands.node(/^You are here, .*\brunning\b/).waitFor();
    for (const [title, kind] of [
      ['Clean install', 'offline'],
      ['Before upgrade', 'disk-only'],
      ['After upgrade', 'disk-only'],
    ]) {
      await hands.node(new RegExp(`^${title}, .*\\b${kind}\\b`)).waitFor();
    }
    await hands.node(/^Clean install/, 1).waitFor();
    await hands.node(/^You are here/, 4).waitFor();
  });

  it('is walked by keyboard alone', async () => {
    await hands.tree.focus();
    await hands.walk('Home', /^Clean install/);
    await hands.walk('ArrowDown', /^Before upgrade/);
    await hands.walk('ArrowDown', /^After upgrade/);
    await hands.walk('ArrowDown', /^You are here/);
    await hands.walk('ArrowUp', /^After upgrade/);
    await hands.walk('End', /^You are here/);
    assert.match(await hands.focused(), /^You are here/);
  });

  it('follows what another client does', async () => {
    await virsh(['snapshot-create-as', external, 'from-outside', '--disk-only', '--diskspec', 'vda,snapshot=external']);
    await hands.node(/^from-outside/, 4).waitFor();
    // libvirt lists a snapshot before it makes it the current one.
    await hands.node(/^You are here/, 5).waitFor();
  });

  it('says nothing wrong to a screen reader, and can be read in every theme', async () => {
    assert.deepEqual(await violationsInThemes(stage(), hands.page.locator('body'), 'picture'), []);
  });

  it('has a menu for each snapshot, which runs the real commands', async () => {
    await hands.tree.focus();
    await hands.walk('End', /^You are here/);
    await hands.walk('ArrowUp', /^from-outside/);
    await hands.press('Enter');
    const menu = hands.page.getByRole('menu');
    await menu.waitFor();
    await picture('menu');
    await menu.getByRole('separator').first().waitFor({ state: 'attached' });
    assert.equal(await menu.getByRole('menuitem', { name: 'Rename' }).getAttribute('aria-keyshortcuts'), 'F2');
    await menu.getByRole('menuitem', { name: 'Clones and Forks' }).focus();
    await hands.press('ArrowRight');
    await menu.getByRole('menuitem', { name: 'Clone…' }).waitFor();
    await picture('submenu');
    await hands.press('Escape');
    await menu.waitFor({ state: 'detached' });
    await hands.press('Enter');
    await menu.getByRole('menuitem', { name: 'Rename' }).click();
    const box = stage().workbench.inputBox('Title of the Snapshot');
    await box.waitFor();
    await hands.press('Escape');
    await box.waitFor({ state: 'hidden' });
    await hands.tree.focus();
    await hands.press('F2');
    await box.waitFor();
    await hands.press('Escape');
  });

  it('shows before it runs what a delete would do, and runs it', async () => {
    await hands.node(/^from-outside/).waitFor();
    await hands.tree.focus();
    await hands.walk('End', /^You are here/);
    await hands.walk('ArrowUp', /^from-outside/);
    await hands.press('Delete');
    const whatIf = hands.page.getByRole('region', { name: 'What If' });
    await whatIf.waitFor();
    await hands.node(/^from-outside, .*would be deleted/).waitFor();
    await picture('what-if');
    // In two columns, the one with the question is too short for all of it.
    const { page } = stage().workbench;
    const size = page.viewportSize();
    assert.ok(size);
    await page.setViewportSize({ width: 1_500, height: 420 });
    const cut = await whatIf.evaluate((element) => {
      const { scrollHeight, clientHeight } = element as unknown as { scrollHeight: number; clientHeight: number };
      return scrollHeight - clientHeight;
    });
    assert.equal(cut, 0, 'nothing of it stands over what is below');
    await page.setViewportSize(size);
    // What it would do has been read: no dialog asks it again, nor before it goes into the trash instead.
    await whatIf.getByRole('button', { name: 'Move to Trash', exact: true }).click();
    await stage().hands.notification(/Moved “from-outside” to the trash\./, 'Undo');
    await whatIf.waitFor({ state: 'hidden' });
    await hands.tree.focus();
    await hands.walk('End', /^You are here/);
    await hands.walk('ArrowUp', /^from-outside/);
    await hands.press('Delete');
    await whatIf.getByRole('button', { name: 'Delete', exact: true }).click();
    await hands.node(/^from-outside/).waitFor({ state: 'detached' });
    await whatIf.waitFor({ state: 'hidden' });
  });

  it('shows the blocks of the disk, by mouse and by keyboard, from all of it to single clusters', async () => {
    await hands.blocks.getByRole('row').nth(3).waitFor();
    await hands.blocks.scrollIntoViewIfNeeded();
    const words = hands.page.locator('#cell-words');
    const box = await hands.blocks.boundingBox();
    assert.ok(box);
    const before = await words.textContent();
    await stage().workbench.page.mouse.move(box.x + box.width / 2, box.y + 60);
    await words.filter({ hasNotText: before ?? '' }).waitFor();
    await stage().workbench.page.mouse.move(5, 5);
    await hands.blocks.focus();
    await hands.press('Home');
    const whole = (await hands.said.textContent()) ?? '';
    for (let step = 0; step < 30; step++) await hands.press('+');
    await hands.blocks
      .getByRole('gridcell')
      .filter({ hasText: /\(64 KB\)/ })
      .first()
      .waitFor();
    await hands.said.filter({ hasText: /\(64 KB\)/ }).waitFor();
    await picture('clusters');
    await hands.press('0');
    await hands.blocks.getByRole('gridcell').filter({ hasText: whole }).first().waitFor();
    await picture('blocks');
  });

  /**
   * Gives the file another name in the folder that the dialog proposes, and tells where it is then. Not another folder:
   * VS Code's dialog takes no answer any more where it is given while it reads one.
   */
  const saveAs = async (name: string): Promise<string> => {
    const { quickInput, quickInputField } = stage().workbench;
    const dialog = quickInput.filter({ hasText: 'Save the Picture' });
    await dialog.waitFor();
    let proposed = '';
    // It comes late, over what was typed before.
    while (!proposed.endsWith(`${external}${extname(name)}`)) proposed = await quickInputField.inputValue();
    const file = join(dirname(proposed), name);
    await quickInputField.fill(file);
    await hands.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    return file;
  };

  for (const format of ['SVG', 'PNG'] as const) {
    it(`is saved as ${format}, where the user says`, async () => {
      const ground = format === 'SVG' ? 'None, for light slides' : 'Dark';
      await hands.page.getByRole('combobox', { name: 'Image background:' }).selectOption(ground);
      await hands.page.getByRole('button', { name: `Save as ${format}…` }).click();
      const name = `slide.${format.toLowerCase()}`;
      const file = await saveAs(name);
      await stage().workbench.toast(name).waitFor();
      const bytes = await readFile(file);
      if (format === 'PNG') {
        assert.equal(bytes.subarray(1, 4).toString(), 'PNG');
        assert.ok(bytes.readUInt32BE(16) >= 2_400, 'as wide as a projector needs it');
        await writeFile(join(artifacts, 'screenshots', 'picture-slide.png'), bytes);
        await stage().hands.notification(name, 'Open');
        await stage()
          .workbench.page.getByRole('tab', { name: new RegExp(name), selected: true })
          .waitFor();
        await stage().hands.command('View: Close Editor');
        return;
      }
      const texts: string[] = [];
      const parser = new SaxesParser();
      parser.on('error', (error) => assert.fail(error));
      parser.on('text', (text) => texts.push(text));
      parser.write(bytes.toString()).close();
      assert.doesNotMatch(bytes.toString(), /<rect x="0" y="0" width="1/u, 'nothing stands behind it');
      for (const text of [external, 'Clean install', 'You are here']) {
        assert.ok(texts.includes(text), text);
      }
      await rm(file);
      await stage().hands.dismiss(name);
    });
  }

  it('can be read where it is 300 pixels wide, and 220, as beside the lesson', async () => {
    const { page } = stage().workbench;
    const size = page.viewportSize();
    assert.ok(size);
    await stage().hands.command('View: Toggle Primary Side Bar Visibility');
    for (const width of [356, 276]) {
      await page.setViewportSize({ width, height: 900 });
      await hands.tree.focus();
      await hands.press('Home');
      await picture(`narrow-${width}`);
      const wide = await hands.page.locator('body').evaluate((body) => {
        const { scrollWidth, clientWidth } = body as unknown as { scrollWidth: number; clientWidth: number };
        return scrollWidth - clientWidth;
      });
      assert.equal(wide, 0, 'nothing stands beyond the edge');
    }
    await page.setViewportSize(size);
    await stage().hands.command('View: Toggle Primary Side Bar Visibility');
  });

  it('stands beside the picture of another VM, and beside itself', async () => {
    await stage().hands.menu('rewind-internal', 'Show Picture');
    // The page takes the keyboard when it is there, and would close a menu that is opened before.
    await hands.heading('rewind-internal').waitFor();
    await hands.blocks.getByRole('row').nth(3).waitFor();
    await stage().hands.menu('rewind-internal', 'Show Picture');
    await stage().workbench.page.locator('iframe.webview.ready').nth(1).waitFor();
    await picture('two');
    await stage().hands.command('View: Close All Editors in Group');
    await stage()
      .workbench.page.locator('.tab', { hasText: `${external}: Picture` })
      .click();
    await hands.heading(external).waitFor();
  });

  it('is there again after a reload', async () => {
    // As a person does it: VS Code then writes down first which tabs there are.
    const loaded = stage().workbench.page.waitForEvent('load');
    await stage().hands.command('Developer: Reload Window');
    await loaded;
    await hands.heading(external).waitFor();
    await hands.node(/^You are here, .*\brunning\b/).waitFor();
  });
});
