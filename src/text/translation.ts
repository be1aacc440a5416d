// The sentences in the reader's language. VS Code would hand them over, but out of files that each repeat the English
// ones: in the package those stand once, beside a list for each language in the same order (scripts/build.mjs).
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import type { Log } from '../base/log.js';

/** English sentence → its translation. */
export type Sentences = Readonly<Record<string, string>>;

/**
 * Empty where there is no translation, or it cannot be read: English then.
 * @param folder of the lists
 * @param language as VS Code names it: `de`, `zh-cn`
 */
export function sentencesIn(folder: string, language: string, log: Pick<Log, 'warn'>): Sentences {
  const [general = ''] = language.split('-', 1);
  // What most start with: no look at the disk for it.
  if (general === 'en') {
    return {};
  }
  const known = [language, general].find(
    (one) => /^[a-z]{2,3}(-[a-z]{2,4})?$/u.test(one) && existsSync(listOf(folder, one)),
  );
  if (known === undefined) {
    return {};
  }
  try {
    const english = listIn(listOf(folder, 'en'));
    const others = listIn(listOf(folder, known));
    return Object.fromEntries(english.map((sentence, index) => [sentence, others[index] ?? sentence]));
  } catch (error) {
    log.warn(`the sentences in ${language} cannot be read: ${String(error)}`);
    return {};
  }
}

const mostBytes = 4 * 2 ** 20;

const listOf = (folder: string, language: string): string => join(folder, `${language}.json.br`);

function listIn(file: string): readonly string[] {
  const list: unknown = JSON.parse(brotliDecompressSync(readFileSync(file), { maxOutputLength: mostBytes }).toString());
  if (!Array.isArray(list) || !list.every((one) => typeof one === 'string')) {
    throw new Error(`${file} is no list of sentences`);
  }
  return list;
}
