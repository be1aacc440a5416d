// The sentences in other languages: what is missing in a translation, and what would not fit the place of the English
// one.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './rig/root.mjs';

/** As VS Code names them. */
export const languages = /** @type {const} */ (['de', 'zh-cn']);
/** @typedef {(typeof languages)[number]} Language */

/** The sentences of the code, and those of the manifest. */
export const sources = /** @type {const} */ ([
  { english: 'l10n/bundle.l10n.json', of: (/** @type {Language} */ language) => `l10n/bundle.l10n.${language}.json` },
  { english: 'package.nls.json', of: (/** @type {Language} */ language) => `package.nls.${language}.json` },
]);

/**
 * What each translation of the manifest was made of: in the manifest a sentence has a key, which stays when the
 * sentence changes. By language and key, `print` of the English sentence and of the translation.
 */
export const originsPath = 'l10n/package.nls.origins.json';

/** @typedef {Readonly<Record<string, string>>} Origins by key */

/** @param {Language} language @returns {Origins} */
export function originsOf(language) {
  return JSON.parse(readFileSync(join(root, originsPath), 'utf8'))[language];
}

/** @param {string | undefined} english @param {string | undefined} translated */
export function print(english, translated) {
  return [english, translated]
    .map((text) =>
      createHash('sha256')
        .update(text ?? '')
        .digest('hex')
        .slice(0, 8),
    )
    .join(' ');
}

/**
 * The keys whose English sentence is another than the one that was translated.
 * @param {Readonly<Record<string, string>>} english
 * @param {Origins} origins
 */
export function changedSince(english, origins) {
  return Object.entries(english).flatMap(([key, sentence]) => {
    const [before] = origins[key]?.split(' ') ?? [];
    return before === print(sentence, '').split(' ')[0] ? [] : [key];
  });
}

/**
 * What the translations are made of now: one that was changed too is taken for a translation of the new sentence, and
 * one that is `still` true as well; the others keep what they were made of.
 * @param {Readonly<Record<string, string>>} english
 * @param {Readonly<Record<string, string>>} translated
 * @param {Origins} origins
 * @param {readonly string[]} still keys
 * @returns {Origins}
 */
export function renewedOrigins(english, translated, origins, still) {
  const changed = new Set(changedSince(english, origins));
  return Object.fromEntries(
    Object.keys(english)
      .filter((key) => translated[key] !== undefined)
      .map((key) => {
        const now = print(english[key], translated[key]);
        const before = origins[key];
        const isSameTranslation = before?.split(' ')[1] === now.split(' ')[1];
        return [
          key,
          before === undefined || !changed.has(key) || !isSameTranslation || still.includes(key) ? now : before,
        ];
      }),
  );
}

/**
 * What stands in one place in English has about this much room in it: short ones are buttons and column heads, whose
 * places grow by some letters; long ones wrap.
 */
const room = { times: 1.35, more: 14 };

/** @param {string} path @returns {Readonly<Record<string, string>>} */
export function sentencesOf(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}

/**
 * What is wrong with a translation, a line each; empty where it is whole and fits.
 * @param {Readonly<Record<string, string>>} english
 * @param {Readonly<Record<string, string>>} translated
 * @returns {readonly string[]}
 */
export function translationFaults(english, translated) {
  return [
    ...Object.entries(english).flatMap(([key, sentence]) => {
      const other = translated[key];
      return other === undefined
        ? [`missing: ${key}`]
        : faultsOf(sentence, other).map((fault) => `${fault}: ${key}: ${other}`);
    }),
    ...Object.keys(translated)
      .filter((key) => !(key in english))
      .map((key) => `not said any more: ${key}`),
  ];
}

/** @param {string} english @param {string} other */
function faultsOf(english, other) {
  const most = Math.floor(room.times * width(english) + room.more);
  return [
    ...(other.trim() === '' ? ['empty'] : []),
    ...(marks(english) === marks(other) ? [] : ['other placeholders']),
    ...(count(english, '`') === count(other, '`') ? [] : ['other code marks']),
    ...(english.endsWith('…') === other.endsWith('…') ? [] : ['another end, …']),
    ...(/^ /u.test(english) === /^ /u.test(other) && / $/u.test(english) === / $/u.test(other) ? [] : ['another edge']),
    ...(width(other) <= most ? [] : [`${width(other)} wide, at most ${most}`]),
  ];
}

/** @param {string} text */
const marks = (text) => (text.match(/\{\d+\}/gu) ?? []).sort().join();

/** @param {string} text @param {string} what */
const count = (text, what) => text.split(what).length - 1;

/** In columns: Chinese characters and their marks take two. @param {string} text */
function width(text) {
  const wide = text.match(
    /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/gu,
  );
  return [...text].length + (wide?.length ?? 0);
}
