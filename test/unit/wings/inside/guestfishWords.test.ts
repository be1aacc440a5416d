// What is said to guestfish, read as guestfish reads it: of each word, the same bytes.
import assert from 'node:assert/strict';
import { seededRandom } from '../../../histories/random.js';
import {
  commandLine,
  nameLists,
  parseFault,
  parseNames,
  parseStats,
} from '../../../../src/wings/inside/bytes/guestfishWords.js';

/** As fish.c: what stands between double quotes, with escapes. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\x[0-9a-f]{2})*)"(?: |$)/gsu)].map(([, word = '']) =>
    word.replaceAll(/\\x([0-9a-f]{2})/gu, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
  );
}

/** As parse_string_list of fish.c, fragment by fragment. */
function listOf(text: string): readonly string[] {
  const words: string[] = [];
  const span = (from: number, ends: string): number => {
    let at = from;
    while (at < text.length && !ends.includes(text.charAt(at))) {
      at += 1;
    }
    return at;
  };
  for (let at = 0; at < text.length;) {
    while (' \t'.includes(text.charAt(at)) && at < text.length) {
      at += 1;
    }
    let [word, isQuoted] = ['', false];
    while (at < text.length && (isQuoted || !' \t'.includes(text.charAt(at)))) {
      if (text.charAt(at) === "'") {
        isQuoted = !isQuoted;
        at += 1;
      }
      const end = span(at, isQuoted ? "'" : " \t'");
      const isEscaped = text.charAt(end) === "'" && end !== at && text.charAt(end - 1) === '\\';
      word += isEscaped ? `${text.slice(at, end - 1)}'` : text.slice(at, end);
      at = isEscaped ? end + 1 : end;
    }
    assert.equal(isQuoted, false, text);
    words.push(word);
  }
  return words;
}

describe('what is said to guestfish', () => {
  it('has names of all bytes as they are', () => {
    const random = seededRandom(7);
    const some = ["'", '\\', ' ', '\t', '"', '\n', '*', '[', '~', '|', '#', 'a', '-', '\xe4', '\x7f', '\x85'];
    for (let round = 0; round < 20_000; round++) {
      const names = Array.from({ length: random.int(1, 4) }, () =>
        Array.from({ length: random.int(1, 6) }, () => random.pick(some)).join(''),
      );
      const line = commandLine('-lstatnslist', [`/${names.join('/')}`, names]) ?? '';
      assert.doesNotMatch(line, /\n/u);
      const [path, list = ''] = wordsOf(line);
      assert.equal(path, `/${names.join('/')}`);
      assert.deepEqual(listOf(list), names);
    }
  });

  it('is no longer than a line may be', () => {
    assert.equal(commandLine('lstatns', ['/'.padEnd(8_000, 'x')]), undefined);
    const names = Array.from({ length: 500 }, (_, index) => `${index}${'\\'.repeat(index % 250)}`);
    const lists = nameLists(names, 100);
    assert.deepEqual(lists.flat(), names);
    assert.ok(lists.length < 50);
    assert.ok(lists.every((list) => commandLine('lstatnslist', ['/'.padEnd(80, 'x'), list]) !== undefined));
  });

  it('is answered with names, numbers, and faults', () => {
    assert.deepEqual(parseNames(Buffer.from('a\nb\0c\xff\0', 'latin1')), ['a\nb', 'c\xff']);
    assert.deepEqual(parseNames(Buffer.alloc(0)), []);
    const [first, second] = parseStats(
      '[0] = {\n  st_dev: 1\n  st_ino: 7\n}\n[1] = {\n  st_dev: 1\n  st_ino: -1\n  st_size: 9\n}\n',
    );
    assert.deepEqual([first?.get('ino'), second?.get('ino'), second?.get('size')], [7, -1, 9]);
    assert.equal(
      parseFault('*stdin*:3: libguestfs: error: readlink: /x: Invalid argument\n'),
      'readlink: /x: Invalid argument',
    );
    assert.equal(
      parseFault('libguestfs: error: it closed.\nDo:\n  export X=1\nlibguestfs: error: qemu was killed.\n'),
      'it closed. qemu was killed.',
    );
    assert.equal(parseFault('libguestfs: warning: old\n'), undefined);
  });
});
