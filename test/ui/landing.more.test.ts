// The first minute after `npm start`: who follows nothing but the screen sees the counter of a guest jump back.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { demoNames, makeDemoVms, removeDemoVms } from '../../scripts/guest/demoVms.mjs';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

describe('the first minute', () => {
  const daemon = testDaemon();
  const { virsh } = daemon;
  const [first = ''] = demoNames;
  const stage = stepsOnStage(async (ends) => {
    const folder = join(daemon.dir, 'landing');
    ends.push(() => removeDemoVms({ virsh, folder }));
    await makeDemoVms({ virsh, folder });
    return openStage('mouse', {
      env: { VIRT_REWIND_LAND_ON: demoNames.join(',') },
      // Drawn on a canvas, what a terminal shows could not be read.
      settings: { 'terminal.integrated.gpuAcceleration': 'off' },
    });
  });
  const console = () => stage().workbench.page.locator('.xterm-rows');
  const button = () => stage().workbench.page.getByRole('button', { name: `Revert ${first}…` });

  it('lands on one VM: it stands first, its console counts, and the walkthrough is open at it', async () => {
    await console()
      .filter({ hasText: /memory \d+ \| disk \d+/ })
      .waitFor();
    await stage().workbench.page.getByText(`${first} console`).first().waitFor();
    await button().waitFor();
    await stage().workbench.row('You are here').waitFor();
    const vms = (await stage().workbench.rows()).filter(({ level }) => level === 2);
    assert.equal(vms[0]?.label.split(',')[0], first);
    const seen = stage()
      .workbench.page.getByRole('checkbox', { name: /See a counter jump back/u })
      .first();
    assert.equal(await seen.getAttribute('aria-checked'), 'false');
    await stage().workbench.picture('landing');
  });

  it('opens the console of that VM again where its terminal was closed', async () => {
    await stage().hands.command('Terminal: Kill All Terminals');
    await console().waitFor({ state: 'detached' });
    await stage().workbench.page.getByRole('button', { name: 'Open Its Console' }).click();
    await console()
      .filter({ hasText: /memory \d+ \| disk \d+/ })
      .waitFor();
  });

  it('shows the counter jump back after two clicks', async () => {
    await button().click();
    await stage().hands.answer('Revert and Run');
    await console()
      .filter({ hasText: /memory 10\d \| disk 10\d/ })
      .waitFor();
    // It was the walkthrough's first step.
    await stage().workbench.page.locator('[data-done-step-id][aria-checked="true"]').first().waitFor();
    await stage().workbench.picture('landing-reverted');
  });
});
