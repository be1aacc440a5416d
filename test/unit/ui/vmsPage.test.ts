// The page of all VMs: nothing of a VM is in its markup, it runs our one script, and each cell can be sorted by.
import assert from 'node:assert/strict';
import type { VmLine } from '../../../src/text/rows/vmList.js';
import { commandIds } from '../../../src/tables.js';
import { shownVms, vmsCommands, vmsPage, vmsScript } from '../../../src/ui/vms/vmsPage.js';
import { now } from './samples.js';

const line = (changes: Partial<VmLine> = {}): VmLine => ({
  ...{ key: 'k', name: 'web', uuid: 'u', connection: 'qemu:///system', state: 'off', files: [] },
  ...changes,
});
const cellsOf = (changes: Partial<VmLine>) =>
  shownVms([line(changes)], [], now).rows[0]!.cells.map(({ text, note }) => [text, note]);

describe('the page of all VMs', () => {
  it('runs our one script and calls our commands alone', () => {
    const html = vmsPage('abc');
    assert.match(html, /default-src 'none'; style-src 'nonce-abc'; script-src 'nonce-abc'"/u);
    assert.equal(html.split('<script').length, 2);
    assert.ok(html.includes(`<script nonce="abc">${vmsScript}</script>`));
    assert.ok(!/innerHTML|insertAdjacentHTML|document\.write|eval/u.test(vmsScript), 'makes markup of what it is told');
    const called = [...html.matchAll(/data-command="([^"]+)"/gu)].map(([, id]) => id);
    assert.ok(called.length > 5);
    for (const id of [...called, ...vmsCommands]) {
      assert.ok((commandIds as readonly (string | undefined)[]).includes(id), id);
      assert.ok((vmsCommands as readonly (string | undefined)[]).includes(id), id);
    }
  });

  it('says of each VM what takes the disk, how fast it grows and what is wrong', () => {
    const files = [{ file: '/images/web.qcow2', bytes: 3 * 2 ** 20 }];
    const grown = { bytes: 2 ** 20, since: now - 2 * 3_600_000 };
    assert.deepEqual(
      cellsOf({
        ...{ bytes: 4 * 2 ** 20, largest: files[0]!, grown, snapshots: 3, oldestAt: now - 86_400_000 },
        ...{ problems: ['a', 'b'], files: [...files, { file: '/ram', bytes: 2 ** 20 }] },
      }),
      [
        ['web', undefined],
        ['off', undefined],
        ['3', undefined],
        ['1 day', undefined],
        ['4.0 MB · 100 %', 'web.qcow2: 3.0 MB'],
        ['1.0 MB in 2 h', '12 MB a day'],
        ['a', '1 more'],
      ],
    );
    assert.deepEqual(
      cellsOf({}).map(([text]) => text),
      ['web', 'off', '–', '–', '–', '–', 'not checked yet'],
    );
  });

  it('says nothing for a day of what is younger than an hour', () => {
    const [, , , , , growth] = cellsOf({ grown: { bytes: 2 ** 20, since: now - 60_000 } });
    assert.deepEqual(growth, ['1.0 MB in 1 min', undefined]);
  });

  it('adds up, and says at least where something is not known', () => {
    const known = line({ bytes: 5, snapshots: 2, files: [{ file: '/a', bytes: 5 }] });
    assert.deepEqual(shownVms([known], [], now).sum, ['1 VM', '', '2', '', '5 B', '', '']);
    assert.equal(shownVms([known, line()], [], now).sum[4], 'at least 5 B');
  });

  it('tells apart VMs of several connections', () => {
    const { rows } = shownVms([line(), line({ connection: 'qemu:///session' })], ['gone'], now);
    assert.ok(rows.every(({ cells: [name] }) => name?.note !== undefined));
  });
});
