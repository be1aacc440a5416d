// The display of a VM in a tab: seen, typed into, left by the keyboard, through a stop and a start.
import assert from 'node:assert/strict';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { defineOracleGuest } from '../../scripts/guest/oracleGuest.mjs';
import { themeSettings, violationsInThemes } from './accessible.js';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

const vm = 'displayed';

describe('the display of a VM', () => {
  const daemon = testDaemon();
  const virsh = (...args: string[]): Promise<string> => virshOk(daemon.virsh, ...args);
  const stage = stepsOnStage(async (ends) => {
    ends.push(() => daemon.virsh(['undefine', vm, '--snapshots-metadata']));
    await defineOracleGuest(daemon, { name: vm, disks: ['qcow2'], vnc: 'open' });
    ends.push(() => daemon.virsh(['destroy', vm]));
    await virsh('start', vm);
    return openStage('keyboard', { settings: themeSettings });
  });
  const page = () => stage().workbench.webview;
  const status = () => page().locator('#status');

  it('is shown in a tab', async () => {
    await stage().hands.showView('Virt Rewind', 'VMs');
    await stage().hands.command('Virt Rewind: Open Display');
    await page().locator('#screen canvas').waitFor();
    await status().waitFor({ state: 'hidden' });
    const canvas = page().locator('#screen canvas');
    assert.ok(Number(await canvas.getAttribute('width')) >= 640);
    assert.ok(Number(await canvas.getAttribute('height')) >= 350);
    await stage().workbench.picture('display');
  });

  it('is left by its key, for the buttons', async () => {
    await stage().workbench.page.keyboard.press('Control+Alt+g');
    await page().locator('button#keys:focus').waitFor();
  });

  it('is no obstacle to anybody', async () => {
    assert.deepEqual(await violationsInThemes(stage(), page().locator('main'), 'display/open'), []);
  });

  it('waits while the VM is off, and is back with it', async () => {
    await virsh('destroy', vm);
    await status().getByText('off').waitFor();
    await virsh('start', vm);
    await status().waitFor({ state: 'hidden' });
  });
});
