// The blocks of the picture in a real VS Code, cell by cell: what is said of each and what colour it has on the canvas,
// against what the test wrote into known layers; and what an operation would do to them, before and after it has run.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { stripHeight } from '../../src/ui/picture/page/blockCells.js';
import { BlockRows } from '../../src/ui/picture/page/blockRows.js';
import { toldLetter } from '../cells/shownCells.js';
import { present, writerInto, Written } from '../cells/written.js';
import { PictureHands } from './pictureHands.js';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

const clusters = 16;

/** What the page itself sees of its canvas; this file is checked without a browser. */
interface Canvas {
  readonly width: number;
  getContext(kind: '2d'): {
    getImageData(x: number, y: number, width: number, height: number): { readonly data: ArrayLike<number> };
  };
}

describe('the blocks of the picture', () => {
  const daemon = testDaemon();
  const file = (name: string): string => join(daemon.dir, name);
  const virsh = (...args: string[]): Promise<string> => virshOk(daemon.virsh, ...args);
  const inside = [new Written(clusters), new Written(clusters)] as const;
  const outside = new Written(clusters);

  const stage = stepsOnStage(async (ends) => {
    for (const [name, files] of [
      ['cells-inside', ['ci0.qcow2', 'ci1.qcow2']],
      ['cells-outside', ['co.qcow2']],
    ] as const) {
      for (const image of files) {
        await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file(image), '1M']);
      }
      await defineDiskVm(
        daemon,
        name,
        files.map((image) => ({ file: file(image), format: 'qcow2' })),
      );
      ends.push(async () => {
        await daemon.virsh(['destroy', name]);
        await virsh('undefine', name, '--snapshots-metadata');
      });
    }
    const [first, second] = [writerInto(daemon.dir, inside[0]), writerInto(daemon.dir, inside[1])];
    const snapshot = async (title: string): Promise<void> => {
      await virsh('snapshot-create-as', 'cells-inside', title);
      inside.forEach((written) => written.freeze(title));
    };
    await first('ci0.qcow2', [0, 4], [8, 1, 'C'], [9, 1, 'C']);
    await second('ci1.qcow2', [5, 2]);
    await snapshot('one');
    await first('ci0.qcow2', [2, 4], [12, 1, 'Z']);
    await snapshot('two');
    await first('ci0.qcow2', [3, 1], [15, 1]);
    await second('ci1.qcow2', [6, 3]);
    await virsh('start', 'cells-inside');

    const third = writerInto(daemon.dir, outside);
    await third('co.qcow2', [0, 8]);
    await virsh('snapshot-create-as', 'cells-outside', 'one', '--disk-only');
    outside.freeze('Base, until “one”');
    await third('co.one', [4, 5], [12, 1, 'Z'], [1, 1, 'Z']);
    await virsh('snapshot-create-as', 'cells-outside', 'two', '--disk-only');
    outside.freeze('Until “two”');
    await third('co.two', [6, 1], [14, 2]);
    // A delta of some clusters is large, and one of a second is old.
    const opened = await openStage('mouse', {
      settings: { 'virtRewind.health.deltaGb': 0.0001, 'virtRewind.health.ageHours': 0.0001 },
    });
    await opened.hands.showView('Virt Rewind', 'VMs');
    return opened;
  });
  const hands = new PictureHands(stage);
  const picture = (name: string) => stage().workbench.picture(`picture-${name}`);

  /** Goes along all cells by keyboard, and hears of each what every row says. */
  async function told(rows: readonly string[]) {
    await hands.blocks.getByRole('row').nth(rows.length).waitFor();
    await hands.blocks.focus();
    await hands.press('0');
    await hands.press('Home');
    const heard: string[][] = [];
    for (let cluster = 0; cluster < clusters; cluster++) {
      const from = cluster === 0 ? '0 B' : `${cluster * 64} KB`;
      const cells = hands.blocks.getByRole('gridcell');
      await hands.said.filter({ hasText: new RegExp(`^${from} .*\\(64 KB\\)`, 'u') }).waitFor();
      await cells
        .first()
        .filter({ hasText: new RegExp(`^${from} `, 'u') })
        .waitFor();
      heard.push(await cells.allTextContents());
      await hands.press('ArrowRight');
    }
    const heads = await hands.blocks.getByRole('rowheader').allTextContents();
    rows.forEach((title, row) => {
      const start = `layer ${String.fromCharCode(65 + row)}, ${title}, `;
      assert.ok(heads[row]?.startsWith(start), `${heads[row] ?? ''} is not ${start}`);
    });
    return {
      layers: rows.map((_, row) => heard.map((cells) => toldLetter(cells[row] ?? '')).join('')),
      reads: heard
        .map((cells) => /the VM reads .*? of layer ([A-Z])/u.exec(cells[rows.length] ?? '')?.[1] ?? '.')
        .join(''),
    };
  }

  /** What the VM reads, by colour: the layer whose sign has the colour that most of a cell has on the canvas. */
  async function coloured(layers: number): Promise<string> {
    const rows = new BlockRows(layers);
    const places = {
      signs: Array.from({ length: layers }, (_, row) => rows.top(row) + 10),
      strip: rows.end + 20,
      height: stripHeight,
      cells: clusters,
    };
    return hands.page.locator('.layers canvas').evaluate((element, { signs, strip, height, cells }) => {
      const canvas = element as unknown as Canvas;
      const context = canvas.getContext('2d');
      const most = (x: number, y: number, width: number, tall: number): string => {
        const { data } = context.getImageData(Math.round(x), Math.round(y), Math.round(width), Math.round(tall));
        const counts = new Map<string, number>();
        for (let at = 0; at < data.length; at += 4) {
          const color = [data[at], data[at + 1], data[at + 2], data[at + 3]].join(',');
          counts.set(color, (counts.get(color) ?? 0) + 1);
        }
        return [...counts].sort((one, other) => other[1] - one[1])[0]?.[0] ?? '';
      };
      const colors = signs.map((y) => most(3, y - 5, 10, 10));
      const wide = canvas.width / cells;
      return Array.from({ length: cells }, (_, cell) => {
        // Between the letters that stand in the middle of a run: of one cell, or where two meet.
        const row = colors.indexOf(most(cell * wide + 9, strip + 2, 3, height - 4));
        return row < 0 ? '.' : String.fromCharCode(65 + row);
      }).join('');
    }, places);
  }

  async function agrees(written: Written, rows: readonly string[]): Promise<void> {
    const expected = written.expected(rows);
    const heard = await told(rows);
    assert.deepEqual(heard, { layers: expected.layers.map((row) => row.told), reads: expected.reads });
    assert.equal(await coloured(rows.length), expected.reads);
  }

  it('are those of snapshots inside the images of a VM that runs, on each of its disks', async () => {
    await stage()
      .workbench.row(/^cells-inside, .*, running, /)
      .waitFor();
    await hands.open('cells-inside');
    await hands.page.getByText('approximate').waitFor();
    await agrees(inside[0], ['one', 'two', present]);
    await picture('inside');
    await hands.page.getByRole('combobox', { name: 'Disk' }).selectOption('vdb');
    await hands.blocks.getByRole('rowheader').filter({ hasText: 'ci1.qcow2' }).first().waitFor();
    await agrees(inside[1], ['one', 'two', present]);
    await hands.page.getByRole('combobox', { name: 'Disk' }).selectOption('vda');
    await hands.blocks.getByRole('rowheader').filter({ hasText: 'ci0.qcow2' }).first().waitFor();
  });

  it('are crossed out before an internal snapshot is deleted, where nobody else reads them, and then are gone', async () => {
    await hands.tree.focus();
    await hands.walk('End', /^You are here/);
    await hands.walk('ArrowUp', /^two/);
    await hands.choose('Delete Snapshot…');
    await hands.whatIf.waitFor();
    await hands.node(/^two, .*would be deleted/).waitFor();
    const head = (row: number, words: string) =>
      hands.blocks.getByRole('rowheader').nth(row).filter({ hasText: words }).waitFor();
    await head(1, 'would be deleted with the crossed-out blocks');
    await head(2, 'would keep 256 KB of layer B');
    await hands.whatIf.filter({ hasText: 'Frees' }).waitFor();
    await picture('what-if-inside');
    await hands.whatIf.getByRole('button', { name: 'Delete', exact: true }).click();
    await hands.node(/^two/).waitFor({ state: 'detached' });
    inside[0].merge(present, 'two');
    inside[0].rename('two', present);
    await hands.blocks.getByRole('rowheader').nth(1).filter({ hasText: present }).waitFor();
    await agrees(inside[0], ['one', present]);
  });

  it('are those of external snapshots of a VM that is off', async () => {
    await hands.open('cells-outside');
    await hands.blocks.getByRole('rowheader').filter({ hasText: 'co.qcow2' }).first().waitFor();
    await agrees(outside, ['Base, until “one”', 'Until “two”', present]);
    await picture('patterns');
  });

  it('show what a revert reads again', async () => {
    await hands.tree.focus();
    await hands.walk('End', /^You are here/);
    await hands.walk('ArrowUp', /^two/);
    await hands.choose('Revert…');
    await hands.whatIf.waitFor();
    await hands.blocks.getByRole('rowheader').nth(1).filter({ hasText: 'would become the current state' }).waitFor();
    await picture('what-if-revert');
    await hands.page.getByRole('button', { name: 'Cancel' }).click();
    // Asked from the side bar, while the dialog is open.
    await stage().hands.expand('cells-outside');
    await stage().hands.menu(/^two/, 'Revert');
    await stage().workbench.dialog.waitFor();
    await hands.blocks.getByRole('rowheader').nth(1).filter({ hasText: 'would become the current state' }).waitFor();
    await stage().hands.answer('Cancel');
    await hands.whatIf.waitFor({ state: 'hidden' });
    await stage().hands.collapse('cells-outside');
  });

  it('are marked, as the snapshots are, once Check Health has found something wrong with them', async () => {
    const tab = stage().workbench.page.locator('.tab', { hasText: 'cells-outside: Picture' });
    const heads = hands.blocks.getByRole('rowheader');
    await stage().hands.command('Virt Rewind: Check Health');
    await stage().workbench.page.locator('.tab', { hasText: 'Health' }).waitFor();
    await tab.click();
    await hands.heading('cells-outside').waitFor();
    await hands.node(/^one, .*⚠ 1 warning, /).waitFor();
    await heads.nth(1).filter({ hasText: '⚠ 1 warning, ' }).waitFor();
    assert.equal(await heads.filter({ hasText: 'Base, until' }).filter({ hasText: '⚠' }).count(), 0);
    await hands.page.locator('.head').filter({ hasText: '⚠' }).waitFor();
    await stage().hands.command('Notifications: Clear All Notifications');
    await picture('marks');
  });

  it('show what a consolidation moves where, and are there when it has run', async () => {
    await hands.tree.focus();
    await hands.walk('End', /^You are here/);
    await hands.choose('More', 'Health and Repair', 'Consolidate Disks…');
    await hands.whatIf.waitFor();
    const heads = hands.blocks.getByRole('rowheader');
    await heads.nth(0).filter({ hasText: 'would receive the moved blocks' }).waitFor();
    await heads.nth(1).filter({ hasText: 'would move into layer A' }).waitFor();
    await heads.nth(2).filter({ hasText: 'would move into layer A' }).waitFor();
    await picture('what-if-consolidate');
    await hands.page.getByRole('button', { name: 'Cancel' }).click();
    // Asked from the tree, the picture shows the same while the dialog is open, and no longer.
    await stage().hands.menu('cells-outside', 'More', 'Health and Repair', 'Consolidate Disks');
    await stage().workbench.dialog.waitFor();
    await heads.nth(1).filter({ hasText: 'would move into layer A' }).waitFor();
    await picture('what-if-asked');
    await stage().hands.answer('Cancel');
    await hands.whatIf.waitFor({ state: 'hidden' });
    await hands.tree.focus();
    await hands.walk('End', /^You are here/);
    await hands.choose('More', 'Health and Repair', 'Consolidate Disks…');
    await hands.whatIf.getByRole('button', { name: /^Delete \d+ Snapshots? and Merge$/ }).click();
    await hands.node(/^one/).waitFor({ state: 'detached' });
    outside.merge('Until “two”', 'Base, until “one”');
    outside.merge(present, 'Base, until “one”');
    outside.rename('Base, until “one”', present);
    await heads.nth(0).filter({ hasText: present }).waitFor();
    await agrees(outside, [present]);
  });
});
