// The story of a first hour with the extension, on the demo VMs: once by mouse, once by keyboard alone.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import axe from 'axe-core';
import { makeDemoVms, removeDemoVms } from '../../scripts/guest/demoVms.mjs';
import { counters, waitForAgent } from '../../scripts/guest/inGuest.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { allRows } from '../allRows.js';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

const internal = 'rewind-internal';
const external = 'rewind-overlays';

for (const by of allRows ? (['mouse', 'keyboard'] as const) : (['mouse'] as const)) {
  describe(`the story by ${by}`, () => {
    const daemon = testDaemon();
    const { virsh } = daemon;
    const stage = stepsOnStage(async (ends) => {
      // A folder for each story: overlays that libvirt forgets about stay where they are.
      const folder = join(daemon.dir, by);
      ends.push(() => removeDemoVms({ virsh, folder }));
      await makeDemoVms({ virsh, folder });
      return openStage(by);
    });

    const row = (label: string | RegExp) => stage().workbench.row(label);
    const picture = (name: string) => stage().workbench.picture(`${by}-${name}`);

    async function createSnapshot(vm: string, kind: string, title: string): Promise<void> {
      const { hands } = stage();
      await hands.menu(vm, 'Create Snapshot');
      await hands.pick(kind);
      await hands.type('Title of the Snapshot', title);
      await hands.enter();
      await hands.type('Description of the Snapshot', `Taken by ${by}`);
      await hands.enter();
      await standsOn(title);
    }

    /**
     * The keyboard is on that row. It comes there a moment after the row does, and closes a menu that is opened before.
     */
    async function standsOn(label: string | RegExp): Promise<void> {
      const focused = stage().workbench.page.locator(
        '.part.sidebar .monaco-list:focus-within .monaco-list-row.focused',
      );
      await row(label).and(focused).waitFor();
    }

    /**
     * Where a person expects to stand when that row has gone: on the next one at its level, or else on the one before.
     */
    async function besideOf(label: string): Promise<string> {
      const rows = await stage().workbench.rows();
      const at = rows.findIndex((one) => one.label.startsWith(label));
      const level = rows[at]?.level ?? 0;
      const end = rows.findIndex((one, index) => index > at && one.level < level);
      const beside = rows.slice(at + 1, end < 0 ? rows.length : end).find((one) => one.level === level);
      const before = rows.slice(0, at).findLast((one) => one.level <= level);
      return (beside ?? before)?.label.split(',')[0] ?? '';
    }

    /** What has a key of its own is done by that key. */
    async function withKey(label: string | RegExp, item: string, key: string): Promise<void> {
      if (by === 'mouse') {
        await stage().hands.menu(label, item);
      } else {
        await stage().hands.select(label);
        await stage().workbench.page.keyboard.press(key);
      }
    }

    it('shows the VMs, their states in words', async () => {
      await stage().hands.showView('Virt Rewind', 'VMs');
      await row(/^rewind-internal, 4 snapshots.*, running/).waitFor();
      await row(/^rewind-overlays, 3 snapshots.*, running/).waitFor();
      await picture('1-vms');
    });

    it('shows the tree of snapshots, with a branch', async () => {
      await stage().hands.expand(internal);
      // The branch opens a moment after the rows beside it.
      await row('After upgrade').waitFor();
      await row('You are here').waitFor();
      const rows = await stage().workbench.rows();
      const levels = rows.map(({ level, label }) => `${level} ${label.split(',')[0] ?? ''}`);
      assert.deepEqual(levels.slice(levels.indexOf(`2 ${internal}`)), [
        `2 ${internal}`,
        '3 Clean install',
        '3 Before upgrade',
        '4 After upgrade',
        '3 Another way',
        '3 You are here',
        `2 ${external}`,
      ]);
      await picture('2-tree');
    });

    it('marks a favourite, and tells in the status bar which VM one works with', async () => {
      await stage().hands.menu('Clean install', 'Keep…');
      await stage().workbench.option('Favourite').waitFor();
      for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'Space'])
        await stage().workbench.page.keyboard.press(key);
      await stage().hands.enter();
      await row(/^Clean install, .*favourite/).waitFor();
      await stage().workbench.page.locator('.statusbar-item[aria-label^="rewind-internal · running"]').waitFor();
      await picture('2-favourite');
    });

    it('names its rows to a screen reader as they are seen', async () => {
      const { page } = stage().workbench;
      // The workbench's content policy lets no script in; what is evaluated needs none.
      await page.evaluate(axe.source);
      const mismatches = await page.evaluate(async () => {
        const { axe: here } = globalThis as unknown as { axe: typeof axe };
        const { violations } = await here.run('.part.sidebar [role="tree"]', {
          runOnly: ['label-content-name-mismatch'],
          rules: { 'label-content-name-mismatch': { enabled: true } },
        });
        return violations.flatMap(({ nodes }) => nodes.map(({ html }) => html));
      });
      assert.deepEqual(mismatches, []);
    });

    it('takes a memory snapshot and stands right behind it', async () => {
      await counters(virsh, internal, 1_000);
      await createSnapshot(internal, 'Memory', 'It works now');
      await row(/^It works now, .*\bmemory\b/).waitFor();
      await row('You are here').waitFor();
      const rows = await stage().workbench.rows();
      const at = rows.findIndex(({ label }) => label.startsWith('It works now'));
      assert.match(rows[at + 1]?.label ?? '', /^You are here/);
      assert.equal(rows[at + 1]?.level, rows[at]?.level);
      await picture('3-memory-snapshot');
    });

    it('reverts to it, and keeps what was before: the old counters, and the VM runs', async () => {
      await counters(virsh, internal, 50_000);
      await withKey('It works now', 'Revert', 'Control+Alt+r');
      await stage().workbench.dialog.waitFor();
      await picture('4-revert-asks');
      await stage().hands.answer('Revert and Run');
      await stage()
        .workbench.toast(/Reverted rewind-internal/)
        .waitFor();
      await stage().hands.expandTo('It works now', row(/^Before revert, .*automatic/));
      await waitForAgent(virsh, internal);
      const { memory, disk } = await counters(virsh, internal);
      assert.ok(memory >= 1_000 && memory < 50_000, `memory ${memory}`);
      assert.ok(disk !== undefined && disk >= 1_000 && disk < 50_000, `disk ${disk ?? '-'}`);
      assert.equal((await virsh(['domstate', internal])).stdout.trim(), 'running');
      await picture('5-reverted');
    });

    it('undoes the revert: the counters of before it', async () => {
      await stage().hands.notification(/Reverted rewind-internal/, 'Undo Revert');
      await stage().workbench.dialog.waitFor();
      await picture('5-undo-asks');
      await stage().hands.answer('Undo and Run');
      await stage()
        .workbench.toast(/Undid the revert of rewind-internal to “It works now”/)
        .waitFor();
      await waitForAgent(virsh, internal);
      const { memory, disk } = await counters(virsh, internal);
      assert.ok(memory >= 50_000 && (disk ?? 0) >= 50_000, `${memory} ${disk ?? '-'}`);
      await stage().hands.dismiss(/Undid the revert of rewind-internal to “It works now”/);
    });

    it('does the same with an offline snapshot', async () => {
      await stage().hands.menu(internal, 'Power', 'Shut Down');
      await row(/^rewind-internal, .*, off, /).waitFor();
      await createSnapshot(internal, 'Offline', 'Switched off');
      await row(/^Switched off, .*\boffline\b/).waitFor();
      await stage().hands.menu(internal, 'Power', 'Start');
      await row(/^rewind-internal, .*, running, /).waitFor();
      await waitForAgent(virsh, internal);
      await counters(virsh, internal, 90_000);
      await withKey('Switched off', 'Revert', 'Control+Alt+r');
      await stage().hands.answer('Other…');
      await stage().workbench.option('Revert and Pause').first().waitFor();
      await picture('6-other-ways');
      await stage().hands.pick('Revert and Leave Off, without Checkpoint');
      await stage().workbench.dialog.filter({ hasText: 'Permanently lost' }).waitFor();
      await picture('6-without-checkpoint');
      await stage().hands.answer('Revert and Leave Off');
      await row(/^rewind-internal, .*, off, /).waitFor();
      await stage().hands.menu(internal, 'Power', 'Start');
      await row(/^rewind-internal, .*, running, /).waitFor();
      await waitForAgent(virsh, internal);
      const { disk } = await counters(virsh, internal);
      assert.ok(disk !== undefined && disk < 90_000, `disk ${disk ?? '-'}`);
      await picture('6-offline');
    });

    it('takes a disk-only snapshot of the VM in the external style', async () => {
      await stage().hands.expand(external);
      await createSnapshot(external, 'Disk-only', 'Before import');
      await row(/^Before import, .*\bdisk-only\b/).waitFor();
      await picture('7-disk-only');
    });

    it('takes one with the file systems of the guest frozen', async () => {
      await stage().hands.menu(external, 'Create Snapshot');
      await stage().workbench.option('Disk-only, quiesced').waitFor();
      await picture('8-kinds');
      await stage().hands.pick('Disk-only, quiesced');
      await stage().hands.type('Title of the Snapshot', 'Quiet');
      await stage().hands.enter();
      await stage().hands.type('Description of the Snapshot', '');
      await stage().hands.enter();
      await row(/^Quiet, .*\bdisk-only\b, quiesced/).waitFor();
      await standsOn('Quiet');
      await picture('8-quiesced');
    });

    it('deletes a snapshot in the middle of a chain, and what came after stays', async () => {
      await withKey(/^After upgrade, .*\bdisk-only\b/, 'Delete Snapshot', 'Delete');
      await stage().workbench.dialog.waitFor();
      await picture('8-delete-middle-asks');
      await stage().hands.answer('Other…');
      await stage().hands.pick('Delete Snapshot…');
      await stage().hands.answer('Delete');
      await stage()
        .workbench.toast(/starts in/)
        .waitFor();
      await picture('8-delete-moment');
      await row(/^After upgrade, .*\bdisk-only\b/).waitFor({ state: 'detached' });
      await row(/^Before import, /).waitFor();
      assert.equal((await virsh(['domstate', external])).stdout.trim(), 'running');
    });

    it('reverts to a disk-only snapshot on every libvirt, by itself where libvirt cannot', async () => {
      await withKey('Before import', 'Revert', 'Control+Alt+r');
      await stage().workbench.dialog.waitFor();
      await picture('8-revert-external-asks');
      await stage().hands.answer('Revert and Run');
      await stage()
        .workbench.toast(/Reverted rewind-overlays/)
        .waitFor();
      const { tree, page } = stage().workbench;
      // The other VM has one too, not below a snapshot.
      const kept = tree.and(page.getByRole('treeitem', { name: /^Before revert, .*automatic/, level: 4 }));
      await stage().hands.expandTo('Before import', kept);
      await picture('8-reverted-external');
      await stage().hands.dismiss(/Reverted rewind-overlays/);
      assert.equal((await virsh(['domstate', external])).stdout.trim(), 'running');
    });

    it('says that what two branches are built on cannot go alone, and what can', async () => {
      await withKey('Before import', 'Delete Snapshot', 'Delete');
      const { quickInput, page, dialog } = stage().workbench;
      await quickInput.getByText(/2 snapshots are built on/).waitFor();
      await quickInput.getByText('Delete with Descendants…').waitFor();
      await picture('8-refused');
      assert.equal(await dialog.count(), 0);
      await page.keyboard.press('Escape');
      await quickInput.waitFor({ state: 'hidden' });
      await row(/^Before import, /).waitFor();
    });

    it('takes a checkpoint without a question, and undoes it', async () => {
      if (by === 'mouse') await stage().hands.inline(internal, 'Quick Checkpoint');
      else await withKey(internal, 'Quick Checkpoint', 'Control+Alt+k');
      const checkpoint = row(/^checkpoint \d.*, memory/);
      await checkpoint.waitFor();
      if (by === 'keyboard') await standsOn(/^checkpoint \d/);
      await stage().workbench.toast(internal).waitFor();
      await picture('9-checkpoint');
      await stage().hands.notification(internal, 'Undo');
      await checkpoint.waitFor({ state: 'detached' });
    });

    it('deletes a snapshot after a question, and stands on the one beside it', async () => {
      const beside = await besideOf('Switched off');
      await withKey('Switched off', 'Delete Snapshot', 'Delete');
      await stage().workbench.dialog.waitFor();
      await picture('10-delete-asks');
      await stage().hands.answer('Delete');
      await row('Switched off').waitFor({ state: 'detached' });
      await standsOn(beside);
    });

    it('shows what another client does, by itself', async () => {
      const made = await virsh(['snapshot-create-as', internal, 'by-terminal']);
      assert.equal(made.code, 0, made.stderr);
      await row(/^by-terminal, .*\bmemory\b/).waitFor();
      const stopped = await virsh(['destroy', external]);
      assert.equal(stopped.code, 0, stopped.stderr);
      await row(/^rewind-overlays, .*, off, /).waitFor();
      await picture('11-beside-virsh');
    });

    it('finds what is wrong with a VM, and mends it', async () => {
      const stopped = await virsh(['destroy', internal]);
      assert.equal(stopped.code, 0, stopped.stderr);
      await row(/^rewind-internal, .*, off, /).waitFor();
      await runOk('qemu-img', ['snapshot', '-c', 'left-over', join(daemon.dir, by, `${internal}.qcow2`)]);
      await stage().hands.menu(internal, 'More', 'Health and Repair', 'Check Health');
      await stage().workbench.webview.getByText('1 problem found').waitFor();
      await picture('12-doctor');
      await stage()
        .workbench.webview.getByRole('link', { name: /^Repair… .*left-over/ })
        .click();
      await stage().hands.pick(/Remove “left-over”/);
      await stage().workbench.dialog.waitFor();
      await picture('13-repair-asks');
      await stage().hands.answer('Repair');
      await stage()
        .workbench.statusBar(/^Repaired rewind-internal/)
        .waitFor();
      await stage().workbench.webview.getByText('No problems found').waitFor();
      await row(/^rewind-internal, .*, off, /).waitFor();
      await picture('14-repaired');
      assert.doesNotMatch((await virsh(['snapshot-list', internal, '--name'])).stdout, /left-over/);
      const tags = await runOk('qemu-img', ['snapshot', '-l', join(daemon.dir, by, `${internal}.qcow2`)]);
      assert.doesNotMatch(tags, /left-over/);
    });

    if (by === 'mouse') {
      it('keeps a list while the page beside it takes the focus', async () => {
        const disk = join(daemon.dir, by, `${internal}.qcow2`);
        await runOk('qemu-img', ['snapshot', '-c', 'first', disk]);
        await runOk('qemu-img', ['snapshot', '-c', 'second', disk]);
        const { hands, workbench } = stage();
        await hands.menu(internal, 'More', 'Health and Repair', 'Repair');
        await workbench.option(/Remove “first”/).waitFor();
        // Below the list, which covers what stands first on the page.
        await workbench.webview.locator('html').click({ position: { x: 20, y: 420 } });
        await workbench.page.waitForFunction("document.activeElement?.tagName === 'IFRAME'");
        await picture('15-list-stays');
        await hands.pick(/Remove “first”/);
        await hands.answer('Repair');
        await workbench.webview.getByText('1 problem found').waitFor();
        await hands.menu(internal, 'More', 'Health and Repair', 'Repair');
        await hands.pick(/Remove “second”/);
        await hands.answer('Repair');
        await workbench.webview.getByText('No problems found').waitFor();
        const tags = await runOk('qemu-img', ['snapshot', '-l', disk]);
        assert.doesNotMatch(tags, /first|second/);
      });
    }

    it('asks for the name of a protected VM', async () => {
      await stage().hands.menu(internal, 'More', 'Protection…');
      await stage().hands.pick(/^[^N]*Protected/);
      await row(/^rewind-internal, .*, off, protected/).waitFor();
      await stage().hands.menu('by-terminal', 'Delete Snapshot');
      await stage().hands.answer('Delete');
      await stage().workbench.inputBox('Is Protected').waitFor();
      await picture('16-protected');
      await stage().workbench.page.keyboard.press('Escape');
      await row('by-terminal').waitFor();
    });
  });
}
