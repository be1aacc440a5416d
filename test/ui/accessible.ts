// What axe finds in a page of an editor tab, in each of the four themes.
import axe from 'axe-core';
import type { Locator } from 'playwright-core';
import type { Stage } from './stage.js';

const themes = [
  ['light', '.vs', 'vscode-light', { colorScheme: 'light', forcedColors: 'none' }],
  ['dark', '.vs-dark', 'vscode-dark', { colorScheme: 'dark', forcedColors: 'none' }],
  ['contrast', '.hc-black', 'vscode-high-contrast', { colorScheme: 'dark', forcedColors: 'active' }],
  ['light-contrast', '.hc-light', 'vscode-high-contrast-light', { colorScheme: 'light', forcedColors: 'active' }],
] as const;

/** The settings of VS Code with which pages follow the theme of the machine. */
export const themeSettings = { 'window.autoDetectColorScheme': true, 'window.autoDetectHighContrast': true };

interface Page {
  readonly axe: typeof axe;
  readonly document: { readonly body: { readonly style: { background: string } } };
}

interface Options {
  /** A selector; absent: the whole page. */
  readonly within?: string;
  /** Rules that are not ours to follow. */
  readonly off?: readonly string[];
}

/**
 * A line for each violation.
 * @param body of the page
 * @param name of the pictures
 */
export async function violationsInThemes(
  stage: Stage,
  body: Locator,
  name: string,
  options: Options = {},
): Promise<readonly string[]> {
  const { page } = stage.workbench;
  const found: string[] = [];
  for (const [theme, shown, kind, media] of themes) {
    await page.emulateMedia(media);
    await page.locator(`.monaco-workbench${shown}`).waitFor();
    found.push(...(await violations(body, kind, options)).map((violation) => `${theme}: ${violation}`));
    await stage.workbench.picture(`${name}-${theme}`);
  }
  await page.emulateMedia(themes[0][3]);
  return found;
}

/** A page that is drawn anew meanwhile is looked at again. What is seen behind it is the editor's. */
async function violations(body: Locator, kind: string, { within = 'html', off = [] }: Options) {
  for (;;) {
    const frame = await (await body.elementHandle()).ownerFrame();
    if (frame === null) continue;
    try {
      await frame.locator(`body[data-vscode-theme-kind="${kind}"]`).waitFor();
      await frame.evaluate(axe.source);
      return await frame.evaluate(
        async ([part, rules]) => {
          const { axe: here, document } = globalThis as unknown as Page;
          document.body.style.background = 'var(--vscode-editor-background)';
          const { violations: all } = await here.run(part, {
            rules: Object.fromEntries(rules.map((rule) => [rule, { enabled: false }])),
          });
          return all.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
        },
        [within, off] as const,
      );
    } catch (error) {
      if (!frame.isDetached()) throw error;
    }
  }
}
