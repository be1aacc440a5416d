// The tables of src/ that package.json and pages of docs/ are made from.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../rig/root.mjs';

/**
 * @typedef {object} Tables
 * @property {Readonly<Record<string, import('../../src/verbs/verb.js').Verb>>} verbs by id
 * @property {typeof import('../../src/verbs/submenus.js').submenus} submenus
 * @property {typeof import('../../src/verbs/arguments.js').argumentTable} argumentTable
 * @property {readonly string[]} taskActions
 * @property {Readonly<Record<string, import('valibot').GenericSchema>>} taskShapes
 * @property {() => readonly object[]} editorTools as package.json has the tools of agents
 */

const entry = `
export { verbs } from './src/verbs/verbs.js';
export { submenus } from './src/verbs/submenus.js';
export { argumentTable } from './src/verbs/arguments.js';
export { taskActions, taskShapes } from './src/verbs/tasks.js';
export { editorTools } from './src/agents/toolTable.js';
`;

/** They are TypeScript. @returns {Promise<Tables>} */
export async function readTables() {
  // Not above: scripts are read before npm ci may have run.
  const { build, stop } = await import('esbuild');
  // Below the checkout, where their dependencies are found.
  const cache = join(root, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'tables-'));
  const outfile = join(folder, 'tables.mjs');
  try {
    await build({
      absWorkingDir: root,
      stdin: { contents: entry, resolveDir: root, loader: 'ts' },
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      logLevel: 'warning',
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    await stop();
    rmSync(folder, { recursive: true });
  }
}
