// The npm package: the command line and the library, without the editor's part. A manifest of its own, because the extension's is
// for the editor, and what it depends on is bundled.
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { manPage } from './manPage.mjs';
import { root } from './rig/root.mjs';
import { runOk } from './rig/run.mjs';

/** What the two doors of the package load. */
const programs = ['commandLine', 'library', 'api', 'engine', 'later', 'lab'];
/** Of which the types that importers see are made, file by file. */
const typed = ['library', 'api/connect', 'api/publicApi', 'api/virtRewindError', 'session/publicTypes'];
const labSchema = 'src/lab/labFile.schema.json';

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
  cpSync(join(built, 'l10n'), join(staged, 'dist/l10n'), { recursive: true });
  await writeTypes(join(staged, 'types'));
  writeFileSync(join(staged, 'README.md'), pageOf('command-line.md'));
  for (const page of ['library.md', 'systems.md']) writeFileSync(join(staged, page), pageOf(page));
  // Beside its page, which names it as it is in the checkout.
  const schema = 'lab-file.schema.json';
  cpSync(join(root, labSchema), join(staged, schema));
  const labPage = pageOf('lab-file.md');
  if (!labPage.includes(`(../${labSchema})`)) throw new Error(`docs/lab-file.md has no link to ${labSchema}`);
  writeFileSync(join(staged, 'lab-file.md'), labPage.replaceAll(`(../${labSchema})`, `(${schema})`));
  cpSync(join(root, 'docs/command-line.schema.json'), join(staged, 'command-line.schema.json'));
  mkdirSync(join(staged, 'man'));
  writeFileSync(join(staged, 'man/virt-rewind.1'), await manPage(manifest.version));
  cpSync(join(root, 'LICENSE'), join(staged, 'LICENSE'));
  writeFileSync(join(staged, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const stdout = await runOk('npm', ['pack', '--json', '--pack-destination', folder], { cwd: staged });
  const [{ filename }] = JSON.parse(stdout);
  return join(folder, filename);
}

/** A page without its pictures, which are not in the package. @param {string} name */
function pageOf(name) {
  return readFileSync(join(root, 'docs', name), 'utf8').replaceAll(/<picture>.*?<\/picture>\n+/gsu, '');
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
    engines: { node: '>=20.12' },
    bin: { 'virt-rewind': 'dist/commandLine.js' },
    // As a list: npm 11 passes over a lone name.
    man: ['./man/virt-rewind.1'],
    exports: {
      '.': { types: './types/library.d.ts', default: './dist/library.js' },
      './command-line.schema.json': './command-line.schema.json',
      './lab-file.schema.json': './lab-file.schema.json',
      './package.json': './package.json',
    },
    files: ['dist', 'man', 'types', 'library.md', 'systems.md', 'lab-file.md', '*.schema.json'],
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
}
