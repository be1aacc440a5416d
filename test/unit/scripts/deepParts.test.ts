// Which parts of the deep tests come first.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { layers } from '../../../scripts/build.mjs';
import { dealt, deepParts, hostGroups, hostTurn, inTurn, turns } from '../../../scripts/rig/deepParts.mjs';
import { root } from '../../../scripts/rig/root.mjs';
import { groups } from '../../realhost/rows.js';

const part = (name: string, ...guards: readonly string[]) =>
  ({ name, group: name, version: 'system', minutes: 1, guards }) as const;
const some = [part('a', 'plans'), part('b', 'journal'), part('c', 'plans'), part('d', 'webview')];
const text = (file: string): string => readFileSync(join(root, 'test', file), 'utf8');
const namesOf = (parts: readonly { readonly name: string }[]): string => parts.map(({ name }) => name).join('');

describe('the order of the deep tests', () => {
  it('begins with another part from run to run', () => {
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((turn) => namesOf(inTurn(some, undefined, turn))),
      ['abcd', 'bcda', 'cdab', 'dabc', 'abcd'],
    );
  });

  it('has next what guards rooms that changed', () => {
    assert.equal(namesOf(inTurn(some, new Set(['plans']), 0)), 'acbd');
    assert.equal(namesOf(inTurn(some, new Set(['plans']), 1)), 'bacd');
    assert.equal(namesOf(inTurn(some, new Set(['nowhere']), 1)), 'bcda');
  });

  it('has turns that are about as long', () => {
    const minutes = Array.from({ length: turns }, () => 0);
    for (const [{ minutes: its }, turn] of dealt(deepParts)) minutes[turn]! += its;
    assert.ok(Math.max(...minutes) - Math.min(...minutes) < 5, minutes.join());
  });

  it('leaves nothing out and names nothing twice', () => {
    const names = deepParts.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual(
      inTurn(deepParts, new Set(['plans']), 7)
        .map(({ name }) => name)
        .toSorted(),
      names.toSorted(),
    );
  });

  it('guards rooms that are there', () => {
    const rooms = new Set([...readdirSync(join(root, 'src')), 'scripts', 'package.json', '.ci']);
    assert.deepEqual(
      deepParts.flatMap(({ guards }) => guards).filter((room) => !rooms.has(room)),
      [],
    );
  });

  it('names files that are in the tier of its part', () => {
    for (const { name, layer, tier = 'usual', files } of deepParts) {
      if (layer === undefined || files === undefined) continue;
      const there = readdirSync(join(root, 'test', layer), { recursive: true, encoding: 'utf8' }).flatMap((file) => {
        const [, its, rare = 'usual'] = /([^/]+?)(?:\.(more|deep))?\.test\.ts$/u.exec(file) ?? [];
        const isIn = tier === 'whole' ? rare !== 'deep' : rare === tier;
        return its !== undefined && isIn ? [its] : [];
      });
      assert.deepEqual(
        files.filter((file) => !there.includes(file)),
        [],
        name,
      );
    }
  });

  it('runs all rows of every file that has more of them than the usual run', () => {
    for (const layer of ['libvirtd', 'ui']) {
      const run = deepParts.flatMap((its) =>
        its.layer === layer && its.version === 'system' && its.env?.['TEST_ROWS'] === 'all' ? (its.files ?? []) : [],
      );
      const left = readdirSync(join(root, 'test', layer), { recursive: true, encoding: 'utf8' }).filter((file) => {
        const isRun = run.includes(basename(file).split('.')[0] ?? '');
        return /(?<!\.deep)\.test\.ts$/u.test(file) && !isRun && text(join(layer, file)).includes('allRows.js');
      });
      assert.deepEqual(left, [], layer);
    }
  });

  it('runs every group of the table of real hosts', () => {
    const table = [...groups.map(({ name }) => name), 'resets'];
    assert.deepEqual(Object.values(hostGroups).flat().toSorted(), table.toSorted());
  });

  it('runs every group of one host but the resets in twelve landings, on both', () => {
    const run = (from: number): readonly string[] =>
      Array.from({ length: 12 }, (_, at) => hostTurn(from + at)).flatMap(({ suite, groups: its }) =>
        its.map((group) => `${suite} ${group}`),
      );
    const alone = groups.filter(({ shared }) => shared === undefined);
    const all = ['bookworm', 'trixie'].flatMap((suite) => alone.map(({ name }) => `${suite} ${name}`));
    assert.deepEqual(run(5).toSorted(), all.toSorted());
    assert.notEqual(hostTurn(12).groups[0], hostTurn(0).groups[0]);
  });

  it('runs every file of tests that the usual run leaves out', () => {
    for (const tier of ['deep', 'more']) {
      const filesOf = (layer: string): readonly string[] =>
        readdirSync(join(root, 'test', layer), { recursive: true, encoding: 'utf8' })
          .filter((file) => file.endsWith(`.${tier}.test.ts`))
          .map((file) => `${layer}/${basename(file).split('.')[0] ?? ''}`);
      const run = new Set(
        deepParts.flatMap(({ tier: its, layer = '', files }) => {
          if (its === tier) return (files ?? []).map((file) => `${layer}/${file}`);
          return its === 'whole' && tier === 'more' && files === undefined && layer === 'host' ? filesOf(layer) : [];
        }),
      );
      const files = layers.flatMap(filesOf);
      assert.ok(files.length > 0);
      assert.deepEqual(files.toSorted(), [...run].toSorted());
    }
  });
});
