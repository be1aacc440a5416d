// Names of overlays: with our ending, and as libvirt and we named them before. VMs have both for years.
import assert from 'node:assert/strict';
import { danglingOverlays } from '../../../src/domain/chains/danglingOverlays.js';
import { overlaysOf } from '../../../src/domain/chains/layersFromStatistics.js';
import {
  chooseRevertOverlays,
  revertSecondOf,
  revertSeconds,
  usedSuffixes,
} from '../../../src/domain/chains/overlayFiles.js';
import type { Facts } from '../../../src/domain/facts.js';
import { disk, external, facts, frozen, image, looked, now, tree, vm } from './someFacts.js';

const base = '/img/web.qcow2';
const old = '/img/web.a';
const ours = '/img/web.b.qcow2';
const ofRevert = '/img/web.1700000000.qcow2';
const ofLibvirt = '/img/web.b.1700000001';

/** `a` froze the base, `b` an overlay of old; the VM was reverted to `c`, which froze one of today. */
const mixed = (more: Partial<Facts> = {}): Facts =>
  facts({
    vm: vm({ power: 'off', disks: [disk('vda', ofRevert)] }),
    tree: tree(
      [
        external('a'),
        external('b', 'a', { disks: [{ target: 'vda', location: 'external', file: ours }] }),
        external('c', 'b', {
          disks: [{ target: 'vda', location: 'external', file: ofRevert }],
          revertFile: ofLibvirt,
          createdAt: 1,
        }),
      ],
      'c',
    ),
    frozenDisks: frozen({ a: base, b: old, c: ours }),
    otherVms: [],
    files: looked({
      images: { [base]: image(), [old]: image(base), [ours]: image(old), [ofRevert]: image(ours) },
    }),
    ...more,
  });

describe('names of overlays, ours and libvirt’s, of old and of today', () => {
  const seconds = [
    ['/img/web.1700000000', 1_700_000_000],
    [ofRevert, 1_700_000_000],
    [ofLibvirt, 1_700_000_001],
    ['/img/web-vdb.1700000000.qcow2', 1_700_000_000],
    [base, undefined],
    [ours, undefined],
    ['/img/web.17.qcow2', undefined],
    ['/img/web.1700000000.raw', undefined],
  ] as const;
  for (const [file, second] of seconds) {
    it(`${file}: ${second === undefined ? 'of no revert' : `of a revert in ${String(second)}`}`, () => {
      assert.equal(revertSecondOf(file), second);
    });
  }

  it('tell since when each takes the writes', () => {
    const since = overlaysOf(mixed().tree.snapshots).map(({ file, since: at }) => [file, at]);
    assert.deepEqual(since.slice(2), [
      [ofRevert, 1_700_000_000_000],
      [ofLibvirt, 1_700_000_001_000],
    ]);
  });

  it('are waited for where libvirt could want the same', () => {
    assert.deepEqual(revertSeconds(mixed()), [1_700_000_001]);
  });

  it('are not taken for a new snapshot', () => {
    const used = usedSuffixes(mixed());
    for (const name of ['a', 'b', '1700000000', 'b.qcow2', 'qcow2']) {
      assert.ok(used.has(name), name);
    }
    assert.ok(!used.has('c'));
  });

  it('lead to the name of the base, however many lie between', () => {
    for (const file of [base, old, ours, ofRevert, ofLibvirt]) {
      const overlays = chooseRevertOverlays(mixed(), [disk('vda', file)]);
      assert.ok(!('kind' in overlays));
      assert.equal(overlays[0]?.file, `/img/web.${String(now / 1_000)}.qcow2`, file);
    }
  });

  it('of what a revert leaves go, whatever they are called', () => {
    for (const file of [ofRevert, '/img/web.1700000000', ofLibvirt]) {
      const left = danglingOverlays(
        mixed({
          vm: vm({ power: 'off', disks: [disk('vda', file)] }),
          files: looked({
            images: { [base]: image(), [old]: image(base), [ours]: image(old), [file]: image(ours) },
          }),
        }),
      );
      assert.deepEqual(left, { removable: [file], kept: [] });
    }
  });
});
