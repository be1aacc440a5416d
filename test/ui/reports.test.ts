// The pages that are Markdown in four themes, as axe sees them: history, doctor, health, comparison. The document around what is
// ours belongs to VS Code's preview: it has no title, no language and no landmarks.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { themeSettings, violationsInThemes } from './accessible.js';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

const ofTheDocument = ['document-title', 'html-has-lang', 'landmark-one-main', 'region'];

describe('the reports', () => {
  const daemon = testDaemon();
  const { virsh } = daemon;
  const vm = 'reported';
  const stage = stepsOnStage(async (ends) => {
    const file = join(daemon.dir, `${vm}.qcow2`);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4M']);
    ends.push(() => virsh(['undefine', vm, '--snapshots-metadata']));
    await defineDiskVm({ virsh }, vm, [{ file, format: 'qcow2' }]);
    return openStage('mouse', { settings: themeSettings });
  });

  const violations = (name: string) =>
    violationsInThemes(stage(), stage().workbench.webview.locator('.markdown-body'), `reports/${name}`, {
      within: 'body',
      off: ofTheDocument,
    });

  it('have something to tell', async () => {
    await stage().hands.showView('Virt Rewind', 'VMs');
    await stage().hands.menu(vm, 'Quick Checkpoint');
    await stage().hands.expand(vm);
    await stage()
      .workbench.row(/^check…/)
      .waitFor();
  });

  for (const [name, open] of [
    ['history', () => stage().hands.command('Virt Rewind: Show History')],
    ['doctor', () => stage().hands.menu(vm, 'Health and Repair', 'Doctor: What Works')],
    ['health', () => stage().hands.menu(vm, 'Health and Repair', 'Check Health')],
    ['comparison', () => stage().hands.menu(/^check…/, 'Copy and Show', 'Compare with Present')],
  ] as const) {
    it(`of ${name}: nothing is wrong for who cannot see it, or not well`, async () => {
      await stage().hands.command('View: Close All Editors');
      await open();
      assert.deepEqual(await violations(name), []);
    });
  }
});
