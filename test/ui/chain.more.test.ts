// A chain that grew while nobody looked: told once, said what and why, mended from the message itself, and nothing of
// the guest's data is other than before.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { makeDemoVms, removeDemoVms } from '../../scripts/guest/demoVms.mjs';
import { runInGuest, waitForAgent } from '../../scripts/guest/inGuest.mjs';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

const name = 'rewind-overlays';
/** The demo VM has three deltas already. */
const more = ['d4', 'd5', 'd6', 'd7', 'd8', 'd9'];

describe('a chain of nine deltas', () => {
  const daemon = testDaemon();
  const { virsh } = daemon;
  let written: string;
  const stage = stepsOnStage(async (ends) => {
    // A demo VM with nine deltas, one of them old.
    const folder = join(daemon.dir, 'chain');
    ends.push(() => removeDemoVms({ virsh, folder }));
    await makeDemoVms({ virsh, folder });
    await write('base');
    for (const snapshot of more) {
      await virshOk(virsh, 'snapshot-create-as', name, snapshot, '--disk-only', '--diskspec', 'vda,snapshot=external');
      await write(snapshot);
    }
    await makeOld('clean-install');
    written = await sums();
    return openStage('mouse', {
      // Whether the machine of the test has room is not the question.
      settings: { 'virtRewind.health.sweepMinutes': 60, 'virtRewind.health.freePercent': 0 },
    });
  });

  /** A file of this delta's own, and one that each delta holds other bytes of. */
  async function write(delta: string): Promise<void> {
    const file = (of: string) => `dd if=/dev/urandom of=/data/${of} bs=64k count=4 conv=notrunc,fsync`;
    const { code, stderr } = await runInGuest(virsh, name, 'sh', ['-c', `${file(delta)} && ${file('over')}`]);
    assert.equal(code, 0, stderr);
  }

  /** As the disk has it, not as the guest remembers it. */
  async function sums(): Promise<string> {
    const read = 'sync; echo 3 >/proc/sys/vm/drop_caches; cd /data && sha256sum base over d*';
    const { code, stdout, stderr } = await runInGuest(virsh, name, 'sh', ['-c', read]);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  async function makeOld(snapshot: string): Promise<void> {
    const file = join(daemon.dir, 'old.xml');
    const xml = await virshOk(virsh, 'snapshot-dumpxml', name, snapshot, '--security-info');
    await writeFile(file, xml.replace(/<creationTime>\d+</, '<creationTime>1500000000<'));
    await virshOk(virsh, 'snapshot-create', name, file, '--redefine');
  }

  const picture = (what: string) => stage().workbench.picture(`chain-${what}`);

  it('is told of once: what is wrong and why', async () => {
    const { hands, workbench } = stage();
    await hands.showView('Virt Rewind', 'VMs');
    const toast = workbench.toast(name);
    await toast.waitFor();
    const said = await toast.innerText();
    assert.match(said, /9 deltas/);
    assert.match(said, /more than the limit of 8/);
    assert.match(said, /slows down/);
    assert.match(said, /Clean install/);
    await picture('1-told');
  });

  it('stands as a number on the view, as words on the row and in the status bar', async () => {
    const { workbench } = stage();
    await workbench.badge('Virt Rewind').filter({ hasText: /^2$/ }).waitFor();
    await workbench.row(/^rewind-overlays, .*⚠ 2 warnings/).waitFor();
    await workbench.statusBar(/2 warnings/).waitFor();
  });

  it('is not told again by another look at everything', async () => {
    const { hands, workbench } = stage();
    await hands.command('Virt Rewind: Check Health');
    await workbench.webview.getByText('9 deltas').first().waitFor();
    await picture('2-report');
    await hands.command('Virt Rewind: Refresh');
    await hands.command('Notifications: Show Notifications');
    await workbench.notice(name).first().waitFor();
    assert.equal(await workbench.notice(name).count(), 1);
    await picture('3-once');
  });

  it('is mended by the button of the message, after a plan', async () => {
    const { hands, workbench } = stage();
    await workbench.notice(name).getByRole('button', { name: 'Consolidate…', exact: true }).click();
    await workbench.dialog.waitFor();
    await picture('4-plan');
    await hands.answer(/^Delete \d+ Snapshots? and Merge$/);
    await workbench.statusBar(/^Consolidated the disks of rewind-overlays/).waitFor();
    await picture('5-done');
  });

  it('leaves one file, and the data of the guest as it was, now and after a cold start', async () => {
    assert.equal(await virshOk(virsh, 'snapshot-list', name, '--name'), '');
    assert.doesNotMatch(await virshOk(virsh, 'dumpxml', name), /<source file='[^']*'.*<backingStore[^/>]*>\s*</s);
    assert.equal(await sums(), written);
    await virshOk(virsh, 'destroy', name);
    await virshOk(virsh, 'start', name);
    await waitForAgent(virsh, name);
    assert.equal(await sums(), written);
  });

  it('is nowhere a warning any more', async () => {
    const { hands, workbench } = stage();
    await workbench.row(/^rewind-overlays, (?!.*⚠).*, running, /).waitFor();
    await workbench.badge('Virt Rewind').waitFor({ state: 'hidden' });
    await workbench.statusBar(/2 warnings/).waitFor({ state: 'detached' });
    await hands.command('Virt Rewind: Check Health');
    await workbench.webview.getByText('9 deltas').first().waitFor({ state: 'detached' });
    await hands.command('Notifications: Show Notifications');
    await picture('6-well');
    assert.equal(await workbench.notice(/deltas/).count(), 0);
  });
});
