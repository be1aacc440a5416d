// What it takes to have the blocks of a disk of 20 GB with 10 layers, against qemu-img map.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { findReads } from '../../src/domain/chains/findReads.js';
import { localContents } from '../../src/driver/files/localContents.js';
import { seededRandom } from '../histories/random.js';
import { remark, report, sideBySide } from './measure.js';

void measureBlocks();

async function measureBlocks(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vr-map-'));
  try {
    const random = seededRandom(1);
    const file = (layer: number): string => join(folder, `layer${layer}`);
    for (let layer = 0; layer < 10; layer++) {
      const below = layer === 0 ? [] : ['-F', 'qcow2', '-b', file(layer - 1)];
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', ...below, file(layer), '20G']);
      const writes = Array.from({ length: 600 }, () => `write -q -P 1 ${random.int(0, 327_679) * 64}k 64k`);
      await runOk('qemu-io', ['-t', 'unsafe', ...writes.flatMap((write) => ['-c', write]), file(layer)]);
    }
    const contents = localContents(process.env);
    const ours = async (): Promise<number> => {
      const rows = await Promise.all(
        Array.from({ length: 10 }, async (_, row) => {
          const image = await contents.extents(file(9 - row), 'qcow2', [{}]);
          return {
            row,
            extents: typeof image === 'string' ? 'unreadable' : (image.states[0] ?? 'unreadable'),
          } as const;
        }),
      );
      return findReads(20 * 1024 ** 3, rows).length;
    };
    remark(`The chain is read in ${await ours()} pieces.`);
    const { map, walk } = await sideBySide(9, {
      map: async () => {
        JSON.parse(await runOk('qemu-img', ['map', '-U', '--output=json', file(9)]));
      },
      walk: ours,
    });
    report({
      name: 'the blocks of a disk of 20 GB with 10 layers',
      ours: walk,
      baseline: map,
      unit: 'ms',
      goal: 1.5,
      against: 'qemu-img map of the same chain',
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
