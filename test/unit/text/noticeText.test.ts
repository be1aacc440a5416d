// Text from a libvirt is never more than text in the places where the editor knows links and icons.
import assert from 'node:assert/strict';
import { noticeText, withoutIcons } from '../../../src/text/noticeText.js';

/** As the editor finds links in a notification (vs/base/common/linkedText.ts), after line ends became spaces. */
function links(text: string): readonly string[] {
  const link = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/gi;
  return text.replace(/\r\n|\n|\r/g, ' ').match(link) ?? [];
}

/** As the editor draws icons in a list or the status bar (vs/base/browser/ui/iconLabel/iconLabels.ts). */
function icons(text: string): readonly string[] {
  const all = text.matchAll(/(\\)?\$\(([A-Za-z0-9-]+(?:~[A-Za-z]+)?)\)/g);
  return [...all].flatMap(([, escaped, name = '']) => (escaped === undefined ? [name] : []));
}

describe('text of a notice', () => {
  for (const hostile of [
    '[Undo](command:workbench.action.terminal.sendSequence?%7B%22text%22%3A%22x%22%7D)',
    '[a](https://example.org)',
    '[a](FILE:///etc/passwd "title")',
    '[[a](command:x)](command:y)',
    '[a](command:x)[b](command:y)',
  ]) {
    it(`holds no link: ${hostile}`, () => {
      assert.ok(links(hostile).length > 0);
      assert.deepEqual(links(noticeText(hostile)), []);
      assert.match(noticeText(hostile), /[au]/i, 'it is still read');
    });
  }

  it('is otherwise as it was', () => {
    for (const text of ['Reverted a [1] to "b (c)" in 3 s.', 'a] (b']) {
      assert.equal(noticeText(text), text);
    }
  });
});

describe('text without icons', () => {
  for (const hostile of ['$(error) gone', '$(sync~spin)', 'a$(x)$(y)', String.raw`\$(x) $(y)`, '$($(x))']) {
    it(`holds none: ${hostile}`, () => {
      assert.ok(icons(hostile).length > 0);
      assert.deepEqual(icons(withoutIcons(hostile)), []);
    });
  }

  it('is otherwise as it was', () => {
    for (const text of ['costs $(5 + 3)', 'a $ (b)', String.raw`\$(x)`]) {
      assert.equal(withoutIcons(text), text);
    }
  });
});
