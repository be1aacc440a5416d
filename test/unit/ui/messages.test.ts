// What a page may say: whatever is not exactly one of our messages does nothing.
import assert from 'node:assert/strict';
import { longestPng, longestSvg, parseFromPicture, parseKept } from '../../../src/ui/picture/messages.js';

const png = (length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return bytes;
};

describe('messages of the picture', () => {
  it('are taken as they are meant, and nothing beside', () => {
    assert.deepEqual(parseFromPicture({ type: 'run', action: 'virtRewind.revert', snapshot: 'a', confirm: false }), {
      type: 'run',
      action: 'virtRewind.revert',
      snapshot: 'a',
    });
    assert.deepEqual(parseFromPicture({ type: 'ready', more: 1 }), { type: 'ready' });
    assert.deepEqual(parseFromPicture({ type: 'settled', number: 3 }), { type: 'settled', number: 3 });
    assert.deepEqual(parseFromPicture({ type: 'disk', disk: 'vda' }), { type: 'disk', disk: 'vda' });
  });

  for (const [what, message] of Object.entries<unknown>({
    nothing: undefined,
    null: null,
    text: 'ready',
    'a list': [{ type: 'ready' }],
    'an unknown type': { type: 'eval', code: 'x' },
    'a type of the prototype': { type: 'constructor' },
    'no action': { type: 'run', snapshot: 'a' },
    'an action that is no text': { type: 'run', action: { toString: () => 'x' }, snapshot: 'a' },
    'an endless name': { type: 'whatIf', action: 'a', snapshot: 'x'.repeat(1_001) },
    'no number': { type: 'settled', number: NaN },
    'an empty disk': { type: 'disk', disk: '' },
    'SVG that is none': { type: 'export', format: 'svg', data: '<html>' },
    'SVG with a script': { type: 'export', format: 'svg', data: '<svg ><script>1</script></svg>' },
    'SVG with a handler': { type: 'export', format: 'svg', data: '<svg ><g\nonload = "x"/></svg>' },
    'SVG with a page in it': { type: 'export', format: 'svg', data: '<svg ><foreignObject/></svg>' },
    'endless SVG': { type: 'export', format: 'svg', data: `<svg ${' '.repeat(longestSvg)}` },
    'a PNG that is none': { type: 'export', format: 'png', data: new Uint8Array(100) },
    'a PNG as text': { type: 'export', format: 'png', data: 'iVBOR' },
    'an endless PNG': { type: 'export', format: 'png', data: png(longestPng + 1) },
    'another format': { type: 'export', format: 'exe', data: png(9) },
  })) {
    it(`are not: ${what}`, () => {
      assert.equal(parseFromPicture(message), undefined);
    });
  }

  it('let words of a title through that only look like a handler', () => {
    const data = '<svg role="img"><title>a onclick=&quot;b&quot;</title></svg>';
    assert.deepEqual(parseFromPicture({ type: 'export', format: 'svg', data }), {
      type: 'export',
      format: 'svg',
      data,
    });
  });

  it('bring no picture back without a VM', () => {
    assert.equal(parseKept(undefined), undefined);
    assert.equal(parseKept({ connection: 'qemu:///system' }), undefined);
    assert.equal(parseKept({ connection: 1, uuid: 'u' }), undefined);
    assert.deepEqual(parseKept({ connection: 'c', uuid: 'u', disk: 7, more: 1 }), { connection: 'c', uuid: 'u' });
    assert.deepEqual(parseKept({ connection: 'c', uuid: 'u', disk: 'vda' }), {
      connection: 'c',
      uuid: 'u',
      disk: 'vda',
    });
  });
});
