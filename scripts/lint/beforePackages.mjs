// A rule for the linter: what a script loads before it installs the npm packages imports Node's own modules alone.
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import ts from 'typescript';

/** @typedef {{ readonly file: string, readonly source: string, readonly via: readonly string[] }} EarlyPackage */

/**
 * The packages that are loaded with a script, by static imports of its own or of files that it imports so.
 * @param {string} script absolute path
 * @param {(file: string) => string} [read]
 * @returns {readonly EarlyPackage[]} `via`: the files from the script to the one that imports it
 */
export function packagesLoadedWith(script, read = (file) => readFileSync(file, 'utf8')) {
  /** @type {Set<string>} */
  const seen = new Set();
  /** @param {string} file @param {readonly string[]} before @returns {readonly EarlyPackage[]} */
  const look = (file, before) => {
    if (seen.has(file)) return [];
    seen.add(file);
    const via = [...before, file];
    return staticImports(file, read(file)).flatMap((source) => {
      if (source.startsWith('.')) return look(resolve(dirname(file), source), via);
      return source.startsWith('node:') ? [] : [{ file, source, via }];
    });
  };
  return look(script, []);
}

/** Without those inside a function: they come late. @param {string} file @param {string} text */
function staticImports(file, text) {
  return ts
    .createSourceFile(file, text, ts.ScriptTarget.Latest)
    .statements.flatMap((one) =>
      ts.isImportDeclaration(one) || ts.isExportDeclaration(one) ? one.moduleSpecifier : [],
    )
    .flatMap((source) => (source !== undefined && ts.isStringLiteral(source) ? source.text : []));
}

/**
 * @param {readonly string[]} scripts absolute paths of those that install the packages
 * @returns {import('eslint').ESLint.Plugin}
 */
export function beforePackagesRules(scripts) {
  /** @type {readonly EarlyPackage[] | undefined} */
  let found;
  return {
    rules: {
      'node-alone': {
        create: (context) => ({
          Program: (node) => {
            found ??= scripts.flatMap((script) => packagesLoadedWith(script));
            for (const { source, via } of found.filter(({ file }) => file === context.filename)) {
              const path = via.map((file) => relative(context.cwd, file)).join(' > ');
              context.report({ node, message: `Load "${source}" late: it is not installed yet (${path}).` });
            }
          },
        }),
      },
    },
  };
}
