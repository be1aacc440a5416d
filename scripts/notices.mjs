// NOTICES: the licences of other people's code in the packages. `npm run docs` writes it, out of what bundles have.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packedSources } from './build.mjs';
import { root } from './rig/root.mjs';

/**
 * Files of a licence, where it is not the one file of that name at the top of the package.
 * @type {Readonly<Record<string, readonly string[]>>} paths from the checkout
 */
const licenceFiles = {
  '@vscode/l10n': ['scripts/notices/vscode-l10n.txt'],
  saxes: ['scripts/notices/saxes.txt'],
};

/**
 * Who receives the program must be told where its source and its licence are (MPL 2.0, 3.1 and 3.2), so: which licences
 * ask for that. noVNC's own file says where the licence is.
 */
const asksForSource = /^(MPL|LGPL|GPL|EPL)-/u;

/** How a file begins that has another licence than its package. */
const ownLicence = /\/\*(?:(?!\*\/)[\s\S])*?\b(?:Permission to use|Redistribution and use)\b[\s\S]*?\*\//gu;

/** @type {Readonly<Record<string, string>>} door or page → how people call it */
const placeNames = {
  'src/extension.ts': 'the extension',
  'src/commandLine.ts': 'the command line',
  'src/library.ts': 'the library',
};
const pageName = 'pages of the extension';

/**
 * A package, or the copy of one that another has in its folder `vendor`.
 * @typedef {object} BundledPackage
 * @property {string} name
 * @property {string} folder from the checkout
 * @property {string} [within] the package that has the copy
 * @property {readonly string[]} places
 * @property {readonly string[]} files of it that are bundled, from the checkout
 */

/**
 * Pure.
 * @param {ReadonlyMap<string, readonly string[]>} sources by door or page, as of `packedSources`
 * @returns {readonly BundledPackage[]} by name
 */
export function bundledPackages(sources) {
  /** @type {Map<string, { name: string, folder: string, within?: string, places: Set<string>, files: Set<string> }>} */
  const found = new Map();
  for (const [door, files] of sources) {
    for (const file of files) {
      const owner = ownerOf(file);
      if (owner === undefined) continue;
      const known = found.get(owner.folder) ?? { ...owner, places: new Set(), files: new Set() };
      found.set(owner.folder, known);
      known.places.add(placeNames[door] ?? pageName);
      known.files.add(file);
    }
  }
  return [...found.values()]
    .map((one) => ({ ...one, places: [...one.places], files: [...one.files].sort() }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @param {string} file */
function ownerOf(file) {
  const [, before = '', name, rest = ''] = /^(.*node_modules\/)((?:@[^/]+\/)?[^/]+)\/(.*)$/su.exec(file) ?? [];
  if (name === undefined) return undefined;
  const folder = `${before}${name}`;
  const [, copied] = /^vendor\/([^/]+)\//u.exec(rest) ?? [];
  return copied === undefined ? { name, folder } : { name: copied, folder: `${folder}/vendor/${copied}`, within: name };
}

/** @returns {Promise<string>} what NOTICES must say */
export async function notices() {
  const packages = bundledPackages(await packedSources());
  const { license } = manifestOf('.');
  const head = [
    `Virt Rewind is under the ${license} License: see LICENSE. The extension, the command line and the library also`,
    'contain code of the packages below, each under its own licence. It is bundled and made shorter by a program;',
    'nothing else of it is changed.',
  ].join('\n');
  return `${[head, ...packages.map(entryOf)].join(`\n\n${'='.repeat(80)}\n`)}\n`;
}

/** The line that begins an entry. @param {BundledPackage} bundled */
export function titleOf(bundled) {
  const { version } = manifestOf(packageFolder(bundled));
  return bundled.within === undefined
    ? `${bundled.name} ${version}`
    : `${bundled.name}, in ${bundled.within} ${version}`;
}

/** @param {BundledPackage} bundled */
function entryOf(bundled) {
  const { name, within, folder, places, files } = bundled;
  const manifest = manifestOf(packageFolder(bundled));
  const address = addressOf(manifest);
  const source = `${address}/tree/v${manifest.version}, or "npm pack ${within ?? name}@${manifest.version}"`;
  const licence = within === undefined ? String(manifest.license) : 'see below';
  return [
    titleOf(bundled),
    `Licence: ${licence}`,
    `Where from: ${address}`,
    `Part of: ${places.join(', ')}`,
    ...(asksForSource.test(licence) ? [`Its source, which is not modified: ${source}`] : []),
    ...licencesOf(name, folder).map((text) => `\n${text}`),
    ...files.flatMap((file) => ownLicences(file).map((text) => `\n${file.slice(folder.length + 1)}:\n\n${text}`)),
  ].join('\n');
}

/** @param {BundledPackage} bundled */
function packageFolder({ folder, within }) {
  return within === undefined ? folder : folder.slice(0, folder.lastIndexOf('/vendor/'));
}

/** @param {string} folder @returns {{ version: string, license?: string, repository?: string | { url: string } }} */
function manifestOf(folder) {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
}

/** Where people read the source. @param {{ repository?: string | { url: string } }} manifest */
function addressOf({ repository = '' }) {
  const url = typeof repository === 'string' ? repository : repository.url;
  return url
    .replace(/^github:/u, 'https://github.com/')
    .replace(/^git\+/u, '')
    .replace(/\.git$/u, '');
}

/**
 * @param {string} name @param {string} folder
 * @returns {readonly string[]}
 * @throws {Error} where there is none: nobody may pass that on
 */
function licencesOf(name, folder) {
  const atTop = readdirSync(join(root, folder)).filter((file) => /^(licen[cs]e|copying|notice)(\.\w+)?$/iu.test(file));
  const files = licenceFiles[name] ?? atTop.map((file) => `${folder}/${file}`);
  if (files.length === 0) {
    throw new Error(`${folder} has no file of its licence: put it into scripts/notices/ and its row into notices.mjs`);
  }
  return files.map((file) => plain(readFileSync(join(root, file), 'utf8').replace(/^#.*\n+/u, '')));
}

/** @param {string} file @returns {readonly string[]} */
function ownLicences(file) {
  return (readFileSync(join(root, file), 'utf8').match(ownLicence) ?? []).map(plain);
}

/** @param {string} text */
function plain(text) {
  return text
    .replaceAll('\r', '')
    .replaceAll(/[ \t]+$/gmu, '')
    .replaceAll('\t', '    ')
    .trim();
}
