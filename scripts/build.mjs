// Bundles the extension and its tests. node scripts/build.mjs [--watch] [--minify] [--tests]
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { brotliCompressSync } from 'node:zlib';
import { isEntryPoint } from './rig/entryPoint.mjs';
import { root } from './rig/root.mjs';
import { run } from './rig/run.mjs';
import { shellText } from './shellText.mjs';
import { buildSplit, doors, fileNames } from './splitBundle.mjs';
import { languages, sentencesOf, sources } from './translations.mjs';

/** Loaded here and not above, because `npm start` and `npm test` import this file before `npm ci` has run. */
const esbuild = () => import('esbuild');

/** @param {import('esbuild').BuildOptions} options */
async function build(options) {
  const { build, stop } = await esbuild();
  try {
    return await build(options);
  } finally {
    // esbuild's own process would stay as long as this one.
    await stop();
  }
}

/** What both kinds of bundle share; the extension host of the oldest supported VS Code is Node 20. */
const common = /** @type {const} */ ({
  bundle: true,
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
  // Its ES modules, of which what nobody calls is left out; for Node.js the package names the others.
  alias: { yaml: join(root, 'node_modules/yaml/browser/dist/index.js') },
  plugins: /** @type {import('esbuild').Plugin[]} */ ([shellText]),
});

/** Puts a file of ours in the place of `@vscode/l10n`. @param {string} file @returns {import('esbuild').Plugin} */
const sentencesBy = (file) => ({
  name: 'sentences',
  setup(build) {
    const path = join(root, file);
    build.onResolve({ filter: /^@vscode\/l10n$/ }, ({ importer }) => (importer === path ? undefined : { path }));
  },
});

/** A call of `t` with its sentence, as scripts/l10n.mjs demands it: one literal. */
const said = /\bt\(\s*('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\$]|\\.)*`)/gsu;

/** A script or a style of a page that is one literal. */
const pageText = /^((?:export )?const \w+(Script|Style) = )(`(?:[^`\\$]|\\.)*`);$/gmu;

/** How each file has the editor's API. */
const apiImport = /^import \* as vscode from 'vscode';$/mu;

/**
 * Puts the number of a sentence in its place (see packedSentences.mjs), leaves out of the literals of pages what is for
 * who reads them, and takes the editor's API as the one object that it is: as a namespace, each of some sixty files
 * would copy its 300 names, thirty of them while the editor starts.
 * @type {import('esbuild').Plugin}
 */
const packedWords = {
  name: 'packedWords',
  setup(build) {
    const numbers = new Map(englishSentences().map((sentence, index) => [sentence, index]));
    build.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8')
        .replaceAll(said, (call, literal) => {
          const number = numbers.get(valueOf(literal));
          return number === undefined ? call : `t(${number} as never`;
        })
        .replace(apiImport, "import vscode = require('vscode');")
        .replaceAll(pageText, (_, before, kind, literal) => {
          const loader = kind === 'Script' ? 'js' : 'css';
          const { code } = build.esbuild.transformSync(valueOf(literal), { loader, minify: true, target: pageTarget });
          return `${before}${JSON.stringify(code.trim())};`;
        }),
      loader: 'ts',
    }));
  },
};

/** @param {string} literal of a string, as the source has it @returns {string} */
function valueOf(literal) {
  return Function(`return ${literal}`)();
}

/** The Chromium of the oldest supported VS Code. */
const pageTarget = 'chrome132';

const extensionOptions = (/** @type {{ minify?: boolean }} */ { minify = false }) => ({
  ...common,
  absWorkingDir: root,
  format: /** @type {const} */ ('cjs'),
  external: ['vscode'],
  plugins: minify
    ? [sentencesBy('scripts/packedSentences.mjs'), packedWords, shellText]
    : [sentencesBy('scripts/sentences.mjs'), shellText],
  minify,
  sourcemap: !minify,
  legalComments: /** @type {const} */ ('none'),
  // Quotation marks and dots of sentences as themselves.
  charset: /** @type {const} */ ('utf8'),
});

/** The pages of tabs with a script of their own: what may be read by them stands in a folder of its own. */
const pages = /** @type {const} */ ([
  { in: 'src/ui/picture/page/main.ts', css: 'src/ui/picture/page/picture.css', out: 'main', format: 'iife' },
  // noVNC awaits at its top level.
  { in: 'src/ui/guest/page/display.ts', css: 'src/ui/guest/page/display.css', out: 'display', format: 'esm' },
]);

/** Files of noVNC for what QEMU's server never speaks: logins of RealVNC, Apple and Microsoft, and H.264. */
const unspoken = /novnc\/core\/(?:ra2|decoders\/h264|crypto\/(?:aes|rsa|dh|md5))\.js$/u;

/**
 * Of noVNC, classes without anything in their place; a compressor that is small in the place of pako's; and of the
 * names of 554 keys, each for itself, those that are used.
 * @type {import('esbuild').Plugin}
 */
const shortNovnc = {
  name: 'shortNovnc',
  setup(build) {
    build.onLoad({ filter: /\/novnc\/core\/.*\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      if (unspoken.test(path)) {
        const names = [...source.matchAll(/^export (default )?(?:class|async function) (\w+)/gmu)];
        return { contents: names.map(([, by = '', name]) => `export ${by}class ${name} {}`).join('\n') };
      }
      if (path.endsWith('/core/deflator.js')) {
        const own = JSON.stringify(join(root, 'src/ui/guest/page/storedZlib.ts'));
        return { contents: `export { StoredZlib as default } from ${own};` };
      }
      return {
        contents: path.endsWith('/input/keysym.js')
          ? source.replace(/^export default \{$|^\};$/gmu, '').replace(/^ +(\w+): +(\w+),/gmu, 'export const $1 = $2;')
          : source.replace('import KeyTable from', 'import * as KeyTable from'),
      };
    });
  },
};

const pageOptions = (
  /** @type {(typeof pages)[number]} */ page,
  /** @type {{ minify?: boolean }} */ { minify = false },
) => ({
  absWorkingDir: root,
  entryPoints: [
    { in: page.in, out: page.out },
    { in: page.css, out: page.out },
  ],
  outdir: 'dist/webview',
  bundle: true,
  platform: /** @type {const} */ ('browser'),
  format: page.format,
  target: pageTarget,
  plugins: [shortNovnc],
  logLevel: /** @type {const} */ ('warning'),
  minify,
  sourcemap: !minify && /** @type {const} */ ('inline'),
  legalComments: /** @type {const} */ ('none'),
});

/**
 * dist/extension.js, CommonJS because VS Code loads extensions with `require`; dist/commandLine.js and dist/library.js;
 * and dist/webview for the pages. To be debugged each is one file; minified, what they have in common and what is
 * needed later is in files of its own (splitBundle.mjs).
 * @param {{ minify?: boolean }} [options] minified bundles have no source map
 */
export async function buildExtension(options = {}) {
  // Nothing else is removed: a VS Code that runs from this folder must not find it empty for a moment.
  if (options.minify) {
    for (const door of Object.keys(doors)) rmSync(join(root, `dist/${door}.js.map`), { force: true });
    await buildPacked(join(root, 'dist'));
  } else {
    await build({ ...extensionOptions(options), entryPoints: Object.values(doors), outdir: join(root, 'dist') });
  }
  for (const page of pages) {
    await build(pageOptions(page, options));
    if (options.minify) await shorten(join(root, `dist/webview/${page.out}.js`), page.format === 'esm');
  }
  writeStarter();
  const labFile = JSON.parse(readFileSync(join(root, 'docs/labFile.schema.json'), 'utf8'));
  writeFileSync(join(root, 'dist/lab-file.schema.json'), JSON.stringify(labFile));
  if (!options.minify) await writeData(join(root, 'dist'));
}

/** What the programs read beside them. @param {string} outdir absolute */
async function writeData(outdir) {
  writeSentences(outdir);
  await writeLevels(outdir);
  await assembleLessonGuest(outdir);
}

/**
 * The files whose code is in what is packed, by the door or the page that has it.
 * @returns {Promise<ReadonlyMap<string, readonly string[]>>} paths from the checkout
 */
export async function packedSources() {
  const nowhere = { outdir: join(root, 'out-test/sources'), write: false, metafile: true };
  const minify = { minify: true };
  const all = [
    { ...extensionOptions(minify), entryPoints: Object.values(doors) },
    ...pages.map((page) => ({ ...pageOptions(page, minify), entryPoints: [page.in] })),
  ];
  /** @type {[string, readonly string[]][]} */
  const found = [];
  for (const options of all) {
    const { metafile } = await build({ ...options, ...nowhere });
    for (const { entryPoint, inputs } of Object.values(metafile?.outputs ?? {})) {
      const sources = Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []));
      if (entryPoint !== undefined) found.push([entryPoint, sources]);
    }
  }
  return new Map(found);
}

/** levels.json.br: levels/*.level.yaml, in the order of levels/order.txt. @param {string} outdir absolute */
export async function writeLevels(outdir) {
  const { parse } = await import('yaml');
  const levels = levelIds().map((id) => ({
    id,
    level: parse(readFileSync(join(root, `levels/${id}.level.yaml`), 'utf8')),
  }));
  writeFileSync(join(outdir, 'levels.json.br'), brotliCompressSync(JSON.stringify(levels)));
}

/** In their order. @returns {readonly string[]} */
export function levelIds() {
  return readFileSync(join(root, 'levels/order.txt'), 'utf8')
    .split('\n')
    .filter((id) => id !== '');
}

/** dist/bin/virt-rewind, for the terminals of the editor, whose Node.js may have no name of its own. */
function writeStarter() {
  const folder = join(root, 'dist/bin');
  mkdirSync(folder, { recursive: true });
  const lines = [
    '#!/bin/sh',
    '# The command line of Virt Rewind, run by the Node.js of the editor in whose terminal this is.',
    'here=$(dirname -- "$(readlink -f -- "$0")")',
    'export ELECTRON_RUN_AS_NODE=1',
    'exec "${VIRT_REWIND_NODE:-node}" "$here/../commandLine.js" "$@"',
  ];
  // Node.js reads the nearest manifest before it runs a file: the editor's is long.
  writeFileSync(join(root, 'dist/package.json'), '{ "type": "commonjs" }\n');
  const file = join(folder, 'virt-rewind');
  writeFileSync(file, `${lines.join('\n')}\n`);
  chmodSync(file, 0o755);
}

/**
 * What is packed, without the page, the sentences beside it.
 * @param {string} outdir absolute
 */
export async function buildPacked(outdir) {
  const { build: once, stop } = await esbuild();
  await buildSplit(once, extensionOptions({ minify: true }), outdir).finally(stop);
  // The library's has, where no program comes to it, the names by which Node.js imports what it exports: they must
  // stay.
  const shortened = fileNames.filter((name) => name !== 'library');
  await Promise.all(shortened.map((name) => shorten(join(outdir, `${name}.js`))));
  await writeData(outdir);
}

/** Whether the API is handed to what makes a namespace of it. */
const copiesApi = /\w\(require\("vscode"\)/u;

/**
 * esbuild folds what it sees at once; what that leaves, terser does: two parts of a hundred of the package.
 * @param {string} file
 * @param {boolean} [module]
 */
async function shorten(file, module = false) {
  const { minify } = await import('terser');
  const { code } = await minify(readFileSync(file, 'utf8'), {
    ecma: 2020,
    module,
    toplevel: true,
    // No code here reads a property for what its getter does, or calls a function without a name as a constructor.
    compress: { passes: 3, pure_getters: true, unsafe_arrows: true },
    format: { comments: false, shebang: true },
  });
  if (code === undefined) throw new Error(`terser made nothing of ${file}`);
  if (copiesApi.test(code)) throw new Error(`${file} copies the editor's API: import it as the other files do`);
  writeFileSync(file, code);
}

/**
 * One door as one file, for a test that runs it: that of the run of tests, if it has one.
 * @param {keyof typeof doors} door
 * @param {string} outdir absolute
 * @returns {Promise<string>} its absolute path
 */
export async function buildDoor(door, outdir) {
  const file = join(outdir, `${door}.js`);
  const made = join(process.env['VIRT_REWIND_TEST_DOORS'] ?? outdir, `${door}.js`);
  if (made !== file && existsSync(made)) {
    mkdirSync(outdir, { recursive: true });
    copyFileSync(made, file);
    return file;
  }
  // A third less to read at each start of it; the names stay, for stacks.
  const short = { minifyWhitespace: true, minifySyntax: true };
  await build({ ...extensionOptions({}), ...short, entryPoints: [doors[door]], outdir, sourcemap: false });
  return file;
}

/**
 * dist/l10n: the English sentences, and those of each language in the same order. As VS Code's own files they would
 * take twice as much of the package.
 */
function writeSentences(/** @type {string} */ outdir) {
  const folder = join(outdir, 'l10n');
  mkdirSync(folder, { recursive: true });
  const [{ of }] = sources;
  const sentences = englishSentences();
  const write = (/** @type {string} */ name, /** @type {readonly string[]} */ list) =>
    writeFileSync(join(folder, `${name}.json.br`), brotliCompressSync(JSON.stringify(list)));
  write('en', sentences);
  for (const language of languages) {
    const translated = sentencesOf(of(language));
    write(
      language,
      sentences.map((one) => translated[one] ?? one),
    );
  }
}

/** In the order of the lists. */
function englishSentences() {
  const [{ english }] = sources;
  return Object.keys(sentencesOf(english));
}

/**
 * lesson.bin: what the lesson's VM runs in place of a kernel, 4.5 KiB. It is assembled here and no binary is kept,
 * so that what is shipped is what can be read. A machine without the assembler gets an extension without the lesson's
 * VM, which says so; `npm run package` refuses to make that.
 * @param {string} outdir absolute
 */
async function assembleLessonGuest(outdir) {
  mkdirSync(outdir, { recursive: true });
  const out = join(outdir, 'lesson.bin');
  const { code, stderr } = await run('nasm', ['-f', 'bin', '-o', out, join(root, 'scripts/guest/oracle.asm')]);
  if (code === 127) {
    rmSync(out, { force: true });
    console.warn('nasm is not installed: built without the VM of the lesson (Debian and Ubuntu: apt-get install nasm)');
  } else if (code !== 0) {
    throw new Error(`nasm: ${stderr.trim()}`);
  }
}

/**
 * How a layer's files are bundled into out-test/<layer>. What runs in one process is one bundle, for the sources are
 * read once in each: with a bundle for each of its 400 files, the unit layer read 870 MB.
 * | layer          | format | bundles                          | why                                             |
 * |----------------|--------|----------------------------------|--------------------------------------------------|
 * | host           | cjs    | one                              | the extension host loads the suite with `require` |
 * | unit, here     | esm    | one for each process             | they import scripts/**\/*.mjs, which may await at top level |
 * | libvirtd, ui   | esm    | one for each file, and what they share | the same                                  |
 */
export const layers = /** @type {const} */ (['unit', 'here', 'libvirtd', 'host', 'ui']);
/** @typedef {(typeof layers)[number]} Layer */

/** Processes of a layer whose files run together; each file of the others has its own. */
const processes = /** @type {Readonly<Partial<Record<Layer, number>>>} */ ({ unit: 1, here: 3, host: 1 });

/** Whether its files are no programs by themselves. @param {Layer} layer */
export const runsTogether = (layer) => processes[layer] !== undefined;

const moduleFormat = /** @type {const} */ ({
  format: 'esm',
  outExtension: { '.js': '.mjs' },
  // A CommonJS dependency inside an ES module bundle still calls require().
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
  },
});

/** Modules that must stay one instance, or find files beside themselves. */
const external = ['vscode', 'mocha', 'playwright-core', 'axe-core', '@vscode/test-electron', 'esbuild', 'typescript'];

/**
 * What everybody runs is `*.test.ts`. `npm run test:deep` runs the rest: `*.more.test.ts`, rarer cases of the same
 * kind, which go with the usual ones to other versions; and `*.deep.test.ts`, what takes long.
 * @typedef {'usual' | 'more' | 'deep'} TierOfFile
 * @typedef {TierOfFile | 'whole'} Tier `whole`: usual and more
 */

/** @param {string} file @returns {TierOfFile} */
function tierOf(file) {
  return file.endsWith('.deep.test.ts') ? 'deep' : file.endsWith('.more.test.ts') ? 'more' : 'usual';
}

/**
 * @param {Layer} layer
 * @param {string} [folder] for a run that must not lose its bundles to another one
 * @param {Tier} [tier]
 * @param {readonly string[]} [only] first parts of the names of files; all of them unless given
 * @returns {Promise<string[]>} absolute paths of the bundles, those that hold tests only
 */
export async function buildTests(layer, folder = layer, tier = 'usual', only) {
  const out = join(root, 'out-test', folder);
  rmSync(out, { recursive: true, force: true });
  const source = join('test', layer);
  if (!existsSync(join(root, source))) return [];
  const nameOf = (/** @type {string} */ file) => basename(file).split('.')[0] ?? '';
  const all = readdirSync(join(root, source), { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.test.ts') && (tier === 'whole' ? tierOf(file) !== 'deep' : tierOf(file) === tier),
  );
  const absent = only?.filter((name) => !all.some((file) => nameOf(file) === name)) ?? [];
  if (absent.length > 0) throw new Error(`${source} has no ${absent.join(', ')}`);
  const files = all
    .filter((file) => only?.includes(nameOf(file)) ?? true)
    .map((file) => join(source, file))
    .sort();
  if (files.length === 0) return [];
  // Where a line is, and not what it says: what it says is in the checkout.
  const maps = { sourcemap: true, sourcesContent: false };
  const options = { ...common, ...maps, absWorkingDir: root, outdir: out, external };
  const count = processes[layer];
  if (count === undefined) {
    const split = { outbase: source, splitting: true, chunkNames: 'shared/[name]-[hash]' };
    await build({ ...options, ...moduleFormat, ...split, entryPoints: files });
    return files.map((file) => join(out, relative(source, file).replace(/\.ts$/, '.mjs')));
  }
  const format =
    layer === 'host' ? { format: /** @type {const} */ ('cjs'), outExtension: { '.js': '.cjs' } } : moduleFormat;
  const groups = dealt(files, Math.min(count, files.length));
  const [alone] = files.length === 1 ? files : [];
  const bundles = groups.map((group, index) => ({
    name: alone === undefined ? `${layer}${count === 1 ? '' : index + 1}.test` : basename(alone, '.ts'),
    group,
  }));
  await build({
    ...options,
    ...format,
    plugins: [...common.plugins, together(new Map(bundles.map(({ name, group }) => [name, group])))],
    entryPoints: [
      ...bundles.map(({ name }) => ({ in: `together:${name}`, out: name })),
      ...(layer === 'host' ? [{ in: join(root, source, 'index.ts'), out: 'index' }] : []),
    ],
  });
  return bundles.map(({ name }) => join(out, `${name}${layer === 'host' ? '.cjs' : '.mjs'}`));
}

/**
 * In turn, so that none has all of the slow ones of a folder.
 * @template T
 * @param {readonly T[]} all
 * @param {number} count
 * @returns {T[][]}
 */
function dealt(all, count) {
  return Array.from({ length: count }, (_, index) => all.filter((_one, at) => at % count === index));
}

/**
 * Files that are loaded one after another.
 * @param {ReadonlyMap<string, readonly string[]>} files by the name of the bundle; as paths from the checkout
 * @returns {import('esbuild').Plugin}
 */
const together = (files) => ({
  name: 'together',
  setup(build) {
    build.onResolve({ filter: /^together:/ }, ({ path }) => ({
      path: path.slice('together:'.length),
      namespace: 'together',
    }));
    build.onLoad({ filter: /.*/, namespace: 'together' }, ({ path }) => ({
      contents: (files.get(path) ?? []).map((file) => `import ${JSON.stringify(join(root, file))};`).join('\n'),
      resolveDir: root,
    }));
  },
});

/**
 * A program for developers that is written beside the tests, because it shares code with them.
 * @param {string} source path from the checkout
 * @param {string} outdir absolute
 * @returns {Promise<string>} absolute path of the bundle
 */
export async function buildProgram(source, outdir) {
  await build({ ...common, absWorkingDir: root, entryPoints: [source], outdir, sourcemap: true, ...moduleFormat });
  return join(outdir, basename(source).replace(/\.ts$/, '.mjs'));
}

/** Rebuilds dist at every change until the process is ended. */
async function watchExtension() {
  const ofDoors = { ...extensionOptions({}), entryPoints: Object.values(doors), outdir: join(root, 'dist') };
  for (const options of [ofDoors, ...pages.map((page) => pageOptions(page, {}))]) {
    const context = await (await esbuild()).context({ ...options, logLevel: 'info' });
    await context.watch();
  }
}

if (isEntryPoint(import.meta)) {
  const { values } = parseArgs({
    options: { watch: { type: 'boolean' }, minify: { type: 'boolean' }, tests: { type: 'boolean' } },
  });
  try {
    if (values.watch) await watchExtension();
    else await buildExtension({ minify: values.minify ?? false });
    if (values.tests) for (const layer of layers) await buildTests(layer);
  } catch (error) {
    // What is wrong in the sources esbuild has printed already, better than its exception does.
    if (!(error instanceof Error && 'errors' in error)) throw error;
    process.exitCode = 1;
  }
}
