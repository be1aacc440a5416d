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

  const focusFilter = async () => {
    await main().getByRole('searchbox').focus();
    return stage().workbench.page.keyboard;
  };

  it('shows first what takes the disk, and sorts by what has the focus', async () => {
    await stage().hands.showView('Virt Rewind', 'VMs');
    await stage().hands.command('Virt Rewind: Show All VMs');
    const head = (name: string) => main().getByRole('columnheader', { name });
    await main()
      .getByRole('row', { name: /all-large.*3 .*KB/u })
      .waitFor();
    assert.equal(await head('All files').getAttribute('aria-sort'), 'descending');
    assert.ok((await names()).indexOf('all-large') < (await names()).indexOf('all-small'));
    await (await focus('Snapshots')).press('Enter');
    await (await focus('Snapshots')).press('Enter');
    assert.equal(await head('Snapshots').getAttribute('aria-sort'), 'ascending');
    assert.equal(await head('All files').getAttribute('aria-sort'), 'none');
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
        await place(main().locator('.tools')),
        await place(main().getByRole('columnheader').last()),
      ];
      assert.ok(title.y < bar.y, 'scrolled');
      assert.ok(Math.abs(head.y - bar.y - bar.height) <= 1, JSON.stringify({ bar, head }));
    } finally {
      await page.setViewportSize(whole);
    }
  });

  it('has twenty VMs and more on a screen of 800 pixels', async () => {
    const { page } = stage().workbench;
    const whole = page.viewportSize() ?? { width: 1280, height: 800 };
    await page.setViewportSize({ width: 1280, height: 800 });
    try {
      const place = async (found: ReturnType<typeof main>) => (await found.boundingBox()) ?? assert.fail('not shown');
      const frame = await place(page.locator('iframe.webview.ready').first());
      // The page is as wide as its frame a moment later.
      const nextFrame = () => main().evaluate(() => new Promise((done) => setTimeout(done)));
      let head = await place(main().getByRole('columnheader').last());
      for (; head.x + head.width > frame.x + frame.width; await nextFrame()) {
        head = await place(main().getByRole('columnheader').last());
      }
      assert.equal(await main().getByRole('columnheader', { name: 'Connection' }).count(), 0, 'all have the same');
      // A row of a table that is drawn anew meanwhile has no place any more.
      const seen = async (): Promise<readonly number[]> => {
        const rows = await main().locator('tfoot tr, tbody tr').all();
        const boxes = await Promise.all(rows.map((row) => row.boundingBox()));
        const known = boxes.flatMap((box) => box?.height ?? []);
        return known.length === rows.length ? known : seen();
      };
      const all = await seen();
      const [foot = 0, heights] = [all.at(-1), all.slice(0, -1)];
      const room = frame.y + frame.height - (head.y + head.height) - foot;
      assert.ok(room / Math.max(...heights) >= 20, JSON.stringify({ room, heights }));
      await stage().workbench.picture('all-vms/twenty');
    } finally {
      await page.setViewportSize(whole);
    }
  });

  it('finds VMs by their words, and groups them by their names', async () => {
    const keyboard = await focusFilter();
    await keyboard.type('all-l');
    assert.deepEqual(await names(), ['all-large']);
    await main().getByText('1 of ').waitFor();
    await keyboard.press('Control+a');
    await keyboard.press('Delete');
    await main().getByRole('combobox').selectOption('name');
    await main()
      .getByRole('row', { name: /^all · 2/u })
      .getByRole('checkbox')
      .click();
    await main().getByText('2 selected').waitFor();
    await main().getByRole('combobox').selectOption('');
    await main().getByText('2 selected').waitFor();
  });

  it('selects a row by the first click on it, and by arrows and Space', async () => {
    const row = (name: string) => main().getByRole('row', { name: new RegExp(`^${name} `, 'u') });
    await row('all-small').getByText('all-small').click();
    assert.deepEqual(await main().getByRole('row', { selected: true }).getByRole('rowheader').allInnerTexts(), [
      'all-small',
    ]);
    assert.ok(await main().getByRole('button', { name: 'Start' }).isEnabled());
    assert.ok(await main().getByRole('button', { name: 'Shut Down' }).isDisabled());
    const { keyboard } = stage().workbench.page;
    await keyboard.press('Space');
    await main().getByRole('button', { name: 'Start' }).and(main().locator(':disabled')).waitFor();
    await keyboard.press('Home');
    await keyboard.press('Space');
    await main().getByText('1 selected').waitFor();
    await keyboard.press('Space');
    // A range begins where it did, also when the rows were drawn anew.
    await row('all-small').getByText('all-small').click();
    await main().getByRole('button', { name: 'VM', exact: true }).click();
    await row('all-large')
      .getByText('all-large')
      .click({ modifiers: ['Shift'] });
    await main().getByText('2 selected').waitFor();
    await row('all-small').getByText('all-small').click();
    await keyboard.press('Space');
  });

  it('prunes the VMs that are chosen after one list and one question', async () => {
    assert.ok(await main().getByRole('button', { name: 'Prune…' }).isDisabled());
    await (await focus('all-large', 'checkbox')).press('Space');
    await (await focus('all-small', 'checkbox')).press('Space');
    await main().getByText('2 selected').waitFor();
    await (await focus('Prune…')).press('Enter');
    const { hands, workbench } = stage();
    await hands.pick('All but the newest of each VM');
    await workbench.option('all-large').waitFor();
    await workbench.page.keyboard.press('Enter');
    await hands.answer('Delete 2 Snapshots');
    await workbench.toast(/Deleted 2 snapshots of 1 VM, freed \d+ KB\./u).waitFor();
    await main()
      .getByRole('row', { name: /all-large off No problems found\. 1 /u })
      .waitFor();
    await main().getByText('2 selected').waitFor();
  });
});
