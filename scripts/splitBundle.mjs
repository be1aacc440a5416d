// Bundles the extension into two CommonJS files: what is needed to show the VMs, and what `import()` brings when it is
// needed. esbuild splits ES modules only, and an extension host loads a single file of a few hundred KB slowly: it parses
// all of it, whatever is run. Knows nothing of what is in the files.
import { dirname, join, relative, resolve } from 'node:path';
import { root } from './rig/root.mjs';

/** How the other file is called in each. They stand beside each other. */
const files = { first: './extension.js', later: './later.js' };

/**
 * @param {typeof import('esbuild').build} build
 * @param {import('esbuild').BuildOptions & { outfile: string }} options of the bundle as one file
 * @returns {Promise<void>}
 */
export async function buildSplit(build, options) {
  const { plugins = [] } = options;
  const entry = resolve(root, String(options.entryPoints instanceof Array ? options.entryPoints[0] : ''));
  /** @type {Set<string>} what `import()` names, as paths from the checkout */
  const later = new Set();
  const atFirst = await sourcesOf(build, { ...options, plugins: [laterElsewhere(later), ...plugins] });
  /** @type {Set<string>} what the second file takes from the first */
  const shared = new Set();
  const second = {
    ...options,
    entryPoints: [],
    stdin: { contents: namespaces(later), resolveDir: root, loader: /** @type {const} */ ('ts') },
    outfile: join(dirname(options.outfile), files.later),
    plugins: [firstElsewhere(atFirst, shared), ...plugins],
  };
  // Until nothing new is named: what is loaded later names what is loaded later itself.
  for (let known = -1; known < later.size;) {
    known = later.size;
    second.stdin = { ...second.stdin, contents: namespaces(later) };
    for (const source of await sourcesOf(build, { ...second, plugins: [firstElsewhere(atFirst, shared), ...plugins] }))
      if (atFirst.has(source) && !isShaken(source)) throw new Error(`${source} would be in both files`);
  }
  await build(second);
  await build({
    ...options,
    entryPoints: [],
    stdin: {
      contents: `export * from ${JSON.stringify(`./${relative(root, entry)}`)};\n${namespaces(shared)}`,
      resolveDir: root,
      loader: 'ts',
    },
    plugins: [laterElsewhere(later), ...plugins],
  });
}

/** @param {typeof import('esbuild').build} build @param {import('esbuild').BuildOptions} options */
async function sourcesOf(build, options) {
  const { metafile } = await build({ ...options, metafile: true, write: false });
  return new Set(Object.keys(metafile?.inputs ?? {}).filter((source) => !source.includes(':') && source !== '<stdin>'));
}

/** @param {Iterable<string>} sources */
function namespaces(sources) {
  return [...sources]
    .sort()
    .map((source) => `export * as ${nameOf(source)} from ${JSON.stringify(`./${source}`)};`)
    .join('\n');
}

/** @param {string} source */
function nameOf(source) {
  return source.replace(/\W/g, '_');
}

/** @param {string} resolveDir @param {string} path */
function sourceOf(resolveDir, path) {
  return relative(root, resolve(resolveDir, path.replace(/\.js$/, '.ts')));
}

/** Whether a package is of ES modules. @param {string} source */
function isShaken(source) {
  return source.startsWith('node_modules/') && source.endsWith('.mjs');
}

/** Marks that where a package stands is only asked. */
const looked = Symbol('looked');

/** Puts, for what `import()` names, a few words that fetch it out of the other file. @param {Set<string>} later */
function laterElsewhere(later) {
  return elsewhere('later', (kind, source) => {
    if (kind === 'dynamic-import') later.add(source);
    return kind === 'dynamic-import';
  });
}

/** The same for what the first file holds. @param {ReadonlySet<string>} atFirst @param {Set<string>} shared */
function firstElsewhere(atFirst, shared) {
  return elsewhere('first', (_, source) => {
    if (atFirst.has(source)) shared.add(source);
    return atFirst.has(source);
  });
}

/**
 * @param {keyof typeof files} where
 * @param {(kind: string, source: string) => boolean} isElsewhere
 * @returns {import('esbuild').Plugin}
 */
function elsewhere(where, isElsewhere) {
  return {
    name: where,
    setup(build) {
      build.onResolve({ filter: /^\.{1,2}\// }, ({ kind, resolveDir, path, importer, namespace }) => {
        if (namespace !== 'file' && importer !== '<stdin>') return undefined;
        const source = sourceOf(resolveDir, path);
        return isElsewhere(kind, source) ? { path: nameOf(source), namespace: where } : undefined;
      });
      // A package that both need is one too: what it is told in the one file holds in the other. Not so an ES module, of
      // which each takes the few functions that it calls.
      build.onResolve({ filter: /^[^./]/ }, async ({ kind, resolveDir, path, importer, namespace, pluginData }) => {
        if (namespace !== 'file' || importer === '' || pluginData === looked) return undefined;
        const {
          path: file,
          external,
          errors,
        } = await build.resolve(path, { kind, resolveDir, importer, pluginData: looked });
        const source = relative(root, file);
        return errors.length === 0 && !external && !isShaken(source) && isElsewhere(kind, source)
          ? { path: nameOf(source), namespace: where }
          : undefined;
      });
      build.onResolve({ filter: /^\.\/(extension|later)\.js$/, namespace: where }, ({ path }) => ({
        path,
        external: true,
      }));
      build.onLoad({ filter: /.*/, namespace: where }, ({ path }) => ({
        contents: `module.exports = require(${JSON.stringify(files[where])}).${path};`,
        loader: 'js',
        resolveDir: root,
      }));
    },
  };
}
