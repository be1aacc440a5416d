// What a person does in a picture's tab, and sees and hears there. Knows no VM.
import type { Stage } from './stage.js';

export class PictureHands {
  readonly #stage: () => Stage;

  constructor(stage: () => Stage) {
    this.#stage = stage;
  }

  get page() {
    return this.#stage().workbench.webview;
  }

  get tree() {
    return this.page.getByRole('tree');
  }

  get blocks() {
    return this.page.getByRole('grid', { name: 'Blocks' });
  }

  get whatIf() {
    return this.page.getByRole('region', { name: 'What If' });
  }

  /** What is said of the cell that the cursor, or the mouse, is on. */
  get said() {
    return this.page.locator('#cell-words');
  }

  /** @param level 1 for a root */
  node(name: string | RegExp, level?: number) {
    return this.page.getByRole('treeitem', { name, ...(level !== undefined && { level }) }).first();
  }

  heading(name: string) {
    return this.page.getByRole('heading', { name });
  }

  press(key: string): Promise<void> {
    return this.#stage().workbench.page.keyboard.press(key);
  }

  /** The words of the node that has the keyboard. */
  async focused(): Promise<string> {
    const id = await this.tree.getAttribute('aria-activedescendant');
    return (await this.page.locator(`#${id ?? ''}`).getAttribute('aria-label')) ?? '';
  }

  /** A key in the tree, and the node that has the keyboard then. */
  async walk(key: string, wanted: RegExp): Promise<void> {
    await this.press(key);
    await this.page.getByRole('treeitem', { name: wanted, selected: true }).waitFor();
  }

  /** Opens the menu of the node that has the keyboard, and chooses, through the menus in it. */
  async choose(...items: readonly string[]): Promise<void> {
    await this.press('Enter');
    for (const item of items) {
      await this.page.getByRole('menuitem', { name: item }).click();
    }
  }

  async open(vm: string): Promise<void> {
    await this.#stage().hands.menu(vm, 'Show Picture');
    await this.heading(vm).waitFor();
  }
}
