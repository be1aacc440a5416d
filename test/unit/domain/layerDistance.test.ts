// By how many bytes two states differ, as far as the layers between them tell.
import assert from 'node:assert/strict';
import { diskDistances } from '../../../src/domain/layerDistance.js';
import type { Bytes, Layer, VmLayers } from '../../../src/domain/layers.js';
import type { Snapshot } from '../../../src/domain/snapshot.js';

const layer = (file: string, allocatedBytes: Bytes, ...snapshots: readonly string[]): Layer => ({
  file,
  virtualBytes: 1_000,
  allocatedBytes,
  seen: 'there',
  snapshots,
  sharedWith: [],
});
/** Top first: the current state, then what came after s1, then the base. */
const chain = (...bytes: readonly [Bytes, Bytes, Bytes]): VmLayers => ({
  readAt: 0,
  from: 'files',
  disks: [
    {
      target: 'vda',
      whole: true,
      layers: [layer('/top', bytes[0]), layer('/middle', bytes[1], 's2'), layer('/base', bytes[2], 's1')],
    },
  ],
  snapshots: [],
  rooms: [],
});
const snapshot = (name: string, location: 'external' | 'internal' = 'external'): Snapshot => ({
  name,
  title: name,
  description: '',
  trailers: {},
  createdAt: 0,
  state: 'off',
  memory: { location: 'no' },
  disks: [{ target: 'vda', location, deleteInProgress: false }],
  kind: 'offline',
  style: location,
});

describe('the distance of two states', () => {
  const table: readonly (readonly [string, VmLayers, Snapshot, Snapshot | undefined, unknown])[] = [
    ['to the present is all above', chain(10, 20, 40), snapshot('s1'), undefined, { target: 'vda', bytes: 30 }],
    [
      'between two is what is between them',
      chain(10, 20, 40),
      snapshot('s1'),
      snapshot('s2'),
      { target: 'vda', bytes: 20 },
    ],
    [
      'is the same the other way round',
      chain(10, 20, 40),
      snapshot('s2'),
      snapshot('s1'),
      { target: 'vda', bytes: 20 },
    ],
    ['of one to itself is nothing', chain(10, 20, 40), snapshot('s1'), snapshot('s1'), { target: 'vda', bytes: 0 }],
    [
      'is unknown where a layer between is',
      chain(10, 'unknown', 40),
      snapshot('s1'),
      undefined,
      { target: 'vda', bytes: 'unknown', why: 'notRead' },
    ],
    [
      'is known where another layer is not',
      chain('unknown', 20, 40),
      snapshot('s1'),
      snapshot('s2'),
      { target: 'vda', bytes: 20 },
    ],
    [
      'is unknown to another branch',
      chain(10, 20, 40),
      snapshot('elsewhere'),
      undefined,
      { target: 'vda', bytes: 'unknown', why: 'otherBranch' },
    ],
    [
      'is unknown inside an image, although its file is in the chain',
      chain(10, 20, 40),
      snapshot('s1', 'internal'),
      undefined,
      { target: 'vda', bytes: 'unknown', why: 'insideImage' },
    ],
  ];
  for (const [what, layers, from, to, expected] of table) {
    it(what, () => assert.deepEqual(diskDistances(layers, from, to), [expected]));
  }

  it('is unknown in a chain that could not be followed to its end', () => {
    const layers = chain(1, 2, 3);
    const cut = {
      ...layers,
      disks: layers.disks.map((disk) => ({ ...disk, whole: false, layers: disk.layers.slice(0, 2) })),
    };
    assert.deepEqual(diskDistances(cut, snapshot('s1'), undefined), [
      { target: 'vda', bytes: 'unknown', why: 'notRead' },
    ]);
  });
});
