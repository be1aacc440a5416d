// Fifty random operations on a real VM, undone one by one: the tree, the definition and every byte of each snapshot as
// before each.
import { join } from 'node:path';
import { OracleVm } from '../oracle/oracleVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { undoneOneByOne, UndoStory } from './undoStory.js';

const operations = Number(process.env['TEST_OPERATIONS'] ?? 50);
const firstSeed = Number(process.env['TEST_SEED'] ?? 1);

describe(`${operations} operations undone one by one`, () => {
  let rig: LiveRig;

  before(async () => {
    rig = await startLiveRig();
  });
  after(() => rig.stop());

  for (const [index, style] of (['internal', 'external'] as const).entries()) {
    it(`is as before each of them: ${style}`, async () => {
      const vm = await OracleVm.define(rig.daemon, { name: style, diskMiB: 4, folder: join(rig.daemon.dir, style) });
      await rig.engine.connect(rig.uri);
      await rig.engine.refresh({ connection: rig.uri });
      await undoneOneByOne(new UndoStory(rig, vm, await rig.ref(style), style, firstSeed + index), operations);
    });
  }
});
