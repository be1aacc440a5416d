// New VM… in a real VS Code: what is asked, and that nothing is left of what fails.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTinyCloudImage } from '../../scripts/guest/cloudImage.mjs';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { WebServer } from '../webServer.js';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

describe('a new VM', () => {
  const daemon = testDaemon();
  const own = join(daemon.dir, 'new-vm');
  const web = new WebServer();

  const stage = stepsOnStage(async (ends) => {
    ends.push(() => rm(own, { recursive: true, force: true }));
    ends.push(() => web.stop());
    ends.push(() => daemon.virsh(['undefine', 'taken']));
    const state = join(own, 'state');
    await mkdir(state, { recursive: true, mode: 0o700 });
    await web.start();
    const file = join(own, 'disk.qcow2');
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '1M']);
    await defineDiskVm(daemon, 'taken', [{ file, format: 'qcow2' }]);
    const bytes = await readFile(await makeTinyCloudImage(join(own, 'tiny.qcow2'), 'cloud=done'));
    web.files.set('tiny.qcow2', { bytes });
    const digest = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(state, 'images.json'), JSON.stringify({ tiny: { address: web.at('tiny.qcow2'), digest } }));
    return openStage('mouse', { env: { VIRT_REWIND_STATE: state, VIRT_REWIND_LABS: join(own, 'labs') } });
  });

  it('is asked for: an image of the catalogue, and a name that is free', async () => {
    const { hands: person, workbench } = stage();
    await person.command('Virt Rewind: New VM…');
    await workbench.quickInput.getByText('debian-13').waitFor();
    await workbench.picture('new-vm-images');
    await person.pick(/tiny/u);
    await workbench.quickInput.getByText('Name of the new VM').waitFor();
    await workbench.quickInputField.fill('taken');
    await workbench.quickInput.getByText('A VM named taken already exists.').waitFor();
    await workbench.picture('new-vm-name');
    await workbench.quickInputField.fill('web');
    await workbench.page.keyboard.press('Enter');
  });

  it('is fetched and made, and removed where its network is not there', async () => {
    const { workbench } = stage();
    await workbench.page.locator('.notification-toast', { hasText: 'default' }).first().waitFor();
    await workbench.picture('new-vm-failed');
    assert.deepEqual(web.asked, ['tiny.qcow2']);
    const { stdout } = await daemon.virsh(['list', '--all', '--name']);
    assert.deepEqual(stdout.split('\n').filter(Boolean), ['taken']);
  });
});
