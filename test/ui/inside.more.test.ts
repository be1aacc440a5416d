// The files of a real Debian that runs, by mouse in a real VS Code: yesterday's beside today's, what `apt install`
// changed, one file back; and restore points that come and go while their folder is open.
import assert from 'node:assert/strict';
import { defineDebianGuest, offeredPackage } from '../../scripts/guest/debianGuest.mjs';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { runInGuest, waitForAgent } from '../../scripts/guest/inGuest.mjs';
import { hands } from '../../scripts/rig/hands.mjs';
import { Workbench } from '../../scripts/rig/workbench.mjs';
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
  let files: Workbench;
  let inFiles: ReturnType<typeof hands>;

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

  it('are in a window, a folder for each restore point', async () => {
    const { hands: person, workbench } = stage();
    await person.showView('Virt Rewind', 'VMs');
    await person.expand(row);
    const [page] = await Promise.all([
      workbench.page.context().waitForEvent('page'),
      person.menu('Yesterday', 'Copy and Show', 'Browse Guest Files'),
    ]);
    page.setDefaultTimeout(60_000);
    await page.setViewportSize({ width: 1300, height: 800 });
    files = new Workbench(page);
    inFiles = hands('mouse', files);
    await files.row('Today').waitFor();
    await files.row('Yesterday').waitFor();
  });

  /** Of the other one, nothing is open: a row is found by its name. */
  async function scrollToHosts(point: string): Promise<void> {
    await files.row(point).click();
    await inFiles.expand('etc');
    await files.scrollTo('hosts');
  }

  async function collapseAll(): Promise<void> {
    const header = files.page.locator('.part.sidebar .pane-header').first();
    await header.hover();
    await header.getByRole('button', { name: 'Collapse' }).click();
    await files.row('etc').waitFor({ state: 'detached' });
  }

  it("open beside today's", async () => {
    await scrollToHosts('Yesterday');
    await inFiles.menu('hosts', 'Select for Compare');
    await collapseAll();
    await scrollToHosts('Today');
    await inFiles.menu('hosts', 'Compare with Selected');
    for (const [side, text] of [
      ['original', '10.0.0.5'],
      ['modified', '10.0.0.7'],
    ] as const) {
      await files.page.locator(`.monaco-diff-editor .${side} .view-line`).filter({ hasText: text }).waitFor();
    }
    await files.picture('inside-compare');
  });

  it('cannot be deleted', async () => {
    await files.row('hosts').click();
    await files.page.keyboard.press('Delete');
    await inFiles.answer('Continue');
    await inFiles.answer('Delete');
    await files.dialog.getByText('Unable to modify read-only file').waitFor();
    await inFiles.answer('Cancel');
  });

  it('go back into the VM, and the snapshot that was made before is a folder', async () => {
    await collapseAll();
    await scrollToHosts('Yesterday');
    await inFiles.menu('hosts', 'Restore to VM…');
    await files.dialog.waitFor();
    await files.picture('inside-restore');
    await inFiles.answer('Restore');
    await files.toast('Undo').waitFor();
    await files.picture('inside-restored');
    assert.match(await inGuest('cat /etc/hosts'), /^10\.0\.0\.5\tdatabase$/mu);
    await collapseAll();
    await files.row(/^Before /u).waitFor();
  });

  it('go with their snapshot', async () => {
    const name = 'Later';
    await virshOk(virsh, 'snapshot-create-as', vm, name, '--disk-only');
    await files.row(name).click();
    await files.row('etc').waitFor();
    await virshOk(virsh, 'snapshot-delete', vm, name, '--metadata');
    await files.row(name).waitFor({ state: 'detached' });
    await files.page.close();
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
