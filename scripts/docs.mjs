// `npm run docs`: writes what follows from the tables of src/: what package.json contributes, its English words, JSON
// schemas, parts of docs/; and NOTICES. Tells which links between pages are dead and what pages name that is not in the
// code.
//   npm run docs [-- --check]      --check: writes nothing, and ends with 1 where a page is not as it should be
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { page as benchPage, pagePart, readResults, resultsPart } from './benchPage.mjs';
import { commandTitles, contributions } from './docs/contributions.mjs';
import { formatted, marks, replacePart } from './docs/generatedPart.mjs';
import { deadLinks } from './docs/links.mjs';
import { missingNames, unknownWords } from './docs/namesInCode.mjs';
import {
  argumentsTable,
  commandLineTable,
  commandsTable,
  exitCodesTable,
  levelWords,
  settingsList,
} from './docs/manifestTables.mjs';
import { commandLineSchema, labFileSchema } from './docs/schemas.mjs';
import { readTables } from './docs/tables.mjs';
import { notices } from './notices.mjs';
import { root } from './rig/root.mjs';

const command = 'npm run docs';

/** @param {string} path from the checkout */
const read = (path) => readFileSync(join(root, path), 'utf8');

/** @typedef {import('./docs/tables.mjs').Tables} Tables */

/** @param {Tables} tables @returns {Promise<Map<string, string>>} as they should be */
async function generatedFiles(tables) {
  const manifest = JSON.parse(read('package.json'));
  const texts = JSON.parse(read('package.nls.json'));
  const others = Object.entries(texts).filter(([key]) => !key.startsWith('command.'));
  const files = {
    'package.json': { ...manifest, contributes: { ...manifest.contributes, ...contributions(tables) } },
    'package.nls.json': { ...commandTitles(tables), ...Object.fromEntries(others) },
    'docs/command-line.schema.json': commandLineSchema(tables),
    'docs/labFile.schema.json': labFileSchema(tables),
  };
  const texted = Object.entries(files).map(async ([file, value]) => {
    return /** @type {const} */ ([file, await formatted(join(root, file), JSON.stringify(value))]);
  });
  return new Map([...(await Promise.all(texted)), ['NOTICES', await notices()]]);
}

/**
 * @param {Tables} tables
 * @returns {readonly { page: string, what: string, part: string, command?: string }[]} `command`: if not this one
 */
function parts(tables) {
  const { verbs, argumentTable, commands: ofCommandLine, exitCodes } = tables;
  const manifest = JSON.parse(read('package.json'));
  const texts = JSON.parse(read('package.nls.json'));
  const commands = commandsTable(verbs, manifest.contributes.keybindings);
  return [
    { page: 'docs/commands.md', what: 'the commands', part: commands },
    { page: 'docs/commands.md', what: 'the arguments', part: argumentsTable(argumentTable) },
    { page: 'docs/command-line.md', what: 'the commands', part: commandLineTable(ofCommandLine) },
    { page: 'docs/command-line.md', what: 'the exit codes', part: exitCodesTable(exitCodes) },
    { page: 'docs/levels.md', what: 'the keys of a step', part: levelWords(tables, ['steps', 0], ['do', 'check']) },
    { page: 'docs/levels.md', what: 'what a level does', part: levelWords(tables, ['steps', 0, 'do', 0]) },
    { page: 'docs/levels.md', what: 'what a check asks', part: levelWords(tables, ['steps', 0, 'check']) },
    { page: 'docs/settings.md', what: 'the settings', part: settingsList(manifest, texts) },
    { page: 'docs/decisions/README.md', what: 'the decisions', part: decisions() },
    { page: benchPage, ...pagePart, part: resultsPart(readResults()) },
  ];
}

function decisions() {
  const names = readdirSync(join(root, 'docs/decisions')).filter((name) => /^\d{3}-.*\.md$/.test(name));
  return names
    .toSorted()
    .map((name) => `- [${/^# (.+)$/m.exec(read(`docs/decisions/${name}`))?.[1] ?? name}](${name})`)
    .join('\n');
}

/** @param {Tables} tables @returns {Promise<Map<string, string>>} the pages with generated parts, as they should be */
async function generatedPages(tables) {
  /** @type {Map<string, string>} */
  const pages = new Map();
  for (const { page, what, part, command: by = command } of parts(tables)) {
    pages.set(page, replacePart(pages.get(page) ?? read(page), marks(what, by), part));
  }
  for (const [page, text] of pages) pages.set(page, await formatted(join(root, page), text));
  return pages;
}

/** Paths from the checkout; what is made or installed is not looked into. @param {string} folder @returns {string[]} */
function filesBelow(folder) {
  const paths = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
    join(folder, name),
  );
  return paths.filter((path) => statSync(join(root, path)).isFile());
}

/** All Markdown that belongs to the repository. */
function allPages() {
  const top = readdirSync(root).filter((name) => name.endsWith('.md'));
  const paths = [...top, ...filesBelow('docs').filter((name) => name.endsWith('.md'))];
  return new Map(paths.map((path) => [path, read(path)]));
}

const { values } = parseArgs({ options: { check: { type: 'boolean' } } });
const tables = await readTables();
/** @param {Map<string, string>} files */
function writeStale(files) {
  const stale = [...files].filter(([file, text]) => read(file) !== text);
  if (values.check !== true) for (const [file, text] of stale) writeFileSync(join(root, file), text);
  return stale.map(([file]) => file);
}
// The pages tell of the keys in package.json.
const stale = [...writeStale(await generatedFiles(tables)), ...writeStale(await generatedPages(tables))];
const pages = allPages();
const tops = readdirSync(root);
const sources = ['docs', 'media', 'scripts', 'src', 'test'].flatMap(filesBelow);
const isSource = (/** @type {string} */ file) => file.startsWith('src/') && file.endsWith('.ts');
const wrong = [
  ...(values.check === true ? stale.map((file) => `${file} is not up to date: ${command}`) : []),
  ...deadLinks(pages, (path) => existsSync(join(root, path))),
  // What tests write is there only after they have run.
  ...missingNames(pages, [...tops, ...sources, 'artifacts/any']),
  ...unknownWords(read('docs/glossary.md'), sources.filter(isSource).map(read).join('\n')),
];
for (const line of wrong) console.error(line);
if (wrong.length > 0) process.exitCode = 1;
