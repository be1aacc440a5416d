// Programs for shells, `.sh` in src/, as texts in the bundles. What is for who reads the source is left out: comments,
// empty lines, and what stands before a line, so that none of them begins within quotes.
import { readFile } from 'node:fs/promises';

/** @type {import('esbuild').Plugin} */
export const shellText = {
  name: 'shellText',
  setup(build) {
    build.onLoad({ filter: /\.sh$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll(/^(?: *#.*)?\n|^ +/gmu, ''),
      loader: 'text',
    }));
  },
};
