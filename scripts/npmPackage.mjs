// The npm package: the command line and the library, without the editor's part. A manifest of its own, because the
// extension's is for the editor, and what it depends on is bundled.
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { formatted } from './docs/generatedPart.mjs';
import { typesOf } from './docs/schemas.mjs';
import { readTables } from './docs/tables.mjs';
import { packedPages, packedSchemas } from './docs/packedPages.mjs';
import { manPage } from './manPage.mjs';
import { root } from './rig/root.mjs';
import { runOk } from './rig/run.mjs';
import { fileNames } from './splitBundle.mjs';

/** What the two doors of the package load. */
export const programs = fileNames.filter((name) => name !== 'extension' && name !== 'editorLater');
/** What they read beside them. */
export const dataFiles = ['l10n', 'levels.json.br', 'lesson.bin'];
/** The modules whose types importers see; they are built file by file. */
const typed = ['library', 'api/publicApi', 'api/virtRewindError'];

/**
 * @param {string} folder absolute
 * @param {string} [built] by `buildPacked`
 * @returns {Promise<string>} absolute path of the package, in the folder
 */
export async function packNpm(folder, built = join(root, 'dist')) {
  const staged = join(folder, 'package');
  const manifest = npmManifest();
  rmSync(staged, { recursive: true, force: true });
  mkdirSync(join(staged, 'dist'), { recursive: true });
  for (const name of programs) cpSync(join(built, `${name}.js`), join(staged, `dist/${name}.js`));
  chmodSync(join(staged, 'dist/commandLine.js'), 0o755);
  for (const name of dataFiles) cpSync(join(built, name), join(staged, 'dist', name), { recursive: true });
  await writeTypes(join(staged, 'types'));
  mkdirSync(join(staged, 'docs'));
  for (const [place, text] of packedPages((path) => readFileSync(join(root, path), 'utf8'))) {
    writeFileSync(join(staged, place), text);
  }
  for (const [schema, place] of packedSchemas) cpSync(join(root, schema), join(staged, place));
  mkdirSync(join(staged, 'man'));
  writeFileSync(join(staged, 'man/virt-rewind.1'), await manPage(manifest.version));
  for (const name of ['LICENSE', 'NOTICES']) cpSync(join(root, name), join(staged, name));
  writeFileSync(join(staged, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const stdout = await runOk('npm', ['pack', '--json', '--pack-destination', folder], { cwd: staged });
  const [{ filename }] = JSON.parse(stdout);
  return join(folder, filename);
}

function npmManifest() {
  const { name, version, license, repository, keywords } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return {
    name,
    version,
    description: 'Snapshots of libvirt/QEMU virtual machines from the command line and from tests',
    license,
    repository,
    keywords,
    // `styleText` of node:util.
    engines: { node: '>=20.15' },
    bin: { 'virt-rewind': 'dist/commandLine.js' },
    // As a list: npm 11 passes over a lone name.
    man: ['./man/virt-rewind.1'],
    exports: {
      '.': { types: './types/library.d.ts', default: './dist/library.js' },
      './command-line.schema.json': './command-line.schema.json',
      './lab-file.schema.json': './lab-file.schema.json',
      './package.json': './package.json',
    },
    files: ['dist', 'docs', 'man', 'types', 'library.md', 'systems.md', 'lab-file.md', '*.schema.json', 'NOTICES'],
  };
}

/** @param {string} folder */
async function writeTypes(folder) {
  const { default: ts } = await import('typescript');
  for (const name of typed) {
    const source = readFileSync(join(root, `src/${name}.ts`), 'utf8');
    const { outputText, diagnostics = [] } = ts.transpileDeclaration(source, {
      fileName: `${name}.ts`,
      compilerOptions: { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2023, strict: true },
      reportDiagnostics: true,
    });
    const [wrong] = diagnostics;
    if (wrong !== undefined) throw new Error(`${name}: ${ts.flattenDiagnosticMessageText(wrong.messageText, ' ')}`);
    const file = join(folder, `${name}.d.ts`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, outputText);
  }
  mkdirSync(join(folder, 'session'));
  const file = join(folder, 'session/publicTypes.d.ts');
  writeFileSync(file, await formatted(join(root, 'src/any.ts'), typesOf(await readTables())));
}
