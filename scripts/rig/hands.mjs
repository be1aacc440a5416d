// Two ways to work in a workbench: a mouse, and a keyboard without a mouse. The same story runs with both.
import { startsWith } from './workbench.mjs';

/** @typedef {import('./workbench.mjs').Workbench} Workbench */
/** @typedef {import('playwright-core').Locator} Locator */

/** How often a click is tried again that another row took. */
const mostTries = 5;
const tryAgainMs = 2_000;
/** Between a change of a VM and the last time that its rows are drawn for it. */
const drawnAnewMs = 500;

/** Menus and dialogs take no mouse click in their first moments, lest the click that opened them choose something. */
const menuGraceMs = 150;
/** After how long a menu that does not come, or is gone again, is opened anew. */
const menuMs = 10_000;
/** Keys that a list may need before the wanted row has the focus: more than any list here is long. */
const mostSteps = 80;

/**
 * @typedef {object} Hands
 * @property {'mouse' | 'keyboard'} name
 * @property {(title: string) => Promise<void>} command runs a palette command by its whole title, for example "View:
 *   Show Log"
 * @property {(container: string, view: string) => Promise<void>} showView shows a view and gives it the focus
 * @property {(row: string | RegExp) => Promise<unknown>} select
 * @property {(row: string | RegExp) => Promise<void>} expand does nothing to a row that is open
 * @property {(row: string | RegExp, below: Locator) => Promise<void>} expandTo until a row below it is seen
 * @property {(row: string | RegExp) => Promise<void>} collapse
 * @property {(row: string | RegExp, ...path: string[]) => Promise<void>} menu chooses from a row's context menu;
 *   submenus before the item
 * @property {(row: string | RegExp, title: string) => Promise<void>} inline an action drawn on the row itself; by
 *   keyboard, the menu
 * @property {(label: string | RegExp) => Promise<void>} pick chooses in the open quick pick
 * @property {(title: string, text: string) => Promise<void>} type replaces what is in the input box of this title
 * @property {() => Promise<void>} enter accepts the open input box
 * @property {(button: string | RegExp) => Promise<void>} answer presses a button of the modal dialog
 * @property {(toast: string | RegExp, button: string) => Promise<void>} notification presses a button of a toast
 * @property {(toast: string | RegExp) => Promise<void>} dismiss
 */

/**
 * The palette's first match may be another command, and its list does not follow later changes: match whole, retry. And
 * the palette closes when the focus goes elsewhere: the side bar's tree takes it back when its rows are drawn anew in
 * the moment in which the palette opens (VS Code's `CustomTreeView.doRefresh`, until it hears that it lost the focus).
 */
async function runCommand(
  /** @type {Workbench} */ workbench,
  /** @type {string} */ title,
  /** @type {(row: Locator) => Promise<unknown>} */ choose,
) {
  const field = workbench.quickInputField;
  for (let attempt = 1; ; attempt++) {
    await workbench.page.keyboard.press('F1');
    const row = workbench.option(title);
    try {
      await field.fill(`>${title}`, { timeout: 3000 });
      await row.waitFor({ timeout: 3000 });
      await choose(row);
      return;
    } catch (error) {
      if (attempt === 5) throw error;
      // In the tree, Escape would take the focus from its row.
      if (await field.isVisible()) await workbench.page.keyboard.press('Escape');
    }
  }
}

/** What is the same for both: the palette and typing are the keyboard's for everybody. */
class Common {
  /** @param {Workbench} workbench */
  constructor(workbench) {
    this.workbench = workbench;
    this.page = workbench.page;
  }

  async type(/** @type {string} */ title, /** @type {string} */ text) {
    // One box follows another in the same place.
    await this.workbench.inputBox(title).waitFor();
    await this.workbench.quickInputField.press('Control+a');
    await this.page.keyboard.insertText(text);
  }

  async enter() {
    await this.page.keyboard.press('Enter');
  }

  /**
   * Turns the row until it stands as wanted.
   * @param {string | RegExp} row
   * @param {boolean} open
   * @param {() => Promise<void>} turn
   */
  async toggle(row, open, turn) {
    const item = this.workbench.row(row);
    const toggled = item.and(this.page.locator(`[aria-expanded="${open}"]`));
    // A row that has just been given what is below it.
    await item.and(this.page.locator('[aria-expanded]')).waitFor();
    for (let left = mostTries; (await toggled.count()) === 0 && left > 0; left--) {
      await turn();
      await Promise.race([toggled.waitFor(), this.page.waitForTimeout(tryAgainMs)]);
    }
    await toggled.waitFor();
  }

  /**
   * VS Code closes a row again that was opened while it was drawn anew with its first rows below it: what is seen below
   * it may go in the next moment.
   * @param {Locator} below
   * @param {() => Promise<void>} expand
   */
  async expandUntil(below, expand) {
    const isSoon = (/** @type {'visible' | 'hidden'} */ state, /** @type {number} */ timeout) =>
      below.waitFor({ state, timeout }).then(
        () => true,
        () => false,
      );
    for (let left = mostTries; left > 0; left--) {
      if (!(await below.isVisible())) await expand();
      if ((await isSoon('visible', tryAgainMs)) && !(await isSoon('hidden', drawnAnewMs))) return;
    }
    await below.waitFor();
  }

  /**
   * VS Code closes a menu when the focus goes elsewhere, as when a row is revealed: people open it again, and so does
   * this.
   * @param {() => Promise<void>} open
   * @param {() => Promise<Locator>} choose gives the item that was chosen
   */
  async chooseInMenu(open, choose) {
    let entry;
    for (let left = mostTries; entry === undefined; left--) {
      await open();
      try {
        entry = await choose();
      } catch (error) {
        if (left === 1) throw error;
        if ((await this.page.locator('.monaco-menu').count()) > 0) await this.page.keyboard.press('Escape');
      }
    }
    await entry.waitFor({ state: 'detached' });
  }
}

/** @implements {Hands} */
export class Mouse extends Common {
  /** @readonly @type {'mouse'} */
  name = 'mouse';

  async command(/** @type {string} */ title) {
    await runCommand(this.workbench, title, (row) => row.click({ timeout: 3000 }));
  }

  async showView(/** @type {string} */ container, /** @type {string} */ view) {
    const tab = this.page.locator('.activitybar').getByRole('tab', { name: container });
    await tab.waitFor();
    if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.click();
    await this.page.locator('.part.sidebar').getByText(view, { exact: false }).first().waitFor();
  }

  async select(/** @type {string | RegExp} */ row) {
    await this.workbench.row(row).locator('.monaco-icon-label').click();
  }

  async expand(/** @type {string | RegExp} */ row) {
    await this.toggle(row, true, () => this.#turn(row));
  }

  async expandTo(/** @type {string | RegExp} */ row, /** @type {Locator} */ below) {
    await this.expandUntil(below, () => this.expand(row));
  }

  async collapse(/** @type {string | RegExp} */ row) {
    await this.toggle(row, false, () => this.#turn(row));
  }

  /** Rows that come in above it while the mouse is on its way take the click. */
  async #turn(/** @type {string | RegExp} */ row) {
    await this.workbench.row(row).locator('.monaco-tl-twistie').click();
  }

  async menu(/** @type {string | RegExp} */ row, /** @type {string[]} */ ...path) {
    const label = this.workbench.row(row).locator('.monaco-icon-label');
    await this.chooseInMenu(
      () => label.click({ button: 'right' }),
      async () => {
        const entry = await this.#hoverTo(path);
        await this.page.waitForTimeout(menuGraceMs);
        await entry.click({ timeout: menuMs });
        return entry;
      },
    );
  }

  /** @returns {Promise<Locator>} the item that the path ends with */
  async #hoverTo(/** @type {readonly string[]} */ path) {
    await this.workbench.contextMenu.waitFor({ timeout: menuMs });
    const menus = this.page.locator('.monaco-menu');
    const first = (await menus.count()) - 1;
    let entry = menus.nth(first);
    for (const [depth, item] of path.entries()) {
      // A submenu stands inside its item, and opens while the mouse is over it.
      entry = menus
        .nth(first + depth)
        .getByRole('menuitem', { name: startsWith(item) })
        .first();
      await entry.hover({ timeout: menuMs });
      if (depth < path.length - 1) await menus.nth(first + depth + 1).waitFor({ timeout: menuMs });
    }
    return entry;
  }

  async inline(/** @type {string | RegExp} */ row, /** @type {string} */ title) {
    const item = this.workbench.row(row);
    await item.hover();
    await item.getByRole('button', { name: startsWith(title) }).click();
  }

  async pick(/** @type {string | RegExp} */ label) {
    await this.workbench.option(label).click();
  }

  async answer(/** @type {string | RegExp} */ button) {
    const { dialog } = this.workbench;
    await dialog.waitFor();
    await this.page.waitForTimeout(menuGraceMs);
    const pressed = dialog.getByRole('button', { name: button, exact: true });
    await pressed.click();
    // Not the dialog: another question may stand in its place at once.
    await pressed.waitFor({ state: 'detached' });
  }

  async notification(/** @type {string | RegExp} */ toast, /** @type {string} */ button) {
    await this.workbench.toast(toast).getByRole('button', { name: button, exact: true }).click();
  }

  async dismiss(/** @type {string | RegExp} */ toast) {
    const shown = this.workbench.toast(toast);
    await shown.hover();
    await shown.locator('.codicon-notifications-clear').click();
    await shown.waitFor({ state: 'detached' });
  }
}

/** @implements {Hands} */
export class Keyboard extends Common {
  /** @readonly @type {'keyboard'} */
  name = 'keyboard';
  /** The view whose tree `select` walks; set by showView. */
  #view = { container: '', title: '' };

  async command(/** @type {string} */ title) {
    await runCommand(this.workbench, title, async (row) => {
      await this.#walk('ArrowDown', row, `the command ${title}`);
      await this.#chooseIn('.quick-input-widget');
    });
  }

  async showView(/** @type {string} */ container, /** @type {string} */ view) {
    this.#view = { container, title: view };
    await this.#focusView();
  }

  async #focusView() {
    const { container, title } = this.#view;
    await this.command(`${container}: Focus on ${title} View`);
  }

  /**
   * Where the focus is there already, the command is not run again: it comes after the palette has given the focus
   * back, at a time that nothing tells, and takes the focus from what was opened by then.
   */
  async #focusTree() {
    const focused = (/** @type {string} */ wanted) => {
      const list = document.activeElement?.closest('.part.sidebar .monaco-list');
      return list?.closest('.part')?.querySelector('.title')?.textContent.includes(wanted) === true;
    };
    const { title } = this.#view;
    if (await this.page.evaluate(focused, title)) return;
    await this.#focusView();
    // Keys pressed before the focus has come over from the palette are lost.
    await this.page.waitForFunction(focused, title);
  }

  /** @param {string | RegExp} row */
  async select(row) {
    const item = this.workbench.row(row);
    await item.waitFor();
    await this.#focusTree();
    await this.page.keyboard.press('Home');
    await this.#walk('ArrowDown', item, `the row ${row}`, 'Home');
    return item;
  }

  async expand(/** @type {string | RegExp} */ row) {
    await this.toggle(row, true, () => this.#pressOn(row, 'ArrowRight'));
  }

  async expandTo(/** @type {string | RegExp} */ row, /** @type {Locator} */ below) {
    await this.expandUntil(below, () => this.expand(row));
  }

  async collapse(/** @type {string | RegExp} */ row) {
    await this.toggle(row, false, () => this.#pressOn(row, 'ArrowLeft'));
  }

  /** A key that comes while the rows are drawn anew is lost. */
  async #pressOn(/** @type {string | RegExp} */ row, /** @type {string} */ key) {
    await this.select(row);
    await this.page.keyboard.press(key);
  }

  async menu(/** @type {string | RegExp} */ row, /** @type {string[]} */ ...path) {
    await this.chooseInMenu(
      () => this.#pressOn(row, 'Shift+F10'),
      async () => {
        const entry = await this.#walkTo(path);
        await this.#chooseIn('.monaco-menu');
        return entry;
      },
    );
  }

  /** @returns {Promise<Locator>} the item that the path ends with, which has the focus then */
  async #walkTo(/** @type {readonly string[]} */ path) {
    let entry = this.workbench.contextMenu;
    for (const [depth, item] of path.entries()) {
      const entries = this.workbench.contextMenu.locator('.action-item');
      entry = entries.filter({ has: this.page.getByRole('menuitem', { name: startsWith(item) }) }).first();
      await entry.waitFor({ timeout: menuMs });
      // Nothing has the focus in a menu that a key has opened.
      await this.#walk('ArrowDown', entry, `the menu item ${item}`);
      if (depth < path.length - 1) await this.page.keyboard.press('Enter');
    }
    return entry;
  }

  async inline(/** @type {string | RegExp} */ row, /** @type {string} */ title) {
    await this.menu(row, title);
  }

  async pick(/** @type {string | RegExp} */ label) {
    const row = this.workbench.option(label);
    await row.waitFor();
    await this.#walk('ArrowDown', row, `the option ${label}`);
    await this.page.keyboard.press('Enter');
  }

  async answer(/** @type {string | RegExp} */ button) {
    const { dialog } = this.workbench;
    await dialog.waitFor();
    const pressed = dialog.getByRole('button', { name: button, exact: true });
    await this.#tabTo(pressed);
    await this.page.keyboard.press('Enter');
    await pressed.waitFor({ state: 'detached' });
  }

  async notification(/** @type {string | RegExp} */ toast, /** @type {string} */ button) {
    await this.workbench.toast(toast).waitFor();
    await this.command('Notifications: Focus Notification Toast');
    await this.#tabTo(this.workbench.toast(toast).getByRole('button', { name: button, exact: true }));
    await this.page.keyboard.press('Enter');
  }

  async dismiss(/** @type {string | RegExp} */ toast) {
    await this.workbench.toast(toast).waitFor();
    // Not the Delete key: while the palette gives the focus back, it may still go to the tree and ask about a snapshot.
    await this.command('Notifications: Clear All Notifications');
    await this.workbench.toast(toast).waitFor({ state: 'detached' });
  }

  /**
   * Presses a key until a row of a list has the list's focus.
   * @param {string} key
   * @param {Locator} row
   * @param {string} what for the message when it is never reached
   * @param {string} [back] to begin again from where the keys lead nowhere any more: after an operation the tree itself
   *   moves the focus to a row, which may be beyond the one that is wanted
   */
  async #walk(key, row, what, back) {
    const reached = row.and(this.page.locator('.focused'));
    for (let step = 0; step < mostSteps; step++) {
      if ((await reached.count()) > 0) return;
      const before = await this.workbench.focus();
      await this.page.keyboard.press(key);
      // The list moves its focus in the same turn; only a list that is still being filled does not.
      if ((await this.workbench.focus()) === before && step > 3) {
        await row.waitFor();
        if (back !== undefined) await this.page.keyboard.press(back);
      }
    }
    throw new Error(`${what} was not reached by ${key}; the focus is on ${await this.workbench.focus()}`);
  }

  /**
   * Presses Enter, and fails where it came when the list had closed already, for somebody else took the focus: nothing
   * on the screen would tell that from one that closed because something was chosen.
   * @param {string} list selector of what holds it
   */
  async #chooseIn(list) {
    const heard = (/** @type {string} */ wanted) => {
      const page = /** @type {{ enterCameTo?: boolean }} */ (globalThis);
      const listen = (/** @type {KeyboardEvent} */ event) => {
        // A menu stands in a shadow tree, of which the target tells nothing.
        page.enterCameTo = event
          .composedPath()
          .some((part) => part instanceof globalThis.Element && part.matches(wanted));
      };
      page.enterCameTo = false;
      document.addEventListener('keydown', listen, { capture: true, once: true });
    };
    await this.page.evaluate(heard, list);
    await this.page.keyboard.press('Enter');
    // A page that is loaded anew by what was chosen knows nothing of it, nor can it be asked meanwhile.
    const isIn = await this.page
      .evaluate(() => /** @type {{ enterCameTo?: boolean }} */ (globalThis).enterCameTo)
      .catch(() => undefined);
    if (isIn === false) throw new Error(`${list} had closed when Enter was pressed`);
  }

  /** @param {Locator} button */
  async #tabTo(button) {
    await button.waitFor();
    for (let step = 0; step < mostSteps; step++) {
      if (await button.evaluate((element) => element === document.activeElement)) return;
      await this.page.keyboard.press('Tab');
    }
    throw new Error(`the button was not reached by Tab; the focus is on ${await this.workbench.focus()}`);
  }
}

/**
 * @param {'mouse' | 'keyboard'} kind
 * @param {Workbench} workbench
 * @returns {Hands}
 */
export function hands(kind, workbench) {
  return kind === 'mouse' ? new Mouse(workbench) : new Keyboard(workbench);
}
