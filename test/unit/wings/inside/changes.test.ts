// What changed between two states of a file system: ranges as lists, and packages by the databases of a guest.
import assert from 'node:assert/strict';
import { countsLine } from '../../../../src/wings/inside/changes/changedText.js';
import { packageChanges } from '../../../../src/wings/inside/changes/packages.js';
import {
  isTouched,
  joinRanges,
  type Ranges,
  rangesWithin,
  subtractRanges,
  wholePieces,
} from '../../../../src/wings/inside/changes/ranges.js';
import { FileSystemError, type GuestFileSystem } from '../../../../src/wings/inside/read/guestFileSystem.js';

const places = 64;

/** Any lists, as bits: the same numbers each time. */
function* lists(): Generator<readonly { readonly start: number; readonly end: number }[]> {
  let state = 7;
  const number = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let round = 0; round < 300; round++) {
    yield Array.from({ length: number(8) }, () => {
      const start = number(places);
      return { start, end: Math.min(places, start + number(12)) };
    });
  }
}

function bitsOf(ranges: Ranges): readonly boolean[] {
  return Array.from({ length: places }, (_, at) => ranges.some(({ start, end }) => at >= start && at < end));
}

describe('ranges of bytes', () => {
  it('are the same as bits', () => {
    let other: Ranges = [];
    for (const list of lists()) {
      const ranges = joinRanges(list);
      assert.deepEqual(bitsOf(ranges), bitsOf(list));
      assert.ok(ranges.every(({ start, end }, at) => end > start && start > (ranges[at - 1]?.end ?? -1)));
      const [bits, others] = [bitsOf(ranges), bitsOf(other)];
      assert.deepEqual(
        bitsOf(subtractRanges(ranges, other)),
        bits.map((bit, at) => bit && others[at] !== true),
      );
      assert.deepEqual(
        bitsOf(rangesWithin(ranges, 10, 40)),
        bits.map((bit, at) => bit && at >= 10 && at < 40),
      );
      assert.equal(isTouched(ranges, 10, 40), bits.slice(10, 40).includes(true));
      assert.deepEqual(
        bitsOf(wholePieces(ranges, 8)),
        bits.map((_, at) => bits.slice(at - (at % 8), at - (at % 8) + 8).includes(true)),
      );
      other = ranges;
    }
  });
});

/** Files by path. */
function systemOf(files: Readonly<Record<string, string>>): GuestFileSystem {
  const nodes = new Map<string, number>([['', 0]]);
  for (const path of Object.keys(files)) {
    path.split('/').forEach((_, at, parts) => {
      const own = parts.slice(0, at + 1).join('/');
      nodes.set(own, nodes.get(own) ?? nodes.size);
    });
  }
  const pathOf = (node: number): string => [...nodes].find(([, own]) => own === node)?.[0] ?? '';
  return {
    type: 'made',
    label: '',
    journal: 'none',
    root: 0,
    facts: (node) => {
      const content = files[pathOf(node)];
      return Promise.resolve({
        kind: content === undefined ? 'folder' : 'file',
        bytes: content?.length ?? 0,
        modifiedAt: 0,
      });
    },
    list: (node) => {
      const path = pathOf(node);
      const below = [...nodes].filter(([own]) => own !== path && own.slice(0, own.lastIndexOf('/')) === path);
      return Promise.resolve(below.map(([own, number]) => ({ name: own.slice(path.length + 1), node: number })));
    },
    readLink: () => Promise.reject(new FileSystemError('damaged', '')),
    read: (node, at, length) => Promise.resolve(Buffer.from((files[pathOf(node)] ?? '').slice(at, at + length))),
  };
}

describe('packages that changed', () => {
  for (const [what, before, after, packages, rpm] of [
    [
      'of dpkg, without those that are removed but for their configuration',
      {
        '/var/lib/dpkg/status':
          'Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\nDescription: text\n Version: 7\n\nPackage: b\nStatus: install ok installed\nVersion: 1\n',
      },
      {
        '/var/lib/dpkg/status':
          'Package: a\nStatus: install ok installed\nVersion: 2\nArchitecture: all\n\nPackage: b\nStatus: deinstall ok config-files\nVersion: 1\n',
      },
      [
        { manager: 'dpkg', name: 'a', architecture: 'all', before: '1', after: '2' },
        { manager: 'dpkg', name: 'b', architecture: '', before: '1' },
      ],
      false,
    ],
    [
      'of apk, where none was before',
      {},
      { '/lib/apk/db/installed': 'C:Q1\nP:musl\nV:1.2.4-r2\nA:x86_64\nF:lib\n\n' },
      [{ manager: 'apk', name: 'musl', architecture: 'x86_64', after: '1.2.4-r2' }],
      false,
    ],
    [
      'of rpm, by its database alone',
      { '/var/lib/rpm/rpmdb.sqlite': 'a' },
      { '/var/lib/rpm/rpmdb.sqlite': 'b' },
      [],
      true,
    ],
    ['not, where nothing did', { '/var/lib/dpkg/status': 'x' }, { '/var/lib/dpkg/status': 'x' }, [], false],
  ] as const) {
    it(`are told ${what}`, async () => {
      const found = await packageChanges({
        before: systemOf(before),
        after: systemOf(after),
        changed: undefined,
        isUntouched: () => false,
        signal: new AbortController().signal,
      });
      assert.deepEqual(found, { packages, rpm });
    });
  }
});

describe('the counts of what changed', () => {
  const table = [
    [{ changed: 1 }, '1 file changed on vda1'],
    [{ changed: 2 }, '2 files changed on vda1'],
    [{ added: 1 }, '1 file added on vda1'],
    [{ removed: 3 }, '3 files removed on vda1'],
    [{ added: 3, changed: 1 }, '1 file changed on vda1, 3 added'],
    [{ added: 2, removed: 1, changed: 4 }, '4 files changed on vda1, 2 added, 1 removed'],
    [{ added: 2, removed: 1 }, '2 files added on vda1, 1 removed'],
  ] as const;
  for (const [counts, line] of table) {
    it(line, () => {
      const changes = Object.entries(counts).flatMap(([change, count]) =>
        Array.from({ length: count }, (_, index) => ({ path: `${change}${index}`, change, parts: [] })),
      ) as unknown as Parameters<typeof countsLine>[0]['files']['changes'];
      const files = { changes, leftOut: 0, unreadable: [] };
      assert.equal(countsLine({ pair: { name: 'vda1', state: 'compared' }, files }), line);
    });
  }
});
