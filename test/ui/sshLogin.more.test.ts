// A host behind ssh, added in the editor: its new key and the passphrase of a key are asked there. By the real ssh at a
// real sshd.
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, run } from '../../scripts/rig/run.mjs';
import { makeSshHost, type SshHost } from '../libvirtd/sshRig.js';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

describe('a host behind ssh', () => {
  const { dir, uri } = testDaemon();
  let far: SshHost;
  before(async function () {
    // The rig binds the daemon's sockets to where libvirt's are.
    if (process.geteuid?.() !== 0 || (await findProgram('sshd')) === undefined) {
      this.skip();
    }
    far = await makeSshHost({ dir, socket: new URL(uri).searchParams.get('socket') ?? '' }, 'build-host');
    await far.know();
    await far.identify('key');
  });
  const stage = stepsOnStage(() => openStage('keyboard'));
  after(async () => {
    // The login that connections share outlives the editor by a minute.
    const shared = `ControlPath=${join(tmpdir(), 'virt-rewind-0', '%C')}`;
    await run(far.at('client'), ['-O', 'exit', '-o', shared, 'build-host']);
  });

  it('is added after the person has trusted its key and given the passphrase', async () => {
    const { hands, workbench } = stage();
    await hands.showView('Virt Rewind', 'VMs');
    await hands.command('Virt Rewind: Add Connection…');
    await hands.pick(/Enter a URI/u);
    await hands.type('Add Connection', far.uri());
    await hands.enter();
    await workbench.dialog.getByText('ED25519 key fingerprint').waitFor();
    assert.doesNotMatch(await workbench.dialog.innerText(), /yes\/no/u);
    await hands.answer('Connect');
    await workbench.page.getByText('Enter passphrase for key').waitFor();
    await workbench.page.locator('.quick-input-widget input[type=password]').fill('open sesame');
    await workbench.picture('ssh-passphrase');
    await hands.enter();
    await workbench.row(/build-host \(ssh\),.*libvirt \d/u).waitFor();
  });
});
