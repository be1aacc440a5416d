// Whether node_modules has what package-lock.json asks for. Needs nothing but Node itself.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './root.mjs';

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

/** Whether the modules of the checkout are up to date; what cannot be read is not. @returns {Promise<boolean>} */
export async function areModulesUpToDate() {
  try {
    const read = async (/** @type {string} */ file) => JSON.parse(await readFile(join(root, file), 'utf8'));
    return isUpToDate(await read('package-lock.json'), await read('node_modules/.package-lock.json'));
  } catch {
    return false;
  }
}
