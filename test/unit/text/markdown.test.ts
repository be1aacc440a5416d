// Nothing that a libvirt says becomes markup in a tooltip.
import assert from 'node:assert/strict';
import { factsMarkdown, markdownText } from '../../../src/text/markdown.js';

describe('markdown', () => {
  const hostile = [
    '[run](command:x)',
    '![](https://example.org/x.png)',
    '<img src=x onerror=y>',
    '**bold** _it_ `code` ~~gone~~',
    '&lt;b&gt; &amp;',
    'https://example.org',
    '$(gear) | a | b |',
    '# heading',
    '1. list',
    '\\[a\\](b)',
  ];
  for (const text of hostile) {
    it(`leaves ${JSON.stringify(text)} as text`, () => {
      const shown = markdownText(text);
      assert.equal(shown.replace(/\\([!-/:-@[-`{-~])/g, '$1'), text);
      assert.doesNotMatch(shown.replace(/\\[!-/:-@[-`{-~]/g, ''), /[!-/:-@[-`{-~]/);
    });
  }

  it('keeps lines and paragraphs, and makes no code of indented ones', () => {
    assert.equal(markdownText('one\n    two\n\n\tthree\r\nfour'), 'one  \ntwo\n\nthree  \nfour');
  });

  it('keeps ordinary spaces, so that long text wraps', () => {
    assert.equal(markdownText('a b  c'), 'a b  c');
  });

  it('puts each fact on one line of its own', () => {
    const facts = {
      heading: 'h',
      text: 't',
      lines: [
        { name: 'a', value: '1' },
        { name: 'b', value: '2\n\n# x' },
      ],
    };
    assert.equal(factsMarkdown(facts), String.raw`**h**` + '\n\nt\n\na: 1  \nb: 2 ' + String.raw`\# x`);
  });
});
