// `@vscode/l10n` in the packed files. There a sentence is said by its number in the list of the English ones
// (dist/l10n/en.json.br), which the translations are beside anyway: so it stands in the package once.
/* global __dirname -- of the CommonJS file that it is packed into */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import l10n from '@vscode/l10n';

export const { config } = l10n;

/** @type {readonly string[] | undefined} read when the first one is said */
let english;

/** @param {string | number} sentence @param {(string | number | boolean)[]} filled */
export function t(sentence, ...filled) {
  return l10n.t(typeof sentence === 'number' ? sentenceAt(sentence) : sentence, ...filled);
}

/** @param {number} index @returns {string} */
function sentenceAt(index) {
  english ??= JSON.parse(brotliDecompressSync(readFileSync(join(__dirname, 'l10n/en.json.br'))).toString());
  return /** @type {readonly string[]} */ (english)[index] ?? '';
}
