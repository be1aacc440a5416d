// Takes a guard out of the product, to see what it is there for.
import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';
import ts from 'typescript';

/** Builds the product with functions of one file that never have anything against it. */
export function switchOff(file: string, names: readonly string[]): Plugin {
  return {
    name: 'switch off',
    setup: (builder) => {
      let found = false;
      // esbuild reads it as an expression of Go, which has no flag u.
      builder.onLoad({ filter: new RegExp(`src/${file.replace('.', '\\.')}$`) }, async ({ path }) => {
        found = true;
        return { contents: withoutGuards(await readFile(path, 'utf8'), names), loader: 'ts' };
      });
      builder.onEnd(() => {
        if (!found) {
          throw new Error(`the build does not read ${file}`);
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
