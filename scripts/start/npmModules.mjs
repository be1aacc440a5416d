// Brings node_modules up to what package-lock.json asks for. Needs nothing but Node itself.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../rig/root.mjs';
import { run } from '../rig/run.mjs';
import { say, StartStopped } from './say.mjs';

/**
 * Whether every package that must be there is there in the version that the lock file names. npm keeps its own list of
 * what it installed in node_modules/.package-lock.json.
 * @param {{ packages?: Record<string, { version?: string, optional?: boolean, peer?: boolean }> }} wanted
 * @param {{ packages?: Record<string, { version?: string }> }} installed
 * @returns {boolean}
 */
export function isUpToDate(wanted, installed) {
  return Object.entries(wanted.packages ?? {}).every(
    ([path, { version, optional }]) =>
      path === '' || optional === true || installed.packages?.[path]?.version === version,
  );
}

export async function ensureNpmModules() {
  const read = async (/** @type {string} */ file) =>
    JSON.parse(await readFile(join(root, file), 'utf8').catch(() => '{}'));
  if (isUpToDate(await read('package-lock.json'), await read('node_modules/.package-lock.json'))) return;
  say('installing the npm packages of package-lock.json (npm ci)');
  // Without its own words, for apt-get may run beside it.
  const args = ['ci', '--no-audit', '--no-fund', '--no-progress', '--loglevel=error'];
  const { code, stdout, stderr } = await run('npm', args, { cwd: root });
  if (code !== 0) {
    const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-20).join('\n');
    throw new StartStopped(`"npm ci" ended with ${code}:\n${said}\nPut that right, then run npm start again.`);
  }
  say('installed the npm packages');
}
