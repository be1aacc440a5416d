// `npm run package`: the VSIX, one file for every system, and a check that it holds what it should and no more.
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildExtension } from './build.mjs';
import { isEntryPoint } from './rig/entryPoint.mjs';
import { meetNeeds } from './rig/prerequisites.mjs';
import { root } from './rig/root.mjs';
import { fileNames } from './splitBundle.mjs';
import { runOk } from './rig/run.mjs';

/**
 * Promises, see docs/decisions/019-dependencies.md: all of it, and what each start of the editor reads, as they are in
 * the package.
 */
const mostBytes = 1010 * 1024;
const mostBytesAtStart = 114 * 1024;
const atStart = ['dist/words.js', 'dist/engine.js', 'dist/extension.js'];

/** Without these the extension does not work, or may not be passed on. vsce names the last three so. */
const needed = [
  'package.json',
  'package.nls.json',
  ...fileNames.filter((name) => name !== 'library').map((name) => `dist/${name}.js`),
  'dist/bin/virt-rewind',
  'dist/package.json',
  'dist/webview/main.js',
  'dist/webview/main.css',
  'dist/webview/display.js',
  'dist/webview/display.css',
  'dist/lesson.bin',
  'dist/levels.json.br',
  'dist/lab-file.schema.json',
  'dist/l10n/en.json.br',
  'readme.md',
  'changelog.md',
  'LICENSE.txt',
  'NOTICES',
];
/** What else may be in the package: what VS Code reads. */
const allowed = /^(package\.nls\.[\w-]+\.json|dist\/l10n\/[\w-]+\.json\.br|media\/(walkthrough\/)?[\w.-]+\.(svg|png))$/;

/**
 * @returns {Promise<{ file: string, bytes: number, startBytes: number }>} the VSIX in the checkout's top folder
 * @throws {Error} when it is too large, lacks a file, or holds one that has no place in it, as a native module
 */
export async function packageExtension() {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const file = join(root, `${manifest.name}-${manifest.version}.vsix`);
  rmSync(file, { force: true });
  await buildExtension({ minify: true });
  const folder = mkdtempSync(join(tmpdir(), 'packed-'));
  try {
    await shorten(manifest, folder);
    await runOk(process.execPath, [vsce, 'package', noDependencies, '--out', file], { cwd: folder });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const asVsceMadeIt = (await meetNeeds(['advzip'], console.log)).get('advzip');
  // The same files by Zopfli, 34 KB less of 1,042.
  if (asVsceMadeIt === undefined) await runOk('advzip', ['--recompress', '--shrink-insane', '--quiet', file]);
  else console.log(`${asVsceMadeIt}; the package is larger than it need be, and its size is not checked`);
  const bytes = statSync(file).size;
  const sizes = sizesIn(file);
  const files = [...sizes.keys()];
  const startBytes = atStart.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
  const wrong = [
    ...needed.filter((name) => !files.includes(name)).map((name) => `${name} is missing`),
    ...files
      .filter((name) => !needed.includes(name) && !allowed.test(name))
      .map((name) => `${name} does not belong there`),
    ...(asVsceMadeIt === undefined && bytes > mostBytes ? [`${bytes} bytes are more than ${mostBytes}`] : []),
    ...(asVsceMadeIt === undefined && startBytes > mostBytesAtStart
      ? [`${atStart.join(' and ')}: ${startBytes} bytes are more than ${mostBytesAtStart}`]
      : []),
  ];
  if (wrong.length > 0) throw new Error(`${file}: ${wrong.join('; ')}`);
  return { file, bytes, startBytes };
}

const vsce = join(root, 'node_modules/@vscode/vsce/vsce');
/** Everything is in the bundle; with dependencies, vsce would pack node_modules as well. */
const noDependencies = '--no-dependencies';

/**
 * Copies what is packed. Its manifest has what the editor reads, and its words have short names.
 * @param {Record<string, unknown> & { scripts: Record<string, string> }} manifest
 * @param {string} folder
 */
async function shorten(manifest, folder) {
  const listed = await runOk(process.execPath, [vsce, 'ls', noDependencies], { cwd: root });
  const files = [...listed.trim().split('\n'), '.vscodeignore'];
  for (const file of files) cpSync(join(root, file), join(folder, file));
  const read = (/** @type {string} */ file) => JSON.parse(readFileSync(join(root, file), 'utf8'));
  const names = new Map(Object.keys(read('package.nls.json')).map((name, at) => [name, at.toString(36)]));
  const hooks = Object.entries(manifest.scripts).filter(([name]) => name === 'vscode:uninstall');
  const ours = { scripts: Object.fromEntries(hooks), devDependencies: undefined, dependencies: undefined };
  const text = JSON.stringify({ ...manifest, ...ours });
  writeFileSync(
    join(folder, 'package.json'),
    text.replaceAll(/"%([^%"]+)%"/gu, (_all, name) => `"%${names.get(name) ?? name}%"`),
  );
  for (const file of files.filter((one) => one.startsWith('package.nls.'))) {
    const words = Object.entries(read(file)).map(([name, word]) => [names.get(name) ?? name, word]);
    writeFileSync(join(folder, file), JSON.stringify(Object.fromEntries(words)));
  }
}

/**
 * The files of the extension inside a VSIX, relative to its folder, with their compressed sizes in bytes.
 * @param {string} file
 */
function sizesIn(file) {
  const zip = readFileSync(file);
  // The end record of a ZIP file (APPNOTE 4.3.16) stands in the last 22 bytes, as vsce writes no comment.
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0) throw new Error(`${file} is no ZIP file`);
  /** @type {Map<string, number>} */
  const sizes = new Map();
  const folder = 'extension/';
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const length = zip.readUInt16LE(at + 28);
    const name = zip.toString('utf8', at + 46, at + 46 + length);
    if (name.startsWith(folder)) sizes.set(name.slice(folder.length), zip.readUInt32LE(at + 20));
    at += 46 + length + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return sizes;
}

if (isEntryPoint(import.meta)) {
  const { values } = parseArgs({ options: { npm: { type: 'boolean' } } });
  const { file, bytes, startBytes } = await packageExtension();
  console.log(`${file}: ${(bytes / 1024).toFixed(0)} KB, of which each start reads ${(startBytes / 1024).toFixed(0)}`);
  if (values.npm) {
    // Loaded late, because the tests import this file before the packages that it needs are installed.
    const { packNpm } = await import('./npmPackage.mjs');
    // Both are made of the same files.
    console.log(await packNpm(join(root, 'artifacts')));
  }
}
