// Bundles the extension, the command line and the library into a few CommonJS files that share what they have in
// common. esbuild splits ES modules only, and an extension host loads a single file of a few hundred KB slowly: it
// parses all of it, whatever is run.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from './rig/root.mjs';

/** What is called from outside, and begins a file of its own. */
export const doors = /** @type {const} */ ({
  extension: 'src/extension.ts',
  commandLine: 'src/commandLine.ts',
  library: 'src/library.ts',
});
/** Sources that nothing but one door needs, and that are loaded with it; and those that few need. */
const ownRooms = /** @type {const} */ ([
  // What reads YAML is a sixth of all that is later, and most never need it.
  ['lab', /^(src\/lab\/|node_modules\/yaml\/)/u],
  ['commandLine', /^src\/(cli\/|wings\/\w+\/commands\/|commandLine\.ts$)/u],
  ['library', /^src\/library\.ts$/u],
  // Other extensions have it from ours, where they ask for it.
  ['api', /^src\/api\//u],
]);

/** Where looking at VMs begins: in the command line, and when a connection is opened. */
const lookers = [
  'src/cli/runCommandLine.ts',
  'src/cli/commands/list.ts',
  'src/session/openEngine.ts',
  'src/driver/connection/openLibvirt.ts',
  'src/engine/look/layerReader.ts',
  // At each opening it is asked what broke off.
  'src/journal/begunMoves.ts',
];

/** What is asked again and again, by people and by agents, and needs little: its own alone is loaded. */
const often = ['src/cli/commands/history.ts', 'src/cli/commands/hook.ts'];

/**
 * | needed at once by the extension | needed by the command line or the library | file        |
 * |---------------------------------|-------------------------------------------|-------------|
 * | any                             | at once, to read words                    | words       |
 * | yes                             | yes                                       | engine      |
 * | yes                             | no                                        | extension   |
 * | no                              | yes, to look at VMs                       | look        |
 * | no                              | yes, for what is asked often              | often       |
 * | no                              | yes                                       | later       |
 * | no                              | no                                        | editorLater |
 * | their own rooms                 |                                           | commandLine, library, api, lab |
 *
 * @typedef {(typeof fileNames)[number]} FileName
 */
export const fileNames = /** @type {const} */ ([
  'words',
  'engine',
  'extension',
  'look',
  'often',
  'later',
  'editorLater',
  'lab',
  'api',
  'commandLine',
  'library',
]);

/**
 * @typedef {ReadonlyMap<string, readonly { path: string, kind: string }[]>} Graph by source, as paths from the checkout
 */

/**
 * @param {typeof import('esbuild').build} build
 * @param {import('esbuild').BuildOptions} options but where it begins and ends
 * @param {string} outdir
 * @returns {Promise<void>}
 */
export async function buildSplit(build, options, outdir) {
  const graph = await graphOf(build, options);
  const fileOf = filesBySource(graph);
  const shared = sharedSources(graph, fileOf);
  const words = sharedWords(graph, fileOf);
  const sources = [...shared.values()].flatMap((some) => [...some]).sort();
  const names = await sharedNames(build, options, sources, (source) =>
    wordsOfReaders(graph, source, (reader) => fileOf.get(reader) !== fileOf.get(source)),
  );
  await Promise.all(
    fileNames.map((file) =>
      build({
        ...options,
        entryPoints: [],
        outfile: join(outdir, `${file}.js`),
        ...(file === 'commandLine' && { banner: { js: '#!/usr/bin/env node' } }),
        stdin: {
          contents: contentsOf(file, shared, names, words),
          resolveDir: root,
          loader: 'ts',
          sourcefile: `${file}.entry.ts`,
        },
        plugins: [elsewhere(file, fileOf, names, graph), schemasElsewhere(file, words), ...(options.plugins ?? [])],
      }),
    ),
  );
}

/**
 * How what is taken from another file is called there: by source, then by the name of the export. Of a CommonJS package
 * only the whole is known.
 * @typedef {ReadonlyMap<string, ReadonlyMap<string, string>>} SharedNames
 */

/**
 * @param {typeof import('esbuild').build} build
 * @param {import('esbuild').BuildOptions} options
 * @param {readonly string[]} sources
 * @param {(source: string) => ReadonlySet<string>} wordsOfOthers of the sources of other files that import it
 * @returns {Promise<SharedNames>}
 */
async function sharedNames(build, options, sources, wordsOfOthers) {
  const { metafile } = await build({
    ...options,
    // A program for a shell may have the name of the source beside it.
    entryPoints: Object.fromEntries(sources.map((source) => [source, source])),
    outdir: join(root, 'out-test/names'),
    outbase: root,
    format: 'esm',
    splitting: true,
    metafile: true,
    write: false,
  });
  const exportsOf = new Map(
    Object.values(metafile?.outputs ?? {}).flatMap(({ entryPoint, exports }) =>
      entryPoint === undefined ? [] : [[entryPoint, exports]],
    ),
  );
  let count = 0;
  const short = () => `_${(count++).toString(36)}`;
  return new Map(
    sources.map((source) => {
      const wanted = isCommonJs(source) ? [whole] : (exportsOf.get(source) ?? []);
      const said = wordsOfOthers(source);
      const taken = wanted.filter((name) => isSaid(name, said));
      return [source, new Map(taken.sort().map((name) => [name, short()]))];
    }),
  );
}

/** @param {string} name of an export @param {ReadonlySet<string>} said by who imports its file */
function isSaid(name, said) {
  return name === whole || name === 'default' || said.has(name);
}

/**
 * All words in the sources that import one: what is not among them none of these takes.
 * @param {Graph} graph @param {string} path @param {(source: string) => boolean} isReader
 */
function wordsOfReaders(graph, path, isReader) {
  const readers = [...graph].filter(([source, imports]) => isReader(source) && imports.some((to) => to.path === path));
  return new Set(readers.flatMap(([source]) => readFileSync(join(root, source), 'utf8').match(/[\w$]+/gu) ?? []));
}

const whole = '*';

/** @param {string} source */
function isCommonJs(source) {
  return source.startsWith('node_modules/');
}

/**
 * @param {typeof import('esbuild').build} build
 * @param {import('esbuild').BuildOptions} options
 * @returns {Promise<Graph>}
 */
async function graphOf(build, options) {
  const { metafile } = await build({
    ...options,
    entryPoints: Object.values(doors),
    outdir: join(root, 'out-test/graph'),
    metafile: true,
    write: false,
  });
  return new Map(
    Object.entries(metafile?.inputs ?? {}).map(([source, { imports }]) => [
      source,
      imports.filter(({ external }) => external !== true).map(({ path, kind }) => ({ path, kind })),
    ]),
  );
}

/** @param {Graph} graph @returns {ReadonlyMap<string, FileName>} */
function filesBySource(graph) {
  const atOnceFor = (/** @type {readonly string[]} */ sources) =>
    reached(graph, sources, (kind) => kind !== 'dynamic-import');
  const atOnce = atOnceFor([doors.extension]);
  const words = atOnceFor([doors.commandLine]);
  const gone = [...lookers, ...often].find((source) => !graph.has(source));
  if (gone !== undefined) throw new Error(`${gone} is not there: what begins with it begins elsewhere by now`);
  const looks = atOnceFor(lookers);
  const asked = atOnceFor(often);
  const without = reached(graph, [doors.commandLine, doors.library], () => true);
  /** @param {string} source @returns {FileName} */
  const fileOf = (source) => {
    const own = ownRooms.find(([, room]) => room.test(source));
    if (own !== undefined) return own[0];
    if (words.has(source)) return 'words';
    if (atOnce.has(source)) return without.has(source) ? 'engine' : 'extension';
    if (!without.has(source)) return 'editorLater';
    return looks.has(source) ? 'look' : asked.has(source) ? 'often' : 'later';
  };
  return new Map([...graph.keys()].filter((source) => !isShaken(source)).map((source) => [source, fileOf(source)]));
}

/** @param {Graph} graph @param {readonly string[]} from @param {(kind: string) => boolean} follows */
function reached(graph, from, follows) {
  /** @type {Set<string>} */
  const seen = new Set();
  const open = [...from];
  for (let source = open.pop(); source !== undefined; source = open.pop()) {
    if (seen.has(source)) continue;
    seen.add(source);
    open.push(...(graph.get(source) ?? []).filter(({ kind }) => follows(kind)).map(({ path }) => path));
  }
  return seen;
}

/**
 * What other files take, by the file that has it. @param {Graph} graph @param {ReadonlyMap<string, FileName>} fileOf
 */
function sharedSources(graph, fileOf) {
  /** @type {Map<FileName, Set<string>>} */
  const shared = new Map(fileNames.map((file) => [file, new Set()]));
  for (const [source, imports] of graph) {
    for (const { path } of imports) {
      const file = fileOf.get(path);
      if (file === undefined || isShaken(source) || fileOf.get(source) === file) continue;
      if (file in doors && file !== 'extension')
        throw new Error(`${source} needs ${path}, which is loaded with ${file}`);
      shared.get(file)?.add(path);
    }
  }
  return shared;
}

/** What each file would have a copy of: what shapes of data are written with. It is in sources as `v`. */
const schemas = 'node_modules/valibot/dist/index.mjs';
/** Those that are loaded after the engine's file. */
const afterEngine = /** @type {readonly FileName[]} */ (['look', 'later', 'editorLater', 'lab']);

/**
 * The functions of `schemas` that the engine's file has and others take from it: their names there by their own.
 * @param {Graph} graph @param {ReadonlyMap<string, FileName>} fileOf @returns {ReadonlyMap<string, string>}
 */
function sharedWords(graph, fileOf) {
  const usedBy = (/** @type {(file: FileName | undefined) => boolean} */ isIn) =>
    new Set(
      [...graph]
        .filter(([source, imports]) => isIn(fileOf.get(source)) && imports.some(({ path }) => path === schemas))
        .flatMap(([source]) => [...readFileSync(join(root, source), 'utf8').matchAll(/\bv\.(\w+)\(/gu)])
        .map(([, name = '']) => name),
    );
  const later = usedBy((file) => file !== undefined && afterEngine.includes(file));
  const shared = [...usedBy((file) => file === 'engine')].filter((name) => later.has(name));
  return new Map(shared.sort().map((name, index) => [name, `$${index.toString(36)}`]));
}

/**
 * @param {FileName} file
 * @param {ReadonlyMap<FileName, ReadonlySet<string>>} shared
 * @param {SharedNames} names
 * @param {ReadonlyMap<string, string>} words
 */
function contentsOf(file, shared, names, words) {
  const door = file in doors ? doors[/** @type {keyof typeof doors} */ (file)] : undefined;
  return [
    ...(door === undefined ? [] : [`export * from ${JSON.stringify(`./${door}`)};`]),
    ...(file === 'engine'
      ? [
          `export { ${[...words].map(([name, short]) => `${name} as ${short}`).join(', ')} } from ${JSON.stringify(`./${schemas}`)};`,
        ]
      : []),
    ...[...(shared.get(file) ?? [])].sort().flatMap((source) => {
      const from = JSON.stringify(`./${source}`);
      return [...(names.get(source) ?? [])].map(([name, short]) =>
        name === whole ? `export * as ${short} from ${from};` : `export { ${name} as ${short} } from ${from};`,
      );
    }),
  ].join('\n');
}

/**
 * Whether it is of a package of ES modules, of which each file takes the few functions that it calls.
 * @param {string} source
 */
function isShaken(source) {
  return source.startsWith('node_modules/') && source.endsWith('.mjs');
}

/**
 * @param {FileName} own
 * @param {ReadonlyMap<string, string>} words
 * @returns {import('esbuild').Plugin}
 */
function schemasElsewhere(own, words) {
  return {
    name: 'schemasElsewhere',
    setup(build) {
      if (!afterEngine.includes(own)) return;
      build.onResolve({ filter: /^valibot$/ }, ({ namespace }) =>
        namespace === 'schemas'
          ? { path: join(root, schemas) }
          : { path: schemas, namespace: 'schemas', sideEffects: false },
      );
      build.onResolve({ filter: /^\.\/engine\.js$/, namespace: 'schemas' }, ({ path }) => ({
        path,
        namespace: 'file-elsewhere',
      }));
      // What is exported by name goes before what the rest has.
      build.onLoad({ filter: /.*/, namespace: 'schemas' }, () => ({
        contents: [
          "import from from './engine.js';",
          ...[...words].map(([name, short]) => `export const ${name} = /* @__PURE__ */ from.${short};`),
          "export * from 'valibot';",
        ].join('\n'),
        loader: 'js',
        resolveDir: root,
      }));
    },
  };
}

/** Marks that where something stands is only asked. */
const looked = Symbol('looked');

/**
 * Puts, for what another file has, a few words that take it from there. They stand beside each other.
 * @param {FileName} own
 * @param {ReadonlyMap<string, FileName>} fileOf
 * @param {SharedNames} names
 * @param {Graph} graph
 * @returns {import('esbuild').Plugin}
 */
function elsewhere(own, fileOf, names, graph) {
  /** Nothing that is taken and not used would be left out: to read it might do something. @param {string} path */
  const namesTakenOf = (path) => {
    const said = wordsOfReaders(graph, path, (source) => fileOf.get(source) === own);
    return [...(names.get(path) ?? [])].filter(([name]) => isSaid(name, said));
  };
  return {
    name: 'elsewhere',
    setup(build) {
      build.onResolve({ filter: /.*/ }, async ({ kind, resolveDir, path, importer, namespace, pluginData }) => {
        if (namespace === 'file-elsewhere') return { path, external: true };
        if (namespace === 'elsewhere') return { path, namespace: 'file-elsewhere' };
        if (kind === 'entry-point' || pluginData === looked) return undefined;
        const at = { kind, resolveDir, importer, namespace, pluginData: looked };
        const { path: found, external, errors } = await build.resolve(path, at);
        const source = relative(root, found);
        const file = external || errors.length > 0 ? undefined : fileOf.get(source);
        return file === undefined || file === own
          ? undefined
          : { path: source, namespace: 'elsewhere', sideEffects: kind === 'dynamic-import' };
      });
      // Each other file once, and not before something of it is needed.
      build.onLoad({ filter: /.*/, namespace: 'file-elsewhere' }, ({ path }) => ({
        contents: `export default require(${JSON.stringify(path)});`,
        loader: 'js',
        resolveDir: root,
      }));
      build.onLoad({ filter: /.*/, namespace: 'elsewhere' }, ({ path }) => {
        const file = JSON.stringify(`./${fileOf.get(path)}.js`);
        const taken = namesTakenOf(path);
        const contents =
          taken[0]?.[0] === whole
            ? `import from from ${file}; module.exports = from.${taken[0][1]};`
            : [
                `import from from ${file};`,
                ...taken.map(([name, short]) =>
                  name === 'default'
                    ? `export default from.${short};`
                    : `export const ${name} = /* @__PURE__ */ from.${short};`,
                ),
              ].join('\n');
        return { contents, loader: 'js', resolveDir: root };
      });
    },
  };
}
