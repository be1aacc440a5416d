// A system of VMs by keyboard alone: made, kept, looked at in the narrowest side bar and as a page in four themes,
// reverted from there; and where the keyboard is when the page is drawn anew.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { themeSettings, violationsInThemes } from './accessible.js';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

const vms = ['shop-api', 'shop-db'] as const;

describe('a system of VMs', () => {
  const daemon = testDaemon();
  const { virsh } = daemon;
  const stage = stepsOnStage(async (ends) => {
    for (const vm of vms) {
      const file = join(daemon.dir, `${vm}.qcow2`);
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4M']);
      ends.push(() => virsh(['undefine', vm, '--snapshots-metadata']));
      await defineDiskVm({ virsh }, vm, [{ file, format: 'qcow2' }]);
    }
    return openStage('keyboard', { settings: themeSettings });
  });
  const row = (label: string | RegExp) => stage().workbench.row(label);
  const press = (key: string) => stage().workbench.page.keyboard.press(key);
  const picture = (name: string) => stage().workbench.picture(`systems/${name}`);
  const page = () => stage().workbench.webview;
  /** The link that the keyboard is on. */
  const focused = (name: string) => page().getByRole('link', { name, exact: true }).and(page().locator(':focus'));

  const standsOn = (label: string | RegExp) =>
    row(label).and(stage().workbench.page.locator('.monaco-list:focus-within .focused')).waitFor();

  /** By the key of a VM's row, too; and the new one has the keyboard. */
  async function keep(title: string): Promise<void> {
    await stage().hands.select(/^shop, /);
    await press('Insert');
    await stage().hands.type('Title of the Restore Point', title);
    await stage().hands.enter();
    await standsOn(new RegExp(`(^|, )${title}, .*restore point`));
  }

  /** Tab, until the link of this name is reached. */
  async function tabTo(name: string): Promise<void> {
    for (let left = 30; (await focused(name).count()) === 0; left--) {
      assert.ok(left > 0, `${name} is not reached by Tab`);
      await press('Tab');
    }
  }

  it('is made of the VMs that are picked', async () => {
    await stage().hands.showView('Virt Rewind', 'VMs');
    await row(vms[1]).waitFor();
    await stage().hands.command('Virt Rewind: Group VMs into a System…');
    await stage().workbench.option(vms[1]).waitFor();
    for (const key of vms.flatMap(() => ['ArrowDown', 'Space'])) await press(key);
    await picture('pick');
    await stage().hands.enter();
    await stage().hands.type('New System of 2 VMs', 'shop');
    await stage().hands.enter();
    await row(/^shop, 2 VMs/).waitFor();
  });

  it('is kept, and in a view of 250 pixels a short title shows its age too', async () => {
    await keep('clean');
    await keep('after the migration of all tables');
    await stage().workbench.widenSideBar(250);
    await row(/^after the migration of all tables, .*restore point/).waitFor();
    const cut = await row(/^clean, .*restore point/)
      .locator('.monaco-icon-label-container')
      .evaluate((element) => {
        const { scrollWidth, clientWidth } = element as unknown as { scrollWidth: number; clientWidth: number };
        return scrollWidth - clientWidth;
      });
    assert.equal(cut, 0);
    await picture('tree-250');
    await stage().workbench.widenSideBar(460);
  });

  it('has an order that is set by keyboard, says it where it is asked again, and marks what would be a circle', async () => {
    const option = (label: string | RegExp) => stage().workbench.option(label);
    await stage().hands.menu(/^shop, /, 'Power', 'Set Start Order…');
    await option(/shop-api.*starts immediately/u).waitFor();
    await stage().hands.pick(vms[0]);
    await option(vms[1]).waitFor();
    for (const key of ['ArrowDown', 'Space']) await press(key);
    await picture('order-after');
    await stage().hands.enter();
    await stage().hands.pick('A TCP Port');
    await stage().hands.type('Start Order of shop-api', '5432');
    await stage().hands.enter();
    await stage().workbench.quickInput.getByText('Longest wait, in seconds').waitFor();
    await stage().hands.enter();
    await stage()
      .workbench.statusBar(/shop-api: starts after shop-db · .*5432/u)
      .waitFor();
    await stage().hands.menu(/^shop, /, 'Power', 'Set Start Order…');
    await option(/shop-api.*starts after shop-db · .*5432 .* · .*120 s/u).waitFor();
    await stage().hands.pick(vms[1]);
    await option(/shop-api.*not available now/u).waitFor();
    await picture('order-circle');
    await press('Escape');
    await stage().workbench.quickInput.waitFor({ state: 'hidden' });
  });

  it('asks before a restore point is deleted, and names each thing once', async () => {
    await stage().hands.select(/^clean, .*restore point/);
    await press('Delete');
    const { dialog } = stage().workbench;
    await dialog.getByText('the way back to: “clean”.').waitFor();
    await picture('delete-asks');
    await press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });

  it('has a page in which nothing is wrong for who cannot see it, or not well', async () => {
    await stage().hands.menu(/^shop, /, 'Show Picture');
    await page().getByRole('heading', { name: 'shop' }).waitFor();
    await page().getByText('you are here').first().waitFor();
    assert.deepEqual(await violationsInThemes(stage(), page().locator('body'), 'systems/page'), []);
  });

  it('keeps the keyboard where it was when the page is drawn anew', async () => {
    await stage().hands.command('View: Focus Active Editor Group');
    await tabTo('Revert… clean');
    await virshOk(virsh, 'snapshot-create-as', vms[1], 'alone');
    await page().getByText('one VM alone').waitFor();
    await focused('Revert… clean').waitFor();
  });

  it('is reverted from its page', async () => {
    await press('Enter');
    await stage().workbench.dialog.waitFor();
    await picture('revert-asks');
    await stage().hands.answer('Revert');
    await page().getByRole('link', { name: 'Undo…' }).waitFor();
    await focused('Revert… clean').waitFor();
    await picture('reverted');
  });

  it('can be read in the smallest window', async () => {
    const { page: window } = stage().workbench;
    const size = window.viewportSize();
    assert.ok(size);
    await window.setViewportSize({ width: 800, height: 600 });
    await picture('page-800');
    const beyond = await page()
      .locator('body')
      .evaluate((body) => {
        const { scrollWidth, clientWidth } = body as unknown as { scrollWidth: number; clientWidth: number };
        return scrollWidth - clientWidth;
      });
    assert.equal(beyond, 0, 'nothing but the table stands beyond the edge');
    await window.setViewportSize(size);
  });

  it('lists what was done to its VMs, and gives the keyboard back', async () => {
    await stage().hands.select(vms[1]);
    await stage().hands.command('Virt Rewind: Undo…');
    const { quickInput } = stage().workbench;
    await quickInput.locator('.monaco-list-row').first().waitFor();
    await picture('operations');
    await press('Escape');
    await quickInput.waitFor({ state: 'hidden' });
    await standsOn(vms[1]);
  });
});
