// A settings file is untrusted JSON: whatever stands in it, what is read is allowed.
import assert from 'node:assert/strict';
import { writtenConnection } from '../../../src/manifest/connectionSetting.js';
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

  it('open what cannot be understood of a connection as it can do least', () => {
    const rows = [
      ' qemu:///system ',
      { uri: 'qemu+ssh://a/system', name: ' build ', connect: 'start' },
      { uri: 'qemu:///system', name: 'again' },
      { uri: 'qemu+ssh://b/system', readOnly: 'no', connect: 'demand', name: 7 },
      { uri: 'qemu+ssh://c/system', readOnly: false, connect: 1 },
      { name: 'nowhere' },
      null,
      7,
      '',
    ];
    const { connections } = read(settingKeys.connections, rows);
    assert.deepEqual(connections, [
      { uri: 'qemu:///system' },
      { uri: 'qemu+ssh://a/system', name: 'build' },
      { uri: 'qemu+ssh://b/system', readOnly: true, onDemand: true },
      { uri: 'qemu+ssh://c/system' },
    ]);
    assert.deepEqual(read(settingKeys.connections, connections.map(writtenConnection)).connections, connections);
    for (const value of [undefined, null, 'qemu:///system', {}]) {
      assert.deepEqual(read(settingKeys.connections, value).connections, []);
    }
  });

  it('take checkpoints by themselves only where that is asked for in so many words', () => {
    for (const value of [undefined, null, 0, 1, '', 'true', 'server', {}]) {
      assert.equal(read(settingKeys.checkpointBeforeDebugging, value).checkpointBeforeDebugging, false);
      assert.equal(read(settingKeys.checkpointAfterBranchSwitch, value).checkpointAfterBranchSwitch, false);
      assert.deepEqual(read(settingKeys.checkpointAtTaskStart, value).checkpointAtTaskStart, []);
    }
    assert.equal(read(settingKeys.checkpointBeforeDebugging, true).checkpointBeforeDebugging, true);
    assert.deepEqual(read(settingKeys.checkpointBeforeDebugging, [' a ', 7, 'a']).checkpointBeforeDebugging, ['a']);
    assert.equal(read(settingKeys.checkpointAfterBranchSwitch, true).checkpointAfterBranchSwitch, true);
    assert.deepEqual(read(settingKeys.checkpointAtTaskStart, ['build', '', 1]).checkpointAtTaskStart, ['build']);
    for (const [value, keep] of [
      [1, 1],
      [100, 100],
      [0, 5],
      [101, 5],
      ['3', 5],
    ] as const) {
      assert.equal(read(settingKeys.keepAutoCheckpoints, value).keepAutoCheckpoints, keep);
    }
  });

  it('have a rule of a connection only where each part of it is a number', () => {
    const rules = {
      'qemu:///system': { keepLast: 5, olderThanDays: 30 },
      ' qemu:///session ': { keepLast: 0 },
      none: {},
      other: { keeplast: 5 },
      broken: { keepLast: 5, olderThanDays: '30' },
      less: { keepLast: -1 },
      list: [5],
    };
    assert.deepEqual(read(settingKeys.pruneRules, rules).pruneRules, {
      'qemu:///system': { keepLast: 5, olderThanDays: 30 },
      'qemu:///session': { keepLast: 0 },
    });
    for (const value of [undefined, null, 5, 'x', [rules]]) {
      assert.deepEqual(read(settingKeys.pruneRules, value).pruneRules, {});
    }
  });

  it('protect by names, trimmed, each once, and all where no name was given', () => {
    const { protectedVms } = read(settingKeys.protectedVms, [' prod ', 'prod', 7, '', 'x'.repeat(301), 'db-*']);
    assert.deepEqual(protectedVms, ['prod', '7', 'db-*']);
    for (const [value, patterns] of [
      [undefined, []],
      ['prod', ['prod']],
      [null, ['*']],
      [{ prod: true }, ['*']],
      [
        ['prod', null],
        ['prod', '*'],
      ],
    ] as const) {
      assert.deepEqual(read(settingKeys.protectedVms, value).protectedVms, patterns);
    }
  });
});
