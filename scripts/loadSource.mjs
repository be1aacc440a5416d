// Modules of src/, which are TypeScript, for a script that reads what they say.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './rig/root.mjs';
import { shellText } from './shellText.mjs';

/**
 * @param {string} entry a module at the root of the checkout, which exports what is wanted @returns {Promise<unknown>}
 */
export async function loadSource(entry) {
  // Not above: scripts are read before npm ci may have run.
  const { build, stop } = await import('esbuild');
  // Below the checkout, where their dependencies are found.
  const cache = join(root, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'source-'));
  const outfile = join(folder, 'source.mjs');
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
      plugins: [shellText],
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    await stop();
    rmSync(folder, { recursive: true });
  }
}
