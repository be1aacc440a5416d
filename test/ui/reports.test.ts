// The pages that are Markdown in four themes, as axe sees them: history, doctor, health, comparison. The document around what is
// ours belongs to VS Code's preview: it has no title, no language and no landmarks.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import axe from 'axe-core';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

const themes = [
  ['.vs', { colorScheme: 'light', forcedColors: 'none' }],
  ['.vs-dark', { colorScheme: 'dark', forcedColors: 'none' }],
  ['.hc-black', { colorScheme: 'dark', forcedColors: 'active' }],
  ['.hc-light', { colorScheme: 'light', forcedColors: 'active' }],
] as const;

const ofTheDocument = ['document-title', 'html-has-lang', 'landmark-one-main', 'region'];

interface Page {
  readonly axe: typeof axe;
  readonly document: { readonly body: { readonly style: { background: string } } };
}

describe('the reports', () => {
  const daemon = testDaemon();
  const { virsh } = daemon;
  const vm = 'reported';
  const stage = stepsOnStage(async (ends) => {
    const file = join(daemon.dir, `${vm}.qcow2`);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4M']);
    ends.push(() => virsh(['undefine', vm, '--snapshots-metadata']));
    await defineDiskVm({ virsh }, vm, [{ file, format: 'qcow2' }]);
    const settings = { 'window.autoDetectColorScheme': true, 'window.autoDetectHighContrast': true };
    return openStage('mouse', { settings });
  });

  /** In each theme; what is seen behind the page is the editor's. */
  async function violations(name: string): Promise<readonly string[]> {
    const { page } = stage().workbench;
    const body = stage().workbench.webview.locator('.markdown-body');
    await body.waitFor();
    const frame = await (await body.elementHandle()).ownerFrame();
    assert.ok(frame);
    await frame.evaluate(axe.source);
    const found: string[] = [];
    for (const [theme, media] of themes) {
      await page.emulateMedia(media);
      await page.locator(`.monaco-workbench${theme}`).waitFor();
      await stage().workbench.picture(`reports/${name}${theme}`);
      found.push(
        ...(
          await frame.evaluate(async (off) => {
            const { axe: here, document } = globalThis as unknown as Page;
            document.body.style.background = 'var(--vscode-editor-background)';
            const rules = Object.fromEntries(off.map((rule) => [rule, { enabled: false }]));
            const { violations: all } = await here.run('body', { rules });
            return all.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
          }, ofTheDocument)
        ).map((violation) => `${theme} ${violation}`),
      );
    }
    return found;
  }

  it('have something to tell', async () => {
    await stage().hands.showView('Virt Rewind', 'VMs');
    await stage().hands.menu(vm, 'Quick Checkpoint');
    await stage().hands.expand(vm);
    await stage()
      .workbench.row(/^checkpoint/)
      .waitFor();
  });

  for (const [name, open] of [
    ['history', () => stage().hands.command('Virt Rewind: Show History')],
    ['doctor', () => stage().hands.menu(vm, 'Health and Repair', 'Doctor: What Works')],
    ['health', () => stage().hands.menu(vm, 'Health and Repair', 'Check Health')],
    ['comparison', () => stage().hands.menu(/^checkpoint/, 'Copy and Show', 'Compare with Present')],
  ] as const) {
    it(`of ${name}: nothing is wrong for who cannot see it, or not well`, async () => {
      await stage().hands.command('View: Close All Editors');
      await open();
      assert.deepEqual(await violations(name), []);
    });
  }
});
