// The page of all VMs, by keyboard: it is sorted by its heads, VMs are chosen in it, and a button asks once for all.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

describe('the page of all VMs', () => {
  const daemon = testDaemon();
  const { virsh } = daemon;
  const vms = { 'all-small': ['a'], 'all-large': ['a', 'b', 'c'] };
  const stage = stepsOnStage(async (ends) => {
    for (const [name, snapshots] of Object.entries(vms)) {
      const file = join(daemon.dir, `${name}.qcow2`);
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4M']);
      ends.push(() => virsh(['undefine', name, '--snapshots-metadata']));
      await defineDiskVm({ virsh }, name, [{ file, format: 'qcow2' }]);
      for (const title of snapshots) {
        await virsh(['snapshot-create-as', name, title, '--disk-only']);
      }
    }
    return openStage('keyboard', { settings: { 'virtRewind.delete.undoSeconds': 0 } });
  });
  const main = () => stage().workbench.webview.locator('main');
  const names = () => main().getByRole('rowheader').allInnerTexts();
  const focus = async (name: string | RegExp, role: 'button' | 'checkbox' = 'button') => {
    await main().getByRole(role, { name }).first().focus();
    return stage().workbench.page.keyboard;
  };

  it('shows first what takes the disk, and sorts by what has the focus', async () => {
    await stage().hands.showView('Virt Rewind', 'VMs');
    await stage().hands.command('Virt Rewind: Show All VMs');
    const head = (name: string) => main().getByRole('columnheader', { name });
    await main()
      .getByRole('row', { name: /all-large.*3 .*KB/u })
      .waitFor();
    assert.equal(await head('Space').getAttribute('aria-sort'), 'descending');
    assert.ok((await names()).indexOf('all-large') < (await names()).indexOf('all-small'));
    await (await focus('Snapshots')).press('Enter');
    await (await focus('Snapshots')).press('Enter');
    assert.equal(await head('Snapshots').getAttribute('aria-sort'), 'ascending');
    assert.equal(await head('Space').getAttribute('aria-sort'), 'none');
    assert.ok((await names()).indexOf('all-small') < (await names()).indexOf('all-large'));
  });

  it('keeps the heads in sight below the toolbar when the page is scrolled', async () => {
    const { page } = stage().workbench;
    const whole = page.viewportSize() ?? { width: 1280, height: 800 };
    await page.setViewportSize({ width: 900, height: 300 });
    try {
      await main().getByRole('checkbox').last().focus();
      const place = async (found: ReturnType<typeof main>) => (await found.boundingBox()) ?? assert.fail('not shown');
      const [title, bar, head] = [
        await place(main().getByRole('heading')),
        await place(main().getByRole('toolbar')),
        await place(main().getByRole('columnheader').last()),
      ];
      assert.ok(title.y < bar.y, 'scrolled');
      assert.ok(Math.abs(head.y - bar.y - bar.height) <= 1, JSON.stringify({ bar, head }));
    } finally {
      await page.setViewportSize(whole);
    }
  });

  it('prunes the VMs that are chosen after one list and one question', async () => {
    assert.ok(await main().getByRole('button', { name: 'Prune…' }).isDisabled());
    await (await focus('all-large', 'checkbox')).press('Space');
    await (await focus('all-small', 'checkbox')).press('Space');
    await main().getByText('2 selected').waitFor();
    await (await focus('Prune…')).press('Enter');
    const { hands, workbench } = stage();
    await hands.pick('All but the newest');
    await workbench.option('all-large').waitFor();
    await workbench.page.keyboard.press('Enter');
    await hands.answer('Delete 2 Snapshots');
    await workbench.toast(/Deleted 2 snapshots of 1 VM\./u).waitFor();
    await main()
      .getByRole('row', { name: /all-large off 1 /u })
      .waitFor();
    await main().getByText('2 selected').waitFor();
  });
});
