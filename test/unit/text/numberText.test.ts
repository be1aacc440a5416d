// Numbers in the language of the sentences around them.
import assert from 'node:assert/strict';
import { config } from '@vscode/l10n';
import { languages, sentencesOf, sources } from '../../../scripts/translations.mjs';
import { bytesText } from '../../../src/text/bytesText.js';
import { layerCostSentences } from '../../../src/text/problems/layerCostText.js';
import { decimalText, fixedText } from '../../../src/text/numberText.js';
import { durationText, estimateText, measuredText } from '../../../src/text/relativeAge.js';

const [{ of }] = sources;

type Language = 'en' | (typeof languages)[number];

/** Digits and what stands between them; a space that does not break is one like any other. */
const said: Readonly<Record<Language, readonly string[]>> = {
  en: ['1.3 GB', '10 MB', '3.2 s', '0.03 s', '3.2 s', '12.5', '2.0'],
  de: ['1,3 GB', '10 MB', '3,2 s', '0,03 s', '3,2 s', '12,5', '2,0'],
  'zh-cn': ['1.3 GB', '10 MB', '3.2 秒', '0.03 秒', '3.2 秒', '12.5', '2.0'],
};

describe('numbers', () => {
  after(() => config({ contents: {} }));

  for (const language of ['en', ...languages] as const) {
    it(`are written as the sentences are (${language})`, () => {
      config({ contents: language === 'en' ? {} : sentencesOf(of(language)) });
      const texts = [
        bytesText(1.25 * 1_024 ** 3),
        bytesText(10 * 1_024 ** 2),
        durationText(3_200),
        estimateText(30),
        measuredText(3_200),
        decimalText(12.5),
        fixedText(2, 1),
      ];
      assert.deepEqual(
        texts.map((text) => text.replaceAll(/\s/gu, ' ')),
        said[language],
      );
    });
  }

  it('are so in what was measured of layers', () => {
    config({ contents: sentencesOf(of('de')) });
    const cost = (layers: number, firstWrite: number): Parameters<typeof layerCostSentences>[0][number] => ({
      layers,
      firstWrite,
      nextWrite: 1,
      read: 1,
    });
    const [first = ''] = layerCostSentences([cost(1, 1), cost(2, 2.5), cost(3, 5)]);
    assert.match(first, /2,5/u);
  });
});
