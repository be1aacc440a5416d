// Brings node_modules up to what package-lock.json asks for. Needs nothing but Node itself.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../rig/root.mjs';
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
  const npm = spawn('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const status = await new Promise((resolve) => {
    npm.once('close', resolve);
    npm.once('error', () => resolve(127));
  });
  if (status !== 0) {
    throw new StartStopped(
      `"npm ci" ended with ${String(status)}. Put right what it says above, then run npm start again.`,
    );
  }
}
