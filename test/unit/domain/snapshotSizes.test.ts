// The size of a snapshot is what deleting it alone frees; what is written after it is the current state's.
import assert from 'node:assert/strict';
import { layersFromFiles } from '../../../src/domain/chains/layersFromFiles.js';
import { mergeFreesOf, pairsToRead } from '../../../src/domain/chains/snapshotSizes.js';
import { displayedRamBytes } from '../../../src/domain/estimates.js';
import type { Facts } from '../../../src/domain/facts.js';
import type { InternalSizes } from '../../../src/domain/imageContents.js';
import type { Layer, MergeFrees, VmLayers } from '../../../src/domain/layers.js';
import { readMerges } from '../../../src/live/layerMerges.js';
import { changedWords, sizeWords } from '../../../src/text/rows/sizeText.js';
import { disk, external, facts, frozen, image, internal, looked, now, ref, tree, vm } from './someFacts.js';

const KiB = 1024;
const MiB = 1024 * KiB;
const chain = (...files: readonly string[]): Partial<Facts> => {
  return { vm: vm({ power: 'off', disks: [disk('vda', files[0], { backing: files.slice(1) })] }) };
};
const taking = (allocatedBytes: number, below?: string) => image(below, { allocatedBytes });

function layersOf(
  of: Partial<Facts>,
  merges: Readonly<Record<string, MergeFrees>> = {},
  inside: Readonly<Record<string, InternalSizes>> = {},
): VmLayers {
  const map = <T>(what: Readonly<Record<string, T>>) => new Map(Object.entries(what));
  return layersFromFiles({ facts: facts(of), inside: map(inside), merges: map(merges), now });
}

/** As the tree view, the picture, the questions and the command line tell them. */
function told(of: Partial<Facts>, ...more: readonly object[]): Record<string, string> {
  const layers = layersOf(of, ...(more as []));
  const view = { ref, vm: facts(of).vm, tree: of.tree!, layers };
  return {
    ...Object.fromEntries(layers.snapshots.map((size) => [size.snapshot, sizeWords(size)[0] ?? '-'])),
    here: changedWords(view)[0] ?? '-',
    all: sizeWords(layers.together)[0] ?? '-',
  };
}

/** One snapshot: the base below, the current layer above. */
const lesson = (top: number, frees?: number): [Partial<Facts>, Record<string, MergeFrees>] => [
  {
    ...chain('/img/web.a', '/img/web.qcow2'),
    tree: tree([external('a')], 'a'),
    frozenDisks: frozen({ a: '/img/web.qcow2' }),
    files: looked({ images: { '/img/web.qcow2': taking(20 * MiB), '/img/web.a': taking(top, '/img/web.qcow2') } }),
  },
  frees === undefined ? {} : { '/img/web.a': { bytes: frees, how: 'exact', allocatedBytes: top } },
];

const line = (ram?: { readonly bytes: number; readonly allocatedBytes: number }): Partial<Facts> => ({
  ...chain('/img/web.b', '/img/web.a', '/img/web.qcow2'),
  tree: tree(
    [external('a', undefined, ram ? { memory: 'external', memoryFile: '/img/a.mem' } : {}), external('b', 'a')],
    'b',
  ),
  frozenDisks: frozen({ a: '/img/web.qcow2', b: '/img/web.a' }),
  files: looked({
    images: {
      '/img/web.qcow2': taking(20 * MiB),
      '/img/web.a': taking(3 * MiB, '/img/web.qcow2'),
      '/img/web.b': taking(5 * MiB, '/img/web.a'),
    },
    ...(ram && { files: { '/img/a.mem': ram } }),
  }),
});

describe('the size of a snapshot', () => {
  describe('of layers', () => {
    it('does not grow with the layer above it, which is the current state’s', () => {
      assert.deepEqual(told(...lesson(904 * KiB, 200 * KiB)), {
        a: '200 KB',
        here: 'changed since (904 KB)',
        all: '200 KB',
      });
      assert.deepEqual(told(...lesson(8.9 * MiB, 200 * KiB)), {
        a: '200 KB',
        here: 'changed since (8.9 MB)',
        all: '200 KB',
      });
    });

    it('is at most what both of two layers may have that could not be looked into', () => {
      assert.equal(told(...lesson(904 * KiB))['a'], 'up to 904 KB');
      assert.deepEqual(told(line()), {
        a: 'up to 3.0 MB',
        b: 'up to 4.0 MB',
        here: 'changed since (5.0 MB)',
        all: 'up to 8.0 MB',
      });
    });

    it('has the RAM in a file of its own', () => {
      const merges = { '/img/web.a': { bytes: MiB, allocatedBytes: 3 * MiB } };
      const ram = { bytes: 90 * MiB, allocatedBytes: 59 * MiB };
      assert.equal(told(line(ram), merges)['a'], '60 MB');
      assert.equal(told(line(ram))['a'], 'at least 59 MB');
    });

    it('is an estimate once the layer above has grown since it was read', () => {
      const read = { '/img/web.a': { bytes: MiB, how: 'exact' as const, allocatedBytes: 2 * MiB } };
      assert.deepEqual(
        layersOf(line(), read).snapshots.map(({ bytes, how }) => [bytes, how]),
        [
          [MiB, 'estimate'],
          [4 * MiB, 'atMost'],
        ],
      );
    });

    /** The VM went back to a, and from there stands on d. */
    const branch = (more: Parameters<typeof looked>[0]['images'] = {}): Partial<Facts> => ({
      ...chain('/img/web.d', '/img/web.qcow2'),
      tree: tree([external('a', undefined, { revertFile: '/img/web.d' }), external('b', 'a')], 'a'),
      frozenDisks: frozen({ a: '/img/web.qcow2', b: '/img/web.a' }),
      files: looked({
        images: {
          '/img/web.qcow2': taking(20 * MiB),
          '/img/web.a': taking(3 * MiB, '/img/web.qcow2'),
          '/img/web.b': 'missing',
          '/img/web.d': taking(5 * MiB, '/img/web.qcow2'),
          ...more,
        },
      }),
    });

    it('of another branch’s last is its file, with what it left above', () => {
      assert.equal(told(branch())['b'], '3.0 MB');
      assert.equal(told(branch({ '/img/web.b': taking(MiB, '/img/web.a') }))['b'], '4.0 MB');
    });

    it('is nothing where others stand on the same file', () => {
      assert.equal(told(branch())['a'], '-');
    });

    it('is unknown where its file is in no chain', () => {
      assert.equal(told({ ...branch(), frozenDisks: frozen({ a: '/img/web.qcow2' }) })['b'], 'size unknown');
    });
  });

  describe('inside an image', () => {
    const inside: Partial<Facts> = {
      vm: vm({ power: 'off' }),
      tree: tree([internal('a'), internal('b', 'a')], 'b'),
      frozenDisks: frozen({ a: '/img/web.qcow2', b: '/img/web.qcow2' }),
      files: looked({ images: { '/img/web.qcow2': image(undefined, { allocatedBytes: 357 * MiB }) } }),
    };
    const sizes = (name: string) => ({ name, vmStateBytes: 58 * MiB, heldBytes: 256 * KiB, freedBytes: 59 * MiB });

    it('is what its tag alone holds, whatever the file takes', () => {
      const read = { '/img/web.qcow2': { snapshots: [sizes('a'), sizes('b')], togetherBytes: 119 * MiB } };
      assert.deepEqual(told(inside, {}, read), {
        a: '59 MB',
        b: '59 MB',
        here: 'changed since (256 KB)',
        all: '119 MB',
      });
    });

    it('is called unknown where nobody can look into it', () => {
      assert.deepEqual(told(inside), {
        a: 'size unknown',
        b: 'size unknown',
        here: 'changes unknown',
        all: 'size unknown',
      });
    });
  });

  it('of the next one is expected to be as the last ones’', () => {
    const snapshots = [internal('a'), internal('b', 'a', { createdAt: 2 }), internal('off', 'b', { state: 'off' })];
    const size = { bytes: 1, how: 'exact' } as const;
    const sizes = [
      { ...size, snapshot: 'a', memoryBytes: 57 * MiB },
      { ...size, snapshot: 'b', memoryBytes: 59 * MiB },
    ];
    assert.equal(displayedRamBytes('internal', tree(snapshots), sizes), 59 * MiB);
    assert.equal(displayedRamBytes('external', tree(snapshots), sizes), undefined);
  });
});

describe('what a merge frees', () => {
  const layer = (file: string, allocatedBytes: number, snapshots: readonly string[] = []): Layer => {
    return { file, virtualBytes: 64 * MiB, allocatedBytes, seen: 'there', snapshots, sharedWith: [] };
  };
  const pair = { upper: layer('top', 10 * MiB), lower: layer('low', 20 * MiB, ['a']) };
  type Kind = 'zero' | 'data' | 'compressed';
  const extents = (...all: readonly (readonly [start: number, length: number, kind?: Kind])[]) => ({
    virtualBytes: 64 * MiB,
    clusterBytes: 64 * KiB,
    allocatedBytes: 0,
    states: [all.map(([start, length, kind = 'data']) => ({ start: start * MiB, length: length * MiB, kind }))],
  });
  for (const [what, upper, lower, expected, how] of [
    ['all but what the lower one does not have', extents([0, 4], [8, 4]), extents([2, 8]), 6, 'exact'],
    ['the whole where both have the same', extents([0, 9]), extents([0, 16]), 10, 'exact'],
    ['at least what is left when zeros are written as data', extents([0, 4, 'zero']), extents([0, 1]), 7, 'atLeast'],
    ['all, zeros or not, where the lower one has data', extents([0, 9, 'zero']), extents([0, 9]), 10, 'exact'],
    ['at least what is left when zeros below have no room', extents([0, 4]), extents([0, 4, 'zero']), 6, 'atLeast'],
    [
      'not what is compressed below: it is never written over',
      extents([0, 4]),
      extents([0, 4, 'compressed']),
      6,
      'exact',
    ],
    ['less than nothing where more comes than goes', extents([0, 14, 'compressed']), extents(), -4, 'exact'],
  ] as const) {
    it(what, () => {
      const { bytes, how: told } = mergeFreesOf(pair, upper, lower) ?? {};
      assert.deepEqual([bytes, told], [expected * MiB, how]);
    });
  }

  it('is not known of one that cannot be read', () => {
    assert.equal(mergeFreesOf(pair, extents([0, 4]), 'denied'), undefined);
  });

  it('is read by the format of the layer below that the upper one tells, never by what a guest may have written', async () => {
    const read: string[] = [];
    const contents = {
      extents: (file: string, format: string) => {
        read.push(`${file} ${format}`);
        return Promise.resolve(extents([0, 4]));
      },
    };
    const told = (backing: string | undefined) => ({
      image: () => Promise.resolve(image('low', { backing: { file: 'low', ...(backing && { format: backing }) } })),
    });
    assert.equal((await readMerges({ files: told('raw'), contents }, [pair])).get('top')?.bytes, 10 * MiB);
    assert.deepEqual(read, ['top qcow2', 'low raw']);
    assert.equal((await readMerges({ files: told(undefined), contents }, [pair])).size, 0);
  });

  it('is read again only where the upper layer has grown', () => {
    const disks = (mergeFrees?: MergeFrees) => [
      {
        target: 'vda',
        whole: true,
        layers: [{ ...pair.upper, ...(mergeFrees && { mergeFrees }) }, pair.lower, layer('base', 1)],
      },
    ];
    assert.deepEqual(
      pairsToRead({ disks: disks() }).map(({ upper, lower }) => [upper.file, lower.file]),
      [['top', 'low']],
    );
    assert.equal(pairsToRead({ disks: disks({ bytes: 1, how: 'exact', allocatedBytes: 9 * MiB }) }).length, 1);
    assert.equal(pairsToRead({ disks: disks({ bytes: 1, how: 'exact', allocatedBytes: 10 * MiB }) }).length, 0);
  });
});
