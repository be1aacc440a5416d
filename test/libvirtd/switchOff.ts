// Takes a guard out of the product, to see what it is there for.
import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';
import ts from 'typescript';

/** Builds the product with functions that never have anything against it. @param guards their files are below src. */
export function switchOff(guards: readonly { readonly file: string; readonly name: string }[]): Plugin {
  return {
    name: 'switch off',
    setup: (builder) => {
      const missing = new Set(guards.map(({ file }) => file));
      for (const file of [...missing]) {
        const names = guards.filter((guard) => guard.file === file).map(({ name }) => name);
        // esbuild reads it as an expression of Go, which has no flag u.
        builder.onLoad({ filter: new RegExp(`src/${file.replace('.', '\\.')}$`) }, async ({ path }) => {
          missing.delete(file);
          return { contents: withoutGuards(await readFile(path, 'utf8'), names), loader: 'ts' };
        });
      }
      builder.onEnd(() => {
        if (missing.size > 0) {
          throw new Error(`the build does not read ${[...missing].join(', ')}`);
        }
      });
    },
  };
}

/**
 * The source with these functions returning at once: no step where they return a list of steps, undefined otherwise.
 */
export function withoutGuards(source: string, names: readonly string[]): string {
  const declarations = ts
    .createSourceFile('guard.ts', source, ts.ScriptTarget.Latest)
    .statements.filter(ts.isFunctionDeclaration);
  const cuts = names.map((name) => {
    const guard = declarations.find((one) => one.name?.text === name);
    if (guard?.body === undefined) {
      throw new Error(`the file has no function ${name}`);
    }
    const nothing = guard.type !== undefined && ts.isTypeOperatorNode(guard.type) ? '[]' : 'undefined';
    return { at: guard.body.pos + source.slice(guard.body.pos).indexOf('{') + 1, nothing };
  });
  return cuts
    .toSorted((one, other) => other.at - one.at)
    .reduce((text, { at, nothing }) => `${text.slice(0, at)} return ${nothing};${text.slice(at)}`, source);
}
