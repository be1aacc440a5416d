// Keeps l10n/bundle.l10n.json equal to the sentences in the source, so that a translator sees all of them, and tells
// which ones the translations lack.
//   node scripts/l10n.mjs [--check]
//   node scripts/l10n.mjs --still KEY…   changed sentences of the manifest whose translations are true as they are
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isEntryPoint } from './rig/entryPoint.mjs';
import { root } from './rig/root.mjs';
import {
  changedSince,
  languages,
  originsOf,
  originsPath,
  renewedOrigins,
  sentencesOf,
  sources,
  translationFaults,
} from './translations.mjs';

/** @typedef {import('./translations.mjs').Language} Language */

const bundlePath = join(root, 'l10n/bundle.l10n.json');

/**
 * Every message handed to `t(…)` of `@vscode/l10n`, sorted. A message that is not written down as one literal could
 * never be translated, so it is an error.
 * @returns {Promise<readonly string[]>}
 */
async function sentencesInSource() {
  const { default: ts } = await import('typescript');
  /** @type {Set<string>} */
  const found = new Set();
  for (const file of sourceFiles()) {
    const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true);
    /** @param {import('typescript').Node} node */
    const visit = (node) => {
      if (ts.isCallExpression(node) && isTranslate(ts, node.expression)) {
        const [message] = node.arguments;
        if (message === undefined || !ts.isStringLiteralLike(message)) {
          const { line } = source.getLineAndCharacterOfPosition(node.getStart());
          throw new Error(`${file}:${line + 1}: the message must be one literal`);
        }
        found.add(message.text);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return [...found].sort();
}

/**
 * @param {import('typescript')} ts
 * @param {import('typescript').Expression} called
 */
function isTranslate(ts, called) {
  return ts.isIdentifier(called)
    ? called.text === 't'
    : ts.isPropertyAccessExpression(called) && called.name.text === 't';
}

function sourceFiles() {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join('src', name))
    .sort();
}

/** @param {readonly string[]} sentences */
function bundleOf(sentences) {
  return `${JSON.stringify(Object.fromEntries(sentences.map((one) => [one, one])), null, 2)}\n`;
}

if (isEntryPoint(import.meta)) {
  const { values, positionals } = parseArgs({
    options: { check: { type: 'boolean' }, still: { type: 'boolean' } },
    allowPositionals: true,
  });
  const wanted = bundleOf(await sentencesInSource());
  if (values.check === true) {
    if (readFileSync(bundlePath, 'utf8') !== wanted) {
      console.error('l10n/bundle.l10n.json is not up to date: run node scripts/l10n.mjs');
      process.exitCode = 1;
    }
  } else {
    writeFileSync(bundlePath, wanted);
    for (const language of languages) tidy(language);
    noteOrigins(values.still === true ? positionals : []);
  }
}

/** @param {readonly string[]} still */
function noteOrigins(still) {
  const [, { english, of }] = sources;
  const said = sentencesOf(english);
  /** @type {Record<string, import('./translations.mjs').Origins>} */
  const all = {};
  for (const language of languages) {
    const origins = renewedOrigins(said, sentencesOf(of(language)), originsOf(language), still);
    for (const key of changedSince(said, origins)) console.log(`${of(language)}: changed in English: ${key}`);
    all[language] = origins;
  }
  writeFileSync(join(root, originsPath), `${JSON.stringify(all, null, 2)}\n`);
}

/**
 * In the order of the English ones, without those that nobody says any more; tells what is left to translate.
 * @param {Language} language
 */
function tidy(language) {
  for (const { english, of } of sources) {
    const [said, translated] = [sentencesOf(english), sentencesOf(of(language))];
    const kept = Object.keys(said).flatMap((key) => {
      const other = translated[key];
      return other === undefined ? [] : [/** @type {const} */ ([key, other])];
    });
    writeFileSync(join(root, of(language)), `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`);
    for (const fault of translationFaults(said, Object.fromEntries(kept))) console.log(`${of(language)}: ${fault}`);
  }
}
