// `npm run release`: everything of a release in artifacts/release-VERSION: the VSIX, the npm package, the Debian
// package, their checksums and the notes. Publishes nothing and sets no tag: it prints the commands for that.
//   npm run release [-- --dry-run]     --dry-run: makes the same where a release would be refused, and says why
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { packDeb, whyNoDeb } from './debPackage.mjs';
import { notices } from './notices.mjs';
import { packNpm } from './npmPackage.mjs';
import { packageExtension } from './package.mjs';
import { isEntryPoint } from './rig/entryPoint.mjs';
import { root } from './rig/root.mjs';
import { runOk } from './rig/run.mjs';

/**
 * @typedef {object} Section of CHANGELOG.md
 * @property {string} text below the heading
 * @property {boolean} isReleased not where its heading still says "Unreleased"
 */

/**
 * `## 1.2.3`, with a date behind it or not; or `## Unreleased: 1.2.3`. Pure.
 * @param {string} changelog @param {string} version
 * @returns {Section | undefined}
 */
export function sectionOf(changelog, version) {
  for (const part of changelog.split(/^## /mu).slice(1)) {
    const [heading = '', ...lines] = part.split('\n');
    const [, before, named] = /^(Unreleased: )?(\S+)/u.exec(heading) ?? [];
    if (named === version) return { text: lines.join('\n').trim(), isReleased: before === undefined };
  }
  return undefined;
}

/**
 * Pure.
 * @param {object} state
 * @param {string} state.version
 * @param {string} state.changes of the work tree, as `git status --porcelain` tells them
 * @param {readonly string[]} state.tags
 * @param {Section | undefined} state.section
 * @param {boolean} state.areNoticesStale
 * @param {string | undefined} state.noDeb why there is no Debian package
 * @returns {readonly string[]} why this is no release
 */
export function refusals({ version, changes, tags, section, areNoticesStale, noDeb }) {
  return [
    ...(changes === '' ? [] : [`The work tree has changes that are not committed:\n${changes.trimEnd()}`]),
    ...(tags.includes(`v${version}`)
      ? [`The tag v${version} is there already: raise the version in package.json.`]
      : []),
    ...(section === undefined ? [`CHANGELOG.md has no section "## ${version}".`] : []),
    ...(section?.isReleased === false
      ? [`CHANGELOG.md has ${version} as unreleased: give its heading the version and the date.`]
      : []),
    ...(areNoticesStale ? ['NOTICES is not up to date: npm run docs'] : []),
    ...(noDeb === undefined ? [] : [`There is no Debian package: ${noDeb}`]),
  ];
}

/**
 * The section, whose links lead to the repository as it is with the tag. Pure.
 * @param {string} text @param {string} repository its address @param {string} version
 */
export function releaseNotes(text, repository, version) {
  const at = (/** @type {string} */ link) =>
    /^[a-z]+:/iu.test(link) ? link : `${repository}/blob/v${version}/${link}`;
  return `${text.replaceAll(/\]\(([^()\s]+)\)/gu, (_, link) => `](${at(link)})`)}\n`;
}

/**
 * In the order in which they are typed: what cannot be taken back comes last. Pure.
 * @param {string} folder from the checkout @param {string} version @param {readonly string[]} names of the packages
 */
export function commandsToPublish(folder, version, names) {
  const tag = `v${version}`;
  const named = (/** @type {string} */ end) =>
    names.filter((name) => name.endsWith(end)).map((name) => join(folder, name));
  const [vsix] = named('.vsix');
  return [
    `git tag --annotate ${tag} --message "Virt Rewind ${version}" && git push origin ${tag}`,
    ['gh release create', tag, '--verify-tag', '--title', `"Virt Rewind ${version}"`, '--notes-file']
      .concat(join(folder, notesName), ...names.map((name) => join(folder, name)), join(folder, sumsName))
      .join(' '),
    `npx vsce publish --packagePath ${vsix}`,
    `npx ovsx publish ${vsix}`,
    ...named('.tgz').map((file) => `npm publish ./${file}`),
  ];
}

const sumsName = 'SHA256SUMS';
const notesName = 'NOTES.md';

/** @param {string} folder @param {readonly string[]} names @returns {string} as `sha256sum --check` reads it */
function checksums(folder, names) {
  const sum = (/** @type {string} */ name) =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
  return names.map((name) => `${sum(name)}  ${name}\n`).join('');
}

/** @param {...string} words */
function git(...words) {
  return runOk('git', words, { cwd: root });
}

/** @param {{ isDry: boolean, say: (line: string) => void }} wish @returns {Promise<boolean>} whether it is a release */
async function release({ isDry, say }) {
  const { name, version, repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const section = sectionOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version);
  const noDeb = await whyNoDeb();
  const wrong = refusals({
    ...{ version, section, noDeb },
    changes: await git('status', '--porcelain'),
    tags: (await git('tag', '--list')).split('\n'),
    areNoticesStale: readFileSync(join(root, 'NOTICES'), 'utf8') !== (await notices()),
  });
  for (const line of wrong) say(`${isDry ? 'A release would be refused' : 'Refused'}: ${line}`);
  if (wrong.length > 0 && !isDry) return false;

  const folder = join(root, `artifacts/release-${version}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const date = new Date(Number(await git('log', '-1', '--format=%ct')) * 1000);
  // What vsce packs has this date, so that the same commit makes the same bytes.
  process.env['SOURCE_DATE_EPOCH'] = String(date.getTime() / 1000);
  const { file } = await packageExtension();
  renameSync(file, join(folder, basename(file)));
  const npm = await packNpm(folder);
  rmSync(join(folder, 'package'), { recursive: true });
  const names = [file, npm, ...(noDeb === undefined ? [await packDeb(folder, date)] : [])].map((path) =>
    basename(path),
  );
  writeFileSync(join(folder, sumsName), checksums(folder, names));
  const address = repository.url.replace(/\.git$/u, '');
  writeFileSync(join(folder, notesName), releaseNotes(section?.text ?? `${name} ${version}`, address, version));

  const shown = relative(root, folder);
  say(`${shown}: ${[...names, sumsName, notesName].join(', ')}`);
  say(isDry ? '\nNothing was published. For a release, these would be typed:\n' : '\nTo publish it, type:\n');
  for (const command of commandsToPublish(shown, version, names)) say(command);
  return true;
}

if (isEntryPoint(import.meta)) {
  const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean', default: false } } });
  if (!(await release({ isDry: values['dry-run'], say: (line) => console.log(line) }))) process.exitCode = 1;
}
