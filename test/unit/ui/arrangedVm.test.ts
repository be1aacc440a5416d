// Snapshots stand where they belong: under each other or in a list, by time or name, filtered, and fast when many.
import assert from 'node:assert/strict';
import type { SnapshotTree } from '../../../src/domain/snapshot.js';
import { type ArrangedVm, type Arrangement, arrangeVm } from '../../../src/ui/tree/arrangedVm.js';
import { filterPrompt } from '../../../src/text/rows/filterText.js';
import type { Node } from '../../../src/ui/tree/nodes.js';
import { branched, now, ref, snapshot } from './samples.js';

const tree: Arrangement = { sort: 'time', layout: 'tree', filter: '' };
const nested: Arrangement = { ...tree, layout: 'nested' };
const list: Arrangement = { ...tree, layout: 'list' };

/** The rows as an outline, two spaces a level. */
function outline(arranged: ArrangedVm): string[] {
  const lines: string[] = [];
  const walk = (nodes: readonly Node[], depth: number): void => {
    for (const node of nodes) {
      const text = node.kind === 'snapshot' ? node.snapshot : node.kind;
      lines.push(`${'  '.repeat(depth)}${text}`);
      if (node.kind === 'snapshot') walk(arranged.below.get(node.snapshot) ?? [], depth + 1);
    }
  };
  walk(arranged.top, 0);
  return lines;
}

describe('arranged VM', () => {
  it('puts each snapshot under its parent, old siblings first, and "here" under the current one', () => {
    assert.deepEqual(outline(arrangeVm(ref, branched, nested, false)), [
      'base',
      '  first',
      '    second',
      '      here',
      '  other',
    ]);
  });

  /** `a>b` is a snapshot b with the parent a; the first is the oldest, and the one with a star is current. */
  function shape(...told: readonly string[]): SnapshotTree {
    const snapshots = told.map((text, index) => {
      const names = text.replace('*', '').split('>');
      const [parent] = names.length > 1 ? names : [];
      return snapshot(names.at(-1)!, { createdAt: now + index, ...(parent === undefined ? {} : { parent }) });
    });
    const current = told.find((text) => text.endsWith('*'))?.replace(/^.*>|[*]/gu, '');
    return { snapshots, ...(current === undefined ? {} : { current }) };
  }

  for (const [what, told, expected] of [
    ['a line does not indent', ['a', 'a>b', 'b>c*'], ['a', 'b', 'c', 'here']],
    ['a branch does', ['a', 'a>b', 'a>x', 'b>c*', 'x>y'], ['a', '  x', '  y', 'b', 'c', 'here']],
    [
      'the line is that to “here”, not the oldest',
      ['a', 'a>b', 'a>x', 'b>c', 'x>y*'],
      ['a', '  b', '  c', 'x', 'y', 'here'],
    ],
    ['what the current one has is all branches', ['a*', 'a>b', 'b>c'], ['a', '  b', '  c', 'here']],
    [
      'of several branches each stands alone',
      ['a*', 'a>b', 'b>c', 'a>x', 'x>y'],
      ['a', '  b', '    c', '  x', '    y', 'here'],
    ],
    [
      'a branch off the first of several',
      ['a*', 'a>b', 'b>c', 'b>d', 'd>e', 'a>x'],
      ['a', '  b', '    c', '    d', '      e', '  x', 'here'],
    ],
    [
      'a line away from “here” goes on with the oldest',
      ['a*', 'a>b', 'b>c', 'b>d', 'c>e'],
      ['a', '  b', '    d', '  c', '  e', 'here'],
    ],
    ['several roots', ['a', 'a>b*', 'x', 'x>y'], ['a', '  b', '  here', 'x', '  y']],
    ['nothing is current', ['a', 'a>b'], ['here', 'a', 'b']],
  ] as const) {
    it(`as a tree: ${what}`, () => {
      assert.deepEqual(outline(arrangeVm(ref, shape(...told), tree, false)), expected);
    });
  }

  it('as a tree: keeps a line in its order, whatever the titles', () => {
    const line = shape('z', 'z>m', 'm>a*');
    assert.deepEqual(outline(arrangeVm(ref, line, { ...tree, sort: 'name' }, false)), ['z', 'm', 'a', 'here']);
  });

  it('as a tree: shows the line down to what the filter finds', () => {
    const found = arrangeVm(ref, shape('a', 'a>b', 'a>x', 'b>c*', 'x>y'), { ...tree, filter: 'y' }, false);
    assert.deepEqual(outline(found), ['a', '  x', '  y']);
    assert.equal(found.parentOf(found.nodes.get('y')!), 'a');
  });

  it('lists new snapshots first, below "here"', () => {
    assert.deepEqual(outline(arrangeVm(ref, branched, list, false)), ['here', 'second', 'other', 'first', 'base']);
  });

  it('sorts by the title that people read, numbers by value', () => {
    const titled: SnapshotTree = {
      snapshots: [
        snapshot('a', { title: 'step 10', createdAt: now }),
        snapshot('b', { title: 'Step 9', createdAt: now - 5_000 }),
        snapshot('c', { title: 'alpha', createdAt: now - 9_000 }),
      ],
    };
    assert.deepEqual(outline(arrangeVm(ref, titled, { ...list, sort: 'name' }, false)), ['here', 'c', 'b', 'a']);
  });

  it('puts "here" under the VM when no snapshot is current', () => {
    const { snapshots } = branched;
    assert.equal(outline(arrangeVm(ref, { snapshots }, tree, false))[0], 'here');
    assert.equal(outline(arrangeVm(ref, { snapshots, current: 'gone' }, tree, false))[0], 'here');
  });

  it('keeps the ancestors of what the filter finds, and hides the rest', () => {
    assert.deepEqual(outline(arrangeVm(ref, branched, { ...nested, filter: 'oth' }, false)), ['base', '  other']);
    assert.deepEqual(outline(arrangeVm(ref, branched, { ...list, filter: 'oth' }, false)), ['other']);
  });

  it('finds in titles and descriptions, whatever their case', () => {
    const described: SnapshotTree = {
      snapshots: [
        snapshot('a', { title: 'Before UPGRADE' }),
        snapshot('b', { description: 'Kernel 6' }),
        snapshot('c', { trailers: { git: 'topic/Login@0123456789ab' } }),
      ],
    };
    assert.deepEqual(outline(arrangeVm(ref, described, { ...list, filter: 'upgrade' }, false)), ['a']);
    assert.deepEqual(outline(arrangeVm(ref, described, { ...list, filter: 'kernel' }, false)), ['b']);
    assert.deepEqual(outline(arrangeVm(ref, described, { ...list, filter: 'topic/login' }, false)), ['c']);
    assert.deepEqual(outline(arrangeVm(ref, described, { ...list, filter: '01234567' }, false)), ['c']);
    for (const said of [/titles/u, /description/u, /branch/u, /commit/u]) {
      assert.match(filterPrompt(), said);
    }
  });

  it('shows all snapshots of a VM whose own name fits, with a find among them only where a title tells it', () => {
    assert.equal(outline(arrangeVm(ref, branched, { ...tree, filter: 'web' }, true)).length, 5);
    const described: SnapshotTree = { snapshots: [snapshot('a', { title: 'Idle', description: 'Of the running VM' })] };
    const hasHits = (filter: string, vmMatches: boolean): boolean =>
      arrangeVm(ref, described, { ...tree, filter }, vmMatches).hasHits;
    assert.deepEqual([hasHits('running', true), hasHits('idle', true), hasHits('running', false)], [false, true, true]);
  });

  it('keeps the identity of rows over a new tree, also for those that moved', () => {
    const before = arrangeVm(ref, branched, nested, false);
    const grown: SnapshotTree = {
      snapshots: [...branched.snapshots, snapshot('third', { parent: 'second', createdAt: now })],
      current: 'third',
    };
    const after = arrangeVm(ref, grown, nested, false, {}, before);
    assert.equal(after.nodes.get('second'), before.nodes.get('second'));
    assert.equal(after.here, before.here);
    assert.equal(after.parentOf(after.here), 'third');
  });

  it('gives every row an id of its own, even when names look like paths', () => {
    const odd: SnapshotTree = { snapshots: [snapshot('here'), snapshot('x/here'), snapshot('message/failure')] };
    const { top } = arrangeVm(ref, odd, list, false);
    assert.equal(new Set(top.map((node) => node.id)).size, 4);
  });

  it('shows each snapshot once when parents are missing or go round in a circle', () => {
    const broken: SnapshotTree = {
      snapshots: [
        snapshot('a', { parent: 'b' }),
        snapshot('b', { parent: 'a' }),
        snapshot('c', { parent: 'nowhere' }),
        snapshot('d', { parent: 'd' }),
      ],
      current: 'b',
    };
    const names = outline(arrangeVm(ref, broken, tree, false)).map((line) => line.trim());
    assert.deepEqual(names.toSorted(), ['a', 'b', 'c', 'd', 'here']);
  });

  it('opens a small tree as a whole and a large one along the way to "here"', () => {
    const small = arrangeVm(ref, branched, tree, false);
    assert.equal(small.opensByItself('other'), true);
    const many = Array.from({ length: 300 }, (_, index) => snapshot(`s${index}`, { parent: 'base' }));
    const large = arrangeVm(ref, { ...branched, snapshots: [...branched.snapshots, ...many] }, nested, false);
    assert.equal(large.opensByItself('first'), true);
    assert.equal(large.opensByItself('other'), false);
  });

  it('does not open a way of ten thousand steps', () => {
    const chain = Array.from({ length: 10_000 }, (_, index) =>
      snapshot(`s${index}`, { createdAt: now + index * 1_000, ...(index === 0 ? {} : { parent: `s${index - 1}` }) }),
    );
    const flat = arrangeVm(ref, { snapshots: chain, current: 's9999' }, tree, false);
    assert.deepEqual([flat.top.length, flat.below.size], [10_001, 0]);
    const arranged = arrangeVm(ref, { snapshots: chain, current: 's9999' }, nested, false);
    assert.equal(arranged.nodes.size, 10_000);
    assert.equal(arranged.opensByItself('s0'), false);
    assert.equal(arranged.parentOf(arranged.here), 's9999');
  });
});
