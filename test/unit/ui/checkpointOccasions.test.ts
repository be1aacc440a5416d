// At which moments settings want a checkpoint, and that its title is one of ours.
import assert from 'node:assert/strict';
import { automaticTitles } from '../../../src/domain/automaticTitles.js';
import { titleProblem } from '../../../src/domain/snapshotName.js';
import {
  isWantedAtTaskStart,
  isWantedBeforeDebugging,
  type Occasion,
  occasionTitle,
} from '../../../src/ui/commands/snapshots/checkpointOccasions.js';

describe('a checkpoint before debugging', () => {
  for (const [wanted, name, sessions, expected] of [
    [false, 'server', 0, false],
    [true, 'server', 0, true],
    [true, 'client', 1, false],
    [['server'], 'server', 0, true],
    [['server'], ' server ', 0, true],
    [['server'], 'client', 0, false],
    [[], 'server', 0, false],
  ] as const) {
    it(`is ${expected ? '' : 'not '}wanted of ${name} by ${JSON.stringify(wanted)}, with ${sessions} sessions`, () => {
      assert.equal(isWantedBeforeDebugging({ checkpointBeforeDebugging: wanted }, name, sessions), expected);
    });
  }
});

describe('a checkpoint at the start of a task', () => {
  for (const [name, source, type, expected] of [
    ['build', 'Workspace', 'shell', true],
    ['lint', 'npm', 'npm', true],
    ['lint', 'gulp', 'gulp', false],
    ['test', 'Workspace', 'shell', false],
    ['build', 'Workspace', 'virt-rewind', false],
  ] as const) {
    it(`is ${expected ? '' : 'not '}wanted of ${source}: ${name}`, () => {
      const setting = { checkpointAtTaskStart: ['build', 'npm: lint'] };
      assert.equal(isWantedAtTaskStart(setting, { name, source, type }), expected);
    });
  }
});

describe('the title of such a checkpoint', () => {
  const kinds: readonly Occasion['kind'][] = ['debugging', 'task', 'branch'];
  for (const kind of kinds) {
    it(`says the moment: ${kind}`, () => {
      const title = occasionTitle({ kind, name: 'x' });
      assert.ok(
        [automaticTitles.beforeDebugging, automaticTitles.atTaskStart, automaticTitles.afterBranchSwitch].some(
          (made) => made('x') === title,
        ),
        title,
      );
    });

    it(`is one that a snapshot can have, whatever the name: ${kind}`, () => {
      for (const name of ['', 'x'.repeat(5_000), 'a\nb\u202e']) {
        assert.equal(titleProblem(occasionTitle({ kind, name }), []), undefined);
      }
    });
  }
});
