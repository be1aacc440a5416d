// The files of a real Debian that runs, by mouse in a real VS Code: yesterday's beside today's, what `apt install`
// changed, one file back; and restore points that come and go while their folder is open.
import assert from 'node:assert/strict';
import { defineDebianGuest, offeredPackage } from '../../scripts/guest/debianGuest.mjs';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { runInGuest, waitForAgent } from '../../scripts/guest/inGuest.mjs';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

const vm = 'debian-test';
const row = new RegExp(`^${vm}, `, 'u');

const isRoot = process.getuid?.() === 0;
if (!isRoot) {
  process.stdout.write('      skipped: only root can make a Debian by debootstrap\n');
}

(isRoot ? describe : describe.skip)('the files of a VM', () => {
  const daemon = testDaemon();
  const { virsh } = daemon;

  const inGuest = async (script: string): Promise<string> => {
    const { stdout, stderr, code } = await runInGuest(virsh, vm, '/bin/sh', ['-c', script]);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  const stage = stepsOnStage(async (ends) => {
    ends.push(async () => {
      await virshOk(virsh, 'destroy', vm);
      await virshOk(virsh, 'undefine', vm, '--snapshots-metadata');
    });
    await defineDebianGuest(daemon, vm);
    await virshOk(virsh, 'start', vm);
    await waitForAgent(virsh, vm);
    await inGuest("printf '10.0.0.5\\tdatabase\\n' >> /etc/hosts && sync");
    await virshOk(virsh, 'snapshot-create-as', vm, 'Yesterday', '--disk-only');
    await inGuest(`apt-get install -y --no-install-recommends ${offeredPackage} &&
      sed -i s/10.0.0.5/10.0.0.7/ /etc/hosts && sync`);
    await virshOk(virsh, 'snapshot-create-as', vm, 'Today', '--disk-only');
    return openStage('mouse');
  });

  it('are beside the VMs, those of the chosen restore point open', async () => {
    const { hands: person, workbench } = stage();
    await person.showView('Virt Rewind', 'VMs');
    await person.expand(row);
    await person.menu('Yesterday', 'Browse Guest Files');
    await workbench.row('etc').waitFor();
    // A row is found by its name.
    await person.collapse(row);
  });

  it("open beside today's", async () => {
    const { hands: person, workbench } = stage();
    await person.expand('etc');
    await workbench.scrollTo('hosts');
    await person.menu('hosts', 'Compare…');
    await person.pick('Today');
    for (const [side, text] of [
      ['original', '10.0.0.5'],
      ['modified', '10.0.0.7'],
    ] as const) {
      await workbench.page.locator(`.monaco-diff-editor .${side} .view-line`).filter({ hasText: text }).waitFor();
    }
    await workbench.picture('inside-compare');
  });

  it('go back into the VM, and the snapshot that was made before is a folder', async () => {
    const { hands: person, workbench } = stage();
    await person.menu('hosts', 'Restore to VM…');
    await workbench.dialog.waitFor();
    await workbench.picture('inside-restore');
    await person.answer('Restore');
    await workbench.toast('Undo').waitFor();
    await workbench.picture('inside-restored');
    assert.match(await inGuest('cat /etc/hosts'), /^10\.0\.0\.5\tdatabase$/mu);
    await workbench.scrollTo(/^Before /u);
  });

  it('go with their snapshot', async () => {
    const { hands: person, workbench } = stage();
    const name = 'Later';
    await virshOk(virsh, 'snapshot-create-as', vm, name, '--disk-only');
    await workbench.scrollTo(name);
    await virshOk(virsh, 'snapshot-delete', vm, name, '--metadata');
    await workbench.row(name).waitFor({ state: 'detached' });
    await person.command('Virt Rewind: Close Guest Files');
    await person.expand(row);
  });

  it('that changed are side by side, and in a list with the packages', async () => {
    const { hands: person, workbench } = stage();
    await person.select('Yesterday');
    await workbench.row('Today').click({ modifiers: ['Control'] });
    await person.menu('Today', 'Show Changed Files…');
    await workbench.page.locator('.monaco-diff-editor .view-line').getByText('crontab').first().waitFor();
    await workbench.picture('inside-changes');
    await person.notification('Show List', 'Show List');
    await workbench.webview.getByText(`A ${offeredPackage}:`).waitFor();
    await workbench.webview.getByText('M /var/lib/dpkg/status').first().waitFor();
    await workbench.picture('inside-list');
  });
});
