// What tells long names apart can be read in a narrow view.
import assert from 'node:assert/strict';
import { shortenedAlike } from '../../../src/ui/tree/disambiguate.js';

function shown(...names: readonly string[]): readonly string[] {
  const short = shortenedAlike(names);
  return names.map((name) => short.get(name) ?? name);
}

describe('names that look alike', () => {
  it('keep the end that tells them apart', () => {
    assert.deepEqual(shown('webserver-production-eu-west-1-node-01', 'webserver-production-eu-west-1-node-02'), [
      'webserver-produc…-01',
      'webserver-produc…-02',
    ]);
  });

  it('are left as they are where they are short, or differ at once', () => {
    const names = ['web-01', 'web-02', 'a-very-long-name-of-a-machine-01', 'b-very-long-name-of-a-machine-01'];
    assert.deepEqual(shown(...names), names);
  });

  it('are never shortened to the same', () => {
    const names = ['eu', 'us'].flatMap((place) =>
      ['01', '02'].map((number) => `machines-of-the-long-name-in-${place}-number-${number}`),
    );
    const all = shown(...names);
    assert.equal(new Set(all).size, 4, all.join('\n'));
  });

  it('have room for a difference in the middle of what is longer still', () => {
    const names = ['a', 'b'].map((letter) => `before-the-upgrade-of-the-server-${letter}-${'x'.repeat(40)}`);
    for (const name of shown(...names)) {
      assert.ok(name.length <= 21, name);
      assert.match(name, /-[ab]-x+…$/u);
    }
  });

  it('are characters, and not halves of them', () => {
    const names = ['1', '2'].map((number) => `${'😀'.repeat(30)}${number}`);
    assert.deepEqual(
      shown(...names),
      ['1', '2'].map((number) => `${'😀'.repeat(17)}…😀${number}`),
    );
  });

  it('may be the same, or begin with each other', () => {
    const long = 'a-name-that-is-far-too-long-for-a-row';
    assert.deepEqual(shown(long, long), [long, long]);
    assert.equal(new Set(shown(long, `${long}-2`)).size, 2);
  });
});
