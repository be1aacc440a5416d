// The tree in a narrow view: title and age of each snapshot can be read, those of its own too that a revert takes.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { makeDemoVms, removeDemoVms } from '../../scripts/guest/demoVms.mjs';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

const vm = 'rewind-internal';
/** Of snapshots that stand below nothing but their VM. */
const snapshotLevel = 3;

describe('the tree in a narrow view', () => {
  const daemon = testDaemon();
  const { virsh } = daemon;
  const stage = stepsOnStage(async (ends) => {
    const folder = join(daemon.dir, 'narrow');
    ends.push(() => removeDemoVms({ virsh, folder }));
    await makeDemoVms({ virsh, folder });
    return openStage('mouse');
  });
  const row = (label: string | RegExp) => stage().workbench.row(label);

  it('has a snapshot that was taken by itself', async () => {
    const { hands, workbench } = stage();
    await hands.showView('Virt Rewind', 'VMs');
    await hands.menu(vm, 'Quick Checkpoint');
    await row(/^check…\S+, /).waitFor();
    await hands.menu(/^check…\S+, /, 'Revert…');
    await hands.answer('Revert and Run');
    await row(/^before revert/).waitFor();
    await workbench.toast(/Reverted/).waitFor();
  });

  for (const width of [250, 300]) {
    it(`shows title and age of each at ${width} pixels`, async () => {
      await stage().workbench.widenSideBar(width);
      // A row that is selected has a button, too.
      await stage().hands.select(/^You are here/);
      await stage().workbench.picture(`narrow-${width}`);
      const all = (await stage().workbench.rows()).filter(({ level }) => level === snapshotLevel);
      assert.ok(all.length >= 3, `${all.length} rows`);
      for (const { label } of all.filter((one) => !one.label.startsWith('You are here'))) {
        const hidden = await stage().workbench.row(label).evaluate(pixelsHidden);
        assert.ok(hidden <= 0, `of the age of ${label} ${hidden} pixels are hidden`);
      }
    });
  }
});

/**
 * Runs in the page. How far the end of the age stands beyond what can be seen of a row, with the dots for what is cut
 * off.
 */
function pixelsHidden(root: unknown): number {
  interface Box {
    readonly right: number;
  }
  interface Part {
    readonly firstChild: Part | null;
    readonly textContent: string | null;
    readonly ownerDocument: {
      createRange(): {
        setStart(at: Part, to: number): void;
        setEnd(at: Part, to: number): void;
        getBoundingClientRect(): Box;
      };
    };
    querySelector(selector: string): Part | null;
    getBoundingClientRect(): Box;
  }
  const dots = 12;
  const row = root as Part;
  const text = row.querySelector('.label-description')?.firstChild ?? null;
  const place = row.querySelector('.monaco-icon-label-container');
  if (text === null || place === null) {
    return Number.POSITIVE_INFINITY;
  }
  const [age = '', ...more] = (text.textContent ?? '').split(' · ');
  const range = row.ownerDocument.createRange();
  range.setStart(text, 0);
  range.setEnd(text, age.length);
  return range.getBoundingClientRect().right + (more.length === 0 ? 0 : dots) - place.getBoundingClientRect().right;
}
