// The page of all VMs: nothing of a VM is in its markup, it runs our one script, and each cell can be sorted by.
import assert from 'node:assert/strict';
import type { VmLine } from '../../../src/text/rows/vmList.js';
import { commandIds } from '../../../src/tables.js';
import { shownVms, vmsCommands, vmsPage } from '../../../src/ui/vms/vmsPage.js';
import { vmsScript } from '../../../src/ui/vms/vmsScript.js';
import { now } from './samples.js';

const line = (changes: Partial<VmLine> = {}): VmLine => ({
  ...{
    key: 'k',
    name: 'web',
    uuid: 'u',
    connection: 'qemu:///system',
    state: 'off',
    power: 'off',
    together: [],
    files: [],
  },
  ...changes,
});
const cellsOf = (changes: Partial<VmLine>) =>
  shownVms([line(changes)], [], now).rows[0]!.cells.map(({ text, more }) => [text, more]);

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
        ['a · 1 more', 'a b'],
        ['This computer (system)', undefined],
        ['3', undefined],
        ['1 day', undefined],
        ['4.0 MB · 100 %', 'web.qcow2: 3.0 MB'],
        ['1.0 MB in 2 h', '12 MB a day'],
        ['–', undefined],
      ],
    );
    assert.deepEqual(
      cellsOf({}).map(([text]) => text),
      ['web', 'off', 'not checked yet', 'This computer (system)', '–', '–', '–', '–', '–'],
    );
  });

  it('says nothing for a day of what is younger than an hour', () => {
    const [, , , , , , , growth] = cellsOf({ grown: { bytes: 2 ** 20, since: now - 60_000 } });
    assert.deepEqual(growth, ['1.0 MB in 1 min', undefined]);
    const [, , , , , , , soon] = cellsOf({ grown: { bytes: 2 ** 20, since: now - 59_000 } });
    assert.deepEqual(soon, ['–', undefined]);
  });

  it('adds up, and says at least where something is not known', () => {
    const known = line({ bytes: 5, snapshots: 2, files: [{ file: '/a', bytes: 5 }] });
    assert.deepEqual(shownVms([known], [], now).sum, ['1 VM', '', '', '', '2', '', '5 B', '', '']);
    assert.equal(shownVms([known, line()], [], now).sum[6], 'at least 5 B');
  });

  it('adds up those that pass the filter, and keeps the shares of all', () => {
    const lines = ['a', 'b'].map((key) =>
      line({ key, bytes: 5, snapshots: 2, files: [{ file: `/${key}`, bytes: 5 }] }),
    );
    const { rows, sum } = shownVms(lines, [], now, { filtered: new Set(['b']) });
    assert.deepEqual(sum, ['1 VM', '', '', '', '2', '', '5 B', '', '']);
    assert.equal(rows[0]?.cells[6]?.text, '5 B · 50 %');
  });

  it('is short where nothing is wrong, so that what is wrong stands out', () => {
    const [, , health = []] = cellsOf({ problems: [] });
    assert.equal(health[0], '✓');
    assert.match(health[1] ?? '', /No problems/u);
  });

  it('groups by system, by what names have in common, and by connection, and finds each by its words', () => {
    const names = ['build-15', 'web03.example', 'Übung 2', '42'];
    const lines = names.map((name, at) => line({ name, key: String(at) }));
    const connections = [{ uri: 'qemu:///system', name: 'lab host' }];
    const { rows } = shownVms(lines, [], now, { connections, systems: new Map([['0', 'shop']]) });
    assert.deepEqual(
      rows.map(({ groups }) => groups.name),
      ['build', 'web', 'Übung', '42'],
    );
    assert.deepEqual(
      rows.map(({ groups }) => groups.system),
      ['shop', '', '', ''],
    );
    assert.ok(rows.every(({ groups, words }) => groups.connection === 'lab host' && words.includes('lab host')));
    assert.ok(rows[0]?.words.includes('shop') === true);
  });

  it('says when each was backed up last, and sorts by that', () => {
    const backups = new Map([['k', now - 2 * 86_400_000]]);
    const [backedUp] = shownVms([line()], [], now, { backups }).rows;
    const [never] = shownVms([line()], [], now).rows;
    assert.match(backedUp?.cells[8]?.text ?? '', /^2 days/u);
    assert.ok(Number(backedUp?.cells[8]?.sort) > Number(never?.cells[8]?.sort));
  });
});
