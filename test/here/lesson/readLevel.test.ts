// Level files: what is read from them, what is told of one that is wrong or means harm, and that our own are right.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../../scripts/rig/root.mjs';
import { longestYaml } from '../../../src/lab/readYaml.js';
import { readLevelFile, readLevel } from '../../../src/lesson/levelFiles.js';
import { textIn } from '../../../src/lesson/levelText.js';
import { ownLevel, ownLevelIds } from '../../ownLevel.js';

const right = `version: 1
title: Two
start: [{ power: start }]
goal: { snapshots: [{ title: A, kind: memory }, { title: B, below: A }], current: A }
steps:
  - title: One
    say: [Words]
    task: Do it
    do: [{ write: { seed: 7 } }, { create: { title: A, kind: memory } }]
    check: { snapshots: [{ title: A, kind: memory }], blocks: [{ at: 16, seed: 7 }], layers: { least: 2, most: 2 } }
  - title: Two
    say: [More words]
    do: [{ create: { title: B, kind: disk } }, { revert: { to: A } }]
    check: { current: A, did: revert, goal: true, bytes: { of: all, most: 9 MiB } }
golf: { steps: 3 }
`;

/** Lines of what is wrong. */
const wrongLines = (text: string): readonly number[] => readLevel(text).problems.map(({ line }) => line);
const changed = (from: string, to: string): string => {
  assert.ok(right.includes(from), from);
  return right.replace(from, to);
};

describe('level files', () => {
  it('are read', () => {
    const { level, problems } = readLevel(right);
    assert.deepEqual(problems, []);
    assert.equal(level?.steps[1]?.check?.bytes?.most, 9 * 1024 * 1024);
  });

  it('have a problem where they are no readable files of a bounded size', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'levels-'));
    try {
      const [dead, large] = ['dead', 'large'].map((name) => join(folder, name)) as [string, string];
      symlinkSync(join(folder, 'nowhere'), dead);
      writeFileSync(large, ' '.repeat(longestYaml * 4 + 1));
      for (const path of [folder, dead, large, join(large, 'below'), '/dev/zero', '/proc/self/mem']) {
        const { level, problems } = await readLevelFile(path);
        assert.deepEqual([level, problems.length], [undefined, 1], path);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('show nothing of a file that is none, and of none that a link leads to', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'levels-'));
    try {
      const text = 'root:$y$secret:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n';
      const [own, inside, link] = ['shadow', 'in.level.yaml', 'a/out.level.yaml'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      mkdirSync(join(folder, 'a'));
      writeFileSync(own, text);
      symlinkSync('shadow', inside);
      symlinkSync('../shadow', link);
      for (const path of [own, inside, link]) {
        const { problems } = await readLevelFile(path);
        assert.equal(problems.length, 1, path);
        assert.doesNotMatch(problems[0]?.message ?? '', /secret|root|daemon/u, path);
      }
      writeFileSync(own, right);
      assert.deepEqual((await readLevelFile(inside)).problems, []);
      assert.equal((await readLevelFile(link)).problems.length, 1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const table: readonly (readonly [string, string, readonly number[]])[] = [
    ['an unknown word of a check', changed('did: revert', 'done: revert'), [14]],
    ['an unknown act', changed('{ power: start }', '{ run: rm -rf / }'), [3]],
    ['two acts in one', changed('{ power: start }', '{ power: start, undo: true }'), [3]],
    [
      'a check that holds before',
      changed(
        'check: { snapshots: [{ title: A, kind: memory }], blocks: [{ at: 16, seed: 7 }], layers: { least: 2, most: 2 } }',
        'check: { power: running }',
      ),
      [10],
    ],
    ['a check that never holds', changed('layers: { least: 2, most: 2 }', 'layers: { least: 3 }'), [10]],
    ['a snapshot that is not there', changed('revert: { to: A }', 'revert: { to: C }'), [13]],
    ['a start that is forgotten', changed('start: [{ power: start }]\n', ''), [8]],
    ['a goal that is not reached', changed('current: A }', 'current: B }'), [4, 14]],
    ['a goal that names what it lacks', changed('below: A }]', 'below: C }]'), [4, 4, 14]],
    [
      'a check without what does it',
      changed('    do: [{ create: { title: B, kind: disk } }, { revert: { to: A } }]\n', ''),
      [11],
    ],
    ['a golf that the level itself beats', changed('golf: { steps: 3 }', 'golf: { steps: 4 }'), [15]],
    ['a fork of a snapshot without RAM', changed('{ revert: { to: A } }', '{ clone: { of: B, ram: true } }'), [13]],
    ['a prune of what is not there', changed('{ revert: { to: A } }', '{ prune: [A, C] }'), [13]],
    [
      'a file that the level does not have',
      changed('{ revert: { to: A } }', '{ revert: { to: A } }, { copyOut: { file: A.TXT, of: A } }'),
      [13],
    ],
    ['a path in place of a file', changed('{ revert: { to: A } }', '{ copyOut: { file: ../A.TXT, of: A } }'), [13]],
    ['a missing translation', changed('title: Two\nstart', 'title: { en: Two, de: Zwei }\nstart'), [6, 7, 8, 11, 12]],
  ];
  for (const [what, text, lines] of table) {
    it(`tell of ${what}, where it is`, () => assert.deepEqual(wrongLines(text), lines));
  }

  it('are bounded', () => {
    for (const hostile of [
      '#'.repeat(longestYaml + 1),
      '['.repeat(1_000),
      `a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [${'*a,'.repeat(9)}*a]\nc: &c [${'*b,'.repeat(9)}*b]\nd: [${'*c,'.repeat(9)}*c]`,
      changed('[Words]', `[${'w,'.repeat(9)}]`),
      changed('[{ power: start }]', `[${'{ power: start },'.repeat(31)}]`),
      changed('seed: 7', 'seed: 7, blocks: 100000'),
    ]) {
      const { level, problems } = readLevel(hostile);
      assert.equal(level, undefined);
      assert.ok(problems.length > 0 && problems.length <= 50);
    }
  });

  it('speak the language of the reader, else English, else their own', () => {
    const text = { de: 'D', en: 'E', 'zh-cn': 'Z' };
    assert.deepEqual(
      ['de-at', 'zh-cn', 'fr'].map((language) => textIn(text, language)),
      ['D', 'Z', 'E'],
    );
    assert.deepEqual([textIn('S', 'de'), textIn({ fr: 'F' }, 'de')], ['S', 'F']);
  });

  it('of ours are listed in their order, each once', () => {
    const files = readdirSync(join(root, 'levels')).filter((name) => name.endsWith('.level.yaml'));
    assert.deepEqual(files.sort(), ownLevelIds.map((id) => `${id}.level.yaml`).sort());
  });

  for (const id of ownLevelIds) {
    it(`ours are right, in three languages: ${id}`, () => {
      const { level } = ownLevel(id);
      assert.deepEqual(Object.keys(level.title).sort(), ['de', 'en', 'zh-cn']);
    });
  }
});
