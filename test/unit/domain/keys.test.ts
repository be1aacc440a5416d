// What a hand types, as keys of a keyboard.
import assert from 'node:assert/strict';
import { chordOf, chordsOf } from '../../../src/domain/keys.js';

describe('keys', () => {
  it('are held together in the order in which they are named', () => {
    assert.deepEqual(chordOf('Ctrl+ALT+f2'), [29, 56, 60]);
    assert.deepEqual(chordOf('a'), [30]);
    for (const words of ['', 'ctrl+', 'constructor', 'ctrl+hyper', Array.from({ length: 17 }, () => 'a').join('+')]) {
      assert.equal(chordOf(words), undefined, words);
    }
  });

  it('type each character of a US keyboard', () => {
    assert.deepEqual(chordsOf('aA1!\r\n'), [[30], [42, 30], [2], [42, 2], [28]]);
    const all = Array.from({ length: 95 }, (_, at) => String.fromCodePoint(32 + at)).join('');
    const chords = chordsOf(all) as readonly unknown[];
    assert.equal(new Set(chords.map((chord) => JSON.stringify(chord))).size, 95);
    assert.deepEqual(chordsOf('fünf'), { noKey: 'ü' });
  });
});
