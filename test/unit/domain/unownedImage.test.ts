// Where a revert has taken the overlay away that would tell what a snapshot froze: the images that nobody names are
// asked.
import assert from 'node:assert/strict';
import { unownedImageRefusal } from '../../../src/domain/chains/unownedImage.js';
import type { FileFactsByPath, StrayImage } from '../../../src/domain/facts.js';
import { type SeenFile, image, over, seen } from './hostFiles.js';
import { disk, external, frozen, facts, now, tree, vm } from './someFacts.js';

const base = '/img/web.qcow2';
const minuteMs = 60_000;

describe('an image that nobody names, upon what a snapshot is said to have frozen', () => {
  const taken = external('b', undefined, { createdAt: now });
  const ram = external('b', undefined, { createdAt: now, memory: 'external', memoryFile: '/img/b.mem' });
  const ramOf = (modifiedAt: number | undefined): FileFactsByPath['files'] =>
    new Map([['/img/b.mem', modifiedAt === undefined ? 'unknown' : { bytes: 1, allocatedBytes: 1, modifiedAt }]]);
  const told = (
    overlay: SeenFile,
    stray: StrayImage,
    b = taken,
    savedAt?: number,
    name = '/img/web.a',
  ): string | undefined =>
    unownedImageRefusal(
      b,
      facts({
        tree: tree([b], 'b'),
        frozenDisks: frozen({ b: base }),
        files: seen({ [base]: image(), '/img/web.b': overlay }, {}, { files: ramOf(savedAt) }),
        strays: new Map([[name, stray]]),
      }),
    )?.refusal.reason;
  const at = (ms: number): StrayImage => ({ restsOn: [base], modifiedAt: now + ms });

  it('may be what it froze, where it was at rest when that was taken, or nobody knows', () => {
    assert.equal(told('missing', at(-minuteMs)), 'unownedImage');
    assert.equal(told('missing', at(minuteMs)), 'unownedImage');
    assert.equal(told('missing', at(minuteMs), taken, undefined, '/img/web.a.qcow2'), 'unownedImage');
    assert.equal(told('missing', { restsOn: [base] }), 'unownedImage');
  });

  it('is asked about too where it has been looked at as an orphan', () => {
    const images = (above: Readonly<Record<string, SeenFile>>): string | undefined =>
      unownedImageRefusal(
        taken,
        facts({
          tree: tree([taken], 'b'),
          vm: vm({ disks: [disk('vda', '/img/web.now')] }),
          frozenDisks: frozen({ b: base }),
          files: seen({ [base]: image(), '/img/web.a': over(base), ...above }),
        }),
      )?.refusal.reason;
    assert.equal(images({}), 'unownedImage');
    assert.equal(images({ '/img/web.now': over('/img/web.a') }), undefined);
  });

  it('is something else, where it was written to later: somebody has built it on what was frozen', () => {
    assert.equal(told('missing', at(2 * minuteMs)), undefined);
  });

  it('is a clone, where it is named otherwise and was written to right after', () => {
    assert.equal(told('missing', at(2_000), taken, undefined, '/img/copy.qcow2'), undefined);
    assert.equal(told('missing', at(0), taken, undefined, '/img/copy.qcow2'), 'unownedImage');
  });

  it('is something else, where its name tells of a later revert: libvirt leaves what it laid over a CD-ROM', () => {
    const seconds = now / 1000;
    assert.equal(told('missing', at(2_000), taken, undefined, `/img/web.${String(seconds + 1)}`), undefined);
    assert.equal(told('missing', at(2_000), taken, undefined, `/img/web.${String(seconds)}`), 'unownedImage');
  });

  it('is something else, where it rests on another file', () => {
    assert.equal(told('missing', { restsOn: ['/img/other', base], modifiedAt: 0 }), undefined);
  });

  it('is not asked where the overlay that it made is there, or nobody could look', () => {
    assert.equal(told(over(base), at(0)), undefined);
    assert.equal(told('unknown', at(0)), undefined);
  });

  it('was at rest only when the RAM of a guest that ran on was saved', () => {
    assert.equal(told('missing', at(10 * minuteMs), ram, now + 600_000), 'unownedImage');
    assert.equal(told('missing', at(10 * minuteMs), ram), undefined);
  });
});
