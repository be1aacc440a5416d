// Times as people read them: one form of each, in every language and place.
import assert from 'node:assert/strict';
import { config } from '@vscode/l10n';
import { languages, sentencesOf, sources } from '../../../scripts/translations.mjs';
import { automaticTitles, isBeforeUndo } from '../../../src/domain/automaticTitles.js';
import { clockText, dateText, fullTime, shortTime } from '../../../src/domain/clockText.js';
import { snapshotFacts } from '../../../src/text/rows/facts.js';
import { snapshot } from '../ui/samples.js';

const at = new Date(2026, 6, 4, 9, 1, 7).getTime();
const [{ of }] = sources;
const context = { parent: undefined, automatic: false, kept: false, size: undefined };
const reading = { now: at };

describe('times', () => {
  afterEach(() => config({ contents: {} }));

  it('have 24 hours and the dates of ISO', () => {
    assert.deepEqual([clockText(at), dateText(at), fullTime(at)], ['09:01', '2026-07-04', '2026-07-04 09:01:07']);
    assert.equal(clockText(at + 12 * 3_600_000), '21:01');
    assert.equal(automaticTitles.beforeRevert(at), 'Before revert, 09:01');
  });

  it('are those of the clock today, else the date', () => {
    assert.equal(shortTime(at, at + 3_600_000), '09:01');
    assert.equal(shortTime(at, at + 24 * 3_600_000), '07-04');
    assert.equal(shortTime(at, new Date(2027, 6, 4, 9, 1).getTime()), '2026-07-04');
  });

  it('stand in titles of the language, and an undone revert is known by them in each', () => {
    for (const contents of [{}, ...languages.map((language) => sentencesOf(of(language)))]) {
      config({ contents });
      const { beforeRevert, beforeUndo } = automaticTitles;
      assert.deepEqual([beforeRevert(at), beforeUndo(at)].map(isBeforeUndo), [false, true]);
      assert.equal(beforeRevert(at).startsWith('Before'), Object.keys(contents).length === 0);
    }
  });

  it('are the same in each language', () => {
    for (const language of languages) {
      config({ contents: sentencesOf(of(language)) });
      const { lines } = snapshotFacts(snapshot('s', { createdAt: at }), context, reading);
      assert.ok(
        lines.some(({ value }) => value.includes('2026-07-04 09:01:07')),
        language,
      );
    }
  });
});
