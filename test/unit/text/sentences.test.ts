// A reader whose English is a second language gets each sentence at once: none is long, turned round, or of rare words.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const texts = ['l10n/bundle.l10n.json', 'package.nls.json'].flatMap((file) =>
  Object.values(JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>),
);
const mostWords = 25;

/** A colon begins what could be a list or a sentence of its own. What stands in quotes or code is a name. */
function sentences(text: string): readonly string[] {
  return text
    .replaceAll(/`[^`]*`|“[^”]*”/gu, 'name')
    .split(/(?<=[.!?:])\s+/u)
    .filter((sentence) => sentence !== '');
}

const words = (sentence: string): number => sentence.split(/\s+/u).length;

const rare =
  /\b(?:shall|mend(?:s|ed|ing)?|whoever|whichever|whom|upon|hence|thus|thereby|hitherto|lest|albeit|ought|anew|lately|seldom|vanish(?:es|ed)?|heed|forthwith)\b/iu;

/** A verb or a part of it before what it is about. */
const inverted =
  /^(?:Compared|Left out|Lost|Kept|Gone|Seen|Shown|Known) (?:is|are|was|were)\b|^(?:Had|Should|Were) (?:it|the|this|a|they)\b|^To \w+ .* failed\b|\b(?:[Nn]or|[Nn]ot only|[Ss]eldom|[Nn]ever) (?:is|are|was|does|do|has|have|can) (?:it|the|this|there)\b/u;

describe('each sentence for people', () => {
  it('has at most 25 words', () => {
    const long = texts.flatMap(sentences).filter((sentence) => words(sentence) > mostWords);
    assert.deepEqual(long, []);
  });

  it('is of common words', () => {
    assert.deepEqual(
      texts.filter((text) => rare.test(text)),
      [],
    );
  });

  it('tells things in their usual order', () => {
    assert.deepEqual(
      texts.flatMap(sentences).filter((sentence) => inverted.test(sentence)),
      [],
    );
  });

  it('has one grammar for what is counted beyond a list: “3 more snapshots”', () => {
    assert.deepEqual(
      texts.filter((text) =>
        /\{\d\} (?!and\b)[a-z]+s more\b(?! than)|\b1 [a-z]+ more\b|\bOne [a-z]+ more\b/u.test(text),
      ),
      [],
    );
  });
});
