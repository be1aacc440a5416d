// Finds things in VS Code's workbench: rows, menus, dialogs, toasts. What does the clicking is in hands.mjs.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { launchBrowser, newPage } from './browser.mjs';
import { root } from './root.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('playwright-core').Locator} Locator */

/** Where pictures and logs of test runs go. */
export const artifacts = process.env['TEST_ARTIFACTS'] ?? join(root, 'artifacts');

/**
 * @typedef {object} TreeRow
 * @property {number} level 1 at the top
 * @property {string} label what a screen reader says
 * @property {boolean | undefined} expanded nothing when it has no children
 */

/** One open workbench. Locators wait by themselves; nothing here sleeps. */
export class Workbench {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
  }

  /** The rows of the side bar's trees as they are drawn, from top to bottom. */
  get tree() {
    return this.page.locator('.part.sidebar').getByRole('treeitem');
  }

  /**
   * The row whose words begin so. Narrower than a search: "web" does not find "db, copy of web".
   * @param {string | RegExp} label
   */
  row(label) {
    return this.tree
      .and(this.page.getByRole('treeitem', { name: typeof label === 'string' ? startsWith(label) : label }))
      .first();
  }

  /**
   * Scrolls down to a row that the tree does not draw: it draws only those that are seen.
   * @param {string | RegExp} label
   */
  async scrollTo(label) {
    const row = this.row(label);
    // Each of several views has a tree of its own.
    const trees = this.page.locator('.part.sidebar').getByRole('tree');
    for (let at = 0; !(await row.isVisible()); at += 1) {
      await trees.nth(at % (await trees.count())).hover();
      await this.page.mouse.wheel(0, 150);
      await this.page.evaluate('new Promise(requestAnimationFrame)');
    }
    // Not half below the edge.
    await this.page.mouse.wheel(0, 60);
  }

  /** @returns {Promise<TreeRow[]>} */
  async rows() {
    return this.tree.evaluateAll((elements) =>
      elements.map((element) => ({
        level: Number(element.getAttribute('aria-level')),
        label: element.getAttribute('aria-label') ?? '',
        expanded: { true: true, false: false }[element.getAttribute('aria-expanded') ?? ''],
      })),
    );
  }

  /** The quick pick or input box at the top. */
  get quickInput() {
    return this.page.locator('.quick-input-widget');
  }

  get quickInputField() {
    return this.quickInput.locator('input[type=text]');
  }

  /** The input box of this title. @param {string} title */
  inputBox(title) {
    return this.quickInput.filter({ has: this.page.locator('.quick-input-title', { hasText: title }) });
  }

  get quickInputMessage() {
    return this.quickInput.locator('.quick-input-message');
  }

  /** @param {string | RegExp} label the whole label, or an expression over all words of the row */
  option(label) {
    const rows = this.quickInput.locator('.monaco-list-row');
    if (typeof label !== 'string') return rows.filter({ hasText: label }).first();
    const whole = new RegExp(`${startsWith(label).source}$`);
    return rows.filter({ has: this.page.locator('.label-name', { hasText: whole }) }).first();
  }

  /** The modal dialog. */
  get dialog() {
    return this.page.locator('.monaco-dialog-box');
  }

  /** @param {string | RegExp} text */
  toast(text) {
    return this.page.locator('.notification-toast').filter({ hasText: text }).first();
  }

  /**
   * Messages in the list that "Notifications: Show Notifications" opens: also those that are no toasts any more.
   * @param {string | RegExp} text
   */
  notice(text) {
    return this.page.locator('.notifications-center .notification-list-item').filter({ hasText: text });
  }

  /** The number on a view container's tab; none, no badge. @param {string} container */
  badge(container) {
    return this.page.locator('.activitybar').getByRole('tab', { name: container }).locator('.badge-content');
  }

  get contextMenu() {
    return this.page.locator('.monaco-menu').last();
  }

  /** A status bar entry whose text or tooltip has these words. @param {string | RegExp} text */
  statusBar(text) {
    return this.page.locator('.part.statusbar .statusbar-item').filter({ hasText: text }).first();
  }

  /** The text of the open editor, as far as it is drawn. */
  get editor() {
    return this.page.locator('.editor-instance .view-lines').first();
  }

  /**
   * Makes the side bar so wide, in pixels, that pictures show whole rows.
   * @param {number} width
   */
  async widenSideBar(width) {
    const box = await this.page.locator('.part.sidebar').boundingBox();
    if (!box) throw new Error('The side bar is not open.');
    const edge = { x: box.x + box.width + 1, y: box.y + box.height / 2 };
    await this.page.mouse.move(edge.x, edge.y);
    await this.page.mouse.down();
    await this.page.mouse.move(box.x + width, edge.y, { steps: 4 });
    await this.page.mouse.up();
    // Away from the edge, which shines as long as the mouse is on it.
    await this.page.mouse.move(edge.x + width, edge.y);
  }

  /** The document inside a webview. */
  get webview() {
    return this.page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
  }

  /**
   * What has the keyboard, in words for messages of failure.
   * @returns {Promise<string>}
   */
  async focus() {
    return this.page.evaluate(() => {
      const element = document.activeElement;
      const inside = document.getElementById(element?.getAttribute('aria-activedescendant') ?? '') ?? element;
      return `${element?.tagName} ${inside?.getAttribute('aria-label') ?? inside?.textContent?.slice(0, 80)}`;
    });
  }

  /**
   * @param {string} name file name without `.png`, may have folders
   * @returns {Promise<string>} where the picture is
   */
  async picture(name) {
    const path = join(artifacts, 'screenshots', `${name}.png`);
    mkdirSync(dirname(path), { recursive: true });
    await this.page.screenshot({ path });
    return path;
  }
}

/**
 * Opens the address of a VS Code server in a browser of its own.
 * @param {string} url
 * @param {{ width?: number, height?: number }} [size]
 * @returns {Promise<{ workbench: Workbench, close: () => Promise<void> }>}
 */
export async function openWorkbench(url, size) {
  const browser = await launchBrowser();
  try {
    const page = await newPage(browser, size);
    await page.goto(url);
    // The remote indicator comes with the extension host's connection; commands before it are lost.
    await page.locator('.monaco-workbench .part.statusbar').waitFor();
    return { workbench: new Workbench(page), close: () => browser.close() };
  } catch (error) {
    await browser.close();
    throw error;
  }
}

/** @param {string} text */
export function startsWith(text) {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}`);
}
