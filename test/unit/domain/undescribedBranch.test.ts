// What branches have to tell libvirt 10.0 to 12.7 before it merges below them: it crashes where it cannot look at them.
import assert from 'node:assert/strict';
import {
  undescribedBranchRefusal,
  undescribedDisks,
  imagesBelowUndescribed,
} from '../../../src/domain/chains/undescribedBranch.js';
import type { VmDisk, VmLayer } from '../../../src/domain/vm.js';
import { image, over, seen, type SeenFile } from './hostFiles.js';
import { capabilities, disk, external, facts, frozen, tree } from './someFacts.js';

/** low ─ fork ─ here (current), fork ─ x ─ y: what `low` froze takes a merge. */
const forked = tree(
  [external('low'), external('fork', 'low'), external('here', 'fork'), external('x', 'fork'), external('y', 'x')],
  'here',
);
const told = { layers: [{ type: 'file', file: '/img/web.low' }] };
const own = '/img/x';

function situation(
  ofX: readonly VmDisk[],
  [major, minor]: readonly [number, number],
  images?: Readonly<Record<string, SeenFile>>,
): Parameters<typeof undescribedBranchRefusal>[2] {
  return facts({
    tree: forked,
    capabilities: capabilities(major, minor),
    frozenDisks: new Map([
      ...frozen({ low: '/img/web', fork: '/img/web.low', here: '/img/web.fork' }),
      ['x', ofX],
      ['y', [disk('vda', '/img/y', told)]],
    ]),
    ...(images === undefined ? {} : { files: seen(images) }),
  });
}

describe('a branch that libvirt cannot look at', () => {
  const drive: VmDisk = { ...disk('sda', undefined), device: 'cdrom', format: 'raw' };
  const volume = { pool: 'p', name: 'v' };
  const base: Required<VmLayer> = { type: 'file', format: 'raw', file: '/img/web' };
  const low: Required<VmLayer> = { type: 'file', format: 'qcow2', file: '/img/web.low' };
  const rests = {
    [own]: over('/img/web.low'),
    '/img/web.low': image({ backing: { file: '/img/web', format: 'raw' } }),
  };
  const whole = { ...rests, '/img/web': image({ format: 'raw' }) };
  const untold = disk('vda', own);
  const rows: readonly (readonly [
    what: string,
    VmDisk,
    Readonly<Record<string, SeenFile>> | undefined,
    'ok' | 'crashesOnBranch' | readonly Required<VmLayer>[],
  ])[] = [
    ['a layer below it is told', disk('vda', own, told), whole, 'ok'],
    ['the whole chain is told, and it is empty', disk('vda', own, { backing: [] }), whole, 'ok'],
    ['nothing told, rests on others', untold, whole, [low, base]],
    ['nothing told, rests on one that is not seen', untold, rests, 'crashesOnBranch'],
    ['nothing told, rests on itself', untold, { [own]: over(own) }, 'crashesOnBranch'],
    [
      'nothing told, rests on one of a format that nobody tells',
      untold,
      { ...whole, [own]: image({ backing: { file: '/img/web.low' } }) },
      'crashesOnBranch',
    ],
    [
      'nothing told, rests on a part of a file',
      untold,
      { ...whole, [own]: image({ backing: { file: '/img/web.low', format: 'qcow2', part: true } }) },
      'crashesOnBranch',
    ],
    ['nothing told, stands alone', untold, { [own]: image() }, 'ok'],
    ['nothing told, missing', untold, { [own]: 'missing' }, 'crashesOnBranch'],
    ['nothing told, not to be seen', untold, { [own]: 'unknown' }, 'crashesOnBranch'],
    ['nothing told, nobody has looked yet', untold, undefined, 'ok'],
    ['raw', disk('vda', own, { format: 'raw' }), { [own]: 'unknown' }, 'ok'],
    ['raw, missing', disk('vda', own, { format: 'raw' }), { [own]: 'missing' }, []],
    ['an empty drive', drive, {}, []],
    ['an empty drive that is only in the configuration', { ...drive, only: 'configured' }, {}, 'ok'],
    ['a volume', disk('vda', own, { volume }), whole, 'ok'],
    ['on a network', disk('vda', undefined, { sourceType: 'network' }), {}, 'ok'],
  ];
  const [bottom] = forked.snapshots;
  for (const [what, one, images, expected] of rows) {
    it(`${what} → ${typeof expected === 'string' ? expected : `told ${String(expected.length)} layers`}`, () => {
      const inWhat = situation([disk('vda', '/img/told', told), one], [11, 3], images);
      const refusal = undescribedBranchRefusal([bottom!], new Set(['low']), inWhat)?.refusal;
      const tells = undescribedDisks([bottom!], new Set(['low']), inWhat);
      assert.deepEqual(
        refusal,
        expected === 'crashesOnBranch'
          ? {
              reason: 'crashesOnBranch',
              facts: { snapshot: 'low', by: 'x', disk: one.target, version: '11.3', needed: '12.8' },
            }
          : undefined,
      );
      assert.deepEqual(
        [...tells],
        typeof expected === 'string' ? [] : [['x', [{ target: one.target, below: expected }]]],
      );
    });
  }

  for (const [[major, minor], expected] of [
    [[9, 0], 0],
    [[10, 0], 1],
    [[12, 7], 1],
    [[12, 8], 0],
  ] as const) {
    it(`libvirt ${String(major)}.${String(minor)} ${expected === 1 ? 'is told' : 'needs to be told nothing'}`, () => {
      const tells = undescribedDisks([bottom!], new Set(['low']), situation([drive], [major, minor], {}));
      assert.equal(tells.size, expected);
    });
  }

  it('that goes too goes before', () => {
    const going = new Set(['low', 'x', 'y']);
    assert.equal(undescribedDisks([bottom!], going, situation([drive], [11, 3], {})).size, 0);
  });

  it('does not matter to the current snapshot, which nothing descends from', () => {
    const here = forked.snapshots.find(({ name }) => name === 'here');
    assert.equal(undescribedDisks([here!], new Set(['here']), situation([drive], [11, 3], {})).size, 0);
  });

  it('has its images looked at where its metadata do not tell', () => {
    const inWhat = situation([disk('vda', own), disk('vdb', '/img/told', told), drive], [11, 3]);
    assert.deepEqual(imagesBelowUndescribed(inWhat), [own]);
  });
});
