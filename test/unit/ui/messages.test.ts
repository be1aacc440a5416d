// What a page may say: whatever is not exactly one of our messages does nothing.
import assert from 'node:assert/strict';
import { parseFromPicture, parsePageState } from '../../../src/ui/picture/messages.js';

const png = (length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return bytes;
};

describe('messages of the picture', () => {
  it('are taken as they are meant, and nothing beside', () => {
    assert.deepEqual(parseFromPicture({ kind: 'run', action: 'virtRewind.revert', snapshot: 'a', confirm: false }), {
      kind: 'run',
      action: 'virtRewind.revert',
      snapshot: 'a',
    });
    assert.deepEqual(parseFromPicture({ kind: 'ready', more: 1 }), { kind: 'ready' });
    assert.deepEqual(parseFromPicture({ kind: 'settled', number: 3 }), { kind: 'settled', number: 3 });
    assert.deepEqual(parseFromPicture({ kind: 'disk', disk: 'vda' }), { kind: 'disk', disk: 'vda' });
  });

  for (const [what, message] of Object.entries<unknown>({
    nothing: undefined,
    null: null,
    text: 'ready',
    'a list': [{ kind: 'ready' }],
    'an unknown type': { kind: 'eval', code: 'x' },
    'a type of the prototype': { kind: 'constructor' },
    'an agreement to no number': { kind: 'agree', number: 1.5 },
    'a move to the trash of no number': { kind: 'throwAway' },
    'no action': { kind: 'run', snapshot: 'a' },
    'an action that is no text': { kind: 'run', action: { toString: () => 'x' }, snapshot: 'a' },
    'an endless name': { kind: 'whatIf', action: 'a', snapshot: 'x'.repeat(1_001) },
    'no number': { kind: 'settled', number: NaN },
    'an empty disk': { kind: 'disk', disk: '' },
    'SVG that is none': { kind: 'export', format: 'svg', data: '<html>' },
    'SVG with a script': { kind: 'export', format: 'svg', data: '<svg ><script>1</script></svg>' },
    'SVG with a handler': { kind: 'export', format: 'svg', data: '<svg ><g\nonload = "x"/></svg>' },
    'SVG with a page in it': { kind: 'export', format: 'svg', data: '<svg ><foreignObject/></svg>' },
    'endless SVG': { kind: 'export', format: 'svg', data: `<svg ${' '.repeat(20_000_000)}` },
    'a PNG that is none': { kind: 'export', format: 'png', data: new Uint8Array(100) },
    'a PNG as text': { kind: 'export', format: 'png', data: 'iVBOR' },
    'an endless PNG': { kind: 'export', format: 'png', data: png(40_000_001) },
    'another format': { kind: 'export', format: 'exe', data: png(9) },
  })) {
    it(`are not: ${what}`, () => {
      assert.equal(parseFromPicture(message), undefined);
    });
  }

  it('let words of a title through that only look like a handler', () => {
    const data = '<svg role="img"><title>a onclick=&quot;b&quot;</title></svg>';
    assert.deepEqual(parseFromPicture({ kind: 'export', format: 'svg', data }), {
      kind: 'export',
      format: 'svg',
      data,
    });
  });

  it('bring no picture back without a VM', () => {
    assert.equal(parsePageState(undefined), undefined);
    assert.equal(parsePageState({ connection: 'qemu:///system' }), undefined);
    assert.equal(parsePageState({ connection: 1, uuid: 'u' }), undefined);
    assert.deepEqual(parsePageState({ connection: 'c', uuid: 'u', disk: 7, more: 1 }), { connection: 'c', uuid: 'u' });
    assert.deepEqual(parsePageState({ connection: 'c', uuid: 'u', disk: 'vda' }), {
      connection: 'c',
      uuid: 'u',
      disk: 'vda',
    });
  });
});
