// Programs for shells, `.sh` in src/, as texts in the bundles. Their comments are for who reads the source.
import { readFile } from 'node:fs/promises';

/** @type {import('esbuild').Plugin} */
export const shellText = {
  name: 'shellText',
  setup(build) {
    build.onLoad({ filter: /\.sh$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll(/^ *#.*\n/gmu, ''),
      loader: 'text',
    }));
  },
};
