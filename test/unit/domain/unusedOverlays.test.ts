// Overlays with data above what a VM stands on, which nobody names: what counts as one, and what that keeps.
import assert from 'node:assert/strict';
import { orphanFiles } from '../../../src/domain/chains/orphans.js';
import { unusedOverlays } from '../../../src/domain/chains/unusedOverlays.js';
import type { Facts } from '../../../src/domain/facts.js';
import { image, over, seen, type SeenFile } from './hostFiles.js';
import { ask, disk, external, facts, frozen, planned, tree, vm } from './someFacts.js';

const base = '/img/web.qcow2';
const lost = '/img/web.lost';
const memory = '/img/web.s-1800000000-11111111.mem';

const off = vm({ power: 'off' });

function inWhat(images: Readonly<Record<string, SeenFile>>, more: Partial<Facts> = {}): Facts {
  const files = seen({ [base]: image({ real: '1:1' }), ...images }, { [memory]: 'there' });
  return facts({ vm: off, files, otherVms: [], strays: new Map(), ...more });
}

const other = { uuid: 'o', name: 'other', unread: [] };

describe('an overlay with data that nobody names', () => {
  const stray = (more: object): Partial<Facts> => ({
    strays: new Map([['/img/any.qcow2', { restsOn: [base], ...more }]]),
  });
  const onNew = { vm: vm({ power: 'off', disks: [disk('vda', '/img/web.new')] }), frozenDisks: frozen({ new: base }) };
  const froze = (createdAt: number): Partial<Facts> => ({
    ...onNew,
    tree: tree([external('new', undefined, { createdAt })], 'new'),
  });
  const rows: readonly (readonly [what: string, in_: Facts, unused: string, orphans: string])[] = [
    ['on what the VM writes to', inWhat({ [lost]: over(base) }), `${lost} on ${base}`, ''],
    ['the same, empty: an interrupted snapshot', inWhat({ [lost]: over(base, { empty: true }) }), '', lost],
    [
      'over another one: the top one is told',
      inWhat({ [lost]: over(base), '/img/web.upper': over(lost) }),
      `/img/web.upper on ${base}`,
      '',
    ],
    [
      'under an empty one',
      inWhat({ [lost]: over(base), '/img/web.upper': over(lost, { empty: true }) }),
      `${lost} on ${base}`,
      '/img/web.upper',
    ],
    ['of any name, in the folder', inWhat({}, stray({})), `/img/any.qcow2 on ${base}`, ''],
    ['of any name, empty', inWhat({}, stray({ empty: true })), '', ''],
    ['of any name, which somebody names by another path', inWhat({}, stray({ isUsed: true })), '', ''],
    [
      'by another path to what the VM writes to',
      inWhat({ [lost]: over('/link/web.qcow2'), '/link/web.qcow2': image({ real: '1:1' }) }),
      `${lost} on ${base}`,
      '',
    ],
    ['that another VM names', inWhat({ [lost]: over(base) }, { otherVms: [{ ...other, files: [lost] }] }), '', ''],
    ['that a program has open', inWhat({ [lost]: over(base, { real: '1:2' }) }, { held: new Set(['1:2']) }), '', ''],
    [
      'on what the VM writes to at its next start',
      inWhat(
        { [lost]: over(base), '/img/else': image() },
        { vm: vm({ disks: [disk('vda', '/img/else')] }), configured: [disk('vda', base)] },
      ),
      `${lost} on ${base}`,
      '',
    ],
    [
      'that was there before a snapshot froze its base',
      inWhat({ [lost]: over(base, { modifiedAt: 1_000 }), '/img/web.new': over(base) }, froze(2_000)),
      `${lost} on ${base}`,
      '',
    ],
    [
      'that came after: what a revert left',
      inWhat({ [lost]: over(base, { modifiedAt: 3_000 }), '/img/web.new': over(base) }, froze(2_000)),
      '',
      lost,
    ],
    [
      'on what another VM writes to',
      inWhat(
        { [lost]: over(base, { modifiedAt: 3_000 }), '/img/web.new': over(base) },
        { ...froze(2_000), otherVms: [{ ...other, files: [base], writes: [base] }] },
      ),
      '',
      '',
    ],
    ['and the other VMs were not looked at', inWhat({ [lost]: over(base) }, { otherVms: undefined as never }), '', ''],
  ];
  for (const [what, at, unused, orphans] of rows) {
    it(what, () => {
      const found = unusedOverlays(at).map(({ overlay, file }) => `${overlay} on ${file}`);
      assert.equal(found.join(' '), unused);
      const cleared = orphanFiles(at).map(({ file }) => file);
      assert.equal(cleared.filter((file) => file !== memory).join(' '), orphans);
    });
  }

  it('keeps the RAM of snapshots that were lost with it', () => {
    assert.deepEqual(orphanFiles(inWhat({ [lost]: over(base) })), []);
  });

  it('is lost by a start on what is below it, and not by one above', () => {
    const newer = over(base, { modifiedAt: 3_000 });
    const losses = (at: Facts): unknown => planned(ask.power('start'), at).losses;
    assert.deepEqual(losses(inWhat({ [lost]: newer })), [{ kind: 'unusedOverlays', files: [lost] }]);
    const below = [base, '/img/another'].map((file) => ({ disk: `${file}.top`, file }));
    const otherVms = [{ uuid: 'o', name: 'other', files: [], unread: [], below }];
    assert.deepEqual(losses({ ...inWhat({}), otherVms }), [{ kind: 'unusedOverlays', files: [`${base}.top`] }]);
    const before = inWhat({ [lost]: over(base, { modifiedAt: 1_000 }), '/img/web.new': over(base) }, froze(2_000));
    assert.deepEqual(losses(before), []);
    const merged = inWhat({ [lost]: over(base, { modifiedAt: 1_000 }), [base]: image({ modifiedAt: 2_000 }) });
    assert.deepEqual(losses(merged), []);
    assert.deepEqual(unusedOverlays(merged), [{ disk: 'vda', file: base, overlay: lost, isNewer: false }]);
  });
});

describe('what somebody names by another path', () => {
  const alike = over(base, { real: '1:5', empty: true });
  const rows: readonly (readonly [what: string, named: Facts, seen?: object])[] = [
    [
      'a snapshot, as what it froze',
      inWhat(
        { [lost]: alike, '/link/web.lost': alike },
        { tree: tree([external('a')]), frozenDisks: frozen({ a: '/link/web.lost' }) },
      ),
    ],
    [
      'a doubled slash in a saved state',
      inWhat({ [lost]: alike }, { vm: { ...off, savedDisks: [{ target: 'vda', file: '/img//web.lost' }] } }),
    ],
    [
      'the configuration, beside the disks',
      inWhat({ [lost]: alike }, { vm: { ...off, mentions: ['/img/../img/web.lost'] } }),
    ],
    ['another VM', inWhat({ [lost]: alike }, { otherVms: [{ ...other, files: [lost] }] })],
    ['the next start', inWhat({ [lost]: alike, '/hard/link': alike }, { configured: [disk('vda', '/hard/link')] })],
    [
      'a snapshot in a folder that it was moved out of',
      inWhat(
        { [lost]: alike, '/old/web.lost': 'missing' },
        {
          tree: tree([external('a')]),
          frozenDisks: frozen({ a: '/old/web.lost' }),
        },
      ),
    ],
  ];
  for (const [what, at] of rows) {
    it(`is no leftover: ${what}`, () => {
      assert.deepEqual(
        orphanFiles(at).filter(({ file }) => file === lost),
        [],
      );
      assert.deepEqual(unusedOverlays(at), []);
    });
  }

  it('nor is one whose data stand elsewhere, or that a checkpoint may name', () => {
    const found = (at: Facts): boolean => orphanFiles(at).some(({ file }) => file === lost);
    assert.equal(found(inWhat({ [lost]: alike })), true);
    assert.equal(found(inWhat({ [lost]: { ...alike, dataFile: true } })), false);
    assert.equal(found(inWhat({ [lost]: alike }, { checkpoints: ['c'] })), false);
  });
});
