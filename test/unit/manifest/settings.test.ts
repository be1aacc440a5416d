// A settings file is untrusted JSON: whatever stands in it, what is read is allowed.
import assert from 'node:assert/strict';
import { parseSettings, settingKeys } from '../../../src/manifest/settings.js';

const read = (key: string, value: unknown) => parseSettings((asked) => (asked === key ? value : undefined));

describe('settings of safety', () => {
  it('keep a checkpoint unless it is turned off in so many words', () => {
    for (const value of [undefined, null, 0, '', 'false', true]) {
      assert.equal(read(settingKeys.checkpointFirst, value).checkpointFirst, true);
    }
    assert.equal(read(settingKeys.checkpointFirst, false).checkpointFirst, false);
  });

  it('count in whole numbers within bounds, else by default', () => {
    for (const [value, keep, seconds] of [
      [0, 0, 0],
      [60, 60, 60],
      [100, 100, 5],
      [101, 3, 5],
      [-1, 3, 5],
      [2.5, 3, 5],
      ['7', 3, 5],
      [Number.NaN, 3, 5],
    ] as const) {
      assert.equal(read(settingKeys.keepCheckpoints, value).keepCheckpoints, keep);
      assert.equal(read(settingKeys.deleteUndoSeconds, value).deleteUndoSeconds, seconds);
    }
  });

  it('protect by texts alone, trimmed, each once', () => {
    const { protectedVms } = read(settingKeys.protectedVms, [' prod ', 'prod', 7, '', 'x'.repeat(301), 'db-*']);
    assert.deepEqual(protectedVms, ['prod', 'db-*']);
    assert.deepEqual(read(settingKeys.protectedVms, 'prod').protectedVms, []);
  });
});
