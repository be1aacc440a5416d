// The whole lesson as a teacher gives it: one key from the first step to the last, in light, dark and high contrast;
// and nothing of it is left.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { demoFolderPattern } from '../../src/domain/demoVm.js';
import { textIn } from '../../src/lesson/levelText.js';
import { lessonSteps } from '../ownLevel.js';
import { themeSettings, violationsInThemes } from './accessible.js';
import { openStage, pictureOfFailure, testDaemon, type Stage } from './stage.js';

const allThemes = [
  { name: 'light', media: { colorScheme: 'light', forcedColors: 'none' } },
  { name: 'dark', media: { colorScheme: 'dark', forcedColors: 'none' } },
  { name: 'contrast', media: { colorScheme: 'dark', forcedColors: 'active' } },
] as const;
/** The first one unless all are asked for: each costs minutes. */
const themes = process.env['TEST_THEMES'] === 'all' ? allThemes : allThemes.slice(0, 1);
/** A projector's. */
const screen = { width: 1600, height: 900 };
const laptop = { width: 1280, height: 800 };
/** How high it is, at most. */
const statusBar = 20;
/** Those that show something that the others do not. */
const pictured = new Set(['base', 'memory', 'writeDelta', 'revert', 'merge', 'speed', 'notBackups', 'end']);

const titleOf = ({ title }: (typeof lessonSteps)[number]): string => textIn(title, 'en');

describe('the lesson', () => {
  const { virsh } = testDaemon();
  let stage: Stage;

  before(async () => {
    stage = await openStage('keyboard', { settings: themeSettings });
    await stage.workbench.page.setViewportSize(screen);
    await stage.hands.showView('Virt Rewind', 'VMs');
  });
  afterEach(async function () {
    await pictureOfFailure(stage, this.currentTest);
    if (this.currentTest?.isFailed() === true) {
      // The next one has a lesson of its own.
      await end();
    }
  });
  after(() => stage.stop());

  const vms = async (): Promise<readonly string[]> =>
    (await virsh(['list', '--all', '--name'])).stdout.split('\n').filter((name) => name.startsWith('lesson-'));
  /** Opened first: beside it stands the picture of the VM, which is a page too. */
  const lessonPage = () =>
    stage.workbench.page.locator('iframe.webview.ready').first().contentFrame().frameLocator('iframe#active-frame');
  const picture = () =>
    stage.workbench.page.locator('iframe.webview.ready').nth(1).contentFrame().frameLocator('iframe#active-frame');
  async function end(): Promise<void> {
    await stage.hands.command('Virt Rewind: Snapshot Lesson…');
    await stage.hands.pick(/End and Remove/);
  }
  const heading = (title: string) => lessonPage().getByRole('heading', { level: 1, name: title });
  const state = (text: RegExp) => lessonPage().getByRole('status').filter({ hasText: text });
  /** Awaits the end of what a step asks for; what could not be done is told as the page tells it. */
  async function done(): Promise<void> {
    // Read in ways that read once more where the page is drawn anew meanwhile.
    if ((await state(/^(Done\.|This step failed\.)$/).innerText()) !== 'Done.') {
      assert.fail(await lessonPage().getByRole('alert').first().innerText());
    }
  }
  const key = (): Promise<void> => stage.workbench.page.keyboard.press('Control+Alt+n');

  /** Back to the first step and forth again, faster than a page can be drawn: each key counts. */
  async function leafThrough(steps: number): Promise<void> {
    const { keyboard } = stage.workbench.page;
    for (const [pressed, reached] of [
      ['Control+Alt+p', 0],
      ['Control+Alt+n', steps],
    ] as const) {
      for (let times = 0; times < steps; times++) {
        await keyboard.press(pressed);
      }
      await heading(titleOf(lessonSteps[reached]!)).waitFor();
    }
  }

  async function seeButtonsOnLaptop(step: string): Promise<void> {
    await stage.workbench.page.setViewportSize(laptop);
    const { y, height } = await boxOfButtons();
    assert.ok(y + height <= laptop.height - statusBar, `${step}: the buttons are in sight`);
    if (pictured.has(step)) {
      await stage.workbench.picture(`lesson/laptop-${step}`);
    }
    await stage.workbench.page.setViewportSize(screen);
  }

  /** A page that is drawn anew meanwhile is looked at again. */
  async function boxOfButtons(): Promise<{ readonly y: number; readonly height: number }> {
    const buttons = lessonPage().getByRole('navigation', { name: 'Lesson' });
    for (;;) {
      await buttons.waitFor();
      const box = await buttons.boundingBox().catch(() => null);
      if (box !== null) return box;
    }
  }

  async function inAllThemes(name: string): Promise<void> {
    for (const { name: theme, media } of themes) {
      await stage.workbench.page.emulateMedia(media);
      const classes = { light: '.vs', dark: '.vs-dark', contrast: '.hc-black' };
      await stage.workbench.page.locator(`.monaco-workbench${classes[theme]}`).waitFor();
      await lessonPage().locator('body[data-vscode-theme-kind]').waitFor();
      await stage.workbench.picture(`lesson/${name}-${theme}`);
    }
    await stage.workbench.page.emulateMedia(allThemes[0].media);
  }

  it('goes through by one key, each step done before the next', async () => {
    let folder = '';
    await stage.hands.command('Virt Rewind: Snapshot Lesson…');
    for (const [index, step] of lessonSteps.entries()) {
      await heading(titleOf(step)).waitFor();
      if (step.check !== undefined) {
        await key();
        await done();
      }
      if (pictured.has(step.id!)) {
        await inAllThemes(`${String(index + 1).padStart(2, '0')}-${step.id!}`);
      }
      if (step.id === 'start') {
        const [vm = '', ...others] = await vms();
        assert.deepEqual(others, []);
        // Another run on this machine may have one of its own.
        folder = dirname(
          (await virsh(['domblklist', vm])).stdout.split(/\s+/u).find((word) => word.startsWith('/')) ?? '',
        );
        assert.match(folder, demoFolderPattern);
        await stage.workbench.row(/^lesson-.*running/).waitFor();
      }
      if (step.id === 'notBackups') {
        await leafThrough(index);
      }
      await seeButtonsOnLaptop(step.id!);
      await key();
    }
    await heading('Lesson Finished').waitFor();
    assert.deepEqual(await vms(), []);
    assert.equal(existsSync(folder), false);
  });

  it('goes on by the key of a presenter wherever the focus is', async () => {
    const { page } = stage.workbench;
    const next = (): Promise<void> => page.keyboard.press('PageDown');
    await stage.hands.command('Virt Rewind: Snapshot Lesson…');
    await heading(titleOf(lessonSteps[0]!)).waitFor();
    // The picture has come beside it and has not taken the keyboard away.
    await picture().locator('body').waitFor();
    await next();
    await heading(titleOf(lessonSteps[1]!)).waitFor();
    await stage.hands.select(/^lesson-/);
    await next();
    await done();
    await picture().locator('canvas').first().click();
    await next();
    await heading(titleOf(lessonSteps[2]!)).waitFor();
    await next();
    await done();
    await page.keyboard.press('PageUp');
    await heading(titleOf(lessonSteps[1]!)).waitFor();
    await end();
    await heading('Lesson Finished').waitFor();
    await stage.hands.command('View: Close All Editors');
  });

  it('takes what the learner does himself, by the menu', async () => {
    await stage.hands.command('Virt Rewind: Snapshot Lesson…');
    await heading(titleOf(lessonSteps[0]!)).waitFor();
    await key();
    await heading(titleOf(lessonSteps[1]!)).waitFor();
    await state(/^Do this yourself/).waitFor();
    const [name] = await vms();
    await stage.hands.menu(name!, 'Power', 'Start');
    await done();
    await stage.workbench.picture('lesson/by-the-learner');
  });

  it('can be read by a screen reader, in every theme and in a narrow editor', async () => {
    assert.deepEqual(await violationsInThemes(stage, lessonPage().locator('body'), 'lesson/axe'), []);
    await stage.workbench.page.setViewportSize({ width: 780, height: 750 });
    await stage.workbench.picture('lesson/narrow');
    await stage.workbench.page.setViewportSize(screen);
  });

  it('ends when it is told to, and its VM is gone', async () => {
    await end();
    await heading('Lesson Finished').waitFor();
    assert.deepEqual(await vms(), []);
  });

  it('is one step of a walkthrough', async () => {
    await stage.hands.command('View: Close All Editors');
    await stage.hands.command('Welcome: Open Walkthrough...');
    await stage.hands.pick(/Get Started with VM Snapshots/);
    await stage.workbench.page.getByRole('heading', { name: 'Take the lesson' }).waitFor();
    for (const { name: theme, media } of themes) {
      await stage.workbench.page.emulateMedia(media);
      await stage.workbench.picture(`lesson/walkthrough-${theme}`);
    }
  });
});
