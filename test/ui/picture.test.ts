// The picture of a VM in a real VS Code: opened on a demo VM, walked through by keyboard and by mouse, looked at in all
// themes and narrow, asked what an operation would do, and saved.
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import axe from 'axe-core';
import { SaxesParser } from 'saxes';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { makeDemoVms, removeDemoVms } from '../../scripts/guest/demoVms.mjs';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { artifacts } from '../../scripts/rig/workbench.mjs';
import { openStage, pictureOfFailure, testDaemon, type Stage } from './stage.js';

const external = 'rewind-external';

describe('the picture', () => {
  const daemon = testDaemon();
  const { virsh } = daemon;
  const ends: (() => Promise<unknown>)[] = [];
  let stage: Stage;
  let broken = false;

  before('the demo VMs, and VS Code', async function () {
    this.timeout(300_000);
    const folder = join(daemon.dir, 'picture');
    ends.push(() => removeDemoVms({ virsh, folder }));
    await makeDemoVms({ virsh, folder });
    stage = await openStage('mouse', {
      settings: { 'window.autoDetectColorScheme': true, 'window.autoDetectHighContrast': true },
    });
    ends.push(stage.stop);
  });
  beforeEach(function () {
    // One step stands on the other; what comes after a failure would only fail slowly.
    if (broken) this.skip();
  });
  afterEach(async function () {
    broken ||= this.currentTest?.isFailed() === true;
    await pictureOfFailure(stage, this.currentTest);
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  const webview = () => stage.workbench.webview;
  const node = (name: string | RegExp) => webview().getByRole('treeitem', { name }).first();
  const tree = () => webview().getByRole('tree');
  const press = (key: string) => stage.workbench.page.keyboard.press(key);
  const picture = (name: string) => stage.workbench.picture(`picture-${name}`);
  const focused = async (): Promise<string> => {
    const id = await tree().getAttribute('aria-activedescendant');
    return (
      (await webview()
        .locator(`#${id ?? ''}`)
        .getAttribute('aria-label')) ?? ''
    );
  };
  const walk = async (key: string, wanted: RegExp): Promise<void> => {
    await press(key);
    await webview().getByRole('treeitem', { name: wanted, selected: true }).waitFor();
  };

  it('opens from a VM and shows its snapshots, with "You are here"', async () => {
    await stage.hands.showView('Virt Rewind', 'VMs');
    await stage.workbench.row(/^rewind-external, running/).waitFor();
    await stage.hands.menu(external, 'Show Picture');
    await webview().getByRole('heading', { name: external }).waitFor();
    await node(/^You are here, running/).waitFor();
    for (const title of ['Clean install, offline', 'Before the upgrade, disk-only', 'After the upgrade, disk-only']) {
      await node(new RegExp(`^${title}`)).waitFor();
    }
    assert.equal(await node(/^Clean install/).getAttribute('aria-level'), '1');
    assert.equal(await node(/^You are here/).getAttribute('aria-level'), '4');
  });

  it('is walked by keyboard alone', async () => {
    await tree().focus();
    await walk('Home', /^Clean install/);
    await walk('ArrowDown', /^Before the upgrade/);
    await walk('ArrowDown', /^After the upgrade/);
    await walk('ArrowDown', /^You are here/);
    await walk('ArrowUp', /^After the upgrade/);
    await walk('End', /^You are here/);
    assert.match(await focused(), /^You are here/);
  });

  it('follows what another client does', async () => {
    await virsh(['snapshot-create-as', external, 'from-outside', '--disk-only', '--diskspec', 'vda,snapshot=external']);
    await node(/^from-outside/).waitFor();
    assert.equal(await node(/^You are here/).getAttribute('aria-level'), '5');
  });

  it('says nothing wrong to a screen reader', async () => {
    const frame = stage.workbench.page
      .frames()
      .find((one) => one.url().includes('fake.html') || one.name() === 'active-frame');
    assert.ok(frame);
    await frame.evaluate(axe.source);
    const violations = await frame.evaluate(async () => {
      const { axe: here } = globalThis as unknown as { axe: typeof axe };
      const found = await here.run();
      return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
    });
    assert.deepEqual(violations, []);
  });

  it('has a menu for each snapshot, which runs the real commands', async () => {
    await tree().focus();
    await walk('End', /^You are here/);
    await walk('ArrowUp', /^from-outside/);
    await press('Enter');
    const menu = webview().getByRole('menu');
    await menu.waitFor();
    await picture('menu');
    await press('Escape');
    await menu.waitFor({ state: 'detached' });
    await press('Enter');
    await menu.getByRole('menuitem', { name: 'Rename' }).click();
    await stage.workbench.inputBox('from-outside').or(stage.workbench.quickInput).first().waitFor();
    await press('Escape');
  });

  it('shows before it runs what a delete would do, and runs it', async () => {
    await node(/^from-outside/).waitFor();
    await tree().focus();
    await walk('End', /^You are here/);
    await walk('ArrowUp', /^from-outside/);
    await press('Enter');
    await webview().getByRole('menuitem', { name: 'Delete…' }).click();
    const whatIf = webview().getByRole('region', { name: 'What If' });
    await whatIf.waitFor();
    await node(/^from-outside, .*would be gone/).waitFor();
    await picture('what-if');
    await whatIf.getByRole('button', { name: 'Delete…' }).click();
    await stage.hands.answer('Delete');
    await node(/^from-outside/).waitFor({ state: 'detached' });
    await whatIf.waitFor({ state: 'hidden' });
  });

  const grid = () => webview().getByRole('grid', { name: 'Blocks' });
  /** What is said of the cell that the cursor is on. */
  const cellNow = async (): Promise<string> => (await webview().locator('#cell-words').textContent()) ?? '';

  it('shows the blocks of the disk, by mouse and by keyboard, from all of it to single clusters', async () => {
    await grid().getByRole('row').nth(3).waitFor();
    await grid().scrollIntoViewIfNeeded();
    const words = webview().locator('#cell-words');
    const box = await grid().boundingBox();
    assert.ok(box);
    const before = await words.textContent();
    await stage.workbench.page.mouse.move(box.x + box.width / 2, box.y + 60);
    await words.filter({ hasNotText: before ?? '' }).waitFor();
    await stage.workbench.page.mouse.move(5, 5);
    await grid().focus();
    await press('Home');
    const whole = await cellNow();
    for (let step = 0; step < 30; step++) await press('+');
    await grid()
      .getByRole('gridcell')
      .filter({ hasText: /\(64 KB\)/ })
      .first()
      .waitFor();
    assert.match(await cellNow(), /\(64 KB\)/, whole);
    await picture('clusters');
    await press('0');
    await grid().getByRole('gridcell').filter({ hasText: whole }).first().waitFor();
    await picture('blocks');
  });

  it('agrees cell by cell with patterns that were written into known layers', async () => {
    const guest = await defineTestGuest(daemon, { name: 'picture-blocks', disks: ['emptyQcow2'], agent: false });
    ends.push(guest.remove);
    const [file = ''] = guest.disks;
    const overlay = (name: string): string => file.replace(/\.[^.]*$/, `.${name}`);
    const write = (image: string, ...commands: string[]) =>
      runOk('qemu-io', [...commands.flatMap((command) => ['-c', command]), image]);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4M']);
    await write(file, 'write -P 1 0 1M');
    await virshOk(virsh, 'snapshot-create-as', guest.name, 'one', '--disk-only');
    await write(overlay('one'), 'write -P 2 512k 512k', 'write -P 2 2M 512k');
    await virshOk(virsh, 'snapshot-create-as', guest.name, 'two', '--disk-only');
    await write(overlay('two'), 'write -P 3 2304k 576k', 'write -P 3 4032k 64k');
    const wanted = Array.from({ length: 64 }, (_, cluster) =>
      (cluster >= 36 && cluster < 45) || cluster === 63
        ? 'C'
        : (cluster >= 8 && cluster < 16) || (cluster >= 32 && cluster < 36)
          ? 'B'
          : cluster < 8
            ? 'A'
            : '-',
    );
    await stage.workbench.row(/^picture-blocks, off/).waitFor();
    await stage.hands.menu('picture-blocks', 'Show Picture');
    await webview().getByRole('heading', { name: 'picture-blocks' }).waitFor();
    await grid().getByRole('row').nth(3).waitFor();
    await grid().focus();
    await press('0');
    for (let row = 0; row < 4; row++) await press('ArrowDown');
    await press('Home');
    await webview()
      .locator('#cell-words')
      .filter({ hasText: /^0 B to 64 KB .*the VM reads/ })
      .waitFor();
    const seen: string[] = [];
    for (let cluster = 0; cluster < 64; cluster++) {
      const said = await cellNow();
      assert.match(said, /\(64 KB\)/);
      seen.push(/layer ([A-Z]),/.exec(said)?.[1] ?? '-');
      if (cluster < 63) {
        await press('ArrowRight');
        await webview().locator('#cell-words').filter({ hasNotText: said }).waitFor();
      }
    }
    await picture('patterns');
    assert.equal(seen.join(''), wanted.join(''));
    await tree().focus();
    await walk('End', /^You are here/);
    await walk('ArrowUp', /^two/);
    await press('Enter');
    await webview().getByRole('menuitem', { name: 'Revert…' }).click();
    await webview().getByRole('region', { name: 'What If' }).waitFor();
    await grid().getByRole('rowheader').nth(1).filter({ hasText: 'would be read again' }).waitFor();
    await picture('what-if-revert');
    await webview().getByRole('button', { name: 'Leave It' }).click();
    await stage.hands.command('View: Close Editor');
    await stage.workbench.page.locator('.tab', { hasText: `${external}: Picture` }).click();
    await webview().getByRole('heading', { name: external }).waitFor();
  });

  /** The dialog takes no answer while it still looks at a folder, and writes its own proposal then: answer until it is gone. */
  const saveAs = async (file: string): Promise<void> => {
    const { quickInput, quickInputField } = stage.workbench;
    await quickInput.filter({ hasText: 'Save the Picture' }).waitFor();
    for (let attempt = 1; ; attempt++) {
      await quickInputField.fill(file);
      await press('Enter');
      try {
        await quickInput.filter({ hasText: 'Save the Picture' }).waitFor({ state: 'hidden', timeout: 3_000 });
        return;
      } catch (error) {
        if (attempt === 8) throw error;
      }
    }
  };

  for (const format of ['SVG', 'PNG'] as const) {
    it(`is saved as ${format}, where the user says`, async () => {
      const file = join(daemon.dir, 'picture', `slide.${format.toLowerCase()}`);
      await webview()
        .getByRole('button', { name: `Save as ${format}…` })
        .click();
      await saveAs(file);
      await stage.workbench.statusBar(basename(file)).waitFor();
      const bytes = await readFile(file);
      if (format === 'PNG') {
        assert.equal(bytes.subarray(1, 4).toString(), 'PNG');
        assert.ok(bytes.readUInt32BE(16) >= 2_400, 'as wide as a projector needs it');
        await writeFile(join(artifacts, 'screenshots', 'picture-slide.png'), bytes);
        return;
      }
      const texts: string[] = [];
      const parser = new SaxesParser();
      parser.on('error', (error) => assert.fail(error));
      parser.on('text', (text) => texts.push(text));
      parser.write(bytes.toString()).close();
      for (const text of [external, 'Clean install', 'You are here']) {
        assert.ok(texts.includes(text), text);
      }
      await rm(file);
    });
  }

  it('can be looked at in every theme', async () => {
    const { page } = stage.workbench;
    for (const [name, media] of [
      ['light', { colorScheme: 'light', forcedColors: 'none' }],
      ['dark', { colorScheme: 'dark', forcedColors: 'none' }],
      ['contrast', { colorScheme: 'dark', forcedColors: 'active' }],
    ] as const) {
      await page.emulateMedia(media);
      const theme = name === 'contrast' ? '.hc-black' : name === 'dark' ? '.vs-dark' : '.vs';
      await page.locator(`.monaco-workbench${theme}`).waitFor();
      await picture(name);
    }
    await page.emulateMedia({ colorScheme: 'dark', forcedColors: 'none' });
  });

  it('can be read where it is 300 pixels wide', async () => {
    const { page } = stage.workbench;
    const size = page.viewportSize();
    assert.ok(size);
    await stage.hands.command('View: Toggle Primary Side Bar Visibility');
    await page.setViewportSize({ width: 356, height: 900 });
    await tree().focus();
    await press('Home');
    await picture('narrow');
    const wide = await webview()
      .locator('body')
      .evaluate((body) => {
        const { scrollWidth, clientWidth } = body as unknown as { scrollWidth: number; clientWidth: number };
        return scrollWidth - clientWidth;
      });
    assert.equal(wide, 0, 'nothing stands beyond the edge');
    await page.setViewportSize(size);
    await stage.hands.command('View: Toggle Primary Side Bar Visibility');
  });

  it('stands beside the picture of another VM, and beside itself', async () => {
    await stage.hands.menu('rewind-internal', 'Show Picture');
    await stage.workbench.page.locator('.tab', { hasText: 'rewind-internal: Picture' }).first().waitFor();
    await stage.hands.menu('rewind-internal', 'Show Picture');
    await stage.workbench.page.locator('iframe.webview.ready').nth(1).waitFor();
    await picture('two');
    await stage.hands.command('View: Close All Editors in Group');
    await stage.workbench.page.locator('.tab', { hasText: `${external}: Picture` }).click();
    await node(/^You are here, running/).waitFor();
  });

  it('is there again after a reload', async () => {
    const { page } = stage.workbench;
    await page.reload();
    await node(/^You are here, running/).waitFor();
    await webview().getByRole('heading', { name: external }).waitFor();
  });
});
