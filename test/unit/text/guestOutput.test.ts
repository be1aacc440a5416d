import assert from 'node:assert/strict';
import { GuestOutput } from '../../../src/text/guests/guestOutput.js';

/** Whole, and cut at every byte. */
function shown(text: string): string {
  const bytes = Buffer.from(text);
  const whole = new GuestOutput().push(bytes);
  const output = new GuestOutput();
  const cut = [...bytes].map((byte) => output.push(Uint8Array.of(byte))).join('');
  assert.equal(cut, whole);
  return whole;
}

describe('what a guest says on its console', () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['text of any script', 'größe 大小 😀\r\n', 'größe 大小 😀\r\n'],
    ['colours and the cursor', '\u001B[31mred\u001B[0m\u001B[2J\u001B[H', '\u001B[31mred\u001B[0m\u001B[2J\u001B[H'],
    ['a question for where the cursor is', '\u001B[6n', '\u001B[6n'],
    ['the clipboard', 'a\u001B]52;c;cm0gLXJm\u0007b', 'ab'],
    ['a title that ends in two characters', 'a\u001B]0;title\u001B\\b', 'ab'],
    ['a link', '\u001B]8;;command:evil\u001B\\here\u001B]8;;\u001B\\', 'here'],
    ['a mark of a shell', '\u001B]633;E;rm -rf\u0007$ ', '$ '],
    ['a picture', '\u001BPq#0~~@@vv\u001B\\x', 'x'],
    ['characters that begin a sequence by themselves', 'a\u009D52;c;x\u009Cb', 'ab'],
    ['a sequence that never ends, up to the line end', 'a\u001B]52;c;xxxx\r\nnext', 'anext'],
    ['an escape in a sequence', '\u001B]52;c;\u001B[31mred', '\u001B[31mred'],
    ['two escapes', '\u001B\u001B]52;c;x\u0007y', 'y'],
  ];
  for (const [what, said, expected] of rows) {
    it(what, () => {
      assert.equal(shown(said), expected);
    });
  }

  it('is not swallowed for ever by what looks like a sequence', () => {
    assert.ok(shown(`\u001B]${'x'.repeat(70_000)}`).length > 4_000);
  });
});
