// The reader's language out of the lists that the build makes, and English where there is none.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { sentencesIn } from '../../../src/text/translation.js';

describe('the sentences in the reader’s language', () => {
  let folder: string;
  const warned: string[] = [];
  const log = { warn: (line: string) => void warned.push(line) };
  const writeList = (language: string, text: string): void =>
    writeFileSync(join(folder, `${language}.json.br`), brotliCompressSync(text));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sentences-'));
    warned.length = 0;
    writeList('en', JSON.stringify(['Delete', 'Merge {0}', 'New']));
    writeList('de', JSON.stringify(['Löschen', '{0} zusammenführen']));
    writeList('zh-cn', '{"no": "list"}');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('stand at the place of the English ones; what is not translated is English', () => {
    assert.deepEqual(sentencesIn(folder, 'de', log), {
      Delete: 'Löschen',
      'Merge {0}': '{0} zusammenführen',
      New: 'New',
    });
    assert.equal(sentencesIn(folder, 'de-ch', log)['Delete'], 'Löschen');
  });

  for (const language of ['en', 'en-gb', 'fr', 'zh-tw', '../de', '']) {
    it(`are English in "${language}"`, () => {
      assert.deepEqual(sentencesIn(folder, language, log), {});
      assert.deepEqual(warned, []);
    });
  }

  it('are English, and the log says why, where the list is broken', () => {
    assert.deepEqual(sentencesIn(folder, 'zh-cn', log), {});
    assert.equal(warned.length, 1);
  });
});
